#!/usr/bin/python3
"""What others make of an export of pacs-anon.

References: RTSTRUCT, SEG, SR, key objects, presentation states, registrations
and enhanced images, some from pacs-phantom, some made here, refer after the
export, path by path, to the objects that they referred to before; seen by
pydicom. Readers: what dcmdump, pydicom, GDCM and dciodvfy could make of the
input they can make of the output, and the pixels that GDCM decodes are the same
ones. Over what pacs-phantom makes and, with CORPUS, files of all its folders.
Prints TAP.
"""
import copy
import csv
import hashlib
import os
import re
import subprocess
import sys
import tempfile
import warnings

import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "../helper"))

import tap  # noqa: E402
from tap import ok  # noqa: E402

warnings.simplefilter("ignore")
pydicom.config.settings.reading_validation_mode = pydicom.config.IGNORE
pydicom.config.settings.writing_validation_mode = pydicom.config.IGNORE

BIN = os.path.join(os.environ.get("PACS_BUILD", "build"), "bin")
TOP = os.environ.get("PACS_TOP", os.getcwd())
CORPUS = os.environ.get("CORPUS")
OF_A_FOLDER = 12 if os.environ.get("CHECK_ALL") else 1
CLASSES = "1.2.840.10008.5.1.4.1.1."


# --- objects that refer ------------------------------------------------------

def item(**more):
    ds = Dataset()
    for k, v in more.items():
        setattr(ds, k, Sequence(v) if isinstance(v, list) and v and
                isinstance(v[0], Dataset) else v)
    return ds


def ref(ds, **more):
    return item(ReferencedSOPClassUID=ds.SOPClassUID,
                ReferencedSOPInstanceUID=ds.SOPInstanceUID, **more)


def series(images):
    return item(SeriesInstanceUID=images[0].SeriesInstanceUID,
                ReferencedImageSequence=[ref(i) for i in images])


def evidence(images):
    return item(StudyInstanceUID=images[0].StudyInstanceUID,
                ReferencedSeriesSequence=[item(
                    SeriesInstanceUID=images[0].SeriesInstanceUID,
                    ReferencedSOPSequence=[ref(i) for i in images])])


def like(image, number, sop_class, modality, **more):
    """Another object of the same patient and study."""
    ds = item(SOPClassUID=CLASSES + sop_class, Modality=modality,
              SOPInstanceUID="1.2.826.0.1.99.%d.1" % number,
              SeriesInstanceUID="1.2.826.0.1.99.%d" % number, **more)
    for k in ("PatientID", "PatientName", "StudyInstanceUID",
              "FrameOfReferenceUID"):
        if k in image:
            setattr(ds, k, image[k].value)
    return ds


def graphics(images):
    return item(GraphicLayer="L", ReferencedImageSequence=[
        ref(i) for i in images], GraphicObjectSequence=[item(
            GraphicAnnotationUnits="PIXEL", GraphicDimensions=2,
            NumberOfGraphicPoints=1, GraphicData=[1.0, 1.0],
            GraphicType="POINT")])


def enhanced(ct, n, sop_class, modality):
    groups = [item(DerivationImageSequence=[item(SourceImageSequence=[
        ref(i, PurposeOfReferenceCodeSequence=[item(
            CodeValue="121322", CodingSchemeDesignator="DCM",
            CodeMeaning="Source")])])], ReferencedImageSequence=[ref(i)])
        for i in ct]
    return like(ct[0], n, sop_class, modality, NumberOfFrames=len(ct), Rows=2,
                Columns=2, BitsAllocated=8, BitsStored=8, HighBit=7,
                PixelRepresentation=0, SamplesPerPixel=1,
                PhotometricInterpretation="MONOCHROME2",
                ImageType=["DERIVED", "PRIMARY", "AXIAL", "NONE"],
                PixelData=bytes(range(4 * len(ct))),
                PerFrameFunctionalGroupsSequence=groups,
                SharedFunctionalGroupsSequence=[item(
                    ReferencedImageSequence=[ref(ct[0])])],
                ReferencedImageEvidenceSequence=[evidence(ct)],
                SourceImageEvidenceSequence=[evidence(ct)],
                ReferencedRawDataSequence=[evidence(ct)])


def made(ct):
    """One of each kind, about these images."""
    yield like(ct[0], 1, "11.1", "PR", ReferencedSeriesSequence=[series(ct)],
               GraphicAnnotationSequence=[graphics(ct)],
               SoftcopyVOILUTSequence=[item(
                   WindowCenter=40, WindowWidth=400,
                   ReferencedImageSequence=[ref(i) for i in ct])],
               DisplayedAreaSelectionSequence=[item(
                   ReferencedImageSequence=[ref(ct[0])])])
    yield like(ct[0], 2, "88.59", "KO",
               CurrentRequestedProcedureEvidenceSequence=[evidence(ct)],
               ContentSequence=[item(
                   ValueType="IMAGE", RelationshipType="CONTAINS",
                   ReferencedSOPSequence=[ref(ct[0])])])
    yield like(ct[0], 3, "88.11", "SR",
               CurrentRequestedProcedureEvidenceSequence=[evidence(ct)],
               PertinentOtherEvidenceSequence=[evidence(ct)])
    yield enhanced(ct, 4, "2.1", "CT")
    yield enhanced(ct, 5, "4.1", "MR")
    yield like(ct[0], 6, "66.1", "REG", RegistrationSequence=[item(
        FrameOfReferenceUID=ct[0].FrameOfReferenceUID,
        ReferencedImageSequence=[ref(i) for i in ct])],
        ReferencedSeriesSequence=[item(
            SeriesInstanceUID=ct[0].SeriesInstanceUID,
            ReferencedInstanceSequence=[ref(i) for i in ct])])
    yield like(ct[0], 7, "481.5", "RTPLAN", ReferencedStructureSetSequence=[
        item(ReferencedSOPClassUID=CLASSES + "481.3",
             ReferencedSOPInstanceUID=ct[1].SOPInstanceUID)])


def write(ds, path):
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.1"
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    ds.is_little_endian, ds.is_implicit_VR = True, False
    ds.save_as(path, write_like_original=False)


def read(path):
    return pydicom.dcmread(path, force=True)


def files(folder):
    return [os.path.join(w, n) for w, _, names in sorted(os.walk(folder))
            for n in sorted(names)]


def inputs(folder):
    subprocess.run([os.path.join(BIN, "pacs-phantom"), "-q", "-o", folder,
                    "--modality", "CT,MR,RTSTRUCT,SEG,SR", "--instances", "2",
                    "--rows", "16"], check=True)
    images = {}
    for path in files(folder):
        ds = read(path)
        if ds.Modality == "CT":
            images.setdefault(ds.SeriesInstanceUID, []).append(ds)
    ct = next(s for s in images.values() if len(s) == 2)
    for n, ds in enumerate(made(ct)):
        write(ds, os.path.join(folder, "made-%d.dcm" % n))
    return files(folder)


# --- the export --------------------------------------------------------------

def anon(key, out, options, items):
    """{source: path}"""
    kinds = subprocess.run([os.path.join(BIN, "pacs-anon"), "--list-kinds"],
                           check=True, stdout=subprocess.PIPE).stdout.decode()
    allow = [a for line in kinds.splitlines()
             for a in ("--allow", line.split("\t")[0])]
    done = subprocess.run(
        [os.path.join(BIN, "pacs-anon"), "--key", key, "-o", out, "--print",
         "-q", "-f", "outcome,path,source", *allow, *options, "-"],
        input="\n".join(items).encode(), stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, check=False)
    if done.returncode not in (0, 3):
        raise SystemExit("pacs-anon: %d %s" % (done.returncode,
                                               done.stderr.decode()[:2000]))
    rows = [line.split("\t") for line in done.stdout.decode().splitlines()]
    return {r[2]: os.path.join(out, r[1]) for r in rows if r[0] == "written"}


# --- references --------------------------------------------------------------

OWN = ("SOPInstanceUID", "SeriesInstanceUID", "StudyInstanceUID",
       "FrameOfReferenceUID")
# With these the Basic profile takes the content, references included.
DUMMIES = {"ContentSequence", "GraphicAnnotationSequence"}


def uids_at(ds, path=()):
    """(path, UID) of every UI element, at every depth."""
    for e in ds:
        if e.VR == "SQ":
            for i, inner in enumerate(e.value):
                yield from uids_at(inner, path + (e.keyword or str(e.tag), i))
        elif e.VR == "UI" and e.value:
            for u in [e.value] if isinstance(e.value, str) else e.value:
                yield path + (e.keyword or str(e.tag),), str(u)


def wrong_references(pairs, dummies):
    """(complaints, how many references were right); pairs: input, output."""
    known = {}
    for a, b in pairs:
        for k in OWN:
            if k in a and k in b:
                known[str(a[k].value)] = str(b[k].value)
    bad, right = [], {}
    for a, b in pairs:
        new = dict(uids_at(b))
        for path, uid in uids_at(a):
            if uid not in known or len(path) == 1:
                continue
            if set(path) & dummies:
                continue
            if new.get(path) != known[uid]:
                bad.append("%s %s: %s" % (a.Modality, path, new.get(path)))
            else:
                right[a.Modality] = right.get(a.Modality, 0) + 1
    return bad, right


def judge_references(folder, key):
    items = inputs(os.path.join(folder, "refer"))
    for options in ([], ["--clean-graphics", "--modify-dates"],
                    ["--retain-uids", "--retain-safe-private"]):
        out = tempfile.mkdtemp(dir=folder)
        written = anon(key, out, options, items)
        pairs = [(read(s), read(p)) for s, p in written.items()]
        dummies = DUMMIES - ({"GraphicAnnotationSequence"} if
                             "--clean-graphics" in options else set())
        bad, right = wrong_references(pairs, dummies)
        kinds = {"RTSTRUCT", "SEG", "SR", "KO", "PR", "CT", "MR", "REG",
                 "RTPLAN"}
        ok(len(pairs) == len(items) and not bad and kinds <= set(right),
           "%d references of %d objects lead where they led, %s" % (
               sum(right.values()), len(pairs), " ".join(options) or "Basic"),
           bad + ["right: %s" % right])
    # The judge on something wrong.
    a, b = next(p for p in pairs if p[0].Modality == "PR")
    c = copy.deepcopy(b)
    c.ReferencedSeriesSequence[0].ReferencedImageSequence.reverse()
    bad, _ = wrong_references([p for p in pairs if p[0] is not a] + [(a, c)],
                              DUMMIES)
    ok(len(bad) == 2, "two references that changed places are seen", bad)
    return items


# --- readers -----------------------------------------------------------------

def child_of_gdcm():
    """Says of each file on standard input whether GDCM reads it, and the
    digest of its decoded pixels."""
    import gdcm
    gdcm.Trace.WarningOff()
    gdcm.Trace.ErrorOff()
    for line in sys.stdin:
        path = line.rstrip("\n")
        reader = gdcm.Reader()
        reader.SetFileName(path)
        good, digest = reader.Read(), "-"
        if good:
            images = gdcm.ImageReader()
            images.SetFileName(path)
            if images.Read():
                try:
                    buffer = images.GetImage().GetBuffer()
                    digest = hashlib.sha256(
                        buffer.encode("utf-8", "surrogateescape") if
                        isinstance(buffer, str) else buffer).hexdigest()
                except Exception:
                    digest = "-"
        print(int(good), digest, flush=True)


def by_gdcm(paths):
    """{path: (read, digest)}; a file that kills GDCM is "dead"."""
    found, left = {}, list(paths)
    while left:
        done = subprocess.run(
            ["/usr/bin/python3", os.path.abspath(__file__), "--gdcm"],
            input="\n".join(left).encode("utf-8", "surrogateescape"),
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
        lines = done.stdout.decode().splitlines()
        for path, line in zip(left, lines):
            found[path] = tuple(line.split())
        left = left[len(lines):]
        if left:
            found[left.pop(0)] = ("dead", "-")
    return found


def by_dcmdump(path):
    return subprocess.run(["dcmdump", "-q", "+E", path],
                          stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                          check=False).returncode == 0


def by_pydicom(path):
    try:
        return len(list(read(path).iterall())) > 0
    except Exception:
        return False


def by_dciodvfy(path):
    """Its errors, without what is in the object; None if it gave up."""
    done = subprocess.run(["dciodvfy", path], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, check=False)
    found = set()
    for line in done.stdout.decode("latin-1").splitlines():
        gone = re.search(r"Missing attribute.*Element=<(\w+)>", line)
        if line.startswith("Error") and not (gone and gone[1] in REMOVED):
            line = re.sub(r"= <[^>]*>|\[\d+\]|<\d[^>]*>", "", line)
            found.add(re.sub(r"[\d.]{8,}", "", line))
    for sign in GAVE_UP:
        if any(sign in line for line in found):
            return None
    return found


def removed():
    """What the table wants removed, whatever an object needs."""
    with open(os.path.join(TOP, "lib", "deid", "data", "profile.tsv"),
              encoding="utf-8") as f:
        return {row["keyword"] for row in csv.DictReader(f, delimiter="\t")
                if row["basic_profile"] == "X"}


REMOVED = removed()
# So it says that it has not understood the input.
GAVE_UP = ("Information Object Not found", "Tags out of order")
# Number of Frames is "1A", which goes; GDCM insists on one in an RT Dose.
ASSERTS = ("badVR.dcm",)
# Not its pixels but a syntax was wanted of these: what is in them is no image.
NO_IMAGE = ".placeholder.dcm"


def corpus():
    found = []
    for where, _, names in sorted(os.walk(os.path.join(CORPUS, "valid"))):
        paths = [os.path.join(where, n) for n in sorted(names)]
        small = [p for p in paths if os.path.getsize(p) < 600000]
        found += small[::max(1, len(small) // OF_A_FOLDER)]
    return found


def judge_readers(folder, key, items, what):
    for options in ([], ["--modify-dates", "--retain-safe-private",
                         "--clean-graphics"]):
        written = anon(key, tempfile.mkdtemp(dir=folder), options, items)
        name = "%d objects of %s, %s" % (len(written), what,
                                         " ".join(options) or "Basic")
        gdcm = by_gdcm(list(written) + list(written.values()))
        lost = [s for s, p in written.items() if gdcm[s][0] == "1" and
                gdcm[p][0] != "1" and os.path.basename(s) not in ASSERTS]
        ok(written and not lost, "GDCM reads " + name, lost)
        # What it cannot decode it makes up, another time otherwise.
        again = by_gdcm(list(written))
        pixels = [s for s in written if gdcm[s][1] == again[s][1] != "-" and
                  os.path.basename(s) not in ASSERTS and
                  not s.endswith(NO_IMAGE)]
        other = [s for s in pixels if gdcm[s][1] != gdcm[written[s]][1]]
        ok(pixels and not other, "GDCM decodes the same pixels, %d of %s" % (
            len(pixels), name), other)
        for reader in (by_dcmdump, by_pydicom):
            lost = [s for s, p in written.items()
                    if not reader(p) and reader(s)]
            ok(not lost, "%s reads %s" % (reader.__name__[3:], name), lost)
        more = []
        for s, p in written.items():
            if "jpip" in s:  # its pixels were elsewhere, and so was the reason
                continue
            was, added = None, by_dciodvfy(p)
            if added:
                was = by_dciodvfy(s)
            added = added - was if added and was is not None else ()
            more += ["%s: %s" % (os.path.basename(s), a) for a in added]
        ok(not more, "dciodvfy finds no new error in " + name, more)
    # The judges on something wrong.
    cut = os.path.join(folder, "cut.dcm")
    with open(next(iter(written.values())), "rb") as f, open(cut, "wb") as g:
        g.write(f.read(500))
    dead = by_gdcm([cut, next(iter(written))])
    ok(dead[cut][0] != "1" and not by_dcmdump(cut),
       "GDCM and dcmdump refuse a file that is cut")


def main():
    if "--gdcm" in sys.argv:
        return child_of_gdcm()
    with tempfile.TemporaryDirectory() as folder:
        key = os.path.join(folder, "key")
        subprocess.run([os.path.join(BIN, "pacs-anon"), "--make-key", key],
                       check=True)
        items = judge_references(folder, key)
        judge_readers(folder, key, items, "phantoms")
        if CORPUS:
            judge_readers(folder, key, corpus(), "the corpus")
    return tap.plan()


if __name__ == "__main__":
    sys.exit(main())
