#!/usr/bin/python3
"""Try to get something past pacs-anon: markers where nobody would look.

Files are written here byte by byte, since no library writes what is wrong: each
attribute of the dictionary with each VR that is not its own, sequences that are
said to be something else, elements twice, out of order, behind the end, words in
compressed pixels and colour profiles. None of the markers may be in the output,
but where the rules let text of that attribute stay (LO, SH and CS that no row
of the table names; numbers, of which nobody can say that they are letters).
Prints TAP; each hiding place is a test of its own name.
"""
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import zlib

from pydicom.datadict import DicomDictionary

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "../helper"))

import tap  # noqa: E402
from tap import ok  # noqa: E402

BIN = os.path.join(os.environ.get("PACS_BUILD", "build"), "bin", "pacs-anon")
CT = "1.2.840.10008.5.1.4.1.1.2"
EXPLICIT, IMPLICIT = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2"
DEFLATED, BIG = "1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.2"
JPEG, J2K = "1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.90"
LONG = {"OB", "OW", "OF", "OD", "OL", "OV", "SQ", "UN", "UT", "UC", "UR",
        "SV", "UV"}
M = b"CANARY"
EVERYTHING = ["--modify-dates", "--clean-graphics", "--retain-safe-private",
              "--retain-device", "--retain-patient-characteristics"]


# --- writing -----------------------------------------------------------------

class Form:
    """A way to write elements: little or big endian, explicit or implicit."""

    def __init__(self, implicit=False, big=False):
        self.implicit, self.order = implicit, ">" if big else "<"

    def tag(self, tag):
        return struct.pack(self.order + "HH", tag >> 16, tag & 0xffff)

    def el(self, tag, vr, value=b"", undefined=False, odd=False):
        if isinstance(value, str):
            value = value.encode()
        if len(value) % 2 and not odd:
            value += b"\0" if vr in ("UI", "OB", "UN") else b" "
        n = 0xffffffff if undefined else len(value)
        if undefined:
            value += self.tag(0xfffee0dd) + bytes(4)
        if self.implicit:
            return self.tag(tag) + struct.pack(self.order + "I", n) + value
        if vr in LONG:
            return self.tag(tag) + vr.encode() + bytes(2) + \
                struct.pack(self.order + "I", n) + value
        return self.tag(tag) + vr.encode() + \
            struct.pack(self.order + "H", n) + value

    def item(self, body):
        return self.tag(0xfffee000) + struct.pack(self.order + "I",
                                                  len(body)) + body


E, I, B = Form(), Form(implicit=True), Form(big=True)


def base(form=E):
    return {t: form.el(t, vr, v) for t, vr, v in (
        (0x00080016, "UI", CT), (0x00080018, "UI", "1.2.3.4.77"),
        (0x00080060, "CS", "CT"), (0x00100010, "PN", M + b"^NAME"),
        (0x00100020, "LO", M + b"ID"), (0x0020000d, "UI", "1.2.3.4.5"),
        (0x0020000e, "UI", "1.2.3.4.6"))}


def file(body, syntax=EXPLICIT, meta=b"", preamble=bytes(128)):
    head = E.el(0x00020001, "OB", b"\0\1") + E.el(0x00020002, "UI", CT) + \
        E.el(0x00020003, "UI", "1.2.3.4.77") + \
        E.el(0x00020010, "UI", syntax) + meta
    if syntax == DEFLATED:
        c = zlib.compressobj(9, zlib.DEFLATED, -15)
        body = c.compress(body) + c.flush()
        body += b"\0" * (len(body) % 2)
    return preamble + b"DICM" + E.el(0x00020000, "UL", struct.pack(
        "<I", len(head))) + head + body


def dataset(elements, form=E):
    """Elements by tag on top of what every object has, in order."""
    every = base(form)
    every.update(elements)
    return b"".join(every[t] for t in sorted(every))


# --- running -----------------------------------------------------------------

class Place:
    def __init__(self, folder):
        self.folder = folder
        self.key = os.path.join(folder, "key")
        subprocess.run([BIN, "--make-key", self.key], check=True)
        kinds = subprocess.run([BIN, "--list-kinds"], check=True,
                               stdout=subprocess.PIPE).stdout.decode()
        self.allow = [a for line in kinds.splitlines()
                      for a in ("--allow", line.split("\t")[0])]

    def anon(self, data, options):
        """(bytes of what was written, what was said)"""
        source = os.path.join(self.folder, "a.dcm")
        out = os.path.join(self.folder, "out")
        shutil.rmtree(out, ignore_errors=True)
        with open(source, "wb") as f:
            f.write(data)
        done = subprocess.run(
            [BIN, "--key", self.key, "-o", out, *self.allow, *options, source],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
        found = b""
        for where, _, names in os.walk(out):
            for n in names:
                with open(os.path.join(where, n), "rb") as f:
                    found += f.read()
        if DEFLATED.encode() in found[:400]:
            at = found.index(b"DICM") + 4
            size = struct.unpack_from("<I", found, at + 8)[0]
            found += zlib.decompressobj(-15).decompress(found[at + 12 + size:])
        return found, done.stdout + done.stderr


def is_in(text, data):
    s = text.decode("latin-1")
    return any(form in data for form in (
        text, s.encode("utf-16-le"), s.encode("utf-16-be")))


# --- each attribute with each VR ---------------------------------------------

FREE = {"LO", "SH", "CS"}
NUMBERS = {"US", "SS", "UL", "SL", "FL", "FD", "AT", "SV", "UV"}
BULK = {"OB", "OW", "OF", "OD", "OL", "OV", "UN"}
CODES = {0x00080115, 0x00080119, 0x00080120}
STATED = ("AE AS CS DA DS DT FD IS LO LT OB OF OW PN SH SL SQ SS ST TM UC UI UL "
          "UN UR US UT ZZ nested-in-UN hidden-in-UN").split()


def stated_as(tag, vr, marker):
    if vr == "SQ":
        return E.el(tag, "SQ", E.item(E.el(0x00100010, "PN", marker)))
    if vr == "nested-in-UN":  # CP-246: implicit within
        return E.el(tag, "UN", E.item(I.el(0x00100010, "PN", marker)), True)
    if vr == "hidden-in-UN":
        return E.el(tag, "UN", E.item(I.el(0x00100010, "PN", marker)))
    return E.el(tag, vr, marker)


def may_stay(tag, vr):
    dict_vrs = set(DicomDictionary[tag][0].split(" or "))
    if vr in ("nested-in-UN", "hidden-in-UN"):
        return tag in (0x7fe00010, 0x54001010) and vr == "hidden-in-UN" or \
            tag == 0x7fe00010
    if vr == "SQ":
        return False
    if dict_vrs & (NUMBERS | BULK):
        return vr in NUMBERS | BULK | {"ZZ"}
    return bool(dict_vrs & FREE) and vr in NUMBERS | BULK | FREE | {"ZZ"} or \
        tag in CODES


def markers_in(data):
    found = set(re.findall(rb"CANARY\d{6}", data))
    for a, b in ((b"", b"\0"), (b"\0", b"")):  # UTF-16
        form = b"".join(a + c + b for c in (b"C", b"A", b"N", b"A", b"R", b"Y"))
        form += b"(?:" + a + rb"\d" + b + b"){6}"
        found |= {m.replace(b"\0", b"") for m in re.findall(form, data)}
    return found


def wrong_vrs(place, options, name):
    skip = {0x00080005, 0x00280010, 0x00280011, 0x00280100, 0x00280103}
    tags = sorted(t for t in DicomDictionary if 0x00080000 <= t < 0xfff00000 and
                  t not in base() and t not in skip)
    for vr in STATED:
        # Pixel data in fragments, and native: nothing would pass.
        markers = {t: b"CANARY%06d" % i for i, t in enumerate(tags)
                   if (t, vr) != (0x7fe00010, "nested-in-UN")}
        data, said = place.anon(file(dataset(
            {t: stated_as(t, vr, m) for t, m in markers.items()})), options)
        there = markers_in(data)
        left = ["%08x" % t for t, m in markers.items()
                if m in there and not may_stay(t, vr)]
        ok(data and not left, "%d attributes stated as %s, %s" % (
            len(markers), vr, name), left[:20] or said)


# --- hiding places -----------------------------------------------------------

SAFE = (0x70530010, "Philips PET Private Group")


def safe_block(form=E, **more):
    found = {SAFE[0]: form.el(SAFE[0], "LO", SAFE[1])}
    found.update({int(t[1:], 16): v for t, v in more.items()})
    return found


def jpeg(*parts):
    head = b"\xff\xd8\xff\xdb\0\4\0\0"
    scan = b"\xff\xda\0\4\0\0PIXELS\xff\0MORE\xff\xd0PIXELS"
    return head + b"".join(parts[:1]) + scan + b"".join(parts[1:])


def segment(marker, text):
    return bytes([0xff, marker]) + struct.pack(">H", len(text) + 2) + text


def fragments(*parts, offsets=b""):
    items = [E.item(p + b"\0" * (len(p) % 2)) for p in (offsets, *parts)]
    return E.el(0x7fe00010, "OB", b"".join(items), True)


def j2k(head=b"", tile=b"", behind=b"", length=True):
    part = tile + b"\xff\x93PIXELS\xff\x01PIXELS"
    size = 12 + len(part) if length else 0
    return b"\xff\x4f\xff\x51\0\4\0\0" + head + b"\xff\x90\0\x0a\0\0" + \
        struct.pack(">I", size) + b"\0\1" + part + b"\xff\xd9" + behind


def box(kind, body):
    return struct.pack(">I", len(body) + 8) + kind + body


def icc():
    """A profile with words, a curve, a date, and bytes between."""
    text = b"text\0\0\0\0" + M + b"TEXT"
    desc = b"desc\0\0\0\0\0\0\0\7" + M + b"\0\0\0"
    curve = b"curv\0\0\0\0\0\0\0\1\2\2\0\0"
    tags, at, body = b"", 128 + 4 + 3 * 12, b""
    for sig, data in ((b"cprt", text), (b"desc", desc), (b"rTRC", curve)):
        data += b"\0" * (-len(data) % 4)
        tags += sig + struct.pack(">II", at + len(body), len(data))
        body += data
    body += M + b"GAP"
    head = bytearray(128)
    head[36:40] = b"acsp"
    head[24:30] = M[:6]
    head[84:94] = M + b"HASH"
    return bytes(head) + struct.pack(">I", 3) + tags + body


def nested(form, depth, inner):
    for _ in range(depth):
        inner = form.el(0x00081115, "SQ", form.item(inner))
    return inner


def places():
    """(name, file, options)"""
    pn = E.el(0x00100010, "PN", M + b"^IN")
    yield "the preamble and group 0002, with private information", file(
        dataset({}) + b"\0" * 10, meta=E.el(
            0x00020016, "AE", M) + E.el(0x00020100, "UI", "1.2.3") + E.el(
                0x00020102, "OB", M), preamble=M.ljust(128, b"!")), []
    yield "Data Set Trailing Padding", file(dataset(
        {0xfffcfffc: E.el(0xfffcfffc, "OB", M)})), []
    yield "groups 0000 to 0007", file(b"".join(
        E.el(t, "LO", M) for t in (0x00041130, 0x00041220, 0x00060010)) +
        dataset({})), []
    yield "group lengths that are none", file(dataset(
        {t: E.el(t, vr, M) for t, vr in (
            (0x00080000, "LO"), (0x00100000, "UL"), (0x00200000, "OB"),
            (0x00090000, "UL"))})), []
    yield "sequences in the private part of a safe block", file(dataset(
        safe_block(x70531000=E.el(0x70531000, "SQ", E.item(pn + E.el(
            0x00090010, "LO", M) + E.el(0x00091001, "LO", M)))))), EVERYTHING
    yield "a safe private element of another VR", file(dataset(
        safe_block(x70531000=E.el(0x70531000, "LO", M),
                   x70531009=E.el(0x70531009, "PN", M)))), EVERYTHING
    yield "a safe private element in UN, undefined length (CP-246)", file(
        dataset(safe_block(x70531000=E.el(
            0x70531000, "UN", I.item(I.el(0x00100010, "PN", M)), True)))), \
        EVERYTHING
    yield "a safe private element that hides a sequence", file(dataset(
        safe_block(x70531000=E.el(0x70531000, "OB", E.item(pn))))), EVERYTHING
    yield "a second creator of a safe block", file(
        dataset({}) + E.el(SAFE[0], "LO", SAFE[1]) + E.el(SAFE[0], "LO", M) +
        E.el(0x70531000, "DS", "1")), EVERYTHING
    yield "a private blob, a private PN, a private UT", file(dataset(
        {0x00290010: E.el(0x00290010, "LO", M), 0x00291010: E.el(
            0x00291010, "OB", M * 9), 0x00291011: E.el(0x00291011, "PN", M),
         0x00291012: E.el(0x00291012, "UT", M)})), EVERYTHING
    yield "private elements without a creator", file(dataset(
        {0x00191001: E.el(0x00191001, "LO", M)})), EVERYTHING
    yield "a name twice, and the second time as something else", file(
        dataset({}) + E.el(0x00100010, "PN", M) + E.el(
            0x00100010, "UT", M) + E.el(0x00080070, "LO", "MAKER") + E.el(
                0x00080070, "LO", M)), []
    yield "tags out of order", file(
        E.el(0x00204000, "LT", M) + E.el(0x00100030, "DA", M) + dataset({}) +
        E.el(0x00080090, "PN", M)), []
    yield "odd lengths", file(dataset(
        {0x00080090: E.el(0x00080090, "PN", M + b"X", odd=True),
         0x00081030: E.el(0x00081030, "LO", M + b"X", odd=True)})), []
    yield "UIDs that hold a name or a number", file(dataset(
        {0x00080014: E.el(0x00080014, "UI", M),
         0x00080058: E.el(0x00080058, "UI", b"1.2.3\\" + M),
         0x00200052: E.el(0x00200052, "UI", b"1.2.840.10008.15." + M),
         0x0008001a: E.el(0x0008001a, "UI", M)})), []
    yield "names of three groups, in UTF-8, ISO 2022 and GB18030", file(dataset(
        {0x00080005: E.el(0x00080005, "CS", "\\ISO 2022 IR 87"),
         0x00080090: E.el(0x00080090, "PN", M + b"^A=\x1b$B" + M +
                          b"\x1b(B^A=" + M),
         0x00081050: E.el(0x00081050, "PN", "山田^CANARY=x=y".encode(
             "gb18030"))})), []
    yield "curves, and labels and titles of overlays", file(dataset(
        {0x50000022: E.el(0x50000022, "LO", M),
         0x50003000: E.el(0x50003000, "OW", M),
         0x60000022: E.el(0x60000022, "LO", M),
         0x60000040: E.el(0x60000040, "CS", "R"),
         0x60000045: E.el(0x60000045, "LO", M),
         0x60000010: E.el(0x60000010, "SQ", E.item(pn)),
         0x60001301: E.el(0x60001301, "IS", M),
         0x60001500: E.el(0x60001500, "LO", M),
         0x60001502: E.el(0x60001502, "UN", M),
         0x60004000: E.el(0x60004000, "LT", M)})), EVERYTHING
    roi = E.el(0x30060020, "SQ", E.item(
        E.el(0x30060022, "IS", "1") + E.el(0x30060026, "LO", M) +
        E.el(0x30060028, "ST", M)))
    yield "names and descriptions of ROIs, of waveform channels", file(dataset(
        {0x30060020: roi, 0x54000100: E.el(0x54000100, "SQ", E.item(
            E.el(0x54001010, "OW", b"\0\0") + E.el(0x003a0020, "LT", M)))})), []
    yield "sequences of undefined length, six deep", file(dataset(
        {0x00081115: nested(E, 6, E.el(0x00081115, "SQ", E.item(
            pn + E.el(0x00081070, "PN", M)), True))})), EVERYTHING
    yield "dates and times that are none", file(dataset(
        {0x00080020: E.el(0x00080020, "DA", M), 0x00080030: E.el(
            0x00080030, "TM", M), 0x0008002a: E.el(
                0x0008002a, "DT", b"20200101" + M), 0x00080201: E.el(
                    0x00080201, "SH", M)})), EVERYTHING
    yield "the same, with dates kept", file(dataset(
        {0x00080020: E.el(0x00080020, "DA", M), 0x00080030: E.el(
            0x00080030, "TM", M)})), ["--retain-full-dates"]
    yield "ages, numbers and codes that are none", file(dataset(
        {0x00101010: E.el(0x00101010, "AS", M), 0x00201209: E.el(
            0x00201209, "IS", M), 0x00180050: E.el(0x00180050, "DS", M),
         0x00280008: E.el(0x00280008, "LO", M),
         0x00080008: E.el(0x00080008, "CS", b"ORIGINAL\\" + M + b"^X")})), \
        EVERYTHING
    yield "comments of JPEG: before, between and behind the pixels", file(
        dataset({0x7fe00010: fragments(
            jpeg(segment(0xfe, M) + segment(0xe1, b"Exif\0" + M) + segment(
                0xeb, M), segment(0xfe, M), segment(0xda, b"\0\0") + b"PIX",
                b"\xff\xd9" + M), jpeg(b"", b"\xff\xd9\xff\xd8" + segment(
                    0xfe, M)))}), JPEG), []
    yield "a JPEG in two fragments", file(dataset({0x7fe00010: fragments(
        jpeg(), b"PIXELS" + segment(0xfe, M) + b"\xff\xd9" + M, M)}), JPEG), []
    yield "comments of JPEG 2000: head, tile-part and behind", file(dataset(
        {0x7fe00010: fragments(
            j2k(segment(0x64, b"\0\1" + M), segment(0x64, b"\0\1" + M), M),
            j2k(b"", segment(0x64, b"\0\1" + M), M, length=False))}), J2K), []
    yield "boxes of JP2 before and behind the codestream", file(dataset(
        {0x7fe00010: fragments(
            box(b"jP  ", b"\r\n\x87\n") + box(b"xml ", M) + box(b"uuid", M) +
            box(b"jumb", M) + box(b"jp2c", j2k(behind=M)) + box(
                b"xml ", M))}), J2K), []
    yield "a colour profile and other boxes in the head of a JP2", file(
        dataset({0x7fe00010: fragments(
            box(b"jP  ", b"\r\n\x87\n") + box(b"jp2h", box(
                b"ihdr", b"\0" * 14) + box(b"colr", b"\2\0\0" + icc()) + box(
                    b"colr", b"\2\0\0" + M * 20) + box(
                        b"colr", b"\1\0\0\0\0\0\x10" + M) + box(
                            b"xml ", M)) + box(b"jp2c", j2k()))}),
        J2K), []
    yield "words of a colour profile", file(dataset(
        {0x00282000: E.el(0x00282000, "OB", icc())})), []
    yield "a colour profile that is none", file(dataset(
        {0x00282000: E.el(0x00282000, "OB", M * 40)})), []
    yield "an implicit data set", file(dataset(
        {0x00100010: I.el(0x00100010, "PN", M), 0x00101000: I.el(
            0x00101000, "LO", M), 0x00081115: nested(I, 3, I.el(
                0x00080090, "PN", M)), 0x00290010: I.el(
                    0x00290010, "LO", M)}, I), IMPLICIT), EVERYTHING
    yield "a big endian data set", file(dataset(
        {0x00100010: B.el(0x00100010, "PN", M), 0x00081115: nested(B, 3, B.el(
            0x00080090, "PN", M)), 0x00282000: B.el(0x00282000, "OB", M * 30),
         0x00290010: B.el(0x00290010, "LO", M)}, B), BIG), EVERYTHING
    yield "a deflated data set", file(dataset(
        {0x00080090: E.el(0x00080090, "PN", M)}), DEFLATED), EVERYTHING
    yield "a data set without a head", dataset(
        {0x00080090: E.el(0x00080090, "PN", M)}), []
    yield "what another program said of its de-identification", file(dataset(
        {0x00120063: E.el(0x00120063, "LO", M), 0x00120064: E.el(
            0x00120064, "SQ", E.item(E.el(0x00080104, "LO", M)))})), []


def hiding_places(place):
    for name, data, options in places():
        if DEFLATED.encode() not in data[:400] and not is_in(M, data):
            ok(False, name, "the input has no marker")
            continue
        out, said = place.anon(data, options)
        at = out.find(M)
        ok(out and not is_in(M, out), name,
           out[max(0, at - 24):at + 24] if out else said)


def what_stays(place):
    """The same files still hold what they should."""
    found = dict((n, (d, o)) for n, d, o in places())
    for name, wanted in (
            ("comments of JPEG: before, between and behind the pixels",
             (b"PIXELS\xff\0MORE\xff\xd0PIXELS", b"PIX\xff\xd9")),
            ("a JPEG in two fragments", (b"PIXELS\xff\xfe",)),
            ("comments of JPEG 2000: head, tile-part and behind",
             (b"PIXELS\xff\1PIXELS\xff\xd9",)),
            ("a colour profile and other boxes in the head of a JP2",
             (b"acsp", b"curv\0\0\0\0\0\0\0\1\2\2",
              b"\1\0\0\0\0\0\x10", b"PIXELS\xff\1PIXELS\xff\xd9")),
            ("words of a colour profile", (b"acsp", b"curv\0\0\0\0\0\0\0\1\2\2",
                                           b"desc", b"rTRC")),
            ("curves, and labels and titles of overlays", (b"CS\2\0R ",)),
            ("a second creator of a safe block", (SAFE[1].encode(),))):
        out, _ = place.anon(*found[name])
        ok(all(w in out for w in wanted), "what is no word stays: " + name,
           [w for w in wanted if w not in out])


def what_goes_nowhere(place):
    """What cannot be cleaned, or not be written, is said to be so."""
    for name, data, why in (
            ("a comment of JPEG whose marker is cut in two", file(dataset(
                {0x7fe00010: fragments(
                    jpeg() + b"A" * (len(jpeg()) % 2 == 0) + b"\xff",
                    b"\xfe" + segment(
                    0xfe, M)[2:])}), JPEG), b"has no end"),
            ("an implicit data set that states JPEG", file(dataset(
                {0x00100010: I.el(0x00100010, "PN", M)}, I), JPEG),
             b"wrong-syntax"),
            ("one that states a syntax of nobody", file(dataset(
                {0x00100010: I.el(0x00100010, "PN", M)}, I), "1.2.3.98"),
             b"wrong-syntax")):
        out, said = place.anon(data, ["--allow", "unknown-syntax"])
        ok(not out and why in said, name + " goes nowhere", said)
    rules = os.path.join(place.folder, "rules")
    with open(rules, "w", encoding="utf-8") as f:
        f.write("keep vr:OB\nhash vr:LO\n")
    data = file(dataset({0x00000010: E.el(0x00000010, "LO", b"WORD"),
                         0x7fe00010: fragments(jpeg(segment(0xfe, M)))}), JPEG)
    out, said = place.anon(data, ["--rules", rules])
    ok(out and not is_in(M, out) and b"\0\0\x10\0LO" not in out,
       "no rule keeps a comment of pixels, or group 0000", said)


def main():
    with tempfile.TemporaryDirectory() as folder:
        place = Place(folder)
        hiding_places(place)
        what_stays(place)
        what_goes_nowhere(place)
        wrong_vrs(place, [], "Basic")
        wrong_vrs(place, EVERYTHING[:3], "with " + " ".join(EVERYTHING[:3]))
    return tap.plan()


if __name__ == "__main__":
    sys.exit(main())
