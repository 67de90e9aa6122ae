#!/usr/bin/python3
"""make bench-backup: us, tar | zstd, restic and borg on the same archive.

Contenders take turns, BENCH_RUNS times (default 3); figures are medians of wall
time, memory is the largest. What each one made is checked before it counts.

  first     the first backup of BENCH_SCALE x 2,000 CT slices of 512 KB
  nothing   the next one, nothing new
  1 %       the next one, one object of a hundred new
  verify    all data read and compared
  study     one study of ours, from its repository: bytes read (--study: only
            the last part)

and `pacs-backup create` with nothing new on ledgers of 10,000 and 1,000,000
objects (ledger and snapshot are synthetic; it reads no object then).

At last the restore of one study from a repository of BENCH_OBJECTS (1,000,000)
objects of 4 KB: all bytes that the program read, against the study's size. The
objects are links to a few files; the packs are real, 4 GB of them.
"""
import hashlib
import os
import shutil
import statistics
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True

os.environ.setdefault("BENCH_RUNS", "3")

from kit import (BUILD, RUNS, SCALE, Report, count_files,  # noqa: E402
                 make_files, measure, program, settle)
import dcm  # noqa: E402

ENV = dict(os.environ, RESTIC_PASSWORD="bench", RESTIC_CACHE_DIR="",
           BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK="yes",
           BORG_RELOCATED_REPO_ACCESS_IS_OK="yes")
SAYS_NOTHING = subprocess.DEVNULL


def size_of(path):
    if os.path.isfile(path):
        return os.path.getsize(path)
    return sum(os.path.getsize(os.path.join(d, f))
               for d, _, names in os.walk(path) for f in names)


class Ours:
    name = "pacs-backup"
    level = ()

    def __init__(self, work):
        self.repo = os.path.join(work, self.name)

    def make(self):
        pass

    def backup(self, a):
        return measure(program("pacs-backup"), "create", "-a", a, "-r",
                       self.repo, *self.level)

    def verify(self):
        return measure(program("pacs-backup"), "verify", "-r", self.repo,
                       "--read-data")


class Level3(Ours):
    """The level of the others, for the first backup and its size."""
    name = "pacs-backup --level=3"
    level = ("--level=3",)

    def backup(self, a):
        return None if os.path.exists(self.repo) else super().backup(a)

    def verify(self):
        return None


class Tar:
    name = "tar -c | zstd -3 -T2"

    def __init__(self, work):
        self.repo = os.path.join(work, "tar.zst")

    def make(self):
        pass

    def backup(self, a):
        if os.path.exists(self.repo):
            return None
        return measure("sh", "-c", 'tar -C "$1" -cf - objects | '
                       'zstd -q -3 -T2 -o "$2" && sync -f "$2"', "sh", a,
                       self.repo)

    def verify(self):
        return None


class Restic:
    name = "restic"

    def __init__(self, work):
        self.repo = os.path.join(work, "restic")
        self.cache = os.path.join(work, "cache")

    def run(self, *args):
        return measure("restic", "-q", "--cache-dir", self.cache, "-r",
                       self.repo, *args, env=ENV, stdout=SAYS_NOTHING)

    def make(self):
        self.run("init")

    def backup(self, a):
        return self.run("backup", a)

    def verify(self):
        return self.run("check", "--read-data")


class Borg:
    name = "borg --compression zstd,3"

    def __init__(self, work):
        self.repo = os.path.join(work, "borg")
        self.env = dict(ENV, BORG_BASE_DIR=os.path.join(work, "borg-home"))
        self.n = 0

    def run(self, *args):
        return measure("borg", *args, env=self.env, stdout=SAYS_NOTHING)

    def make(self):
        self.run("init", "-e", "none", self.repo)

    def backup(self, a):
        self.n += 1
        return self.run("create", "--compression", "zstd,3",
                        f"{self.repo}::{self.n}", a)

    def verify(self):
        return self.run("check", "--verify-data", self.repo)


def contenders():
    yield Ours
    yield Level3
    yield Tar
    for c, p in ((Restic, "restic"), (Borg, "borg")):
        if shutil.which(p):
            yield c
        else:
            print(f"{p} is not installed: left out")


def prepare(home):
    """An archive, and one with a hundredth more."""
    one, more = os.path.join(home, "in"), os.path.join(home, "more")
    count = max(200, int(2000 * SCALE))
    make_files(one, count, 512)
    subprocess.run([program("pacs-phantom"), "-o", more, "--modality=CT",
                    "--studies=1", "--series=1", f"--instances={count // 100}",
                    "--rows=512", "--seed=99"], check=True,
                   stdout=SAYS_NOTHING)
    a = os.path.join(home, "a")
    subprocess.run([program("pacs-init"), a], check=True)
    subprocess.run([program("pacs-store"), "-a", a, one], check=True)
    shutil.rmtree(one)
    return a, more, count


def one_round(home, archive, more, results):
    times, cpu, memory, sizes = results
    work = tempfile.mkdtemp(prefix="run.", dir=home)
    a = os.path.join(work, "a")
    subprocess.run(["cp", "-al", archive, a], check=True)
    shutil.rmtree(os.path.join(a, "ledger"))
    shutil.copytree(os.path.join(archive, "ledger"), os.path.join(a, "ledger"))
    all_of = [c(work) for c in contenders()]
    for c in all_of:
        c.make()

    def step(what, do):
        for c in all_of:
            settle(work)
            r = do(c)
            if r:
                times.setdefault(what, {}).setdefault(c.name, []).append(r[0])
                cpu.setdefault(what, {}).setdefault(c.name, []).append(r[1])
                memory[c.name] = max(memory.get(c.name, 0), r[2])
                print(f"  {what}: {c.name}: {r[0]:.2f} s, CPU {r[1]:.2f} s",
                      file=sys.stderr)
            if what == "first":
                sizes[c.name] = size_of(c.repo)

    subprocess.run(["sh", "-c", 'cat "$1"/objects/*/*/*/* >/dev/null', "sh",
                    a], check=True)  # all find it in memory
    step("first", lambda c: c.backup(a))
    step("nothing new", lambda c: c.backup(a))
    subprocess.run([program("pacs-store"), "-a", a, more], check=True)
    step("1 % new", lambda c: c.backup(a))
    step("verify", lambda c: c.verify())
    subprocess.run([program("pacs-backup"), "verify", "-r", all_of[0].repo,
                    "--against", "-a", a], check=True)
    study(a, all_of[0].repo, work)
    shutil.rmtree(work)


def study(a, repo, work):
    uid = subprocess.run([program("pacs-find"), "-a", a, "-L", "study", "-f",
                          "StudyInstanceUID"], check=True,
                         stdout=subprocess.PIPE).stdout.split()[0].decode()
    to = os.path.join(work, "study")
    p = subprocess.run([program("pacs-backup"), "restore", "-v", "-r", repo,
                        "-o", to, f"StudyInstanceUID={uid}"], check=True,
                       stderr=subprocess.PIPE)
    study.said = p.stderr.decode().strip()


def synthetic(home, objects):
    """An archive and repository of which ledger and last snapshot say so many
    objects; there are none."""
    a = os.path.join(home, f"a{objects}")
    repo = os.path.join(home, f"r{objects}")
    subprocess.run([program("pacs-init"), a], check=True)
    subprocess.run([program("pacs-backup"), "create", "-a", a, "-r", repo],
                   check=True)
    with open(os.path.join(repo, "snapshots/000001")) as f:
        text = f.read()
    check = text.split("\nto=")[1].split("\n")[0].split()[2]
    size = 0
    with open(os.path.join(a, "ledger/000002.tsv"), "w") as f:
        for i in range(objects):
            line = ("2026-11-24T07:00:00.000000Z\tstore\t1.2.3.%d\t1.2.3.%d.1"
                    "\t1.2.3.%d.1.%d\t500000\t%064x\tfile"
                    % (i // 100, i // 100, i // 100, i, i))
            check = hashlib.sha256((check + line).encode()).hexdigest()[:16]
            size += f.write(f"{line}\t{check}\n")
    open(os.path.join(a, "ledger/000003.tsv"), "w").close()
    lines = []
    for line in text.splitlines()[:-1]:
        if line.startswith(("to=", "sealed=")):
            line = f"{line.split('=')[0]}=000003 0 {check}"
        lines.append(line + "\n")
    whole = "".join(lines)
    with open(os.path.join(repo, "snapshots/000001"), "w") as f:
        f.write(whole + "sha256=" +
                hashlib.sha256(whole.encode()).hexdigest() + "\n")
    return a, repo


def line_of(study, series, sop, size, digest, check):
    line = (f"2026-11-24T07:00:00.000000Z\tstore\t{study}\t{series}\t{sop}"
            f"\t{size}\t{digest}\tfile")
    check = hashlib.sha256((check + line).encode()).hexdigest()[:16]
    return f"{line}\t{check}\n", check


def big_archive(home, studies, each):
    """Every object is a link to a file of noise; no two of a study to the same:
    a frame that held one twice would hold it once."""
    a = os.path.join(home, "big")
    subprocess.run([program("pacs-init"), a], check=True)
    sources = []
    for i in range(each + studies * each // 50000):
        raw = dcm.ct(1, 1, i + 1, os.urandom(3600), 1, 1800)
        path = os.path.join(a, "incoming", f"source{i}")
        with open(path, "wb") as f:
            f.write(raw)
        sources.append((path, len(raw), hashlib.sha256(raw).hexdigest()))
    check, n = "0" * 16, 0
    with open(os.path.join(a, "ledger/000001.tsv"), "r+") as f:
        for line in f:
            check = line.rstrip("\n").rpartition("\t")[2]
        for s in range(studies):
            study = f"1.2.3.{s + 1}"
            folder = os.path.join(
                a, "objects", hashlib.sha256(study.encode()).hexdigest()[:3],
                study, f"{study}.1")
            os.makedirs(folder)
            for i in range(each):
                source, size, digest = sources[n % len(sources)]
                n += 1
                os.link(source, os.path.join(folder, f"{study}.1.{i}.dcm"))
                line, check = line_of(study, f"{study}.1", f"{study}.1.{i}",
                                      size, digest, check)
                f.write(line)
    for source, _, _ in sources:
        os.unlink(source)
    return a


def bytes_read(*command):
    """By the calls of a process: whatever it read, from wherever."""
    p = subprocess.Popen(command)
    os.waitid(os.P_PID, p.pid, os.WEXITED | os.WNOWAIT)
    with open(f"/proc/{p.pid}/io") as f:
        n = int(next(line for line in f if line.startswith("rchar")).split()[1])
    if p.wait():
        raise SystemExit(f"bench: status {p.returncode}: {command}")
    return n


def one_of_many(home, say):
    objects = int(os.environ.get("BENCH_OBJECTS", "1000000"))
    each = 1000
    studies = max(1, objects // each)
    a = big_archive(home, studies, each)
    repo = os.path.join(home, "big-repo")
    wall, cpu, rss = measure(program("pacs-backup"), "create", "-a", a, "-r",
                             repo)
    say(f"  a repository of {studies * each:,} objects: "
        f"{size_of(repo) / 1e6:.0f} MB, made in {wall:.0f} s (CPU {cpu:.0f} s), "
        f"{rss / 1024:.1f} MiB")
    for s in (1, studies // 2 + 1, studies):
        to = os.path.join(home, f"study{s}")
        n = bytes_read(program("pacs-backup"), "restore", "-r", repo, "-o", to,
                       f"StudyInstanceUID=1.2.3.{s}")
        if count_files(to) != each:
            raise SystemExit("bench: not the whole study")
        ratio = n / size_of(to)
        say(f"  aim: one study of it, {size_of(to) / 1e6:.1f} MB: {n:,} bytes "
            f"read, {ratio:.2f} x its size; at most 2 x: "
            f"{'met' if ratio <= 2 else 'MISSED'}")
    shutil.rmtree(a)


def nothing_new(home, say):
    for objects in (10_000, 1_000_000):
        a, repo = synthetic(home, objects)
        settle(home)
        times = []
        for _ in range(7):
            wall, _, rss = measure(program("pacs-backup"), "create", "-a", a,
                                   "-r", repo)
            times.append(wall)
        say(f"  nothing new, {objects:>9,} objects: "
            f"{statistics.median(times) * 1e3:.1f} ms (least "
            f"{min(times) * 1e3:.1f}, most {max(times) * 1e3:.1f}), "
            f"{rss / 1024:.1f} MiB")


def aims(times, say):
    """What issue and manual promise, and whether it was so here."""
    def aim(what, peer, ok, bound):
        if peer in times[what]:
            r = (statistics.median(times[what][Ours.name]) /
                 statistics.median(times[what][peer]))
            say(f"  aim: {what}: {bound} of {peer}: {r:.2f}, "
                f"{'met' if ok(r) else 'MISSED'}")

    aim("first", Tar.name, lambda r: r <= 1.3, "at most 1.3 x the time")
    for peer in (Restic.name, Borg.name):
        aim("first", peer, lambda r: r <= 1 / 3, "a third of the time")
    aim("nothing new", Restic.name, lambda r: r <= 1 / 20,
        "a twentieth of the time")
    aim("verify", Restic.name, lambda r: r <= 1, "at most the time")


def main():
    say = Report(os.path.join(BUILD, "bench-backup.txt"))
    home = tempfile.mkdtemp(prefix="bench-backup.",
                            dir=os.environ.get("BENCH_DIR", BUILD))
    times, cpu, memory, sizes = results = {}, {}, {}, {}
    try:
        if "--study" in sys.argv[1:]:
            return one_of_many(home, say)
        archive, more, count = prepare(home)
        size = sum(os.path.getsize(os.path.join(d, f)) for d, _, names in
                   os.walk(os.path.join(archive, "objects")) for f in names)
        for n in range(RUNS):
            print(f"round {n + 1}", file=sys.stderr)
            one_round(home, archive, more, results)
        say(f"{count} objects, {size / 1e6:.0f} MB; {RUNS} rounds, in turn; "
            f"load at the end {os.getloadavg()[0]:.1f}")
        for what, by in times.items():
            ours = statistics.median(by[Ours.name])
            work = statistics.median(cpu[what][Ours.name])
            for name, t in by.items():
                m = statistics.median(t)
                used = statistics.median(cpu[what][name])
                say(f"  {what:12} {name:28} {m:8.3f} s  (least {min(t):.3f}, "
                    f"most {max(t):.3f})  {m / ours:7.2f}x; CPU {used:7.3f} s"
                    f"  {used / work:6.2f}x")
        for name, kib in memory.items():
            say(f"  peak memory  {name:28} {kib / 1024:8.1f} MiB")
        for name, n in sizes.items():
            say(f"  size         {name:28} {n / 1e6:8.1f} MB  "
                f"({n / sizes[Ours.name]:.3f}x)")
        aims(times, say)
        say(f"  one study: {study.said}")
        nothing_new(home, say)
        one_of_many(home, say)
    finally:
        shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    main()
