#!/usr/bin/python3
"""De-identification beside the peers, on the same files, turns taken.

    make bench-anon [COUNT=2000]   objects of 33 KB; a quarter of 525 KB

A line for each: median wall time and objects a second. cp -r is what merely
copying costs. gdcmanon (dumb mode over the Basic Profile's tags that it takes)
and the loop in pydicom (the same table, removing or emptying, UIDs hashed) run
on a part of the files, which is said, since they are slow."""
import csv
import hashlib
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

BUILD = os.environ.get("PACS_BUILD", "build")
COUNT = int(os.environ.get("COUNT", 2000))
ROUNDS = int(os.environ.get("ROUNDS", 3))
TOP = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))


def program(name):
    return os.path.join(BUILD, "bin", name)


def timed(command, clean=None, **kw):
    took = []
    for _ in range(ROUNDS):
        if clean:
            shutil.rmtree(clean, ignore_errors=True)
        os.sync()
        start = time.perf_counter()
        done = subprocess.run(command, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL, check=False, **kw)
        took.append(time.perf_counter() - start)
        if done.returncode not in (0, 1):
            sys.exit("failed: %s" % command)
    return statistics.median(took)


def table():
    rows = {}
    name = os.path.join(TOP, "lib", "deid", "data", "profile.tsv")
    with open(name, encoding="utf-8") as f:
        for row in csv.DictReader(f, delimiter="\t"):
            if "x" not in row["tag"] and "g" not in row["tag"]:
                rows[int(row["tag"].replace(",", ""), 16)] = \
                    row["basic_profile"]
    return rows


def pydicom_loop(source, out):
    import pydicom
    rows = table()

    def change(ds, elem):
        code = rows.get(int(elem.tag))
        if elem.tag.is_private:
            del ds[elem.tag]
        elif code == "X":
            del ds[elem.tag]
        elif code == "U":
            digest = hashlib.sha256(str(elem.value).encode()).digest()
            elem.value = "2.25.%d" % int.from_bytes(digest[:15], "big")
        elif code and elem.VR != "SQ":
            elem.value = None
    os.makedirs(out)
    for n, path in enumerate(sorted(os.listdir(source))):
        ds = pydicom.dcmread(os.path.join(source, path))
        ds.walk(change)
        ds.save_as(os.path.join(out, "%d.dcm" % n))


def flat(source, folder, count):
    os.makedirs(folder)
    n = 0
    for where, _, names in os.walk(source):
        for name in names:
            if n < count:
                os.link(os.path.join(where, name),
                        os.path.join(folder, "%05d.dcm" % n))
                n += 1
    return n


def tell(what, seconds, count, base):
    print("%-34s %8.3f s %9.0f objects/s %8.2f x cp -r" % (
        what, seconds, count / seconds, seconds / count / base))


def compare(work, rows, count):
    source = os.path.join(work, "in%d" % rows)
    out = os.path.join(work, "out")
    key = os.path.join(work, "key")
    subprocess.run([program("pacs-phantom"), "-q", "-o", source, "--modality",
                    "CT", "--rows", str(rows), "--studies",
                    str(max(1, count // 250)), "--instances", "250"],
                   check=True)
    count = sum(len(n) for _, _, n in os.walk(source))
    print("%d objects of %d rows" % (count, rows))
    base = timed(["cp", "-r", source, out], out)
    tell("cp -r", base, count, base / count)
    for options in ([], ["--modify-dates"]):
        tell("pacs-anon " + " ".join(options),
             timed([program("pacs-anon"), "--key", key, "-o", out, *options,
                    source], out), count, base / count)
    few = os.path.join(work, "few%d" % rows)
    n = flat(source, few, 200)
    if shutil.which("gdcmanon"):
        tags = [t for t, c in table().items() if c in ("X", "Z")
                and t >> 16 in (8, 0x10, 0x18, 0x20)]
        args = []
        for t in tags:
            args += ["--remove" if table()[t] == "X" else "--empty",
                     "%04x,%04x" % (t >> 16, t & 0xffff)]
        tell("gdcmanon (%d of them)" % n,
             timed(["gdcmanon", "--dumb", *args, "-c", "-i", few, "-o",
                    out], out), n, base / count)
    tell("pydicom loop (%d of them)" % n,
         timed([sys.executable, os.path.abspath(__file__), "--loop", few, out],
               out), n, base / count)


def main():
    if sys.argv[1:2] == ["--loop"]:
        pydicom_loop(*sys.argv[2:])
        return
    with tempfile.TemporaryDirectory() as work:
        subprocess.run([program("pacs-anon"), "--make-key",
                        os.path.join(work, "key")], check=True)
        compare(work, 128, COUNT)
        compare(work, 512, COUNT // 4)


if __name__ == "__main__":
    main()
