#!/usr/bin/python3
"""Hold lib/dicom's reader against pydicom and DCMTK: same elements, same values.

Every element of every file, at every depth: path, VR, bytes and value. The
files are those under CORPUS (valid, fileset, hostile/noninstance), or, without
it, ones that pydicom writes here in many encodings. Without CHECK_ALL each
fourth file of the corpus is taken.

What is different must be explained in expected-differences.tsv (file, judge,
path, reason; file and path are patterns); with all of CORPUS, a line that
explains nothing fails too. PACS_BUILD and PACS_TOP say where tools and sources are.
Prints TAP. With operands, only those files are compared.
"""
import base64
import fnmatch
import hashlib
import html
import multiprocessing
import os
import re
import struct
import subprocess
import sys
import tempfile
import warnings

import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import UID

warnings.simplefilter("ignore")
pydicom.config.settings.reading_validation_mode = pydicom.config.IGNORE
pydicom.config.convert_wrong_length_to_UN = True

TEXT = "AE AS CS DA DS DT IS LO LT PN SH ST TM UC UI UR UT".split()
NUMBERS = {"US": "H", "SS": "h", "UL": "I", "SL": "i", "UV": "Q", "SV": "q",
           "FL": "f", "FD": "d", "AT": "HH"}
CHARSET = re.compile(r"(^|\.)00080005'?$")
SINGLE = "LT ST UT UR".split()


def digest(value):
    return hashlib.sha256(value).hexdigest()


# --- ours --------------------------------------------------------------------

def ours(path):
    """{path: (vr, raw vr, length, digest, text)} or an error's text."""
    run = subprocess.run([TOOL, path], capture_output=True, check=False)
    if run.returncode:
        return run.stderr.decode()
    found = {}
    for line in run.stdout.decode("utf-8", "surrogateescape").split("\n"):
        if not line or line.startswith("#"):
            continue
        name, vr, raw, length, sha, text = line.split("\t", 5)
        while name in found:
            name += "'"
        found[name] = (vr, raw, int(length), sha, text)
    return found


def unescape(text):
    return re.sub(r"\\x([0-9a-f]{2})", lambda m: chr(int(m.group(1), 16)),
                  text)


def trimmed(text, vr):
    """Padding does not count: a list of values."""
    values = [text] if vr in SINGLE else text.split("\\")
    if vr in SINGLE or vr == "UC":
        return [v.rstrip(" \0") for v in values]
    if vr == "PN":  # empty groups at the end may be there or not
        return [v.strip(" \0").rstrip("=") for v in values]
    return [v.strip(" \0") for v in values]


# --- pydicom -----------------------------------------------------------------

def fragments(value, order="<"):
    """Digests of the fragments in an undefined length value."""
    out, at = [], 0
    while at + 8 <= len(value):
        group, element, length = struct.unpack_from(order + "HHI", value, at)
        if (group, element) != (0xfffe, 0xe000):
            break
        out.append(digest(value[at + 8:at + 8 + length]))
        at += 8 + length
    return "fragments" + "".join(" " + d for d in out)


class Pydicom:
    """Walks what pydicom found: yields (path, raw vr, bytes, vr, text)."""
    name = "pydicom"

    def read(self, path):
        ds = pydicom.dcmread(path, force=True)
        found = {}
        self.walk(ds.file_meta, "", found)
        self.walk(ds, "", found)
        return found

    def walk(self, ds, prefix, found):
        for tag in list(ds._dict):
            raw = ds.get_item(tag)
            name = f"{prefix}{int(tag):08X}"
            value = getattr(raw, "value", None)
            sequence = isinstance(raw.value, Sequence) or raw.VR == "SQ"
            is_raw = isinstance(raw, pydicom.dataelem.RawDataElement)
            undefined = is_raw and raw.length == 0xffffffff or getattr(
                raw, "is_undefined_length", False)
            raw_bytes = value if is_raw else None
            try:
                element = ds[tag]
            except Exception as e:  # its conversion failed: bytes only
                found[name] = (None, raw_bytes, None, str(e), undefined)
                continue
            sequence = sequence or element.VR == "SQ"
            if sequence:
                found[name] = ("SQ", None, "SQ", len(element.value or []),
                               undefined)
                for i, item in enumerate(element.value or []):
                    self.walk(item, f"{name}[{i}].", found)
                continue
            if raw_bytes is None and isinstance(value, bytes):
                raw_bytes = value
            found[name] = (raw.VR if is_raw else None, raw_bytes, element.VR,
                           self.text(element), undefined)

    @staticmethod
    def text(element):
        value, vr = element.value, element.VR
        if vr not in TEXT and vr not in NUMBERS:
            return None
        if value is None or value == "":
            return ""
        multi = isinstance(value, (pydicom.multival.MultiValue, list))
        values = list(value) if multi else [value]
        if vr == "AT":
            return [int(v) for v in values]
        if vr in NUMBERS:
            return values if not isinstance(value, bytes) else None
        if vr == "PN":
            return "\\".join(str(v) for v in values)
        return "\\".join(getattr(v, "original_string", None) or str(v)
                         for v in values)

    def compare(self, us, them):
        vr, raw, length, sha, text = us
        their_raw, value, their_vr, their_text, undefined = them
        if their_vr == "SQ":
            if vr != "SQ":
                return f"VR {vr} for SQ"
            return None if int(text) == their_text else "item count"
        if vr == "SQ":
            return f"VR SQ for {their_vr}"
        if text.startswith("fragments") and sha == "-":
            if value is None or fragments(value) != text:
                return "fragments"
            return None
        if value is not None and digest(value or b"") != sha:
            return "bytes"
        if their_raw and raw != "--" and raw != their_raw:
            return f"written VR {raw} for {their_raw}"
        if their_vr and " or " not in their_vr and their_vr != vr:
            return f"VR {vr} for {their_vr}"
        return compare_text(vr, text, their_text)


def compare_text(vr, text, theirs):
    if theirs is None or (vr not in TEXT and vr not in NUMBERS):
        return None
    text = unescape(text)
    if vr in TEXT:
        return None if trimmed(text, vr) == trimmed(theirs, vr) else \
            f"text {vr}"
    mine = text.split("\\") if text else []
    theirs = theirs or []
    if len(mine) != len(theirs):
        return "number of values"
    for a, b in zip(mine, theirs):
        if vr == "AT":
            same = int(a, 16) == b
        elif vr == "FL":  # ours is the shortest that reads back
            same = struct.pack("f", float(a)) == struct.pack("f", float(b)) \
                or a.strip("-") == "nan"
        elif vr == "FD":
            same = float(a) == float(b) or a.strip("-") == "nan"
        else:
            same = int(a) == int(b)
        if not same:
            return "number"
    return None


def swapped(value):
    pairs = bytearray(value)
    pairs[0:len(value) // 2 * 2:2] = value[1::2]
    pairs[1::2] = value[0:len(value) // 2 * 2:2]
    return bytes(pairs)


# --- DCMTK -------------------------------------------------------------------

class Dcmtk:
    """Reads what dcm2xml prints."""
    name = "dcmtk"
    ITEM = re.compile(
        r'<element tag="(....,....)" vr="(..)"[^>]*? len="(\d+)"[^>]*?'
        r'(?:/>|>(.*?)</element>)'
        r'|<sequence tag="(....,....)" vr="(..)"[^>]*?(/?)>'
        r'|<(item)[ >]|<(/item)>|<(/sequence)>'
        r'|<pixel-item[^>]* len="(\d+)"[^>]*?(?:/>|>(.*?)</pixel-item>)',
        re.S)

    def read(self, path):
        options = ["+M", "+Wb", "+Eb", "-Wn"]
        run = None
        for charset in (["+U8"], []):
            run = subprocess.run(["dcm2xml", "-q", *options, *charset, path],
                                 capture_output=True, check=False)
            if run.returncode == 0:
                break
        if run.returncode:
            raise ValueError(run.stderr.decode(errors="replace") or "failed")
        self.utf8 = bool(charset)
        found = self.walk(run.stdout.decode("utf-8", "surrogateescape"))
        if self.utf8:  # it says what it was converted to
            for name in [n for n in found if CHARSET.search(n)]:
                del found[name]
        return found

    def walk(self, xml):
        found, stack, prefix = {}, [], ""
        for m in self.ITEM.finditer(xml):
            (tag, vr, length, text, seq, seq_vr, empty, item, end_item,
             end_seq, pix_len, pix) = m.groups()
            if tag:
                name = prefix + tag.replace(",", "").upper()
                while name in found:
                    name += "'"
                found[name] = (vr, int(length), html.unescape(text or ""),
                               m.group(0))
            elif seq:
                name = prefix + seq.replace(",", "").upper()
                found[name] = ["SQ" if seq_vr != "pi" else seq_vr, 0, "", ""]
                if not empty:
                    stack.append([name, prefix])
            elif item:
                name = stack[-1][0]
                prefix = f"{name}[{found[name][1]}]."
                found[name][1] += 1
            elif end_item:
                prefix = stack[-1][1]
            elif end_seq:
                name, prefix = stack.pop()
            else:
                name = stack[-1][0]
                found[name][0] = "fragments"
                found[name][2] += " " + digest(base64.b64decode(pix or ""))
        return found

    def compare(self, us, them):
        vr, raw, length, sha, text = us
        their_vr, their_length, their_text, whole = them
        if their_vr == "fragments":
            return None if text == "fragments" + their_text else "fragments"
        if their_vr == "SQ":
            if vr != "SQ":
                return f"VR {vr} for SQ"
            return None if int(text) == their_length else "item count"
        if vr == "SQ":
            return f"VR SQ for {their_vr}"
        if their_vr != vr and their_vr not in ("up", "xs", "lt", "ox", "na"):
            return f"VR {vr} for {their_vr}"
        if vr in ("OB", "OW", "UN"):
            if 'binary="base64"' in whole:
                value = base64.b64decode(their_text)
                if vr == "OW" and self.little:  # it prints big endian words
                    value = swapped(value)
                if length % 2 and value[-1:] in (b"\0", b" "):
                    value = value[:length]
                return None if digest(value) == sha else "bytes"
            return None
        recoded = self.utf8 and vr in TEXT and not their_text.isascii()
        if abs(their_length - length) > length % 2 and not recoded:
            return "length"
        if vr in TEXT and self.is_decoded(whole):
            return None if trimmed(unescape(text), vr) == \
                trimmed(their_text, vr) else f"text {vr}"
        if vr in NUMBERS and vr != "AT" and len(their_text) < 2000:
            theirs = [float(v) if vr in ("FL", "FD") else int(v)
                      for v in their_text.split("\\") if v]
            if vr in ("FL", "FD"):
                return self.floats(text, theirs)
            return compare_text(vr, text, theirs)
        return None

    def is_decoded(self, text):
        """No escape sequences either (which html.unescape drops)."""
        return self.utf8 or text.isascii() and "&#27;" not in text

    @staticmethod
    def floats(text, theirs):
        """dcm2xml prints few digits."""
        mine = [float(v) for v in text.split("\\") if v]
        if len(mine) != len(theirs):
            return "number of values"
        for a, b in zip(mine, theirs):
            if abs(a - b) > 1e-5 * abs(a) and a == a:
                return "number"
        return None


# --- comparing ---------------------------------------------------------------

class Expected:
    def __init__(self, path):
        self.rows = []
        with open(path, encoding="utf-8") as f:
            for line in f:
                if line.strip() and not line.startswith("#"):
                    self.rows.append([*line.rstrip("\n").split("\t"), 0])

    def explains(self, name, judge, path, what):
        for row in self.rows:
            if (fnmatch.fnmatch(name, "*" + row[0]) and row[1] == judge
                    and re.fullmatch(row[2], f"{path}: {what}")):
                row[4] += 1
                return True
        return False


def compare(job):
    """Differences of one file: (name, [(path, what)], number of elements)"""
    path, judge = job
    name = "/" + os.path.relpath(path, ROOT)
    with open(path, "rb") as f:
        judge.little = b"1.2.840.10008.1.2.2\0" not in f.read(4096)
    us = ours(path)
    try:
        them = judge.read(path)
    except Exception as e:
        them = f"{type(e).__name__}: {e}"
    if isinstance(us, str) and isinstance(them, str):
        return name, [], 0
    if isinstance(us, str) or isinstance(them, str):
        what = f"ours: {us if isinstance(us, str) else 'read'}; " \
            f"{judge.name}: {them if isinstance(them, str) else 'read'}"
        return name, [("file", " ".join(what.split())[:200])], 0
    differences = []
    for element in sorted(us.keys() | them.keys()):
        if element not in them:
            if CHARSET.search(element) and judge.name == "dcmtk":
                continue
            what = "only ours"
        elif element not in us:
            what = f"only {judge.name}"
        else:
            try:
                what = judge.compare(us[element], them[element])
            except Exception as e:
                what = f"cannot compare: {type(e).__name__} {e}"
        if what:
            differences.append((element, what))
    return name, differences, len(us)


# --- files -------------------------------------------------------------------

def corpus_files(root):
    for folder in ("valid", "fileset", "hostile/noninstance"):
        for where, _, names in sorted(os.walk(os.path.join(root, folder))):
            for name in sorted(names):
                if not name.endswith((".tsv", ".md")):
                    yield os.path.join(where, name)


def sample(charset, name):
    ds = Dataset()
    ds.SpecificCharacterSet = charset
    ds.SOPClassUID = "1.2.840.10008.5.1.4.1.1.7"
    ds.SOPInstanceUID = "2.25.1234567890"
    ds.PatientName = name
    ds.StudyDate = "20240229"
    ds.ImageType = ["DERIVED", "SECONDARY"]
    ds.PixelRepresentation = 1
    ds.SmallestImagePixelValue = -3
    ds.SamplesPerPixel, ds.Rows, ds.Columns = 1, 2, 3
    ds.BitsAllocated = 16
    ds.PixelSpacing = ["0.5", "0.25"]
    ds.FrameIncrementPointer = [0x00181063, 0x00200013]
    ds.RealWorldValueSlope = None
    ds.TriggerTimeOffset = -1.5e-300
    inner = Dataset()
    inner.CodeValue = "T-1"
    inner.PurposeOfReferenceCodeSequence = [Dataset(), Dataset()]
    inner.PurposeOfReferenceCodeSequence[0].CodeMeaning = name
    ds.ReferencedImageSequence = [inner, Dataset()]
    ds.PixelData = bytes(range(12))
    ds["PixelData"].VR = "OW"
    block = ds.private_block(0x0009, "PACS TOOLS TEST", create=True)
    block.add_new(1, "FL", [1.5, 2.25])
    block.add_new(2, "SQ", [inner])
    return ds


def made_files(folder):
    names = [("ISO_IR 100", "Müller^Jörg"), ("ISO_IR 192", "山田^太郎"),
             ("ISO_IR 144", "Люкceмбypг"), ("ISO_IR 126", "Διονυσιος")]
    syntaxes = ["1.2.840.10008.1.2", "1.2.840.10008.1.2.1",
                "1.2.840.10008.1.2.2", "1.2.840.10008.1.2.1.99"]
    for charset, name in names:
        for syntax in syntaxes:
            for undefined in (False, True):
                yield make(folder, sample(charset, name), syntax, undefined)


def make(folder, ds, syntax, undefined):
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = UID(syntax)
    ds.is_little_endian = syntax != "1.2.840.10008.1.2.2"
    ds.is_implicit_VR = syntax == "1.2.840.10008.1.2"
    if undefined:
        for e in ds.iterall():
            if e.VR == "SQ":
                e.is_undefined_length = True
                for item in e.value:
                    item.is_undefined_length_sequence_item = True
    fd, path = tempfile.mkstemp(".dcm", syntax + "_", folder)
    os.close(fd)
    ds.save_as(path, write_like_original=False)
    return path


def main():
    failed = 0
    expected = Expected(os.path.join(TOP, "tests", "oracle",
                                     "expected-differences.tsv"))
    judges = [j for j in (Pydicom(), Dcmtk())
              if j.name == os.environ.get("JUDGE", j.name)]
    with tempfile.TemporaryDirectory() as folder:
        made = list(made_files(folder))
        corpus = list(corpus_files(CORPUS)) if CORPUS else []
        files = sys.argv[1:] or made + corpus[::1 if ALL else 4]
        for number, judge in enumerate(judges, 1):
            elements, notes = 0, []
            with multiprocessing.Pool() as pool:
                results = pool.map(compare, [(f, judge) for f in files], 8)
            for name, differences, count in results:
                elements += count
                for element, what in differences:
                    if not expected.explains(name, judge.name, element, what):
                        notes.append(f"{name}\t{element}: {what}")
            for note in notes[:None if sys.argv[1:] or VERBOSE else 40]:
                print("#", note)
            failed += bool(notes) or not elements
            print(f"{'not ok' if notes or not elements else 'ok'} {number} - "
                  f"{elements} elements of {len(files)} files are those that "
                  f"{judge.name} finds ({len(notes)} differences)")
            sys.stdout.flush()
    unused = [row for row in expected.rows if not row[4]]
    if CORPUS and ALL and not sys.argv[1:]:
        for row in unused:
            print("# explains nothing:", *row[:3])
        print(f"{'not ok' if unused else 'ok'} {len(judges) + 1} - every "
              "expected difference occurs")
        failed += bool(unused)
        print(f"1..{len(judges) + 1}")
    else:
        print(f"1..{len(judges)}")
    return 1 if failed else 0


if __name__ == "__main__":
    TOP = os.environ.get("PACS_TOP", os.getcwd())
    TOOL = os.path.join(os.environ.get("PACS_BUILD", "build"), "tools",
                        "dsdump")
    CORPUS = os.environ.get("CORPUS")
    VERBOSE = os.environ.get("VERBOSE")
    ALL = os.environ.get("CHECK_ALL")  # else each fourth file of the corpus
    ROOT = CORPUS or "/"
    sys.exit(main())
