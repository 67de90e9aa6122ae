#!/usr/bin/python3
"""Record what a program does to a disk, and try every crash.

  replay.py record --root DIR --journal FILE [--out FILE] -- COMMAND...
      runs COMMAND with the shim; FILE, FILE.before and FILE.out are the record
  replay.py list --journal FILE
      prints the operations and which barrier covered each
  replay.py check --journal FILE --checker 'COMMAND' [...]
      builds each state in a scratch folder and runs COMMAND DIR OUT there:
      OUT holds what had been acknowledged on stdout. Status 0: all is well.
"""
import argparse
import multiprocessing
import os
import pickle
import random
import shutil
import subprocess
import sys
import tempfile
import zlib

sys.dont_write_bytecode = True

import journal as jn  # noqa: E402
import states as st  # noqa: E402


def scratch_home():
    """Memory if there is some: the states need no real disk."""
    shm = "/dev/shm"
    if os.path.isdir(shm) and os.access(shm, os.W_OK):
        return shm
    return None


def load(path):
    with open(path + ".before", "rb") as f:
        tree = pickle.load(f)
    with open(path, "rb") as f:
        raw = f.read()
    with open(path + ".out", "rb") as f:
        out = f.read()
    return jn.Journal(tree, raw, out)


def record(root, path, command, shim, env=None):
    """Run command with its disk recorded. Returns its exit status."""
    root, path = os.path.realpath(root), os.path.abspath(path)
    with open(path + ".before", "wb") as f:
        pickle.dump(jn.Tree.read(root), f)
    for p in (path, path + ".out"):
        with open(p, "wb"):
            pass
    e = dict(os.environ if env is None else env)
    e.update(LD_PRELOAD=shim, SHIM_ROOT=root, SHIM_JOURNAL=path,
             SHIM_OUT=path + ".out")
    with open(path + ".out", "ab") as out:
        status = subprocess.run(command, stdout=out, env=e,
                                stdin=subprocess.DEVNULL).returncode
    j = load(path)
    ops = sorted(sum(j.changes(len(j.ops)), []), key=lambda o: o.index)
    whole = jn.State(j, ops)
    unseen = jn.differences(whole, root, {})
    if unseen:
        raise SystemExit("replay: changes that the shim did not see: "
                         + ", ".join(unseen[:10]))
    return status


class CommandChecker:
    """Judges a state by a command."""

    def __init__(self, command):
        self.command = command

    def check(self, root, out, salt):
        with tempfile.NamedTemporaryFile(dir=os.path.dirname(root)) as f:
            f.write(out)
            f.flush()
            p = subprocess.run(["sh", "-c", self.command + ' "$@"', "sh", root,
                                f.name], stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT,
                               stdin=subprocess.DEVNULL)
        if p.returncode:
            return [f"status {p.returncode}: "
                    + p.stdout.decode(errors="replace")[-500:]]
        return []


def judge(args):
    """Build one state and check it (in a worker)."""
    choice, keep = args
    scratch = tempfile.mkdtemp(prefix="state.", dir=judge.home)
    root = os.path.join(scratch, "root")
    os.mkdir(root)
    choice.state(judge.journal).write(root, judge.cache, jn.volatile)
    salt = zlib.crc32(f"{choice.point} {choice.label}".encode())
    complaints = judge.checker.check(root, judge.journal.out[:choice.said],
                                     salt)
    if complaints and keep:
        os.makedirs(keep, exist_ok=True)
        name = f"state-{choice.point}-{salt}"
        kept = os.path.join(keep, name)
        if not os.path.exists(kept):
            with open(os.path.join(scratch, "why"), "w") as f:
                f.write(choice.describe(judge.journal) + "\n")
                f.write("\n".join(complaints) + "\n")
            shutil.copytree(scratch, kept, symlinks=True)
    shutil.rmtree(scratch)
    return choice, complaints


def explore(j, checker, derived=lambda p: False, step=1, limit=0, seed=1,
            extra=2, keep=None, jobs=0, tell=print):
    """Check the states of a journal; returns the number of bad ones. With a
    limit, so many crashes are drawn, by a lot that the seed decides."""
    cache = {}
    crashes = st.choices(j, derived, step, extra, seed)
    total = None
    if limit:
        crashes, total = st.drawn(crashes, limit, seed)
    todo, seen = st.distinct(j, crashes, cache)
    random.Random(seed).shuffle(todo)
    judge.journal, judge.cache, judge.checker = j, cache, checker
    home = tempfile.mkdtemp(prefix="replay.", dir=scratch_home())
    judge.home = home
    bad = done = 0
    try:
        with multiprocessing.get_context("fork").Pool(
                jobs or os.cpu_count()) as pool:
            for choice, complaints in pool.imap_unordered(
                    judge, ((c, keep) for c in todo)):
                done += 1
                if complaints:
                    bad += 1
                    if bad <= 5:
                        tell("BAD: " + choice.describe(j))
                        for c in complaints[:5]:
                            tell("     " + c)
    finally:
        shutil.rmtree(home, ignore_errors=True)
    drawn = f"{seen} drawn of {total}" if total else f"all {seen}"
    tell(f"{done} states checked of {len(todo)} distinct ones ({drawn} crashes "
         f"at {len(list(st.points(j, step)))} points of {len(j.ops)} "
         f"operations): {bad} bad")
    return bad if done else 1  # having looked at nothing is no success


def main():
    ap = argparse.ArgumentParser(description=__doc__,
                                 formatter_class=argparse.RawTextHelpFormatter)
    ap.add_argument("what", choices=("record", "list", "check"))
    ap.add_argument("--root")
    ap.add_argument("--journal", required=True)
    ap.add_argument("--shim", default=os.path.join(
        os.environ.get("PACS_BUILD", "build"), "fault/shim.so"))
    ap.add_argument("--checker")
    ap.add_argument("--step", type=int, default=1)
    ap.add_argument("--limit", type=int, default=0)
    ap.add_argument("--seed", type=int, default=1)
    ap.add_argument("--keep", help="copy bad states there")
    args, command = sys.argv[1:], []
    if "--" in args:
        cut = args.index("--")
        args, command = args[:cut], args[cut + 1:]
    a = ap.parse_args(args)
    if a.what == "record":
        status = record(a.root, a.journal, command, os.path.abspath(a.shim))
        print(f"status {status}, {len(load(a.journal).ops)} operations")
        return 0
    j = load(a.journal)
    if a.what == "list":
        for o in j.ops:
            print(o, "" if o.covered_at is None else
                  f"  (covered by #{o.covered_at})")
        return 0
    bad = explore(j, CommandChecker(a.checker), step=a.step, limit=a.limit,
                  seed=a.seed, keep=a.keep)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
