#!/usr/bin/python3
"""More places where pacs-anon might let words through: what describes itself.

leaks.py hides words where attributes should be; this is about data that say how
long they are (pixels, overlays, waveforms, tables, streams of JPEG, JPEG 2000
and RLE), values that look almost like their VR, UIDs that look almost like those
of the standard, and objects that do not want to be known for what must be
withheld. One run of the program for each set of options. Prints TAP.
"""
import os
import subprocess
import sys
import tempfile

import leaks
from leaks import BIN, CT, E, EXPLICIT, J2K, JPEG, SAFE, M
from leaks import box, dataset, file, fragments, j2k, jpeg, ok, safe_block
from leaks import segment, struct, tap

RLE, PLAIN = "1.2.840.10008.1.2.5", "1.2.840.10008.1.2.1.98"
HTJ2K, JXL = "1.2.840.10008.1.2.4.201", "1.2.840.10008.1.2.4.110"
DATES, MOVED = ["--retain-full-dates"], ["--modify-dates"]
PATIENT = ["--retain-patient-characteristics", "--cap-age"]
GRAPHICS, UIDS = ["--clean-graphics"], ["--retain-uids"]
PRIVATE = ["--retain-safe-private"]
DEVICE = ["--retain-device", "--retain-institution"]


def us(*n):
    return struct.pack("<%dH" % len(n), *n)


def seq(tag, *elements):
    return {tag: E.el(tag, "SQ", E.item(b"".join(elements)))}


def one(tag, vr, value):
    return {tag: E.el(tag, vr, value)}


def image(bits=8, stored=8, frames=None, pixels=None):
    """2 x 2, one sample."""
    found = {t: E.el(t, "US", us(n)) for t, n in (
        (0x00280002, 1), (0x00280010, 2), (0x00280011, 2), (0x00280100, bits),
        (0x00280101, stored), (0x00280102, stored - 1), (0x00280103, 0))}
    found.update(one(0x00280004, "CS", "MONOCHROME2"))
    if frames:
        found.update(one(0x00280008, "IS", frames))
    if pixels is not None:
        found.update(one(0x7fe00010, "OW" if bits > 8 else "OB", pixels))
    return found


def overlay(group, kind, bits=1, position=0, data=None):
    found = {group | t: E.el(group | t, "US", us(n)) for t, n in (
        (0x10, 2), (0x11, 2), (0x100, bits), (0x102, position))}
    found.update(one(group | 0x40, "CS", kind))
    if data:
        found.update(one(group | 0x3000, "OW", data))
    return found


def rle(*segments, head=b"", gap=b""):
    offsets, at, body = [], 64, b""
    for s in segments:
        offsets.append(at + len(body))
        body += s + gap
    head = struct.pack("<I%dI" % len(offsets), len(offsets), *offsets) + head
    return head + bytes(64 - len(head)) + body


RUN = b"\3ABCD\x80"  # four bytes, and nothing


def of_pixels():
    px = 0x7fe00010
    yield "behind native pixels", image(pixels=b"\1\2\3\4" + M * 3)
    yield "behind pixels of 16 bits", image(16, 12, None, b"\1\2" * 4 + M * 2)
    yield "behind the last frame", image(frames="2", pixels=bytes(8) + M)
    yield "pixels without an image", one(px, "OB", M)
    yield "pixels in a functional group", seq(
        0x52009229, E.el(px, "OW", M))
    yield "pixels in a reference", seq(
        0x00081140, E.el(0x00081155, "UI", "1.2"), E.el(px, "OB", M))
    yield "float pixels without an image", one(0x7fe00008, "OF", M * 2)
    yield "behind double pixels", {**image(), **one(
        0x7fe00009, "OD", bytes(32) + M * 4)}
    yield "an offset table without fragments", {
        **image(pixels=b"\1\2\3\4"), **one(0x7fe00001, "OV", M * 4)}
    yield "an offset table that says something", {**image(), **one(
        0x7fe00001, "OV", M * 4), 0x7fe00010: fragments(*[b"\1\2\3\4"] * 4)}
    yield "retired pixels", {**one(0x7f000010, "OW", M),
                             **one(0x7fe00030, "OW", M)}
    yield "waveform data that are in none", one(0x54001010, "OB", M)
    yield "behind a waveform", seq(
        0x54000100, E.el(0x003a0005, "US", us(1)),
        E.el(0x003a0010, "UL", struct.pack("<I", 2)),
        E.el(0x54001004, "US", us(8)), E.el(0x54001010, "OB", b"\1\2" + M))
    yield "in the padding value of a waveform", seq(
        0x54000100, E.el(0x5400100a, "OB", M * 3))
    yield "behind a lookup table", seq(
        0x00283010, E.el(0x00283002, "US", us(2, 0, 8)),
        E.el(0x00283006, "OW", b"\1\2\3\4" + M))
    yield "behind a palette", {**one(0x00281101, "US", us(2, 0, 8)), **one(
        0x00281201, "OW", b"\1\2\3\4" + M)}
    yield "a palette that nothing describes", one(0x00281202, "OW", M)
    yield "more numbers than there may be", one(0x00280106, "US", M)
    yield "an encapsulated document in an image", one(0x00420011, "OB", M)


def of_streams():
    """(name, fragments, syntax)"""
    com = segment(0xfe, M)
    yield "in the offset table", fragments(jpeg(), offsets=M), JPEG
    yield "between scans", fragments(jpeg(
        b"", segment(0xc4, b"\0") + M + segment(0xda, b"\0\0") + b"PIX",
        b"\xff\xd9")), JPEG
    yield "behind fill bytes", fragments(b"\xff" + jpeg(com)), JPEG
    yield "in extensions of JPEG", fragments(jpeg(
        segment(0xf0, M) + segment(0xfd, M) + segment(0xc8, M))), JPEG
    yield "behind tables of JPEG", fragments(jpeg(
        segment(0xdb, bytes(65) + M) + segment(0xc4, bytes(17) + M) +
        segment(0xdd, b"\0\1\0\0" + M) + segment(0xc0, b"\x08\0\2\0\2\1\1"
                                              b"\x11\0" + M),
        segment(0xda, b"\1\1\0\0\x3f\0" + M) + b"PIX",
        segment(0xdc, b"\0\2\0\0" + M) + b"\xff\xd9")), JPEG
    yield "in reserved segments of JPEG", fragments(jpeg(
        segment(0x02, M) + segment(0xbf, M))), JPEG
    yield "in segments of JPEG 2000 that are none", fragments(j2k(
        segment(0x6f, M) + segment(0x80, M))), J2K
    yield "in a comment of HTJ2K", fragments(j2k(
        segment(0x64, b"\0\1" + M))), HTJ2K
    yield "behind a codestream of two fragments", fragments(
        j2k(length=False)[:-2], b"PIXELS\xff\xd9" + M * 2), J2K
    yield "behind one whose end is cut in two", fragments(
        j2k(segment(0x64, b"\0\1ODD"), length=False)[:-1],
        b"\xd9" + M * 2), J2K
    yield "in the kinds of a JP2", fragments(
        box(b"jP  ", b"\r\n\x87\n") + box(b"ftyp", b"jp2 \0\0\0\0jp2 " + M) +
        box(b"jp2c", j2k())), J2K
    yield "in boxes of JPEG XL", fragments(
        box(b"JXL ", b"\r\n\x87\n") + box(b"Exif", M) + box(b"brob", M) +
        box(b"jxlc", b"\xff\x0aPIX")), JXL
    yield "in the head of RLE", fragments(rle(RUN, head=M * 3)), RLE
    yield "behind RLE", fragments(rle(RUN, gap=M)), RLE
    yield "between segments of RLE", fragments(rle(RUN, RUN, gap=M)), RLE
    yield "in a segment of RLE that the image has not", fragments(
        rle(RUN, b"\5" + M)), RLE
    yield "behind the frames of RLE", fragments(rle(RUN), M * 3), RLE
    yield "behind frames that are not compressed", fragments(
        b"\1\2\3\4" + M, M), PLAIN


def of_values():
    """(name, elements, options, what must not be there)"""
    for name, tag, vr, value, options in (
            ("a social security number in IS", 0x00200013, "IS",
             "123-45-6789", []),
            ("one in DS", 0x00180050, "DS", "123-45-6789", []),
            ("20 digits in IS", 0x00200013, "IS", "12345678901234567890", []),
            ("30 digits in DS", 0x00180050, "DS", "123456789012345" * 2, []),
            ("a birth date in AS", 0x00101010, "AS", "19451231", PATIENT),
            ("an age of three letters", 0x00101010, "AS", "95Y ", PATIENT),
            ("two ages", 0x00101010, "AS", "045Y\\095Y ", PATIENT),
            ("an age without unit", 0x00101010, "AS", "0095", PATIENT),
            ("a number in DA", 0x00080020, "DA", "99999999", DATES),
            ("a longer one", 0x00080020, "DA", "1234567890", DATES),
            ("a number in DT", 0x0008002a, "DT", "12345678901234567890123456",
             DATES),
            ("a number in TM", 0x00080030, "TM", "123456789012345678", DATES),
            ("a number in TM, moved", 0x00080030, "TM", "999999999999", MOVED),
            ("a time that is none", 0x00080030, "TM", "101010\\777777", MOVED),
            ("a UID that begins like the standard's", 0x00200052, "UI",
             "1.2.840.10008.15.19450101.1234", []),
            ("a frame of reference of the standard", 0x00200052, "UI",
             "1.2.840.10008.1.4.19450101.99", []),
            ("a context group of the standard", 0x00200052, "UI",
             "1.2.840.10008.6.1.123456789", []),
            ("an instance in place of its class", 0x0008001a, "UI",
             "1.2.826.0.1.19450101.777", []),
            ("an instance of many numbers", 0x0008001a, "UI", ".".join("123456789" * 3), []),
            ("a UID that is too long", 0x00200052, "UI",
             "1.%s42" % ("1234567890." * 20), UIDS)):
        yield name, one(tag, vr, value), options, value.encode().strip()
    for name, elements, options in (
            ("a name in Specific Character Set", one(0x00080005, "CS", M), []),
            ("its second value", one(0x00080005, "CS", b"ISO_IR 100\\" + M),
             []),
            ("300 letters in LO", one(0x00080070, "LO", b"x" * 300 + M), []),
            ("two values in LO", one(0x00080070, "LO", b"MAKER\\" + M), []),
            ("two values in SH", one(0x00180024, "SH", b"SE\\" + M), []),
            ("two values in CS", one(0x00180015, "CS", b"HEAD\\" + M), []),
            ("two lines in LO", one(0x00080070, "LO", b"MAKER\r\n" + M), []),
            ("names in UIDs", {**one(0x00081155, "UI", M), **one(
                0x00200052, "UI", b"1.2.3\\" + M)}, UIDS),
            ("a name in place of the study", one(0x0020000d, "UI", M), UIDS),
            ("names in UIDs of an item", seq(
                0x00081140, E.el(0x00081155, "UI", M)), UIDS),
            ("a sequence for a serial number", seq(0x00181000, E.el(
                0x00100010, "PN", M)), DEVICE),
            ("a status of twelve letters", one(0x001021c0, "FD", M * 2),
             PATIENT),
            ("a time stamp of twelve letters", one(0x00340007, "OB", M * 2),
             DATES),
            ("two stations", one(0x00081010, "SH", b"CT1\\" + M), DEVICE),
            ("a number of a person in a safe DS", safe_block(
                x70531000=E.el(0x70531000, "DS", b"123-" + M)), PRIVATE),
            ("behind a region of interest", {**image(), **overlay(
                0x60000000, "R", data=b"\x0f\0" + M)}, GRAPHICS),
            ("in Source Image IDs", one(0x00203110, "CS", M), []),
            ("on a tick of a ruler", seq(0x00700287, E.el(
                0x00700289, "SH", M)), GRAPHICS),
            ("in the last overlay", overlay(0x60fe0000, "G", data=M), GRAPHICS),
            ("in an odd group among them", one(0x60210010, "LO", M), GRAPHICS)):
        yield name, elements, options, M


def places():
    for name, elements in of_pixels():
        yield (name, elements, PLAIN if "says something" in name else EXPLICIT,
               [], M)
    for name, pixels, syntax in of_streams():
        yield name, {**image(), 0x7fe00010: pixels}, syntax, [], M
    for name, elements, options, wanted in of_values():
        yield name, elements, EXPLICIT, options, wanted


# What stays: (name of the place, bytes).
STAYS = (("behind native pixels", b"\4\0\0\0\1\2\3\4"),
         ("behind the last frame", b"OB\0\0\x08\0\0\0" + bytes(8)),
         ("behind double pixels", b"OD\0\0\x20\0\0\0"),
         ("behind a waveform", b"OB\0\0\2\0\0\0\1\2"),
         ("behind a lookup table", b"OW\0\0\4\0\0\0\1\2\3\4"),
         ("behind a palette", b"OW\0\0\4\0\0\0\1\2\3\4"),
         ("behind fill bytes", b"PIXELS\xff\0MORE"),
         ("behind a codestream of two fragments", b"PIXELS\xff\xd9\0\0"),
         ("behind one whose end is cut in two", b"\xd9\0\0"),
         ("behind RLE", RUN[:5] + bytes(3)),
         ("behind frames that are not compressed", b"\1\2\3\4\0\0"),
         ("an age of three letters", b"AS\4\0" + b"090Y"),
         ("behind a region of interest", b"OW\0\0\2\0\0\0\x0f\0"),
         ("two stations", b"SH"))


class Runs(leaks.Place):
    def anon(self, files, options):
        """{name: (bytes written, reason)} of {name: (elements, syntax)}"""
        ins = tempfile.mkdtemp(dir=self.folder)
        out = tempfile.mkdtemp(dir=self.folder)
        for i, (name, (elements, syntax)) in enumerate(files.items()):
            elements = {0x00080018: E.el(0x00080018, "UI", "1.2.3.77.%d" % i),
                        **elements}
            with open(os.path.join(ins, "%03d" % i), "wb") as f:
                f.write(file(dataset(elements), syntax))
        done = subprocess.run(
            [BIN, "--key", self.key, "-o", out, "--print", "-q", "-f",
             "outcome,reason,path,source", *options, ins],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
        found = {}
        names = list(files)
        for line in done.stdout.decode().splitlines():
            outcome, reason, path, source = line.split("\t")
            if not source:
                continue
            data = b""
            if outcome == "written":
                with open(os.path.join(out, path), "rb") as f:
                    data = f.read() + path.encode()
            found[names[int(os.path.basename(source))]] = (data, reason)
        return found


def judge_places(runs):
    every = list(places())
    found = {}
    for options in {tuple(p[3]) for p in every}:
        found.update(runs.anon(
            {p[0]: (p[1], p[2]) for p in every if tuple(p[3]) == options},
            [*runs.allow, *options]))
    for name, _, _, _, wanted in every:
        data, reason = found.get(name, (b"", "lost"))
        at = data.find(wanted)
        there = at >= 0 if wanted != M else leaks.is_in(M, data)
        ok(data and not there, name, data[max(at - 20, 0):at + 20] or reason)
    for name, wanted in STAYS:
        ok(wanted in found[name][0], "what is none stays: " + name)


def judge_what_stays(runs):
    """Short, legal, and not to be touched."""
    utc = "1.2.840.10008.15.1.1"
    found = runs.anon({
        "utc": (one(0x00200200, "UI", utc), EXPLICIT),
        "class": (one(0x0008001a, "UI", "1.2.826.0.1.3680043.2.93.1.0.1\\" +
                      "1.3.12.2.1107.5.9.1"), EXPLICIT),
        "atlas": (one(0x00200052, "UI", "1.2.840.10008.1.4.1.12"), EXPLICIT),
        "numbers": ({**one(0x00180050, "DS", "-1.23456789012345678E-04"), **one(
            0x00200032, "DS", " 1.5\\-2\\3. "), **one(
                0x00200013, "IS", "+7 ")}, EXPLICIT),
        "time": (one(0x00080030, "TM", "09:11:02.00000000"), EXPLICIT),
        "planes": ({**image(), **one(0x00280012, "US", us(3)), **one(
            0x7fe00010, "OB", b"PLANES" * 2)}, EXPLICIT)}, MOVED)
    for name, wanted in (("utc", utc.encode()), ("atlas", b".1.4.1.12"),
                         ("class", b"3680043.2.93.1.0.1\\1.3.12.2.1107.5"),
                         ("numbers", b"-1.23456789012345678E-04"),
                         ("numbers", b"1.5\\-2\\3."), ("numbers", b"IS\4\0+7"),
                         ("time", b"09:11:02.00000000"),
                         ("planes", b"PLANESPLANES")):
        ok(wanted in found[name][0], "%s stays: %r" % (name, wanted))


def judge_withheld(runs):
    t = {"burned-in": 0x00280301, "us": 0x00080060, "screen": 0x00080008}
    files = {
        "burned-in, as bytes": one(t["burned-in"], "OB", "YES "),
        "burned-in, said of an unknown VR": one(t["burned-in"], "UN", "YES "),
        "burned-in, said twice": {t["burned-in"]: E.el(
            t["burned-in"], "CS", "NO") + E.el(t["burned-in"], "CS", "YES ")},
        "xc, a scan of the surface": one(0x00080016, "UI", CT[:-1] + "68.2"),
        "us, in small letters": one(t["us"], "CS", "us"),
        "us, beside another": one(t["us"], "CS", "CT\\US "),
        "sc, by modality": one(t["us"], "CS", "SC"),
        "screen, of unknown VR": one(t["screen"], "UN", "A\\B\\SCREEN SAVE "),
        "screen, a protocol": one(
            t["screen"], "CS", "ORIGINAL\\SECONDARY\\OTHER\\CT_SOM5 PROT"),
        "screen, a dose report": one(
            t["screen"], "CS", "DERIVED\\SECONDARY\\DOSE_INFO "),
        "screen, by the date of capture": one(0x00181012, "DA", "20200101"),
        "overlay, in unused bits": {**image(16, 12, None, M[:4] * 2), **overlay(
            0x60020000, "G", 16, 12)},
        "wrong-syntax, fragments in a native one": one(
            0x7fe00010, "OB", b"") | {0x7fe00010: fragments(M)},
    }
    found = runs.anon({n: (e, EXPLICIT) for n, e in files.items()}, [])
    for name in files:
        data, reason = found[name]
        ok(not data and reason == name.split(",")[0], "withheld: " + name,
           reason or "written")
    region = {**image(16, 12, None, bytes(8)), **overlay(
        0x60020000, "R", 16, 12)}
    ok(runs.anon({"x": (region, EXPLICIT)}, GRAPHICS)["x"][0],
       "a region of interest in unused bits passes with --clean-graphics")


def judge_refused(runs):
    com = segment(0x64, b"\0\1" + M)
    files = {
        "words in place of a stream": (fragments(M * 3, jpeg()), JPEG),
        "a byte before a stream": (fragments(b"\0" + jpeg(segment(
            0xfe, M))), JPEG),
        "a head of JPEG 2000 of another length": (fragments(
            b"\xff\x4f\xff\x51\0\4\0\0\0" + com + j2k()[8:]), J2K),
        "bytes between tile-parts": (fragments(
            j2k()[:-2] + b"\0\0" + com + b"\xff\xd9"), J2K),
        "words in place of a codestream": (fragments(
            box(b"jP  ", b"\r\n\x87\n") + box(b"jp2c", M * 2)), J2K),
        "words in place of RLE": (fragments(M * 20), RLE),
        "RLE whose offsets lead out": (fragments(
            struct.pack("<16I", 2, 70000, 80000, *[0] * 13) + RUN + M), RLE),
        "boxes that go on in another fragment": (fragments(
            box(b"jP  ", b"\r\n\x87\n") + box(b"jp2c", j2k()), M * 3), J2K),
        "a syntax that is no UID": (fragments(M), M.decode())}
    found = runs.anon({n: ({**image(), 0x7fe00010: p}, s)
                       for n, (p, s) in files.items()}, runs.allow)
    for name in files:
        data, reason = found[name]
        ok(not data and reason in ("unsupported", "wrong-syntax"),
           "goes nowhere: " + name, reason or data[-40:])


def judge_rules(runs):
    rules = os.path.join(runs.folder, "rules")
    with open(rules, "w", encoding="utf-8") as f:
        f.write("keep ICCProfile\nkeep vr:OB\nkeep vr:OW\n")
    found = runs.anon({
        "profile": (one(0x00282000, "OB", leaks.icc()), EXPLICIT),
        "nested": (seq(0x00081140, E.el(0x7fe00010, "OW", M)), EXPLICIT)},
        ["--rules", rules])
    for name, (data, reason) in found.items():
        ok(data and M not in data, "no rule keeps the words of a " + name,
           reason)


def main():
    with tempfile.TemporaryDirectory() as folder:
        runs = Runs(folder)
        judge_places(runs)
        judge_what_stays(runs)
        judge_withheld(runs)
        judge_refused(runs)
        judge_rules(runs)
    return tap.plan()


if __name__ == "__main__":
    sys.exit(main())
