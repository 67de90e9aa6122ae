#!/usr/bin/python3
"""Backups that die or meet a failing disk: backup.py MODE SCENARIO.

  kill   SIGKILL before, and after, each call that changes a disk
  fail   each such call fails once with ENOSPC, with EIO, writes half; and from
         each one on the disk is full

Scenarios: `night` packs what is new, `restore` brings an archive back, `prune`
drops what is old, `copy` makes a second repository. Afterwards, without faults:
the repository is whole (pacs-backup verify --read-data), what it held before
can still be restored, the next run goes well, and then all of the archive comes
back. A failed run has said so: status 3 or 4 and a word. FAULT_FULL=1 tries
each call, else --limit of them.
"""
import os
import sys

sys.dont_write_bytecode = True

import backup_check as bc  # noqa: E402
import jobs  # noqa: E402


class Bench:
    def __init__(self, home, scenario):
        self.home = home
        self.past = bc.Past(home, scenario)
        self.calls = self.attempt({}, lambda root, status, err: [])[1]

    def attempt(self, plan, judge):
        return jobs.attempt(
            self.home, self.past.root, bc.SHIM,
            lambda root, **env: bc.run(*bc.command(self.past.scenario, root),
                                       **env), plan, judge)

    def restore_ended(self, root, status):
        """A restore that ended early is no archive, or a whole one."""
        out = os.path.join(root, "out")
        all_there = bc.digests(out) == self.past.now
        if status == 0 and not all_there:
            return ["status 0, and not all of it is there"]
        if os.path.exists(os.path.join(out, "pacs-archive")) and not all_there:
            return ["half an archive"]
        return []


def one(job):
    mode, n, what = job
    plan = {"SHIM_KILL": f"{n}{what}"} if mode == "kill" else \
        {"SHIM_FAIL": f"{n}:{what}"}

    def judge(root, status, err):
        scenario, bad = bench.past.scenario, []
        if status not in ((0, -9) if mode == "kill" else (0, 3, 4)):
            bad.append(f"status {status}: {err[-200:]}")
        if mode == "fail" and status and not err:
            bad.append(f"status {status} without a word")
        if scenario == "restore":
            bad += bench.restore_ended(root, status)
        return bad + bench.past.check(root, status == 0)
    return plan, bench.attempt(plan, judge)[0]


def prepare(home):
    global bench
    bench = Bench(home, options.scenario)
    return bench.calls


def main():
    global options
    options = jobs.arguments(__doc__, ("kill", "fail"), bc.COMMANDS,
                             6).parse_args()
    ways = ("", ":after") if options.mode == "kill" else jobs.ERRORS
    return jobs.drive(options, prepare,
                      lambda calls: [(options.mode, n, w) for w in ways
                                     for n in range(1, calls[0] + 1)], one)


if __name__ == "__main__":
    sys.exit(main())
