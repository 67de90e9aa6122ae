#!/usr/bin/python3
"""Backups without power: backup_states.py SCENARIO.

Records what a night, a prune or a copy does to the disks of archive and
repository, builds the states that a power failure at each point may leave
(states.py says which), and judges each: what had been acknowledged before the
failure verifies and restores, so does the night before, and the next run goes
on. FAULT_FULL=1 tries all of them, else --limit of the crashes, drawn by lot.
"""
import argparse
import os
import shlex
import shutil
import sys
import tempfile

sys.dont_write_bytecode = True

import backup_check as bc  # noqa: E402
import replay  # noqa: E402

SAID = b"done\n"


class Judge:
    def __init__(self, past):
        self.past = past

    def check(self, root, out, salt):
        return self.past.check(root, out == SAID)


def states(name, limit, full, keep, lie, tell):
    home = tempfile.mkdtemp(prefix="states.", dir=replay.scratch_home())
    try:
        past = bc.Past(home, name)
        journal = os.path.join(home, "journal")
        script = (shlex.join(bc.command(name, past.root)) +
                  f" && echo {SAID.decode().strip()}")
        env = dict(bc.ENV, **({"SHIM_LIE": lie} if lie else {}))
        status = replay.record(past.root, journal, ["bash", "-c", script],
                               bc.SHIM, env)
        j = replay.load(journal)
        if status or j.out != SAID:
            tell(f"{name}: undisturbed it fails: {status} {j.out}")
            return 1
        return replay.explore(j, Judge(past), extra=4 if full else 1,
                              keep=keep, limit=0 if full else limit,
                              tell=lambda s: tell(f"{name}: {s}"))
    finally:
        shutil.rmtree(home, ignore_errors=True)


def main():
    ap = argparse.ArgumentParser(description=__doc__)
    ap.add_argument("scenario", choices=("night", "prune", "copy"))
    ap.add_argument("--limit", type=int, default=8)
    ap.add_argument("--keep", help="copy bad states there")
    ap.add_argument("--lie", help="fsync: a disk that only says so")
    a = ap.parse_args()
    full = os.environ.get("FAULT_FULL") == "1"
    return 1 if states(a.scenario, a.limit, full, a.keep, a.lie,
                       lambda s: print(s, flush=True)) else 0


if __name__ == "__main__":
    sys.exit(main())
