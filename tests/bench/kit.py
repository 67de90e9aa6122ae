"""What the benchmarks share: running and measuring contenders in turn, files
to run them on, tables of the result. Contenders take turns (A B C A B C ...),
BENCH_RUNS times; each figure is the median."""
import os
import platform
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
    with this status (0)."""
    status = kw.pop("status", 0)
    kw.setdefault("stdin", subprocess.DEVNULL)
    r, w = os.pipe()
    try:
        p = subprocess.Popen(
            [os.path.join(BUILD, "bench/measure"), *command],
            stdout=kw.pop("stdout", None),
            preexec_fn=lambda: os.dup2(w, 3), pass_fds=(w, 3), **kw)
    finally:
        os.close(w)
    with os.fdopen(r) as f:
        text = f.read()
    if p.wait() != status:
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
            # What was written stays until the end: ext4 shuns inodes deleted
            # a moment ago, and the next contender would pay for the search.
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


def target(say, contenders, peer, wanted):
    """Says whether we are so many times faster than a peer, by the medians."""
    for c in contenders:
        if c.name.startswith(peer):
            ratio = (statistics.median(c.times) /
                     statistics.median(contenders[0].times))
            say(f"  aim: at least {wanted:.3g} x faster than {peer}: "
                f"{'met' if ratio >= wanted else 'MISSED'} ({ratio:.2f} x)")


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
