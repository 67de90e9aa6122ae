#!/usr/bin/python3
"""Judge pacs-anon by PS3.15 Table E.1-1, with pydicom.

Reads the table itself and shares no code with the toolkit. For every element of
the input, at every depth, what became of it must be an action that the table
allows with the options that were chosen; what is new in the output must be what
the standard wants to be declared. Over files that pacs-phantom makes, files
made here and, with CORPUS, its small ones. Then the canary: every name, text,
date and UID gets a marker of its own, and none may be anywhere in the bytes.
Prints TAP.

Accepted, each for its reason:
- a date that a device option keeps (K) is treated by the options for dates;
- C that only a person or a later command can do counts as the basic action;
- 50xx and 60xx: what is left of a group without its data goes as well;
- elements of no row: removed, replaced or, if they are no names, dates, free
  text or bytes, kept.
"""
import csv
import datetime
import os
import re
import subprocess
import sys
import tempfile
import warnings

import pydicom
from pydicom.datadict import dictionary_has_tag, dictionary_VR
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.tag import Tag
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "../helper"))

import tap  # noqa: E402

warnings.simplefilter("ignore")
pydicom.config.settings.reading_validation_mode = pydicom.config.IGNORE
pydicom.config.settings.writing_validation_mode = pydicom.config.IGNORE

TOP = os.environ.get("PACS_TOP", os.getcwd())
BUILD = os.environ.get("PACS_BUILD", "build")
CORPUS = os.environ.get("CORPUS")
BIN = os.path.join(BUILD, "bin")
DATA = os.path.join(TOP, "lib", "deid", "data")

# Option of pacs-anon -> column of the table.
OPTIONS = {
    "--retain-safe-private": "rtn_safe_private",
    "--retain-uids": "rtn_uids",
    "--retain-device": "rtn_device_id",
    "--retain-institution": "rtn_institution_id",
    "--retain-patient-characteristics": "rtn_patient_chars",
    "--retain-full-dates": "rtn_long_full_dates",
    "--modify-dates": "rtn_long_modif_dates",
    "--clean-graphics": "clean_graphics",
}
SETS = [[]] + [[o] for o in OPTIONS] + [
    [o for o in OPTIONS if o != "--modify-dates"],
    [o for o in OPTIONS if o not in ("--retain-full-dates",
                                     "--retain-uids")]]
ALLOWED = {
    "X": {"X"}, "Z": {"Z", "D"}, "D": {"D"}, "U": {"U"}, "K": {"K"},
    "X/Z": {"X", "Z", "D"}, "X/D": {"X", "D"}, "Z/D": {"Z", "D"},
    "X/Z/D": {"X", "Z", "D"}, "X/Z/U*": {"X", "Z", "K"},
}
PATIENT_ID = 0x00100020  # given to objects that have none
DECLARED = {0x00120062, 0x00120063, 0x00120064, 0x00280303}
CLASS_UIDS = {0x00080016, 0x0008001a, 0x0008001b, 0x00080062, 0x00081150,
              0x0008115a, 0x0008010c, 0x00080117, 0x00080118, 0x00083002,
              0x04000010, 0x04000510, 0x30100052, 0x30100053}
# Of no row, and kept although their VR is one of free text: codes.
CODES = {0x00080119, 0x00080120, 0x00080115}
# Of no row, and removed or replaced although their VR alone would not tell.
EXTRA = set()
FREE = {"PN", "LT", "ST", "UT", "UC", "UR", "AE"}
DATES = {"DA", "DT", "TM"}


def ok(good, what, notes=()):
    """Of complaints that differ in their file alone, the first."""
    shown = {}
    for n in notes:
        shown.setdefault(n.split(" ", 1)[-1], n)
    tap.ok(good, what, list(shown.values()))


def read_table():
    exact, masked = {}, []
    with open(os.path.join(DATA, "profile.tsv"), encoding="utf-8") as f:
        for row in csv.DictReader(f, delimiter="\t"):
            t = row["tag"].replace(",", "").lower()
            if t == "ggggeeee":
                continue
            if "x" in t:
                masked.append((re.compile(t.replace("x", "[0-9a-f]")), row))
            else:
                exact[int(t, 16)] = row
    return exact, masked


def read_safe():
    safe = {}
    with open(os.path.join(DATA, "safe-private.tsv"), encoding="utf-8") as f:
        for row in csv.DictReader(f, delimiter="\t"):
            safe[(int(row["group"], 16), row["private_creator"],
                  int(row["element"][2:], 16))] = row["vr"]
    return safe


EXACT, MASKED = read_table()
SAFE = read_safe()
with open(os.path.join(DATA, "extra.tsv"), encoding="utf-8") as extra:
    for extra_row in csv.DictReader(extra, delimiter="\t"):
        if extra_row["action"] != "K":
            EXTRA.add(int(extra_row["tag"].replace(",", ""), 16))


def row_of(tag):
    if tag in EXACT:
        return EXACT[tag]
    for pattern, row in MASKED:
        if pattern.fullmatch("%08x" % tag):
            return row
    return None


def vr_of(ds, elem):
    vr = elem.VR
    if vr in (None, "UN") and dictionary_has_tag(elem.tag):
        vr = dictionary_VR(elem.tag)
    return vr or "UN"


def raw(ds, tag):
    """The element without its value being converted, if it still is so."""
    return ds.get_item(tag)


def is_sequence(ds, tag):
    e = raw(ds, tag)
    if getattr(e, "VR", None) == "SQ" or vr_of(ds, e) == "SQ":
        try:
            return ds[tag].VR == "SQ"
        except Exception:
            return False
    return False


def raw_bytes(ds, tag):
    e = raw(ds, tag)
    v = e.value
    if v is None:
        return b""
    if isinstance(v, bytes):
        return v
    return str(v).encode()


def strip(b):
    return b.rstrip(b"\0 ").lstrip(b" ")


def creator_of(ds, tag):
    creator = Tag(tag.group, tag.element >> 8)
    if tag.element < 0x1000 or creator not in ds:
        return None
    return strip(raw_bytes(ds, creator)).decode("latin-1")


def is_date(text):
    return re.fullmatch(rb"\d{4}(\d\d(\d\d)?)?[\d.+-]*", text) is not None


def days_of(text, n):
    try:
        y = int(text[:4])
        m = int(text[4:6]) if n >= 6 else 7
        d = int(text[6:8]) if n >= 8 else (15 if n >= 6 else 1)
        return datetime.date(y, m, d).toordinal()
    except ValueError:
        return None


def described(ds):
    """Bytes of native pixels that a data set speaks of."""
    cells = int(ds.get("Rows", 0)) * int(ds.get("Columns", 0)) * \
        int(ds.get("SamplesPerPixel", 1)) * int(ds.get("NumberOfFrames", 1))
    return (cells * int(ds.get("BitsAllocated", 16)) + 7) // 8


class Judge:
    """One run: its options, and what it must be consistent in."""

    def __init__(self, options):
        self.options = options
        self.columns = [OPTIONS[o] for o in options]
        self.complaints = []
        self.uids = {}      # old -> new
        self.offsets = {}   # patient -> days
        self.seen = set()
        self.where = ""

    def complain(self, path, what):
        self.complaints.append("%s %s: %s" % (self.where, path, what))

    # --- what may become of an element -------------------------------------

    def allowed(self, tag, vr, is_seq):
        """(set of actions, why)"""
        row = row_of(tag)
        if row is None:
            return self.allowed_without_row(tag, vr, is_seq), "no row"
        acts = set()
        dated = bool(row["rtn_long_full_dates"])
        for c in self.columns:
            code = row[c]
            if not code:
                continue
            if dated and c not in ("rtn_long_full_dates",
                                   "rtn_long_modif_dates"):
                continue
            if code == "K":
                acts.add("K")
            elif c == "rtn_long_modif_dates":
                acts.add("C")
            elif c == "clean_graphics":
                acts |= {"K", "C", "X"}
        if not acts or "C" in acts:
            acts |= set(ALLOWED[row["basic_profile"]])
            if not dated or acts & {"C"} == set():
                acts -= {"C"} if not (set(self.columns) &
                                      {"clean_graphics"}) else set()
        if dated and "rtn_long_modif_dates" in self.columns:
            acts = {"C"}
        return acts, row["basic_profile"]

    def allowed_without_row(self, tag, vr, is_seq):
        group = tag >> 16
        if group < 8 or not dictionary_has_tag(tag):
            return {"X"}
        if group >> 8 in (0x50, 0x60):
            return {"X", "K"} if "clean_graphics" in self.columns else {"X"}
        if is_seq:
            return {"K", "X"} if tag in EXTRA else {"K"}
        if tag in CODES:
            return {"K", "X"}
        if vr in FREE:
            return {"X", "Z", "D"}
        if vr in DATES:
            if "rtn_long_full_dates" in self.columns:
                return {"K"}
            if "rtn_long_modif_dates" in self.columns:
                return {"C"}
            return {"X", "Z", "D"}
        if vr == "UI" and tag not in CLASS_UIDS:
            return {"U"}
        if tag in EXTRA:
            return {"K", "X", "Z", "D", "U"}
        if vr in ("OB", "UN") and group not in (0x28, 0x5400, 0x7fe0):
            return {"X"}
        if vr in ("DS", "IS", "AS", "CS", "SQ") or vr != dictionary_VR(tag):
            return {"K", "X"}   # X if they do not look like it
        return {"K"}

    def allowed_private(self, ds, tag, is_seq):
        if "rtn_safe_private" not in self.columns:
            return {"X"}
        if 0x10 <= tag.element <= 0xff:
            return {"K", "X"}
        creator = creator_of(ds, tag)
        key = (tag.group, creator, tag.element & 0xff)
        if creator is None or key not in SAFE:
            return {"X"}
        vr = raw(ds, tag).VR
        if vr in (None, "UN"):
            vr = SAFE[key] or "UN"
        if is_seq:
            return {"K"}
        if vr == "UI":
            return {"K"} if "rtn_uids" in self.columns else {"U"}
        if vr == "PN":
            return {"X"}
        if vr in DATES:
            if "rtn_long_full_dates" in self.columns:
                return {"K"}
            return {"C", "X"} if "rtn_long_modif_dates" in self.columns \
                else {"X"}
        return {"K", "X"} if vr == "SQ" else {"K"}

    # --- what did become of it ----------------------------------------------

    def action(self, a, b, tag, path):
        if tag not in b:
            return {"X"}
        if is_sequence(a, tag):
            if not is_sequence(b, tag):
                return {"Z"} if not raw_bytes(b, tag) else {"D"}
            old, new = a[tag].value, b[tag].value
            if len(old) == 0:
                return {"K", "Z"} if not new else {"?"}
            if len(new) == 0:
                return {"Z"}
            if self.same_shape(old, new):
                return {"K", "C", "D"} if tag in (0x00081110, 0x00081111) else {"K"}
            return {"D"}
        if is_sequence(b, tag):
            return {"D"}
        x, y = raw_bytes(a, tag), raw_bytes(b, tag)
        vr = vr_of(a, raw(a, tag))
        if x == y or strip(x) == strip(y):
            found = {"K"}
            if not strip(x):
                found |= {"Z", "D", "U", "X", "C"}
            elif vr == "TM" or tag == 0x00080201:
                found |= {"C"}
            elif vr == "UI" and all(u.startswith(b"1.2.840.10008.") or not u
                                    for u in map(strip, x.split(b"\\"))):
                found |= {"U"}
            elif strip(y) in (b"REMOVED", b"19000101", b"000000", b"0"):
                found |= {"D"}
            return found
        if not strip(y):
            return {"Z"} if len(y) == 0 else {"D"}
        if vr == "UI" and self.is_mapped(x, y, path):
            return {"U"}
        if vr in ("DA", "DT") and "rtn_long_modif_dates" in self.columns \
                and self.is_shifted(x, y, vr, path):
            return {"C"}
        if tag == 0x00340007 and len(x) == 10:
            return {"C", "D"}
        return {"D"}

    @staticmethod
    def same_shape(old, new):
        """Items of the same number that have not become dummies."""
        if len(old) != len(new):
            return False
        return any(set(n.keys()) & set(o.keys()) or not set(o.keys()) or
                   not set(n.keys()) for o, n in zip(old, new))

    def is_mapped(self, x, y, path):
        good = True
        old, new = x.split(b"\\"), y.split(b"\\")
        if len(old) != len(new):
            return False
        for u, v in zip(map(strip, old), map(strip, new)):
            if not u or (u.startswith(b"1.2.840.10008.") and u == v and
                         len(u) <= 34):
                good = good and u == v
                continue
            if not re.fullmatch(rb"2\.25\.\d{1,39}", v):
                return False
            if self.uids.setdefault(u, v) != v:
                self.complain(path, "the same UID became two")
        return good

    def is_shifted(self, x, y, vr, path):
        old, new = x.split(b"\\"), y.split(b"\\")
        if len(old) != len(new):
            return False
        for s, t in zip(map(strip, old), map(strip, new)):
            if not s and not t:
                continue
            if b"." in s[:8]:
                s, t = s.replace(b".", b""), t.replace(b".", b"")
            if not is_date(s) or not is_date(t):
                return False
            n = 8 if vr == "DA" else len(re.match(rb"\d*", s).group()[:8])
            if s[n:] != t[n:] or len(s) != len(t):
                return False
            d0, d1 = days_of(s, n), days_of(t, n)
            if d0 is None or d1 is None:
                return False
            moved = d1 - d0
            if n == 8:
                known = self.offsets.setdefault(self.patient, moved)
                if known != moved or not moved:
                    self.complain(path, "moved by another number of days "
                                  "%d %d %s" % (known, moved, s))
        return True

    # --- walking ----------------------------------------------------------

    def element(self, a, b, tag, path):
        e = raw(a, tag)
        seq = is_sequence(a, tag)
        vr = vr_of(a, e)
        if tag.is_private:
            may, why = self.allowed_private(a, tag, seq), "private"
        else:
            may, why = self.allowed(int(tag), vr, seq)
        did = self.action(a, b, tag, path)
        self.seen.add((int(tag), why))
        if tag.element == 0 or int(tag) in DECLARED or int(tag) == 0x7fe00010:
            return
        if int(tag) == 0x00101010 and "K" in may:
            may = may | {"D"}
        if int(tag) == 0x00282000:  # without its words: leaks.py looks at it
            may = may | {"D", "X"}
        if (int(tag) in (0x006a0003,)) and "U" in did:
            did = did | {"D"}
        if not did & may:
            self.complain(path, "%s %s did %s, allowed %s" % (
                why, vr, "/".join(sorted(did)), "/".join(sorted(may))))
            return
        if seq and tag in b and is_sequence(b, tag) and "K" in did and \
                not (may & {"D"} and "D" in did):
            for i, (x, y) in enumerate(zip(a[tag].value, b[tag].value)):
                self.items(x, y, "%s[%d]" % (path, i))

    def items(self, a, b, path):
        for tag in a.keys():
            self.element(a, b, tag, "%s/%s" % (path, tag))
        for tag in b.keys():
            if tag not in a and not (path == "" and int(tag) in DECLARED |
                                     {PATIENT_ID}) \
                    and tag.element != 0:
                self.complain("%s/%s" % (path, tag), "is new")

    def files(self, source, path):
        self.where = os.path.basename(source)
        a, b = read(source), read(path)
        self.patient = (b.get("PatientID") or
                        "study " + str(b.get("StudyInstanceUID")))
        self.items(a, b, "")
        self.head(a, b, path)
        for t in (0x7fe00010, 0x7fe00008, 0x7fe00009):
            if t not in a:
                continue
            x, y = raw(a, t).value, raw(b, t).value if t in b else b""
            if x != y and without_comments(x) != y and not (
                    x.startswith(y) and len(y) >= described(a)):
                self.complain("", "pixel data differ")

    def head(self, a, b, path):
        with open(path, "rb") as f:
            if f.read(132) != b"\0" * 128 + b"DICM":
                self.complain("", "preamble")
        meta = b.file_meta
        if meta.get("MediaStorageSOPInstanceUID") != b.get("SOPInstanceUID"):
            self.complain("", "group 0002 has another instance UID")
        odd = set(meta.keys()) - {Tag(2, n) for n in
                                  (0, 1, 2, 3, 0x10, 0x12, 0x13)}
        if odd:
            self.complain("", "group 0002 has %s" % odd)
        self.declared(b)

    def declared(self, b):
        if "DeidentificationMethodCodeSequence" not in b:
            self.complain("", "declares nothing")
            return
        codes = [i.CodeValue for i in b.DeidentificationMethodCodeSequence]
        want = {"113100"}
        for row in csv.DictReader(open(os.path.join(DATA, "methods.tsv"),
                                       encoding="utf-8"), delimiter="\t"):
            if row["e1_1_column"] in self.columns:
                want.add(row["code_value"])
        if set(codes) != want or codes[0] != "113100":
            self.complain("", "declares %s" % codes)
        dates = "UNMODIFIED" if "rtn_long_full_dates" in self.columns else \
            "MODIFIED" if "rtn_long_modif_dates" in self.columns else "REMOVED"
        if b.LongitudinalTemporalInformationModified != dates or \
                b.PatientIdentityRemoved != "YES":
            self.complain("", "declarations of dates or identity")


def without_comments(data):
    """Encapsulated pixel data with comments of JPEG streams zeroed."""
    out = bytearray(data)
    for start in re.finditer(rb"\xff\xd8\xff|\xff\x4f\xff\x51", data):
        j2k = data[start.start() + 1] == 0x4f
        at = start.start() + 2
        while at + 4 < len(data) and data[at] == 0xff:
            marker = data[at + 1]
            size = int.from_bytes(data[at + 2:at + 4], "big")
            if marker in ((0x90, 0x93) if j2k else (0xda, 0xd9)):
                break
            body = data[at + 4:at + 2 + size]
            plain = (marker, len(body), body[:5]) == (0xe0, 14, b"JFIF\0") or \
                (marker == 0xee and body[:5] == b"Adobe" and
                 len(body) <= 12) or marker == 0xe8 and body[:4] in (b"SPIF", b"mrfx")
            if (marker == 0x64 if j2k else marker == 0xfe or
                    (0xe0 <= marker <= 0xef and not plain)):
                out[at + 4:at + 2 + size] = bytes(len(body))
            at += 2 + size
    return bytes(out)


def read(path):
    return pydicom.dcmread(path, force=True)


def anon(out, options, items, *more):
    """Run it; {source: path} of what was written, and the records."""
    kinds = [] if "--no-allow" in more else ALLOW
    more = [m for m in more if m != "--no-allow"]
    command = [os.path.join(BIN, "pacs-anon"), "--key", KEY, "-o", out,
               "--print", "-q", *options, *more, "-"]
    if "--retain-uids" in options and "--modify-dates" in options:
        command.insert(1, "--yes-uids-hold-dates")
    for k in kinds:
        command[1:1] = ["--allow", k]
    done = subprocess.run(command, input="\n".join(items).encode(),
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          check=False)
    if done.returncode not in (0, 1, 3):
        print("#", done.stderr.decode()[:2000])
        raise SystemExit("pacs-anon ended with %d" % done.returncode)
    records = [l.split("\t") for l in done.stdout.decode().splitlines()]
    return {r[9]: os.path.join(out, r[8]) for r in records
            if r[0] in ("written", "duplicate")}, records


# --- the canary ---------------------------------------------------------------

# With these it would be withheld.
OF_SCREENS = {0x00181016, 0x00181018, 0x00181019, 0x00287fe0}
# Text of no row that may stay: LO and SH (names of vendors, kernels, codes).
MARKED = ("PN", "LT", "ST", "UT", "UC", "UR", "AE", "LO", "SH", "DA", "DT",
          "TM", "UI")


def marker(n, vr):
    if vr == "DA":  # further apart than dates are moved, all of them
        assert n < 980
        day = datetime.date(1000, 1, 1) + datetime.timedelta(367 * n)
        return day.strftime("%4Y%m%d")
    if vr == "DT":
        return marker(n, "DA") + "0102%02d.%06d" % (n % 60, 700000 + n)
    if vr == "TM":
        return "0304%02d.%06d" % (n % 60, 800000 + n)
    if vr == "UI":
        return "1.3.99.%d.4711" % (100000 + n)
    if vr in ("UR",):
        return "http://canary%05d.example" % n
    return "CANARY%05d" % n


def canary(folder):
    """A CT with everything marked; {marker: tag}."""
    import pydicom.datadict as dd
    ds = Dataset()
    markers = {}
    count = {"date": 0, "other": 0}

    def fill(item, tags):
        for t in tags:
            vr = dd.dictionary_VR(t)
            if vr not in MARKED or t in CLASS_UIDS or t >> 16 < 8:
                continue
            if t in (0x00080005, 0x00080201) or t in OF_SCREENS:
                continue
            if row_of(t) is None and (vr in ("LO", "SH") or t in CODES):
                continue
            kind = "date" if vr in ("DA", "DT") else "other"
            count[kind] += 1
            text = marker(count[kind], vr)
            markers[text] = t
            item.add_new(t, vr, text)

    every = [t for t in dd.DicomDictionary if not dd.DicomDictionary[t][3]]
    retired = [t for t in EXACT if t not in every and dictionary_has_tag(t)]
    fill(ds, every + retired)
    for group in (0x6000, 0x6002, 0x5000):
        ds.add_new((group << 16) + 0x4000 if group >> 8 == 0x60 else
                   (group << 16) + 0x0022, "LT", "CANARYG%04X" % group)
        markers["CANARYG%04X" % group] = (group << 16) + 0x4000
    # In sequences that stay, two deep, and in one that no row names.
    inner = Dataset()
    fill(inner, every)
    middle = Dataset()
    middle.SourceInstanceSequence = [inner]
    ds.ReferencedSeriesSequence = [middle]
    # Private: unknown, a safe creator, in and out of sequences, odd forms.
    for n, (group, creator) in enumerate((
            (0x0009, "ACME"), (0x0011, "Philips PET Private Group"),
            (0x7053, "Philips PET Private Group"), (0x0019, "SECRET"))):
        for item in (ds, inner):
            item.add_new((group << 16) | 0x10, "LO", creator)
            for el, vr in ((0x1001, "LO"), (0x10aa, "PN"), (0x10ab, "UN")):
                text = "CANARYP%d%04X%d" % (n, el, item is inner)
                markers[text] = "private"
                item.add_new((group << 16) | el, vr,
                             text.encode() if vr == "UN" else text)
    ds.add_new(0x00130010, "LO", "CANARYCREATOR")
    ds.add_new(0x00131010, "SQ", [inner])
    markers["CANARYCREATOR"] = "private"
    # A number that is a name, and an element that nobody knows.
    ds.add_new(0x00180060, "SH", "CANARYDS")
    ds.add_new(0x00199999 - 0x10000, "LO", "CANARYUNKNOWN")
    markers["CANARYDS"] = markers["CANARYUNKNOWN"] = 0x00180060
    ds.SOPClassUID = "1.2.840.10008.5.1.4.1.1.2"
    ds.Modality = "CT"
    ds.PixelData = b"\1\2" * 8
    ds.Rows = ds.Columns = 4
    ds.BitsAllocated = ds.BitsStored = 8
    paths = []
    for name, syntax in (("explicit", ExplicitVRLittleEndian),
                         ("implicit", ImplicitVRLittleEndian)):
        ds.file_meta = FileMetaDataset()
        ds.file_meta.TransferSyntaxUID = syntax
        ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
        ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID
        ds.file_meta.SourceApplicationEntityTitle = "CANARYAE"
        ds.preamble = b"CANARYPREAMBLE".ljust(128, b"!")
        ds.is_little_endian = True
        ds.is_implicit_VR = syntax == ImplicitVRLittleEndian
        path = os.path.join(folder, "canary-%s.dcm" % name)
        ds.save_as(path, write_like_original=False)
        with open(path, "r+b") as f:
            f.write(ds.preamble)
            f.seek(0, 2)
            f.write(b"\0" * 64)
        paths.append(path)
    markers["CANARYAE"] = markers["CANARYPREAMBLE"] = "head"
    return paths, markers


def survivors(data, markers):
    found = []
    for text, tag in markers.items():
        for form in (text.encode(), text.encode("utf-16-le"),
                     text.encode("utf-16-be")):
            if form in data:
                found.append((text, tag))
                break
    return found


def may_survive(tag, columns):
    if tag in ("private", "head"):
        return False
    row = row_of(tag)
    if row is None:
        vr = dictionary_VR(tag) if dictionary_has_tag(tag) else "UN"
        if vr in DATES:
            return "rtn_long_full_dates" in columns or (
                vr == "TM" and "rtn_long_modif_dates" in columns)
        return tag in EXTRA
    if "rtn_long_modif_dates" in columns and row["rtn_long_modif_dates"]:
        return row["vr"] == "TM"
    return any(row[c] == "K" for c in columns)


def uids_of(ds, found):
    """Every UID that the data set holds at any depth, but those that the
    standard names."""
    for tag in list(ds.keys()):
        if is_sequence(ds, tag):
            for item in ds[tag].value:
                uids_of(item, found)
        elif vr_of(ds, raw(ds, tag)) == "UI" and int(tag) not in CLASS_UIDS:
            found |= {u for u in map(strip, raw_bytes(ds, tag).split(b"\\"))
                      if len(u) > 8 and not u.startswith(b"1.2.840.10008.")}


def judge_uids(written):
    """No object carries a UID that any of the inputs had: whatever refers to
    something, inside the export or out of it, refers to a new UID."""
    old, left = set(), []
    for source in written:
        uids_of(read(source), old)
    for source, path in written.items():
        with open(path, "rb") as f:
            data = f.read()
        left += ["%s %s" % (os.path.basename(source), u.decode())
                 for u in old if u in data]
    ok(old and not left, "none of %d UIDs is in %d objects" % (
        len(old), len(written)), left)
    with open(next(iter(written)), "rb") as f:
        data = f.read()
    ok(any(u in data for u in old), "the judge sees UIDs that are there")


def judge_canary(folder):
    paths, markers = canary(folder)
    for options in SETS:
        columns = [OPTIONS[o] for o in options]
        out = tempfile.mkdtemp(dir=folder)
        written, _ = anon(out, options, paths)
        # Both have the same name: the second is another encoding of it.
        bad, n = [], 0
        for path in paths:
            if path in written:
                n += 1
        for p in paths:
            out1 = tempfile.mkdtemp(dir=folder)
            for _, path in anon(out1, options, [p])[0].items():
                with open(path, "rb") as f:
                    left = survivors(f.read(), markers)
                bad += ["%s %s" % (t, "%08x" % g if isinstance(g, int) else g)
                        for t, g in left if not may_survive(g, columns)]
        ok(n >= 1 and not bad, "no canary survives %s" %
           (" ".join(options) or "the Basic profile"), bad)
    # The judge itself: a marker that is there is found.
    with open(paths[0], "rb") as f:
        left = survivors(f.read(), markers)
    ok(len(left) == len(markers), "all %d canaries are in the input" %
       len(markers), sorted(set(markers) - {t for t, _ in left}))


# --- files -------------------------------------------------------------------

def phantom(folder):
    subprocess.run([os.path.join(BIN, "pacs-phantom"), "-q", "-o", folder,
                    "--modality", "CT,MR,US,CR,SR,PDF,RTSTRUCT,SEG",
                    "--studies", "2", "--instances", "2", "--rows", "32"],
                   check=True)
    return [os.path.join(w, n) for w, _, ns in os.walk(folder) for n in ns]


def corpus():
    found = []
    for where, _, names in sorted(os.walk(os.path.join(CORPUS, "valid"))):
        paths = [os.path.join(where, n) for n in sorted(names)]
        small = [p for p in paths if os.path.getsize(p) < 100000]
        found += small[::max(1, len(small) // 12)]
    return found


def readable(path):
    """Can pydicom read it? (It does not inflate JPIP's deflated syntaxes.)"""
    try:
        ds = read(path)
        if ds.file_meta.get("TransferSyntaxUID") in (
                "1.2.840.10008.1.2.4.95", "1.2.840.10008.1.2.4.205"):
            return False
        list(ds.iterall())
        return True
    except Exception:
        return False


def main():
    global KEY, ALLOW
    with tempfile.TemporaryDirectory() as folder:
        KEY = os.path.join(folder, "key")
        subprocess.run([os.path.join(BIN, "pacs-anon"), "--make-key", KEY],
                       check=True)
        ALLOW = [k for k in subprocess.run(
            [os.path.join(BIN, "pacs-anon"), "--list-kinds"],
            stdout=subprocess.PIPE, check=True).stdout.decode().splitlines()]
        ALLOW = [k.split("\t")[0] for k in ALLOW]
        sources = phantom(os.path.join(folder, "phantom"))
        sources += canary(folder)[0][:1]
        if CORPUS:
            sources += [p for p in corpus() if readable(p)]
        for options in SETS:
            judge = Judge(options)
            out = tempfile.mkdtemp(dir=folder)
            written, _ = anon(out, options, sources)
            for source, path in written.items():
                judge.files(source, path)
            if not options:
                judge_uids(written)
            ok(written and not judge.complaints,
               "%d files, %d tags as the table allows: %s" % (
                   len(written), len(judge.seen),
                   " ".join(options) or "Basic"), judge.complaints)
        # A judge that cannot fail is none.
        judge = Judge([])
        judge.files(sources[0], sources[0])
        ok(len(judge.complaints) > 10, "the judge sees a file that is as it was")
        judge_canary(folder)
    return tap.plan()


if __name__ == "__main__":
    sys.exit(main())
