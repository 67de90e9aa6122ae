#!/usr/bin/python3
"""What a third attack on pacs-anon found: words between the elements of items
that nothing changes, rules that reach what is not for rules, dates that are said
to be times, codes that are prose, segments and tables that say how long they are.

Uses the runs of hiding.py. Prints TAP.
"""
import io
import os
import re
import sys
import tempfile

import pydicom

from hiding import Runs, image, one, seq, us
from leaks import CT, E, EXPLICIT, I, JPEG, M
from leaks import fragments, jpeg, ok, segment, tap

JPEG_LS = "1.2.840.10008.1.2.4.80"
WORD = b"JOHN"  # four bytes, as long as a length
CODE = E.el(0x00080100, "SH", "T-1") + E.el(0x00080102, "SH", "SRT") + \
    E.el(0x00080104, "LO", "Head")
REGION = 0x00082218
ITEM_END, SEQ_END = E.tag(0xfffee00d), E.tag(0xfffee0dd)


# --- what belongs to no element ----------------------------------------------

def undefined(tag, body, form=E, vr=b"SQ\0\0"):
    """A sequence and an item whose ends say a word instead of their length."""
    return form.tag(tag) + vr + b"\xff" * 4 + form.tag(0xfffee000) + \
        b"\xff" * 4 + body + form.tag(0xfffee00d) + WORD + \
        form.tag(0xfffee0dd) + WORD


def between():
    inner = E.el(REGION, "SQ", E.item(CODE))
    picture = jpeg() + b"\0" * (len(jpeg()) % 2)
    frames = E.tag(0x7fe00010) + b"OB\0\0" + b"\xff" * 4 + E.item(b"") + \
        E.item(picture) + SEQ_END + WORD
    for name, tag, element in (
            ("in the ends of a sequence", REGION, undefined(REGION, CODE)),
            ("in the ends of one within another", REGION, E.el(
                REGION, "SQ", E.item(undefined(0x00082220, CODE)))),
            ("in delimiters too many of an item", REGION, E.el(
                REGION, "SQ", E.item(CODE + (ITEM_END + WORD) * 3))),
            ("in delimiters too many of a sequence", REGION, E.el(
                REGION, "SQ", E.item(CODE) + (SEQ_END + WORD) * 3)),
            ("in the end of an item that is implicit in UN", REGION, E.tag(
                REGION) + b"UN\0\0" + b"\xff" * 4 + I.item(
                    I.el(0x00080100, "SH", "T-1") + ITEM_END + WORD) +
             SEQ_END + WORD),
            ("in a group length of an item", REGION, E.el(
                REGION, "SQ", E.item(E.el(0x00080000, "UL", WORD) + CODE))),
            ("in one of the object", 0x00280000, E.el(0x00280000, "UL", WORD)),
            ("in the end of fragments", 0x7fe00010, frames)):
        syntax = JPEG if tag == 0x7fe00010 else EXPLICIT
        yield name, {**image(), tag: element}, syntax
    yield "nowhere", {**image(), REGION: inner}, EXPLICIT


def judge_between(runs):
    places = list(between())
    found = runs.anon({n: (e, s) for n, e, s in places}, runs.allow)
    for name, _, _ in places:
        data, reason = found[name]
        ok(data and WORD not in data, "four bytes " + name, reason or data)
        ok(b"Head" in data or b"PIXELS" in data or "object" in name or
           "UN" in name, "elements stay, four bytes " + name, data)


# --- rules ---------------------------------------------------------------------

def judge_rules(runs):
    """A rule for a VR does not reach what is not for rules."""
    rules = os.path.join(runs.folder, "rules")
    old = (b"CANARYID", b"1.2.3.4.5", b"1.2.3.4.6", b"1.2.3.77.0")
    elements = {**image(pixels=b"\1\2\3\4"), **one(
        0x00080005, "CS", "ISO_IR 100")}
    for rule in ("keep vr:LO", "keep vr:UI", "remove vr:UI", "blank vr:UI",
                 "blank vr:LO", 'replace vr:LO "X"', "hash vr:LO",
                 'replace vr:CS "ISO_IR 192"', "remove vr:CS", "remove vr:US"):
        with open(rules, "w", encoding="ascii") as f:
            f.write(rule + "\n")
        data, reason = runs.anon({"x": (elements, EXPLICIT)},
                                 ["--rules", rules])["x"]
        found = pydicom.dcmread(io.BytesIO(data)) if data else {}
        ok(data and not [o for o in old if o in data] and
           found.get("SpecificCharacterSet") == "ISO_IR 100" and
           found.get("BitsAllocated") == 8 and
           re.fullmatch("[0-9a-f]{16}", found.get("PatientID", "")) and
           all(found.get(k, "").startswith("2.25.") for k in (
               "StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID")),
           "'%s' leaves identity and form alone" % rule, found or reason)


def main():
    with tempfile.TemporaryDirectory() as folder:
        runs = Runs(folder)
        judge_between(runs)
        judge_rules(runs)
    return tap.plan()


if __name__ == "__main__":
    sys.exit(main())
