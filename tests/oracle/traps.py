#!/usr/bin/python3
"""Attributes of PS3.15 Table E.1-1 that a rule by VR alone gets wrong, and those
that no row names. Each test is named `trap` and by the tag; see rules.py. Prints
TAP.
"""
import re
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "helper"))

import annex_e  # noqa: E402
from annex_e import *  # noqa: E402, F403
from pydicom.datadict import DicomDictionary, dictionary_VR  # noqa: E402
from pydicom.sequence import Sequence  # noqa: E402

def trap_odd_rows(p):
    ds = image(x006a0003=("UI", "1.2.3.95"), x00080201=("SH", "+0200"),
               x00340007=("OB", bytes(6) + b"\0\0\0\1"),
               x04000310=("OB", M.encode()), x00100030=("DA", "19700101"),
               x00100032=("TM", "101112"), x00160077=("DT", "20200229101112"))
    out = p.anon(ds)
    ok(is_new_uid(out[0x006a0003]), "trap: (006A,0003) is UI and D", out)
    data = bytearray(saved(image()))
    at = data.index(b"\x08\0\x16\0UI")
    data[at:at] = b"\0\0\0\x10UI\x08\x001.2.3.95"
    raw = p.raw(bytes(data))
    ok(raw and b"1.2.3.95" not in raw and b"\0\0\0\x10UI" not in raw,
       "trap: (0000,1000) is UI and X", p.said)
    ok(0x00080201 not in out and 0x04000310 not in out and
       out[0x00340007].value == bytes(10),
       "trap: (0008,0201), (0034,0007) and (0400,0310), no date option", out)
    full = p.anon(ds, "--retain-full-dates")
    ok(full[0x00080201].value == "+0200" and
       full[0x00340007].value == ds[0x00340007].value,
       "trap: (0008,0201) and (0034,0007), full dates", full)
    out = p.anon(ds, "--modify-dates")
    ok(out[0x00080201].value == "+0200", "trap: (0008,0201) SH stays an offset, "
       "modified dates", out)
    stamp = out[0x00340007].value
    ok(stamp[6:] == b"\0\0\0\1" and stamp != ds[0x00340007].value,
       "trap: (0034,0007) OB moves, modified dates", stamp)
    ok(0x04000310 not in out, "trap: (0400,0310) OB goes, modified dates", out)
    for options in ([], *([d] for d in DATES)):
        out = p.anon(ds, *options)
        ok(is_empty(out[0x00100030]) and 0x00100032 not in out and
           0x00160077 not in out, "trap: (0010,0030), (0010,0032) and "
           "(0016,0077) follow no date option, %s" % " ".join(options), out)


def trap_sequences(p):
    rows = [t for t in sorted(TABLE) if TABLE[t]["vr"] == "SQ" and
            TABLE[t]["basic_profile"] not in ("X", "Z", "X/Z", "X/Z/U*")]
    ds = image()
    for t in rows:
        ds.add_new(t, "SQ", Sequence([item(
            PatientName=M, CodeMeaning=M,
            ReferencedSOPInstanceUID="1.2.3.94")] * 2))
    out = p.anon(ds)
    for t in rows:
        e, items = out.get(t), 2 if SPECIAL.get(t) else 1
        ok(e is not None and len(e.value) == items and len(e.value[0]) > 0 and
           M not in str(e), "trap: a dummy of %s is an item" % name_of(t), e)
    empty = p.anon(image(ContentSequence=[]))
    ok(is_empty(empty.get("ContentSequence") if "ContentSequence" not in empty
                else empty["ContentSequence"]),
       "trap: a D sequence that is empty stays so", empty)


def trap_bytes(p):
    ds = image(x00420011=("OB", M.encode()), x00720065=("OB", M.encode()),
               x0072006d=("UN", M.encode()), x0016002b=("OB", M.encode()),
               x04000115=("OB", M.encode()), x04000310=("OB", M.encode()))
    for options in ([], *([o] for o in METHODS if o != "--retain-uids")):
        out = p.anon(ds, *options)
        how = " ".join(options) or "Basic"
        stamp = out.pop(0x04000310, None)  # K with full dates: a time stamp
        ok(without(M, out) and 0x0016002b not in out and
           (stamp is None) == (options != ["--retain-full-dates"]) and
           all(t in out and out[t].value for t in (
               0x00420011, 0x00720065, 0x0072006d, 0x04000115)),
           "trap: bytes (0042,0011), (0072,0065), (0072,006D), (0016,002B), "
           "(0400,0115), (0400,0310), " + how, out)


def trap_without_row(p):
    lost = {t: v[0] for t, v in DicomDictionary.items()
            if v[0] in ("PN", "DA", "DT", "TM") and t not in TABLE and
            t >= 0x00080000}
    ok({0x00140104, 0x00142006, 0x0040a067} <= set(lost) and len(lost) > 12,
       "trap: there are PN and dates that no row names", lost)
    ds = image()
    for t, vr in lost.items():
        ds.add_new(t, vr, sample(vr))
    basic, full = p.anon(ds), p.anon(ds, "--retain-full-dates")
    moved = p.anon(ds, "--modify-dates")
    for t, vr in sorted(lost.items()):
        if vr == "PN":
            good = not any(t in out for out in (basic, full, moved))
        else:
            good = t not in basic and full[t].value == ds[t].value and (
                moved[t].value == ds[t].value if vr == "TM" else
                days(moved[t].value) < days(ds[t].value))
        ok(good, "trap: %s %s has no row" % (name_of(t), vr))
    for t in (0x00080051, 0x0008103f, 0x00100024, 0x00101021, 0x00321031,
              0x00321034, 0x00380044, 0x00404009, 0x0040a160):
        ds = image()
        ds.add_new(t, dictionary_VR(t), sample(dictionary_VR(t)))
        out = p.anon(ds)
        ok("SOPInstanceUID" in out and t not in out and
           t not in TABLE, "trap: %s identifies and has no row" % name_of(t),
           out)


def trap_retired(p):
    out = p.anon(graphics())
    ok(not [t for t in out.keys() if t.group >> 8 in (0x50, 0x60)],
       "trap: retired rows 50xx and (60xx,4000)", out)
    for groups in ((0x4000,), (0x4008,), (0x0010, 0x0008, 0x0018, 0x0032)):
        rows = [t for t in TABLE if t >> 16 in groups and
                TABLE[t]["retired"] == "Y"]
        ds = image()
        for t in rows:
            vr = TABLE[t]["vr"].split(" or ")[0]
            ds.add_new(t, vr, sample(vr))
        out = p.anon(ds)
        bad = [name_of(t) for t in rows if not was_done(
            out, t, ds[t].value, CHOICE[TABLE[t]["basic_profile"]])]
        ok(rows and not bad and 0x00101000 in {*rows, 0x00101000},
           "trap: %d retired rows of groups %s" % (
               len(rows), " ".join("%04X" % g for g in groups)), bad)
    ok(0x00101000 in TABLE and "OtherPatientIDs" not in p.anon(
        image(OtherPatientIDs=[M, M])), "trap: retired (0010,1000)")


def trap_patient_id(p):
    for name, value in (("there", "A1"), ("empty", ""), ("missing", None)):
        ds = image(PatientID=value)
        if value is None:
            del ds.PatientID
        out = p.anon(ds)
        ok(re.fullmatch("[0-9a-f]{16}", str(out.get("PatientID"))),
           "trap: (0010,0020) is Z/D and never empty, where it was " + name,
           out)


if __name__ == "__main__":
    sys.exit(annex_e.run([f for n, f in list(globals().items())
                          if n.startswith("trap_")]))
