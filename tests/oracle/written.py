#!/usr/bin/python3
"""Hold lib/dicom's writer against pydicom and DCMTK.

Files are converted by our dsconvert to each native transfer syntax, also with
a change that makes everything be encoded anew; then pydicom must find in the
result what it finds in the original, and dcmdump must read it to the end
without an error. The files are ones that pydicom writes and, with CORPUS, small
ones out of every folder under CORPUS/valid: one, four with CHECK_ALL. Prints
TAP.
"""
import importlib.util
import multiprocessing
import os
import subprocess
import sys
import tempfile
import warnings

import pydicom

warnings.simplefilter("ignore")
pydicom.config.settings.reading_validation_mode = pydicom.config.IGNORE
pydicom.config.convert_wrong_length_to_UN = True

SYNTAXES = ["1.2.840.10008.1.2", "1.2.840.10008.1.2.1",
            "1.2.840.10008.1.2.2", "1.2.840.10008.1.2.1.99"]
TOP = os.environ.get("PACS_TOP", os.getcwd())
TOOL = os.path.join(os.environ.get("PACS_BUILD", "build"), "tools",
                    "dsconvert")
CORPUS = os.environ.get("CORPUS")
ADDED = 0x00104000  # PatientComments
# What is different for a reason: (end of the file's path, path of the element).
EXPECTED = {
    # UN in the original: we leave its bytes as they are (PS3.5 6.2.2: little
    # endian), pydicom's private dictionary makes it a big endian UL.
    ("/csa_test.dcm", "00291132"),
}


def made_files(folder):
    """What elements.py makes."""
    spec = importlib.util.spec_from_file_location(
        "elements", os.path.join(TOP, "tests", "oracle", "elements.py"))
    elements = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(elements)
    return list(elements.made_files(folder))


def corpus_files(most=4 if os.environ.get("CHECK_ALL") else 1):
    for where, _, names in sorted(os.walk(os.path.join(CORPUS, "valid"))):
        paths = [os.path.join(where, n) for n in sorted(names)]
        small = [p for p in paths if os.path.getsize(p) < 100000]
        step = max(1, len(small) // most)
        yield from small[::step]


def turned(value, word):
    """Its words with their bytes in the other order."""
    value = value.ljust(-(-len(value) // word) * word, b"\0")
    return b"".join(value[i:i + word][::-1]
                    for i in range(0, len(value), word)).rstrip(b"\0 ")


def same_value(a, b):
    """Values of two elements; bytes may differ by padding and word order."""
    x, y = a.value, b.value
    if isinstance(x, bytes) or isinstance(y, bytes):
        if not (isinstance(x, bytes) and isinstance(y, bytes)):
            return True  # bytes here, typed there: a VR was lost or found
        x, y = x.rstrip(b"\0 "), y.rstrip(b"\0 ")
        return x == y or any(turned(x, n) == y for n in (2, 4, 8))
    if x is None or x == "" or y is None or y == "":
        return (x or "") == (y or "")
    return x == y or str(x).strip(" \0") == str(y).strip(" \0") or x != x


def differences(a, b, path=""):
    # Group lengths are counted anew, an odd one may go.
    for tag in a.keys() | b.keys():
        name = f"{path}{int(tag):08X}"
        if tag.element == 0 or tag == ADDED:
            continue
        if tag not in a or tag not in b:
            yield f"{name} is missing"
            continue
        try:
            x, y = a[tag], b[tag]
        except Exception as e:
            yield f"{name}: {e}"
            continue
        if x.VR == "SQ" and y.VR == "SQ":
            if len(x.value) != len(y.value):
                yield f"{name}: number of items"
            for i, (p, q) in enumerate(zip(x.value, y.value)):
                yield from differences(p, q, f"{name}[{i}].")
        elif "SQ" in (x.VR, y.VR):
            if "UN" not in (x.VR, y.VR):
                yield f"{name}: VR {x.VR}, {y.VR}"
        elif not same_value(x, y):
            yield f"{name}: value ({x.VR}, {y.VR})"


def is_expected(path, difference):
    return any(path.endswith(end) and difference.startswith(name)
               for end, name in EXPECTED)


def check(path):
    """[what is wrong], number of conversions"""
    notes, done = [], 0
    try:
        original = pydicom.dcmread(path, force=True)
        differences_of_itself = list(differences(original, original))
    except Exception:
        return [], 0  # not for this judge
    if differences_of_itself:
        return [], 0
    out = tempfile.NamedTemporaryFile(suffix=".dcm")
    for syntax in SYNTAXES:
        for change in ([], ["-p", "PatientComments=CHANGED"], ["-m", "-u"]):
            run = subprocess.run([TOOL, "-t", syntax, *change, path,
                                  out.name], capture_output=True, text=True,
                                 check=False)
            if "codec" in run.stderr:
                continue
            what = f"{path} {syntax} {' '.join(change)}"
            if run.returncode:
                notes.append(f"{what}: {run.stderr}")
                continue
            done += 1
            written = pydicom.dcmread(out.name, force=True)
            found = [d for d in differences(original, written)
                     if not is_expected(path, d)]
            notes += [f"{what}: {d}" for d in found[:3]]
            notes += dcmtk_errors(path, out.name, what)
    return notes, done


def dcmtk_errors(path, written, what):
    run = subprocess.run(["dcmdump", "-q", written], capture_output=True,
                         check=False)
    if run.returncode == 0:
        return []
    run = subprocess.run(["dcmdump", "-q", path], capture_output=True,
                         check=False)
    if run.returncode:  # the original has it too
        return []
    return [f"{what}: dcmdump cannot read it"]


def main():
    with tempfile.TemporaryDirectory() as folder:
        files = sys.argv[1:] or (list(corpus_files()) if CORPUS else []) + \
            made_files(folder)
        with multiprocessing.Pool() as pool:
            results = pool.map(check, files, 4)
    notes = [n for found, _ in results for n in found]
    count = sum(n for _, n in results)
    for note in notes[:60]:
        print("#", " ".join(note.split())[:250])
    ok = count and not notes
    print(f"{'ok' if ok else 'not ok'} 1 - {count} conversions of "
          f"{len(files)} files mean the same to pydicom and read well in "
          f"DCMTK ({len(notes)} do not)")
    print("1..1")
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main())
