#!/usr/bin/python3
"""make bench: us and the peers on the same files in one run.

Contenders take turns (A B C A B C ...), BENCH_RUNS times (default 5); each
figure is the median, with the least and the most beside it. Every result is
counted before it is believed. The table goes to stdout and to
$PACS_BUILD/bench.txt.

  BENCH_RUNS=5       rounds          BENCH_DIR=DIR      where (default: build)
  BENCH_SCALE=1      part of the files, for a quick look (0.02)
  BENCH_ONLY=WORDS   of: store big header memory
"""
import os
import platform
import random
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile

TOP = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(TOP, "tests/fault"),
                os.path.join(TOP, "tests/bench")]
sys.dont_write_bytecode = True

import dcm  # noqa: E402
import peers  # noqa: E402

BUILD = os.path.abspath(os.environ.get("PACS_BUILD", "build"))
RUNS = int(os.environ.get("BENCH_RUNS", "5"))
SCALE = float(os.environ.get("BENCH_SCALE", "1"))
ONLY = os.environ.get("BENCH_ONLY", "store big header memory").split()
REST_CONNECTIONS = 2
NETWORK_FILES = 300


class Report:
    def __init__(self, path):
        self.file = open(path, "w")

    def __call__(self, line=""):
        print(line, flush=True)
        self.file.write(line + "\n")
        self.file.flush()


def program(name):
    return os.path.join(BUILD, "bin", name)


def measure(*command, **kw):
    """(wall seconds, CPU seconds, KiB of memory) of a command that must end
    with status 0."""
    r, w = os.pipe()
    try:
        p = subprocess.Popen(
            [os.path.join(BUILD, "bench/measure"), *command],
            stdin=subprocess.DEVNULL, stdout=kw.pop("stdout", None),
            preexec_fn=lambda: os.dup2(w, 3), pass_fds=(w, 3), **kw)
    finally:
        os.close(w)
    with os.fdopen(r) as f:
        text = f.read()
    if p.wait():
        raise SystemExit(f"bench: status {p.returncode}: {command}")
    wall, cpu, rss = text.split()
    return float(wall), float(cpu), int(rss)


def count_files(folder):
    return sum(len(f) for _, _, f in os.walk(folder))


def settle(work):
    """No contender pays for what was written before it."""
    subprocess.run(["sync", "-f", work], check=True)


def make_files(folder, count, rows):
    """CT series of 100 slices with noisy pixels, from our own generator if it
    is there, else from the tests'."""
    os.makedirs(folder)
    if os.path.exists(program("pacs-phantom")):
        studies = max(1, count // 100)
        subprocess.run(
            [program("pacs-phantom"), "-o", folder, "--modality=CT",
             f"--studies={studies}", "--series=1",
             f"--instances={count // studies}", f"--rows={rows}", "--seed=1"],
            check=True, stdout=subprocess.DEVNULL)
        return
    for i in range(count):
        sub = os.path.join(folder, f"{i // 100:03}")
        os.makedirs(sub, exist_ok=True)
        pixels = dcm.noise(i % 50, rows * rows * 2)
        with open(os.path.join(sub, f"{i % 100:03}.dcm"), "wb") as f:
            f.write(dcm.ct(i // 100 + 1, 1, i % 100 + 1, pixels, rows, rows))


def list_files(folder):
    return sorted(os.path.join(d, f) for d, _, names in os.walk(folder)
                  for f in names)


class Contender:
    """name, and run(files, work) -> (seconds, CPU seconds or None, KiB or
    None)."""

    def __init__(self, name, run, only_first=0):
        self.name, self.run, self.only_first = name, run, only_first
        self.times, self.cpu, self.memory = [], [], []


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


def compete(contenders, folder, home, say):
    files = list_files(folder)
    for f in files:  # all contenders find them in memory
        with open(f, "rb") as g:
            g.read()
    for n in range(RUNS):
        for c in contenders:
            work = tempfile.mkdtemp(prefix="run.", dir=home)
            settle(home)
            use = files[:c.only_first] if c.only_first else files
            wall, cpu, rss = c.run(folder, use, work)
            c.times.append(wall / len(use))
            if cpu:
                c.cpu.append(cpu / len(use))
            if rss:
                c.memory.append(rss)
            shutil.rmtree(work)
            print(f"  round {n + 1}: {c.name}: {wall:.2f} s",
                  file=sys.stderr, flush=True)
    return len(files)


def table(title, count, contenders, say):
    """Ratios are of medians; the first contender is ours."""
    ours = statistics.median(contenders[0].times)
    say(f"{title}; {RUNS} runs each, in turn")
    say(f"  {'':34}{'per object':>12}{'least':>10}{'most':>10}"
        f"{'all':>10}{'ratio':>9}")
    for c in contenders:
        m = statistics.median(c.times)
        n = c.only_first or count
        note = f"  (of {n}; the rest not run)" if c.only_first else ""
        say(f"  {c.name:34}{m * 1e6:9.0f} us{min(c.times) * 1e6:10.0f}"
            f"{max(c.times) * 1e6:10.0f}{m * n:9.2f}s{m / ours:8.2f}x{note}")
    for c in contenders:
        if c.cpu:
            say(f"  {c.name}: CPU {statistics.median(c.cpu) * 1e6:.0f} us "
                "per object, both processors together")
    for c in contenders:
        if c.memory:
            say(f"  {c.name}: peak memory {max(c.memory) / 1024:.1f} MiB")


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


def target(say, contenders, peer, wanted):
    """Says whether we are so many times faster than a peer, by the medians."""
    for c in contenders:
        if c.name.startswith(peer):
            ratio = (statistics.median(c.times) /
                     statistics.median(contenders[0].times))
            say(f"  aim: at least {wanted} x faster than {peer}: "
                f"{'met' if ratio >= wanted else 'MISSED'} ({ratio:.2f} x)")


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
                  Contender("the same, its log turned off", None)]
    tools = (("header-ours",), ("header-dcmtk",), ("header-dcmtk", "quiet"))
    sums = set()
    for _ in range(RUNS):
        for c, tool in zip(contenders, tools):
            out = subprocess.run([os.path.join(BUILD, "bench", tool[0]), names,
                                  *tool[1:]], check=True, text=True,
                                 stdout=subprocess.PIPE,
                                 stderr=subprocess.DEVNULL).stdout.split()
            c.times.append(float(out[0]) / len(files))
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


def machine(say, home):
    model = next((line.split(":")[1].strip() for line in
                  open("/proc/cpuinfo") if line.startswith("model name")), "?")
    cpus = sorted(os.sched_getaffinity(0))
    if len(cpus) > 2:
        os.sched_setaffinity(0, cpus[:2])
    fs = subprocess.run(["stat", "-f", "-c", "%T", home], text=True,
                        stdout=subprocess.PIPE).stdout.strip()
    say(f"{model}, {min(2, len(cpus))} CPUs, file system {fs}, "
        f"Linux {platform.release()}, load before {os.getloadavg()[0]:.1f}")
    say("sources are in the page cache; before each run the file system is "
        "flushed")
    say()


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
        if {"store", "header", "memory"} & set(ONLY):
            make_files(small, max(100, int(5000 * SCALE)), 128)
        if "store" in ONLY:
            stores(say, home, small, "CT of 33 KB", True)
        if "header" in ONLY:
            headers(say, home, small)
        if "memory" in ONLY:
            memory(say, home, small)
        if "big" in ONLY:
            make_files(big, max(100, int(500 * SCALE)), 512)
            stores(say, home, big, "CT of 525 KB", False)
        say(f"load after {os.getloadavg()[0]:.1f}")
    finally:
        shutil.rmtree(home)


main()
