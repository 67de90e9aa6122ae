#!/usr/bin/python3
"""Backups that die or meet a failing disk: backup.py MODE SCENARIO.

  kill   SIGKILL before, and after, each call that changes a disk
  fail   each such call fails once with ENOSPC, with EIO, writes half; and from
         each one on the disk is full

Scenarios: `night` packs what is new, `restore` brings an archive back, `prune`
drops what is old. Afterwards, without faults: the repository is whole
(pacs-backup verify --read-data), what it held before can still be restored, the
next run goes well, and then all of the archive comes back, compared by digests
that are computed here. A failed run has said so: status 3 or 4 and a word.
FAULT_FULL=1 tries each call, else --limit of them.
"""
import argparse
import hashlib
import multiprocessing
import os
import random
import shutil
import struct
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True

import dcm  # noqa: E402
import replay  # noqa: E402

BIN = os.path.join(os.environ["PACS_BUILD"], "bin")
SHIM = os.path.join(os.environ["PACS_BUILD"], "fault/shim.so")
ENV = {"PATH": BIN + ":" + os.environ["PATH"], "LC_ALL": "C", "TZ": "UTC",
       "HOME": "/nonexistent"}
ERRORS = ("ENOSPC", "EIO", "short", "ENOSPC:on", "EIO:on")


def run(*args, **more):
    p = subprocess.run(args, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                       stderr=subprocess.PIPE, env=dict(ENV, **more),
                       timeout=100)
    return p.returncode, p.stdout.decode(), p.stderr.decode()


def must(*args):
    status, out, err = run(*args)
    if status:
        raise SystemExit(f"{args[:2]}: status {status}: {err}")
    return out


def digests(archive):
    found = {}
    for top in ("objects", "quarantine"):
        for folder, _, names in os.walk(os.path.join(archive, top)):
            for n in names:
                p = os.path.join(folder, n)
                with open(p, "rb") as f:
                    found[p[len(archive) + 1:]] = hashlib.sha256(
                        f.read()).hexdigest()
    return found


def put(path, raw):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as f:
        f.write(raw)
    return path


def prepare(home):
    """root/a with one night in root/repo, and more that is new."""
    root = os.path.join(home, "root")
    os.mkdir(root)
    a, repo = os.path.join(root, "a"), os.path.join(root, "repo")
    must("pacs-init", a)
    for i in range(1, 13):
        put(os.path.join(home, f"one/{i}"),
            dcm.ct(1 + i % 3, 1, i, dcm.noise(i, 3000)))
    must("pacs-store", "-a", a, os.path.join(home, "one"))
    must("pacs-backup", "create", "-a", a, "-r", repo, "-j1")
    before = digests(a)
    for i in range(1, 9):
        put(os.path.join(home, f"two/{i}"),
            dcm.ct(5 + i % 2, 1, i, dcm.noise(i, 20000)))
    must("pacs-store", "-a", a, os.path.join(home, "two"))
    must("pacs-purge", "-a", a, "--yes", "--why=test",
         "SOPInstanceUID=1.2.826.0.1.3680043.10.1338.1.1.3")
    return root, before


COMMANDS = {
    "night": ["pacs-backup", "create", "-a", "A", "-r", "REPO", "-j1",
              "--pack-size=64K"],
    "restore": ["pacs-backup", "restore", "-r", "REPO", "-o", "OUT"],
    "prune": ["pacs-backup", "prune", "-r", "REPO", "--keep-daily=1"],
}


class Bench:
    def __init__(self, home, scenario):
        self.home, self.scenario = home, scenario
        self.root, self.before = prepare(home)
        a, repo = (os.path.join(self.root, n) for n in ("a", "repo"))
        self.now = digests(a)
        if scenario != "night":
            must("pacs-backup", "create", "-a", a, "-r", repo, "-j1")
        self.calls = self.attempt({}, lambda *x: [])[1]

    def attempt(self, plan, judge):
        home = tempfile.mkdtemp(dir=self.home)
        root = os.path.join(home, "root")
        try:
            shutil.copytree(self.root, root, symlinks=True)
            names = {"A": os.path.join(root, "a"),
                     "REPO": os.path.join(root, "repo"),
                     "OUT": os.path.join(root, "out")}
            command = [names.get(w, w) for w in COMMANDS[self.scenario]]
            state = os.path.join(home, "calls")
            status, _, err = run(*command, LD_PRELOAD=SHIM, SHIM_ROOT=root,
                                 SHIM_STATE=state, **plan)
            with open(state, "rb") as f:
                calls = struct.unpack("<17Q", f.read(17 * 8))
            if plan and not calls[16]:
                return [None], calls
            return judge(root, status, err), calls
        except subprocess.TimeoutExpired:
            return ["it hung"], (0,) * 17
        finally:
            shutil.rmtree(home)

    def restored(self, root, name, want, *more):
        out = os.path.join(root, name)
        status, _, err = run("pacs-backup", "restore", "-r",
                             os.path.join(root, "repo"), "-o", out, *more)
        if status:
            return [f"restore {more}: status {status}: {err[-200:]}"]
        if digests(out) != want:
            return [f"restore {more}: not what was there"]
        status, said, err = run("pacs-verify", "-a", out)
        if status:
            return [f"pacs-verify of {name}: {status} {said[-200:]} {err}"]
        return []

    def check(self, root):
        """Without faults: all is as promised."""
        a, repo = os.path.join(root, "a"), os.path.join(root, "repo")
        bad = []
        status, said, err = run("pacs-backup", "verify", "-r", repo,
                                "--read-data")
        if status:
            bad.append(f"verify: {status}: {said[-300:]}{err[-200:]}")
        if self.scenario == "prune":
            bad += self.restored(root, "last", self.now)
            status, _, err = run("pacs-backup", "prune", "-r", repo,
                                 "--keep-daily=1")
            if status:
                bad.append(f"the next prune: {status}: {err[-200:]}")
        else:
            bad += self.restored(root, "first", self.before, "--snapshot=1")
        status, _, err = run("pacs-backup", "create", "-a", a, "-r", repo)
        if status:
            bad.append(f"the next night: {status}: {err[-300:]}")
        status, said, err = run("pacs-backup", "verify", "-r", repo,
                                "--read-data")
        if status:
            bad.append(f"verify: {status}: {said[-300:]}{err[-200:]}")
        bad += self.restored(root, "again", self.now)
        if digests(a) != self.now:
            bad.append("the archive has changed")
        left = os.listdir(os.path.join(repo, "tmp"))
        if left and self.scenario == "night":
            bad.append(f"left in tmp: {left}")
        return bad

    def half_restored(self, root):
        """A restore that ended early is no archive, or a whole one."""
        out = os.path.join(root, "out")
        if not os.path.exists(os.path.join(out, "pacs-archive")):
            return []
        return [] if digests(out) == self.now else ["half an archive"]


def one(job):
    mode, n, what = job
    if mode == "kill":
        plan = {"SHIM_KILL": f"{n}{what}"}
    else:
        plan = {"SHIM_FAIL": f"{n}:{what}"}

    def judge(root, status, err):
        bad = []
        if mode == "kill" and status not in (0, -9):
            bad.append(f"status {status}: {err[-200:]}")
        if mode == "fail" and status not in (0, 3, 4):
            bad.append(f"status {status}: {err[-200:]}")
        if mode == "fail" and status and not err:
            bad.append(f"status {status} without a word")
        if status == 0 and bench.scenario == "night" and not os.path.exists(
                os.path.join(root, "repo/snapshots/000002")):
            bad.append("status 0, and no snapshot")
        if bench.scenario == "restore":
            if status == 0 and digests(os.path.join(root, "out")) != bench.now:
                bad.append("status 0, and not all of it is there")
            bad += bench.half_restored(root)
        return bad + bench.check(root)
    return plan, bench.attempt(plan, judge)[0]


def main():
    global bench
    ap = argparse.ArgumentParser(description=__doc__)
    ap.add_argument("mode", choices=("kill", "fail"))
    ap.add_argument("scenario", choices=COMMANDS)
    ap.add_argument("--limit", type=int, default=12)
    ap.add_argument("--seconds", type=float, default=4)
    a = ap.parse_args()
    full = os.environ.get("FAULT_FULL") == "1"
    until = time.monotonic() + a.seconds
    home = tempfile.mkdtemp(prefix="backup.", dir=replay.scratch_home())
    ran = bad = 0
    try:
        bench = Bench(home, a.scenario)
        total = bench.calls[0]
        jobs = [(a.mode, n, w) for n in range(1, total + 1)
                for w in (("", ":after") if a.mode == "kill" else ERRORS)]
        possible = len(jobs)
        random.Random(1).shuffle(jobs)
        if not full:
            jobs = jobs[:a.limit]
        with multiprocessing.get_context("fork").Pool(2) as pool:
            for plan, complaints in pool.imap_unordered(one, jobs):
                if complaints == [None]:
                    continue
                ran += 1
                if complaints:
                    bad += 1
                    print("BAD:", plan)
                    for c in complaints[:5]:
                        print("     ", c)
                if not full and time.monotonic() > until:
                    pool.terminate()
                    break
    finally:
        shutil.rmtree(home, ignore_errors=True)
    print(f"{a.mode} {a.scenario}: {ran} runs of {possible} possible over "
          f"{total} calls: {bad} bad", flush=True)
    return 1 if bad or not ran else 0


if __name__ == "__main__":
    sys.exit(main())
