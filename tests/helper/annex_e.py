"""What the tests of Annex E share (oracle/rules.py, oracle/traps.py): objects with
something to hide, pacs-anon on them, and what becomes of each row of the table.
"""
import csv
import datetime
import io
import os
import re
import subprocess
import tarfile
import tempfile
import warnings

import pydicom
from pydicom.datadict import keyword_for_tag
from pydicom.dataset import Dataset, FileMetaDataset

import tap
from tap import ok

warnings.simplefilter("ignore")
pydicom.config.settings.reading_validation_mode = pydicom.config.IGNORE
pydicom.config.settings.writing_validation_mode = pydicom.config.IGNORE

BIN = os.path.join(os.environ.get("PACS_BUILD", "build"), "bin", "pacs-anon")
TOP = os.environ.get("PACS_TOP", os.getcwd())
CT, SR = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.88.11"
EXPLICIT, JPEG = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.4.50"
J2K = "1.2.840.10008.1.2.4.90"
M = "CANARY"
DATES = "--modify-dates", "--retain-full-dates"


# --- objects -----------------------------------------------------------------

def sample(vr, n=0):
    """A value of this VR that identifies somebody."""
    return {"AS": "050Y", "DA": "20200229", "DT": "20200229101112.5+0100",
            "TM": "101112.5", "DS": "1.5", "IS": "7", "UI": "1.2.3.99.%d" % n,
            "UR": "http://canary.example", "PN": M + "^JANE", "US": 7, "SS": 7,
            "UL": 7, "SL": 7, "FL": 1.5, "FD": 1.5, "CS": M,
            "SQ": [item(PatientName=M, ReferencedSOPInstanceUID="1.2.3.98")]
            }.get(vr, M.encode() if vr in ("OB", "OW", "UN") else M)


def item(**elements):
    """Keywords, or x00100010 = (VR, value)."""
    ds = Dataset()
    for k, v in elements.items():
        if re.fullmatch("x[0-9a-f]{8}", k):
            ds.add_new(int(k[1:], 16), *v)
        else:
            setattr(ds, k, v)
    return ds


def image(**elements):
    every = dict(SOPClassUID=CT, SOPInstanceUID="1.2.3.4",
                 StudyInstanceUID="1.2.3.5", SeriesInstanceUID="1.2.3.6",
                 PatientID="A1", PatientName="DOE^JANE", Modality="CT")
    every.update(elements)
    return item(**every)


def nest(ds, depth, keyword="ReferencedSeriesSequence"):
    for _ in range(depth):
        ds = item(**{keyword: [ds]})
    return ds


def saved(ds, syntax=EXPLICIT, **meta):
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = syntax
    ds.file_meta.MediaStorageSOPClassUID = ds.get("SOPClassUID", CT)
    ds.file_meta.MediaStorageSOPInstanceUID = ds.get("SOPInstanceUID", "1.2.3")
    for k, v in meta.items():
        setattr(ds.file_meta, k, v)
    ds.is_little_endian, ds.is_implicit_VR = True, False
    out = io.BytesIO()
    ds.save_as(out, write_like_original=False)
    return out.getvalue()


class Place:
    """The key, and what the last run said."""

    def __init__(self, folder):
        self.key = os.path.join(folder, "key")
        self.rules = os.path.join(folder, "rules")
        with open(self.key, "w", encoding="ascii") as f:
            f.write("pacs-anon-key 1\n%064d\n" % 7)
        os.chmod(self.key, 0o600)
        kinds = subprocess.run([BIN, "--list-kinds"], check=True,
                               stdout=subprocess.PIPE).stdout.decode()
        self.allow = [a for line in kinds.splitlines()
                      for a in ("--allow", line.split("\t")[0])]

    def raw(self, data, *options):
        """The object's bytes as written, b"" if it was not."""
        done = subprocess.run(
            [BIN, "--key", self.key, "-o", "-", "--stdin", *self.allow,
             *options], input=data, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, check=False)
        self.status, self.said = done.returncode, done.stderr.decode()
        if not done.stdout.strip(b"\0"):
            return b""
        with tarfile.open(fileobj=io.BytesIO(done.stdout)) as tar:
            members = tar.getmembers()
            return tar.extractfile(members[0]).read() if members else b""

    def anon(self, ds, *options):
        raw = self.raw(saved(ds), *options)
        return pydicom.dcmread(io.BytesIO(raw), force=True)


def read_table():
    name = os.path.join(TOP, "lib", "deid", "data", "profile.tsv")
    with open(name, encoding="utf-8") as f:
        return {int(r["tag"].replace(",", ""), 16): r
                for r in csv.DictReader(f, delimiter="\t")
                if not set("xg") & set(r["tag"])}


TABLE = read_table()


def name_of(tag):
    return "(%04X,%04X) %s" % (tag >> 16, tag & 0xffff, keyword_for_tag(tag))


def is_empty(e):
    return e is not None and (len(e.value) == 0 if e.VR == "SQ" else
                              e.value in (None, "", b""))


def is_new_uid(e):
    return e is not None and re.fullmatch(r"2\.25\.\d{1,39}", str(e.value))


def without(text, ds):
    return text not in str(ds) and text.encode() not in saved(ds)


# --- expectations -----------------------------------------------------------

# Code of the table -> what is done, since there are no tables of IODs.
CHOICE = {"X": "removed", "Z": "empty", "D": "dummy", "U": "new UID",
          "X/Z": "empty", "X/D": "dummy", "Z/D": "dummy", "X/Z/D": "dummy",
          "X/Z/U*": "items with new UIDs"}
# More than an empty value, or another dummy than any.
SPECIAL = {0x00100010: "pseudonym", 0x00100020: "pseudonym",
           0x00080050: "hash", 0x006a0003: "new UID",
           0x00081110: "items with new UIDs",
           0x00081111: "items with new UIDs"}


def was_done(out, tag, old, want):
    e = out.get(tag)
    if want == "removed" or e is None:
        return want == "removed" and e is None
    if want == "empty":
        return is_empty(e)
    if want == "new UID":
        return is_new_uid(e)
    if want == "items with new UIDs":
        return len(e.value) == 1 and M not in str(e) and \
            is_new_uid(e.value[0].get(0x00081155))
    if want in ("pseudonym", "hash"):
        return re.fullmatch("[0-9a-f]{16}", str(e.value))
    return not is_empty(e) and e.value != old and M not in str(e.value)


def whole_table():
    """An object with every row of the table at its top."""
    ds = image()
    for n, (tag, row) in enumerate(sorted(TABLE.items())):
        if tag >= 0x00080000 and tag not in (0x00080018, 0x0020000d,
                                             0x0020000e):
            vr = row["vr"].split(" or ")[0]
            ds.add_new(tag, vr, sample(vr, n))
    return ds


def graphics():
    ds = image(x50000005=("US", 2), x50000022=("LO", M), x50003000=("OW", b"ab"),
               GraphicAnnotationSequence=[item(
                   GraphicLayer="L", TextObjectSequence=[
                       item(UnformattedTextValue=M)],
                   GraphicObjectSequence=[item(GraphicType="POLYLINE")])])
    for group, kind in ((0x6000, "R"), (0x6002, "G")):
        ds.add_new(group << 16 | 0x10, "US", 1)  # 1 x 16 bits
        ds.add_new(group << 16 | 0x11, "US", 16)
        ds.add_new(group << 16 | 0x100, "US", 1)
        ds.add_new(group << 16 | 0x40, "CS", kind)
        ds.add_new(group << 16 | 0x3000, "OW", b"ab")
        ds.add_new(group << 16 | 0x1500, "LO", M)
        ds.add_new(group << 16 | 0x4000, "LT", M)
    return ds


def days(text):
    return datetime.date(int(text[:4]), int(text[4:6]),
                         int(text[6:8])).toordinal()


METHODS = {"--retain-safe-private": "113111", "--retain-uids": "113110",
           "--retain-device": "113109", "--retain-institution": "113112",
           "--retain-patient-characteristics": "113108",
           "--retain-full-dates": "113106", "--modify-dates": "113107",
           "--clean-graphics": "113103"}


def run(tests):
    """Run them in their order; the status of the program."""
    with tempfile.TemporaryDirectory() as folder:
        place = Place(folder)
        for test in tests:
            try:
                test(place)
            except Exception as e:  # what should be there is not
                ok(False, test.__name__.replace("_", " "), repr(e))
    return tap.plan()
