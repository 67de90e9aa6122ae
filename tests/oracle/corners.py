#!/usr/bin/python3
"""What a third attack on pacs-anon found: words between the elements of items
that nothing changes, rules that reach what is not for rules, dates that are said
to be times, codes that are prose, segments and tables that say how long they are.

Uses the runs of hiding.py. Prints TAP.
"""
import io
import os
import re
import struct
import subprocess
import sys
import tempfile

import pydicom

from hiding import Runs, image, one, seq, us
from leaks import BIN, CT, E, EXPLICIT, I, JPEG, M
from leaks import dataset, file, fragments, jpeg, ok, segment, tap

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


# --- values ---------------------------------------------------------------------

MOVED, PROSE = ["--modify-dates"], b"JOHN DOE, " + M
DATE = b"121231"  # of birth, and twelve minutes past twelve


def of_values():
    """(name, elements, options, what must not be there)"""
    for name, tag in (("Study Date", 0x00080020), ("Series Date", 0x00080021),
                      ("Acquisition DateTime", 0x0008002a),
                      ("a date that no row names", 0x00142006)):
        yield "%s that is said to be a time" % name, one(
            tag, "TM", DATE), MOVED, DATE
    yield "prose in Long Code Value", seq(REGION, E.el(
        0x00080119, "UC", PROSE)), [], M
    yield "lines in Long Code Value", seq(REGION, E.el(
        0x00080119, "UC", b"1\r\n" + M)), [], M
    yield "a name in URN Code Value", seq(REGION, E.el(
        0x00080120, "UR", M)), [], M
    yield "prose in URN Code Value", seq(REGION, E.el(
        0x00080120, "UR", b"urn:" + PROSE)), [], M
    yield "lines in Coding Scheme Name", seq(0x00080110, E.el(
        0x00080115, "ST", b"SNOMED\n" + M)), [], M
    yield "prose in Coding Scheme Name", seq(0x00080110, E.el(
        0x00080115, "ST", b"x" * 128 + M)), [], M
    table = us(2, 0, 16)
    for name, tag, descriptor in (
            ("a palette of transparency", 0x00281204, 0x00281104),
            ("a segmented palette", 0x00281221, 0x00281101),
            ("a table of blending", 0x00281408, 0x00281407)):
        yield "behind " + name, {**one(descriptor, "US", table), **one(
            tag, "OW", b"\1\2\3\4" * 3 + M)}, [], M
        yield name + " that nothing describes", one(tag, "OW", M), [], M
    yield "in a large palette, retired", {**one(0x00281111, "US", table), **one(
        0x00281211, "OW", M)}, [], M


def of_segments():
    """(name, segment of JPEG)"""
    frame = b"\x08\0\2\0\2"
    return (("behind conditions of arithmetic", segment(
        0xcc, b"\0\1\x10\2" + M)), ("in conditions of none", segment(
            0xcc, M)), ("behind a frame of a hierarchy", segment(
                0xde, frame + b"\1\1\x11\0" + M)), (
                    "behind an expansion", segment(0xdf, b"\x11" + M)), (
                        "in components of nothing", segment(
                            0xc0, frame + b"\7" + M * 3)),
            ("behind thresholds of JPEG-LS", segment(
                0xf8, b"\1" + bytes(10) + M)),
            ("in presets of JPEG-LS that are none", segment(
                0xf8, b"\x09" + M)),
            ("behind sizes of JPEG-LS", segment(
                0xf8, b"\4\2\0\2\0\2" + M)))


def judge_values(runs):
    places = list(of_values())
    found = {}
    for options in ([], MOVED):
        found.update(runs.anon({n: (e, EXPLICIT) for n, e, o, _ in places
                                if o == options}, [*runs.allow, *options]))
    streams = of_segments()
    found.update(runs.anon({n: (
        {**image(), 0x7fe00010: fragments(jpeg(s))},
        JPEG_LS if "LS" in n else JPEG) for n, s in streams}, runs.allow))
    for name, wanted in [(p[0], p[3]) for p in places] + [
            (n, M) for n, _ in streams]:
        data, reason = found[name]
        at = data.find(wanted)
        ok(data and at < 0, name, data[max(at - 20, 0):at + 20] or reason)


def judge_what_stays(runs):
    code = b"128045006|cellulitis|:{363698007=56459004}"
    found = runs.anon({
        "code": (seq(REGION, E.el(0x00080119, "UC", code)), EXPLICIT),
        "urn": (seq(REGION, E.el(0x00080120, "UR", "urn:oid:1.2.3")), EXPLICIT),
        "scheme": (seq(0x00080110, E.el(
            0x00080115, "ST", "Anatomy of the University, 2nd edition")),
                   EXPLICIT),
        "time": (one(0x00080030, "TM", DATE), EXPLICIT),
        "table": ({**one(0x00281101, "US", us(2, 0, 16)), **one(
            0x00281221, "OW", b"\0\0\1\0\2\0" * 2)}, EXPLICIT),
        "presets": ({**image(), 0x7fe00010: fragments(jpeg(segment(
            0xf8, b"\1\0\1PRESETS\0")))}, JPEG_LS),
        "frame": ({**image(), 0x7fe00010: fragments(jpeg(segment(
            0xc3, b"\x08\0\2\0\2\1\1FR")))}, JPEG)},
                      [*runs.allow, *MOVED])
    for name, wanted in (("code", code), ("urn", b"urn:oid:1.2.3"), (
            "scheme", b"2nd edition"), ("time", DATE), (
                "table", b"OW\0\0\x0c\0\0\0\0\0\1\0\2"), (
                    "presets", b"PRESETS"), ("frame", b"\1\1FR")):
        data, reason = found[name]
        ok(wanted in data, "stays: " + name, data or reason)


def judge_issuer(runs):
    issuer = seq(0x00080051, E.el(0x00400032, "UT", "http://x.example"),
                 E.el(0x00400033, "CS", "URI"))
    data, reason = runs.anon({"x": (issuer, EXPLICIT)}, [
        "--retain-institution"])["x"]
    ok(data and E.tag(0x00080051) not in data and b"CS\4\0URI" not in data,
       "the issuer of a number that is replaced goes as a whole", reason)


def person(name, **more):
    found = {0x00100010: E.el(0x00100010, "PN", name),
             0x00100020: E.el(0x00100020, "LO", "MRN-4711"),
             0x00080050: E.el(0x00080050, "SH", "A99887")}
    found.update({int(t[1:], 16): v for t, v in more.items()})
    return found


def label(text):
    return seq(0x00620002, E.el(0x00620005, "LO", text))


def judge_rows(runs):
    """Free names and identifiers of LO and SH that no row of the table names."""
    tags = {0x00189922: "LO", 0x300a00dc: "SH", 0x300a00e5: "SH",
            0x300a00fe: "LO", 0x4010101e: "SH", 0x4010101f: "SH",
            0x40101053: "LO", 0x40101055: "SH"}
    data, reason = runs.anon({"x": (
        {t: E.el(t, vr, M) for t, vr in tags.items()}, EXPLICIT)}, [
            "--retain-device", "--retain-institution"])["x"]
    ok(data and not [t for t in tags if E.tag(t) in data],
       "names of what is made for a patient, of elements of protocols and of "
       "journeys go", reason or data)


def judge_own(runs):
    """Text that stays does not hold the patient's own name or number."""
    kanji, latin = "\x1b$B;3ED%s\x1b(B", "\x1b$BB@O:\x1b(B"
    doe = person("DOE^JOHN^^DR")
    japanese = person("Yamada^Tarou=" + kanji % "" + "^" + latin, x00080005=E.el(
        0x00080005, "CS", "\\ISO 2022 IR 87"))
    german = person("M\u00dcLLER^ZO\u00cb", x00080005=E.el(
        0x00080005, "CS", "ISO_IR 192"))
    head = person("HEAD^PHILIPS")
    hidden = {
        "both names": ({**doe, **label("doe_John_tumor")}, b"doe_John"),
        "a name and a title": ({**person("DOE^J^^PROF"), **label(
            "Prof. Doe")}, b"Prof. Doe"),
        "the ID": ({**doe, **label("mrn-4711 a")}, b"4711"),
        "one of other IDs": ({**doe, **one(
            0x00101000, "LO", "X\\99-123"), **label("99-123")}, b"99-123"),
        "the accession number": ({**doe, **one(
            0x00080070, "LO", "on A99887")}, b"A99887"),
        "a name in Image Type": ({**doe, **one(
            0x00080008, "CS", "ORIGINAL\\DOE_JOHN")}, b"DOE_JOHN"),
        "a meaning": ({**doe, **seq(REGION, E.el(
            0x00080104, "LO", "Head of John Doe"))}, b"John"),
        "kanji": ({**japanese, **label(kanji % "B@O:")}, b";3EDB@O:"),
        "umlauts": ({**german, **label("Zoe muller")}, b"muller")}
    stays = {
        "one word of a name": ({**doe, **label("John")}, b"John"),
        "a longer number": ({**doe, **label("mrn-47110")}, b"mrn-47110"),
        "a longer word": ({**doe, **label("Johnson doelike")}, b"doelike"),
        "a region that is a name": ({**head, **seq(REGION, CODE)}, b"Head"),
        "a maker who is a name": ({**head, **one(
            0x00080070, "LO", "Philips")}, b"Philips"),
        "a date like that of birth": ({**doe, **one(
            0x00100030, "DA", "19501213"), **one(
                0x00181020, "LO", "v 19501213")}, b"v 19501213"),
        "a code that is a number": ({**doe, **seq(REGION, E.el(
            0x00080100, "SH", "A99887"))}, b"A99887")}
    found = runs.anon({n: (e, EXPLICIT) for n, (e, _) in {
        **hidden, **stays}.items()}, [*runs.allow, "--retain-device"])
    for name, (_, text) in hidden.items():
        data, reason = found[name]
        ok(data and text not in data and reason == "own-words",
           "a dummy, and told: " + name, (reason, data))
    for name, (_, text) in stays.items():
        data, reason = found[name]
        ok(text in data and not reason, "stays: " + name, (reason, data))
    rules = os.path.join(runs.folder, "own")
    with open(rules, "w", encoding="ascii") as f:
        f.write("keep StudyDescription\nkeep PatientName\n")
    data, reason = runs.anon({"x": ({**doe, **one(
        0x00081030, "LO", "HEAD, DOE JOHN")}, EXPLICIT)}, ["--rules", rules])["x"]
    ok(b"HEAD" not in data and b"DOE^JOHN" in data and reason == "own-words",
       "a rule keeps the name as such, not in a description", (reason, data))


def judge_two_classes(runs):
    """What group 0002 says counts too."""
    source = os.path.join(runs.folder, "two")
    os.mkdir(source)
    data = file(dataset({}))
    for name, last in (("same", "2"), ("ultrasound", "6.1"), ("nobody", "9999")):
        other = CT[:-1] + last
        head = E.el(0x00020002, "UI", CT)
        size = len(E.el(0x00020002, "UI", other)) - len(head)
        length = struct.unpack_from("<I", data, 140)[0] + size
        with open(os.path.join(source, name), "wb") as f:
            f.write(data[:140] + struct.pack("<I", length) + data[144:].replace(
                head, E.el(0x00020002, "UI", other), 1))
    done = subprocess.run(
        [BIN, "--key", runs.key, "-o", os.path.join(runs.folder, "o"),
         "--print", "-q", "-f", "reason,source", source],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    said = sorted(line.replace(source + "/", "")
                  for line in done.stdout.decode().splitlines())
    ok(said == ["\tsame", "private-class\tnobody", "us\tultrasound"],
       "an object whose head says another class is of that kind too", said)


def main():
    with tempfile.TemporaryDirectory() as folder:
        runs = Runs(folder)
        judge_between(runs)
        judge_rules(runs)
        judge_values(runs)
        judge_what_stays(runs)
        judge_two_classes(runs)
        judge_issuer(runs)
        judge_rows(runs)
        judge_own(runs)
    return tap.plan()


if __name__ == "__main__":
    sys.exit(main())
