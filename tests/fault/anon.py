#!/usr/bin/python3
"""Exports that die or meet a failing disk: anon.py MODE SCENARIO.

  kill   SIGKILL before, and after, each call that changes a disk
  fail   each such call fails once with ENOSPC, with EIO, writes half; from each
         one on the disk is full; and each flush fails
  power  the states that a loss of power at each point may leave (states.py)

Scenarios: `folder` and `tar` (.tar.zst) with a map, `narrow` (a folder, with
pseudonyms of 8 digits), `store` (into an archive). Whatever is there under its
final name afterwards is whole: the bytes that an undisturbed run makes; of every
object that is there the map knows the patient; a run that said 0 has done all.
Then the next run, without faults, does the rest, and all is as if nothing had
been. Only of a folder may a loss of power, before the run said 0, leave names
without all their bytes: the next run makes those whole that are only cut, tells
each that has zeros in it as a conflict, and all else is whole. FAULT_FULL=1 tries each call, else --limit of them.
"""
import os
import shlex
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True

import dcm  # noqa: E402
import jobs  # noqa: E402
import replay  # noqa: E402
from journal import NAMES  # noqa: E402

BIN = os.path.join(os.environ["PACS_BUILD"], "bin")
SHIM = os.path.join(os.environ["PACS_BUILD"], "fault/shim.so")
ENV = {"PATH": BIN + ":" + os.environ["PATH"], "LC_ALL": "C", "TZ": "UTC",
       "HOME": "/nonexistent"}
WHERE = {"folder": ["-o", "out"], "narrow": ["--digits=8", "-o", "out"],
         "tar": ["-o", "out.tar.zst"], "store": ["--store", "-o", "a"]}


def run(cwd, *args, **more):
    p = subprocess.run(args, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                       stderr=subprocess.PIPE, env=dict(ENV, **more), cwd=cwd,
                       timeout=100)
    return p.returncode, p.stdout.decode(), p.stderr.decode()


def objects(root):
    """{path: bytes} of what has its final name, without folders of runs."""
    found = {}
    top = os.path.join(root, "a/objects" if os.path.isdir(
        os.path.join(root, "a")) else "out")
    for folder, _, names in os.walk(top):
        for n in names:
            p = os.path.join(folder, n)
            if n.endswith(".dcm"):
                with open(p, "rb") as f:
                    found[p[len(top):]] = f.read()
    tar = os.path.join(root, "out.tar.zst")
    if os.path.exists(tar):
        with tempfile.TemporaryDirectory(dir=root) as t:
            p = subprocess.run(["tar", "--zstd", "-C", t, "-xf", tar],
                               stderr=subprocess.PIPE)
            if p.returncode:
                return {"the tar": p.stderr}
            for folder, _, names in os.walk(t):
                for n in names:
                    q = os.path.join(folder, n)
                    with open(q, "rb") as f:
                        found[q[len(t):]] = f.read()
    return found


def lines(root):
    """Whole lines of the map."""
    try:
        with open(os.path.join(root, "map"), "rb") as f:
            text = f.read()
    except FileNotFoundError:
        return []
    return text.split(b"\n")[:-1]


class Bench:
    def __init__(self, home, scenario):
        self.home, self.scenario = home, scenario
        self.inputs = os.path.join(home, "in")
        os.mkdir(self.inputs)
        for i in range(1, 9):
            with open(os.path.join(self.inputs, f"{i}"), "wb") as f:
                f.write(dcm.ct(1 + i % 3, 1, i, dcm.noise(i, 3000)))
        self.root = os.path.join(home, "root")
        os.mkdir(self.root)
        key = os.path.join(home, "key")
        if run(home, "pacs-anon", "--make-key", key)[0]:
            raise SystemExit("no key")
        if scenario == "store" and run(home, "pacs-init",
                                       os.path.join(self.root, "a"))[0]:
            raise SystemExit("no archive")
        self.command = ["pacs-anon", "--key", key, "--modify-dates", "-j1",
                        "--map=map", *WHERE[scenario], self.inputs]
        self.want = self.map = None
        _, self.calls = self.attempt({}, self.learn)
        if not self.want or len(self.want) != 8:
            raise SystemExit("an undisturbed run does not write 8 objects")

    def learn(self, root, status, err):
        if status:
            raise SystemExit(f"undisturbed: {status}: {err}")
        self.want, self.map = objects(root), set(lines(root))
        return []

    def attempt(self, plan, judge):
        return jobs.attempt(
            self.home, self.root, SHIM,
            lambda root, **env: run(root, *self.command, **env), plan, judge)

    def left(self, root):
        """What there is, is whole, and the map knows whose it is."""
        bad = []
        found = objects(root)
        for p, data in found.items():
            if self.want.get(p) != data:
                bad.append(f"{p} is not whole")
        known = {l.split(b"\t")[3] for l in lines(root) if b"\t" in l}
        for p in found:
            study = p.split("/")[2 if self.scenario == "store" else 1]
            if study.encode() not in known:
                bad.append(f"{p} is not in the map")
        for l in lines(root):
            if l not in self.map:
                bad.append(f"the map has {l}")
        return bad, found

    def check(self, root, status):
        bad, found = self.left(root)
        if status == 0 and found != self.want:
            bad.append("status 0, and not all of it is there")
        if status == 0 and set(lines(root)) != self.map:
            bad.append("status 0, and the map is not whole")
        whole = self.scenario == "tar" and found
        again, _, err = run(root, *self.command)
        if again != (4 if whole else 0):
            bad.append(f"the next run: {again}: {err[-300:]}")
        more, found = self.left(root)
        bad += more
        if found != self.want:
            bad.append("the next run has not done the rest")
        if sorted(lines(root)) != sorted(self.map):
            bad.append("the map is not as if nothing had been")
        for name in ("out/.pacs-anon", "out.tar.zst.part"):
            if os.path.exists(os.path.join(root, name)):
                bad.append(f"{name} is left")
        if self.scenario == "store":
            status, said, err = run(root, "pacs-verify", "-a", "a")
            if status:
                bad.append(f"pacs-verify: {status} {said[-200:]} {err}")
        return bad


class Power:
    """Judges what a loss of power left; replay.explore asks it."""

    def __init__(self, bench):
        self.bench = bench

    def torn(self, root):
        return [p for p, data in objects(root).items()
                if data != self.bench.want.get(p)]

    def check(self, root, out, salt):
        b, bad = self.bench, []
        torn, had = self.torn(root), objects(root)
        zeros = [p for p in torn if not b.want.get(p, b"").startswith(had[p])]
        if torn and (out == SAID or b.scenario not in ("folder", "narrow")):
            bad.append(f"torn: {torn}, acknowledged {out}")
        whole = b.scenario == "tar" and objects(root)
        again, said, err = run(root, *b.command, "--print", "-f", "reason")
        wanted = 4 if whole else 1 if len(zeros) == len(b.want) else \
            3 if zeros else 0
        if again != wanted or said.count("conflict\n") != len(zeros):
            bad.append(f"the next run: {again}, not {wanted}: {err[-300:]}")
        if self.torn(root) != zeros or set(objects(root)) != set(b.want):
            bad.append("the next run has not done the rest, or over it")
        known = {l for l in lines(root) if l.strip(b" #") or l in b.map}
        if not whole and known != b.map:
            bad.append(f"the map is {known ^ b.map}")
        for name in ("out/.pacs-anon", "out.tar.zst.part"):
            if os.path.exists(os.path.join(root, name)) and not whole:
                bad.append(f"{name} is left")
        return bad


SAID = b"done\n"


def power(home):
    """How many states are bad."""
    b = Bench(home, options.scenario)
    journal = os.path.join(home, "journal")
    script = f"cd {shlex.quote(b.root)} && {shlex.join(b.command)} && echo done"
    if replay.record(b.root, journal, ["bash", "-c", script], SHIM, ENV):
        raise SystemExit("undisturbed it fails")
    full = os.environ.get("FAULT_FULL") == "1"
    return replay.explore(replay.load(journal), Power(b),
                          extra=4 if full else 1,
                          limit=0 if full else 4 * options.limit)


def one(job):
    mode, n, what, kind = job
    plan = {"SHIM_KILL": f"{n}{what}"} if mode == "kill" else \
        {"SHIM_FAIL": f"{kind}{n}:{what}"}

    def judge(root, status, err):
        bad = []
        if mode == "kill" and status not in (0, -9):
            bad.append(f"status {status}: {err[-200:]}")
        if mode == "fail" and status not in (0, 1, 3, 4):
            bad.append(f"status {status}: {err[-200:]}")
        if mode == "fail" and status and not err:
            bad.append(f"status {status} without a word")
        if kind and not status:
            bad.append("status 0 after a failed flush")
        return bad + bench.check(root, status)
    return plan, bench.attempt(plan, judge)[0]


def jobs_of(mode, calls):
    if mode == "kill":
        return [(mode, n, w, "") for n in range(1, calls[0] + 1)
                for w in ("", ":after")]
    plans = [(mode, n, w, "") for n in range(1, calls[0] + 1)
             for w in jobs.ERRORS]
    for kind in ("fsync", "syncfs"):
        plans += [(mode, n, "EIO", kind + ":")
                  for n in range(1, calls[NAMES.index(kind)] + 1)]
    return plans


def prepare(home):
    global bench
    bench = Bench(home, options.scenario)
    return bench.calls


def main():
    global options
    options = jobs.arguments(__doc__, ("kill", "fail", "power"), WHERE,
                             12).parse_args()
    if options.mode == "power":
        with tempfile.TemporaryDirectory(dir=replay.scratch_home()) as home:
            return 1 if power(home) else 0
    # Flushes first: there are few of them.
    return jobs.drive(options, prepare,
                      lambda calls: jobs_of(options.mode, calls), one,
                      rank=lambda job: not job[3])


if __name__ == "__main__":
    sys.exit(main())
