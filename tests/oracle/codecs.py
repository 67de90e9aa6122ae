#!/usr/bin/python3
"""Hold lib/dcmtk against DCMTK's own programs and pydicom.

PACS_BUILD says where the programs are, CORPUS names a folder of sample files
if there is one.

1. Studies of pacs-phantom, compressed by dcmcjpeg, dcmcjpls and dcmcrle (lossy
   processes too), come out of our decoder as out of theirs.
2. So does each compressed file of the corpus.
3. All that is not pixel data is the same before and after, byte for byte, but
   for the attributes that describe the pixels.

A file that we refuse and they take must be in REFUSED with the reason; an
entry that explains nothing fails too. Prints TAP.
"""
import os
import pathlib
import subprocess
import sys
import tempfile

import pydicom

EXPLICIT = "1.2.840.10008.1.2.1"
JPEG = "1.2.840.10008.1.2.4."
# Transfer syntax -> how their program decompresses as we promise to: pixels by
# colour, no other colours in lossless processes.
DECODERS = {JPEG + n: ["dcmdjpeg", "+cp", "+px"] for n in "50 51 53 55".split()}
DECODERS |= {JPEG + n: ["dcmdjpeg", "+cn", "+px"] for n in "57 70".split()}
DECODERS |= {JPEG + n: ["dcmdjpls", "+px"] for n in "80 81".split()}
DECODERS["1.2.840.10008.1.2.5"] = ["dcmdrle"]

# Attributes that decompression may change, and pixel data itself.
PIXEL_TAGS = {0x00280002, 0x00280004, 0x00280006, 0x00280100, 0x00280101,
              0x00280102, 0x00280103, 0x7FE00010}

# End of a path -> why we refuse what DCMTK takes.
REFUSED = {}

failed = 0
number = 0


def report(ok, name, notes=()):
    global failed, number
    number += 1
    failed += not ok
    for note in notes:
        print("#", note)
    print(f"{'ok' if ok else 'not ok'} {number} - {name}", flush=True)


def run(*argv):
    return subprocess.run([str(a) for a in argv], capture_output=True,
                          encoding="utf-8", errors="replace", check=False)


def read(path):
    return pydicom.dcmread(path, force=True)


def pixels(ds):
    return bytes(ds.PixelData).rstrip(b"\0") if "PixelData" in ds else None


def rest(ds):
    """What must not change: the bytes of each element."""
    return [(e.tag, e.value or b"") for e in
            (ds.get_item(t) for t in sorted(ds.keys()))
            if int(e.tag) not in PIXEL_TAGS and e.VR != "SQ"
            and e.tag.element != 0]


def check(tool, source, folder, notes):
    """Decompress one file both ways; True if all is well."""
    before = read(source)
    syntax = str(before.file_meta.get("TransferSyntaxUID", ""))
    ours, theirs = folder / "ours.dcm", folder / "theirs.dcm"
    for f in ours, theirs:
        f.unlink(missing_ok=True)
    a = run(tool, EXPLICIT, source, ours)
    b = run(*DECODERS[syntax], source, theirs)
    why = next((e for e in REFUSED if str(source).endswith(e)), None)
    if a.returncode:
        if b.returncode:
            return True
        notes.append(f"{source}: {a.stderr.strip()}")
        if why:
            used.add(why)
        return why is not None
    if b.returncode:
        # We claim more than they: let pydicom read what came out.
        notes.append(f"{source}: only we take it: {b.stderr.strip()[:200]}")
    mine = read(ours)
    ok = str(mine.file_meta.TransferSyntaxUID) == EXPLICIT
    if not b.returncode and pixels(mine) != pixels(read(theirs)):
        notes.append(f"{source}: other pixels")
        ok = False
    if rest(before) != rest(mine):
        notes.append(f"{source}: something else changed")
        ok = False
    return ok


used = set()


def phantoms(tool, folder):
    run("pacs-phantom", "-o", folder / "native", "--modality=CT,US,CR",
        "--instances=2", "--rows=52", "--frames=3", "--series=1")
    files = sorted((folder / "native").rglob("*.dcm"))
    report(len(files) == 6, "phantoms are made")
    for argv in (["dcmcjpeg", "+eb"], ["dcmcjpeg", "+ee"], ["dcmcjpeg", "+es"],
                 ["dcmcjpeg", "+ep"], ["dcmcjpeg", "+el"], ["dcmcjpeg", "+e1"],
                 ["dcmcjpls", "+el"], ["dcmcjpls", "+en"], ["dcmcrle"]):
        notes, done = [], 0
        for f in files:
            packed = folder / "packed.dcm"
            if run(*argv, f, packed).returncode:
                continue  # 16 bits in baseline
            done += 1
            if not check(tool, packed, folder, notes):
                notes.append(f"not the same: {f.name}")
                done = -100
        report(done > 1, f"what {' '.join(argv)} made is decoded as by DCMTK",
               notes)


def corpus(tool, folder, root):
    notes, done, bad = [], 0, 0
    for f in sorted(pathlib.Path(root).joinpath("valid").rglob("*")):
        if not f.is_file():
            continue
        try:
            meta = pydicom.filereader.read_file_meta_info(f)
        except Exception:  # no group 0002: not compressed
            continue
        if str(meta.get("TransferSyntaxUID", "")) in DECODERS:
            done += 1
            bad += not check(tool, f, folder, notes)
    report(done > 20 and not bad, f"{done} files of the corpus are decoded as "
           "by DCMTK", notes)
    report(used == set(REFUSED), "each known difference was met",
           sorted(set(REFUSED) - used))


def main():
    build = pathlib.Path(os.environ["PACS_BUILD"])
    os.environ["PATH"] = f"{build / 'bin'}:{os.environ['PATH']}"
    tool = build / "tools" / "transcode"
    with tempfile.TemporaryDirectory() as d:
        phantoms(tool, pathlib.Path(d))
        if os.environ.get("CORPUS"):
            corpus(tool, pathlib.Path(d), os.environ["CORPUS"])
    print(f"1..{number}")
    return 1 if failed else 0


sys.exit(main())
