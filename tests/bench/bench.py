#!/usr/bin/python3
"""make bench: us and the peers on the same files in one run.

Contenders take turns (A B C A B C ...), BENCH_RUNS times (default 5); each
figure is the median, with the least and the most beside it. Every result is
counted before it is believed. The table goes to stdout and to
$PACS_BUILD/bench.txt.

  BENCH_RUNS=5       rounds          BENCH_DIR=DIR      where (default: build)
  BENCH_SCALE=1      part of the files, for a quick look (0.02)
  BENCH_ONLY=WORDS   of: store big header memory verify ledger
  BENCH_LINES=10000000  lines of the ledger that is verified
"""
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True

import verify  # noqa: E402
from kit import (BUILD, RUNS, SCALE, Contender, Report, compete,  # noqa: E402
                 count_files, dcm, list_files, machine, make_files, measure,
                 peers, program, settle, table, target)

ONLY = os.environ.get("BENCH_ONLY",
                      "store big header memory verify ledger").split()
REST_CONNECTIONS = 2
NETWORK_FILES = 300


def run_store(folder, files, work):
    a = os.path.join(work, "archive")
    subprocess.run([program("pacs-init"), a], check=True)
    settle(work)
    wall, cpu, rss = measure(program("pacs-store"), "-a", a, folder)
    if count_files(os.path.join(a, "objects")) != len(files):
        raise SystemExit("bench: pacs-store did not store everything")
    return wall, cpu, rss


def run_cp(folder, files, work):
    to = os.path.join(work, "copy")
    wall, cpu, _ = measure("sh", "-c", 'cp -r "$1" "$2" && sync -f "$2"', "sh",
                         folder, to)
    if count_files(to) != len(files):
        raise SystemExit("bench: cp did not copy everything")
    return wall, cpu, None


def run_orthanc(folder, files, work):
    o = peers.Orthanc(peers.find_orthanc(), os.path.join(work, "orthanc"),
                      REST_CONNECTIONS)
    try:
        wall = o.upload(files)
        if o.count() != len(files):
            raise SystemExit("bench: Orthanc did not store everything")
    finally:
        o.stop()
    return wall, None, None


def run_dcmqrscp(folder, files, work):
    source = os.path.join(work, "source")
    os.makedirs(source)
    for i, f in enumerate(files):
        shutil.copyfile(f, os.path.join(source, f"{i:06}.dcm"))
    d = peers.Dcmqrscp(work)
    try:
        settle(work)
        wall = d.store(source)
        if d.count() != len(files):
            raise SystemExit("bench: dcmqrscp did not store everything")
    finally:
        d.stop()
    return wall, None, None


def stores(say, home, folder, title, network):
    contenders = [Contender("pacs-store", run_store),
                  Contender("cp -r, sync -f", run_cp)]
    if peers.find_orthanc():
        contenders.append(Contender(
            f"Orthanc REST, {REST_CONNECTIONS} connections", run_orthanc))
    else:
        say("Orthanc is not installed: left out")
    if network and shutil.which("dcmqrscp") and shutil.which("storescu"):
        contenders.append(Contender("storescu into dcmqrscp", run_dcmqrscp,
                                    min(NETWORK_FILES,
                                        len(list_files(folder)))))
    count = compete(contenders, folder, home, say)
    table(f"{title}: {count} objects", count, contenders, say)
    target(say, contenders, "cp -r, sync -f", 1)
    target(say, contenders, "Orthanc REST", 30)
    say()


def memory(say, home, small):
    """The largest memory of pacs-store over inputs of every size."""
    big, tar = os.path.join(home, "big.dcm"), os.path.join(home, "small.tar")
    with open(big, "wb") as f:
        size = 512 << 20
        head = dcm.ct(1, 1, 1, b"", 16384, 16384)
        f.write(head[:-4] + size.to_bytes(4, "little"))
        f.truncate(len(head) + size)
    subprocess.run(["tar", "-C", small, "-cf", tar, "."], check=True)
    for name, item in (("one object of 512 MiB", big),
                       ("a tar of the small files", tar)):
        work = tempfile.mkdtemp(prefix="run.", dir=home)
        a = os.path.join(work, "archive")
        subprocess.run([program("pacs-init"), a], check=True)
        wall, _, rss = measure(program("pacs-store"), "-a", a, item)
        if not count_files(os.path.join(a, "objects")):
            raise SystemExit(f"bench: pacs-store did not store {name}")
        say(f"  pacs-store, {name}: peak memory {rss / 1024:.1f} MiB "
            f"({wall:.2f} s)")
        shutil.rmtree(work)
    os.unlink(big)
    os.unlink(tar)
    say()


def headers(say, home, folder):
    """Reading the header of every file, up to the pixel data, in one process.
    The tools measure themselves, without their start, in CPU time: the files
    are in memory, so a busy neighbour is the only thing to wait for."""
    files = list_files(folder)
    names = write_list(home, files)
    contenders = [Contender("lib/dicom", None),
                  Contender("DCMTK loadFileUntilTag", None),
                  Contender("the same, its log turned off", None),
                  Contender("open, read 4 KiB, close: no parsing", None)]
    tools = (("header-ours",), ("header-dcmtk",), ("header-dcmtk", "quiet"),
             ("header-ours", "bytes"))
    sums = set()
    for _ in range(RUNS):
        for c, tool in zip(contenders, tools):
            out = subprocess.run([os.path.join(BUILD, "bench", tool[0]), names,
                                  *tool[1:]], check=True, text=True,
                                 stdout=subprocess.PIPE,
                                 stderr=subprocess.DEVNULL).stdout.split()
            c.times.append(float(out[0]) / len(files))
            if tool[-1] != "bytes":
                sums.add(out[1])
    if len(sums) != 1:
        raise SystemExit("bench: the two do not read the same UIDs")
    table(f"headers up to the pixel data, CPU time: {len(files)} files", len(files),
          contenders, say)
    target(say, contenders, "DCMTK", 20)
    target(say, contenders, "the same, its log", 20)
    say()


def write_list(home, files):
    path = os.path.join(home, "files")
    with open(path, "w") as f:
        f.write("".join(n + "\0" for n in files))
    return path


def main():
    # Servers are stopped and files removed then, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    home = tempfile.mkdtemp(prefix="bench.", dir=os.environ.get("BENCH_DIR",
                                                                BUILD))
    say = Report(os.path.join(BUILD, "bench.txt"))
    try:
        machine(say, home)
        small, big = os.path.join(home, "small"), os.path.join(home, "big")
        random.seed(1)
        if {"store", "header", "memory", "verify"} & set(ONLY):
            make_files(small, max(100, int(5000 * SCALE)), 128)
        if "store" in ONLY:
            stores(say, home, small, "CT of 33 KB", True)
        if "header" in ONLY:
            headers(say, home, small)
        if "memory" in ONLY:
            memory(say, home, small)
        if {"big", "verify"} & set(ONLY):
            make_files(big, max(100, int(500 * SCALE)), 512)
        if "big" in ONLY:
            stores(say, home, big, "CT of 525 KB", False)
        if "verify" in ONLY:
            verify.speed(say, home, small, "CT of 33 KB")
            verify.speed(say, home, big, "CT of 525 KB")
        if "ledger" in ONLY:
            verify.memory(say, home)
        say(f"load after {os.getloadavg()[0]:.1f}")
    finally:
        shutil.rmtree(home)


main()
