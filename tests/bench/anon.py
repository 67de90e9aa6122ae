#!/usr/bin/python3
"""De-identification beside the peers, on the same files, in turns.

    make bench-anon     COUNT=2000 objects of 33 KB, a quarter of 525 KB;
                        MEMORY=10000,40000 objects for memory (0: not)
    make bench-million  MANY=1000000 objects that come as a tar by a pipe, and
                        leave as one: memory, also with --map

First on the disk of TMPDIR, then in memory (/dev/shm), where the programs' own
part shows. cp -r is what merely copying costs; like the peers it leaves the bytes to the
kernel, while we flush them before we say 0: so cp -r with a flush stands beside.
gdcmanon (dumb mode, what it takes of the table), a loop in pydicom (the same
table, removing or emptying, UIDs hashed) and Orthanc's REST anonymize (objects
uploaded before, answers thrown away) run on a part of the files, which is said,
since they are slow. Each must end well and with as many objects as it was given.

The last lines say how memory grows with objects, all of which refer to others."""
import csv
import hashlib
import http.client
import json
import os
import random
import re
import shutil
import statistics
import struct
import subprocess
import sys
import tarfile
import tempfile
import threading
import time

import kit
import dcm
import peers

COUNT = int(os.environ.get("COUNT", 2000))
MANY = int(os.environ.get("MANY", 1000000))
FEW = int(os.environ.get("FEW", 400))
MEMORY = [int(n) for n in os.environ.get("MEMORY", "10000,40000").split(",")]
PYTHON = "/usr/bin/python3"  # with Debian's pydicom
ALLOWED_MIB = 128
OUT = "{out}"  # stands for the folder of a turn


def table():
    rows = {}
    name = os.path.join(kit.TOP, "lib", "deid", "data", "profile.tsv")
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
    """So many of the files as links in one folder."""
    os.makedirs(folder)
    for n, path in enumerate(kit.list_files(source)[:count]):
        os.link(path, os.path.join(folder, "%05d.dcm" % n))


class Job:
    """A contender: a command that makes `out` from as many files."""

    def __init__(self, name, command, count, flush=False):
        self.name, self.command, self.count = name, command, count
        self.flush, self.times = flush, []

    def turn(self, out):
        command = [out if word == OUT else word for word in self.command]
        begun = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)
        if self.flush:
            subprocess.run(["sync", "-f", out], check=True)
        self.times.append((time.perf_counter() - begun) / self.count)
        made = kit.count_files(out)
        if made != self.count:
            sys.exit("%s made %d of %d objects" % (self.name, made,
                                                   self.count))


class Rest:
    """Orthanc: anonymize each instance that it has, over two connections."""

    def __init__(self, name, folder, files):
        self.name, self.count, self.times = name, len(files), []
        self.orthanc = peers.Orthanc(peers.find_orthanc(), folder, 2)
        self.orthanc.upload(files)
        c = http.client.HTTPConnection("127.0.0.1", self.orthanc.port)
        c.request("GET", "/instances")
        self.ids = json.load(c.getresponse())
        if len(self.ids) != self.count:
            sys.exit("Orthanc has not all of them")

    def share(self, ids, bad):
        c = http.client.HTTPConnection("127.0.0.1", self.orthanc.port,
                                       timeout=60)
        for i in ids:
            c.request("POST", "/instances/%s/anonymize" % i, "{}")
            r = c.getresponse()
            if len(r.read()) < 1000 or r.status != 200:
                bad.append(r.status)

    def turn(self, out):
        bad = []
        begun = time.perf_counter()
        threads = [threading.Thread(target=self.share,
                                    args=(self.ids[i::2], bad))
                   for i in range(2)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        self.times.append((time.perf_counter() - begun) / self.count)
        if bad:
            sys.exit("Orthanc: %s" % bad[0])


def gdcmanon(few):
    args = ["gdcmanon", "--dumb"]
    for tag, code in table().items():
        # It refuses to empty Calibration DateTime.
        if code in ("X", "Z") and tag >> 16 in (8, 0x10, 0x18, 0x20) and \
                tag != 0x00181203:
            args += ["--remove" if code == "X" else "--empty",
                     "%04x,%04x" % (tag >> 16, tag & 0xffff)]
    return args + ["-i", few, "-o", OUT]


def ratio(say, what, ours, theirs, wanted, less):
    """Judge by the medians: less, or more, than so many times."""
    r = (statistics.median(ours.times) / statistics.median(theirs.times) if less
         else statistics.median(theirs.times) / statistics.median(ours.times))
    good = r <= wanted if less else r >= wanted
    say("  aim: %s %s %.3g x: %s (%.2f x)" % (
        what, "at most" if less else "at least", wanted,
        "met" if good else "MISSED", r))


def contenders(work, source, count, few):
    """(all, those that run on a few files with the ratio that is wanted)."""
    n = kit.count_files(few)
    anon = [kit.program("pacs-anon"), "--key", os.path.join(work, "key"), "-o",
            OUT]
    ours = [
        Job("cp -r", ["cp", "-r", source, OUT], count),
        Job("cp -r, then flushed", ["cp", "-r", source, OUT], count, True),
        Job("pacs-anon (flushes)", anon + [source], count),
        Job("pacs-anon --modify-dates", anon + ["--modify-dates", source],
            count)]
    slow = []
    if shutil.which("gdcmanon"):
        slow.append((Job("gdcmanon", gdcmanon(few), n), 10))
    slow.append((Job("pydicom loop", [
        PYTHON, os.path.abspath(__file__), "--loop", few, OUT], n), 20))
    if peers.find_orthanc():
        slow.append((Rest("Orthanc REST anonymize", os.path.join(
            work, "orthanc"), kit.list_files(few)), 10))
    return ours, slow


def take_turns(work, jobs, keep):
    """In another order each time: who comes after whom counts. On a disk what
    was written stays until the end: ext4 shuns inodes deleted a moment ago."""
    for turn in range(kit.RUNS):
        for n, j in enumerate(random.Random(turn).sample(jobs, len(jobs))):
            out = os.path.join(work, "out%d.%d" % (turn, n))
            kit.settle(work)
            j.turn(out)
            if not keep:
                shutil.rmtree(out, ignore_errors=True)


def compare(work, say, rows, count, keep):
    source, few = os.path.join(work, "in"), os.path.join(work, "few")
    kit.make_files(source, count, rows)
    count = kit.count_files(source)
    flat(source, few, FEW)
    ours, slow = contenders(work, source, count, few)
    jobs = ours + [j for j, _ in slow]
    take_turns(work, jobs, keep)
    for j in jobs:
        if isinstance(j, Rest):
            j.orthanc.stop()
    say("%d objects of %d rows %s; %d runs each, in turn" % (
        count, rows, "on disk" if keep else "in memory", kit.RUNS))
    copy, flushed, basic, dates = ours
    for j in jobs:
        m = statistics.median(j.times)
        say("  %-26s %8.1f us an object  %8.0f /s  %7.2f x cp -r%s" % (
            j.name, m * 1e6, 1 / m, m / statistics.median(copy.times),
            "" if j.count == count else "  (%d of them)" % j.count))
    for mine in (basic, dates):
        ratio(say, mine.name + " beside cp -r, flushed,", mine, flushed, 1.5,
              True)
        ratio(say, mine.name + " beside cp -r, not flushed,", mine, copy, 1.5,
              True)
    for j, wanted in slow:
        ratio(say, "faster than " + j.name, basic, j, wanted, False)


def compare_in(place, say, rows, count):
    """In a folder of its own, which goes with all that was written."""
    with tempfile.TemporaryDirectory(dir=place) as work:
        subprocess.run([kit.program("pacs-anon"), "--make-key",
                        os.path.join(work, "key")], check=True)
        compare(work, say, rows, count, place is None)


# --- memory ------------------------------------------------------------------

def many(folder, count):
    """Tiny objects, each of which refers to another one that is not there."""
    for i in range(count):
        sub = os.path.join(folder, "%05d" % (i // 1000))
        if i % 1000 == 0:
            os.makedirs(sub)
        raw = dcm.ct(i // 1000 + 1, 1, i + 1)
        item = (dcm.element(8, 0x1150, "UI", dcm.CT) +
                dcm.element(8, 0x1155, "UI", "%s.9.%d" % (dcm.ROOT, i)))
        item = struct.pack("<HHI", 0xfffe, 0xe000, len(item)) + item
        at = raw.index(b"\x10\0\x10\0PN")
        with open(os.path.join(sub, "%03d.dcm" % (i % 1000)), "wb") as f:
            f.write(raw[:at] + dcm.element(8, 0x1140, "SQ", item) + raw[at:])


def stream(count):
    """A tar of as many objects on standard output, each one referring to
    another that is not there; 250 of them are a study of two series, and a
    patient. All are of one length: what differs is put into the same bytes."""
    def number(i):
        return b"1%09d" % i
    uid = {name: "1.2.826.0.1.3680043.10.1338.%s." % part for name, part in (
        ("sop", "1"), ("ref", "2"), ("study", "3"), ("series", "4"))}
    marks = {name: u + "1999999999" for name, u in uid.items()}
    raw = dcm.ct(999999999, 1, 1)
    for name, old in zip(("study", "series", "sop"),
                         dcm.uids(999999999, 1, 1)):
        mark = marks[name].encode()
        mark += b"\0" * (len(mark) % 2)
        old = old.encode() + b"\0" * (len(old) % 2)
        if len(mark) != len(old):  # the length stands before the bytes
            raw = raw.replace(struct.pack("<H", len(old)) + old,
                              struct.pack("<H", len(mark)) + mark)
        raw = raw.replace(old, mark)
    item = dcm.element(8, 0x1150, "UI", dcm.CT) + \
        dcm.element(8, 0x1155, "UI", marks["ref"])
    item = struct.pack("<HHI", 0xfffe, 0xe000, len(item)) + item
    at = raw.index(b"\x10\0\x10\0PN")
    raw = raw[:at] + dcm.element(8, 0x1140, "SQ", item) + raw[at:]
    info = tarfile.TarInfo("x" * 10 + ".dcm")
    info.size = len(raw)
    head = bytearray(info.tobuf(tarfile.USTAR_FORMAT))
    plain = sum(head[10:148]) + sum(head[156:]) + 8 * 32
    body = bytearray(raw + b"\0" * (-len(raw) % 512))
    places = {name: [m.start() + len(uid[name]) for m in re.finditer(
        re.escape(mark.encode()), raw)] for name, mark in marks.items()}
    who = [m.start() + 1 for m in re.finditer(b"[AP]999999999", raw)]
    out = sys.stdout.buffer
    for i in range(count):
        study, values = i // 250, number(i)
        for name, value in (("sop", values), ("ref", values),
                            ("study", number(study)),
                            ("series", number(i // 125))):
            for p in places[name]:
                body[p:p + 10] = value
        for p in who:
            body[p:p + 9] = b"%09d" % study
        head[:10] = values
        head[148:156] = b"%06o\0 " % (plain + sum(values))
        out.write(head)
        out.write(body)
    out.write(bytes(1024))


def million(work, say):
    say("memory, by peak resident size: a tar by pipes, in and out")
    peaks = []
    for more in ([], ["--map", os.path.join(work, "map")]):
        source = subprocess.Popen(
            [PYTHON, os.path.abspath(__file__), "--stream", str(MANY)],
            stdout=subprocess.PIPE)
        sink = subprocess.Popen(["tar", "-tf", "-"], stdin=subprocess.PIPE,
                                stdout=subprocess.PIPE)
        count = []
        reader = threading.Thread(
            target=lambda: count.append(sum(1 for _ in sink.stdout)))
        reader.start()
        wall, _, rss = kit.measure(
            kit.program("pacs-anon"), "-q", "--modify-dates", "--key",
            os.path.join(work, "key"), *more, "-o", "-", "--stdin",
            stdin=source.stdout, stdout=sink.stdin)
        sink.stdin.close()
        reader.join()
        if source.wait() or sink.wait() or count != [MANY]:
            sys.exit("%s of %d objects came" % (count, MANY))
        say("  %d objects%s   %.1f MiB, %d s" % (
            MANY, " with --map" if more else "", rss / 1024, wall))
        peaks.append(rss / 1024)
    lines = sum(1 for _ in open(os.path.join(work, "map"), "rb"))
    say("  the map has %d lines" % lines)
    say("  aim: at most %d MiB: %s" % (ALLOWED_MIB, "met" if max(
        peaks) <= ALLOWED_MIB else "MISSED"))


def memory(work, say):
    peaks = []
    say("memory, by peak resident size")
    for n in MEMORY:
        folder, out = os.path.join(work, "many"), os.path.join(work, "out")
        many(folder, n)
        _, _, rss = kit.measure(
            kit.program("pacs-anon"), "-q", "--key", os.path.join(work, "key"),
            "-o", out + ".tar", folder)
        size = os.path.getsize(out + ".tar")
        if size < n * 1024:
            sys.exit("only %d bytes of %d objects" % (size, n))
        os.unlink(out + ".tar")
        shutil.rmtree(folder)
        peaks.append((n, rss))
        say("  %7d objects into a tar   %7.1f MiB" % (n, rss / 1024))
    (a, x), (b, y) = peaks[0], peaks[-1]
    each = (y - x) * 1024 / (b - a)
    whole = y / 1024 + each * (10 ** 6 - b) / 2 ** 20
    say("  aim: a million, at %.1f bytes each, at most %d MiB: %s (%.0f MiB)" % (
        each, ALLOWED_MIB, "met" if whole <= ALLOWED_MIB else "MISSED", whole))


def main():
    if sys.argv[1:2] == ["--loop"]:
        pydicom_loop(*sys.argv[2:])
        return
    if sys.argv[1:2] == ["--stream"]:
        stream(int(sys.argv[2]))
        return
    if sys.argv[1:2] == ["--million"]:
        with tempfile.TemporaryDirectory() as work:
            subprocess.run([kit.program("pacs-anon"), "--make-key",
                            os.path.join(work, "key")], check=True)
            million(work, kit.Report(os.path.join(kit.BUILD,
                                                  "bench/million.txt")))
        return
    say = kit.Report(os.path.join(kit.BUILD, "bench/anon.txt"))
    kit.machine(say, tempfile.gettempdir())
    for place in (None, "/dev/shm"):
        compare_in(place, say, 128, COUNT)
        compare_in(place, say, 512, COUNT // 4)
    with tempfile.TemporaryDirectory() as work:
        subprocess.run([kit.program("pacs-anon"), "--make-key",
                        os.path.join(work, "key")], check=True)
        if len(MEMORY) > 1:
            memory(work, say)


if __name__ == "__main__":
    main()
