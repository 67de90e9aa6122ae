#!/usr/bin/python3
"""Real processes that die or meet a failing disk: live.py MODE SCENARIO.

  kill   SIGKILL before, and after, each call that changes the disk
  plug   the same on an ext4 of its own, of which only that survives which had
         reached the device by then (needs root and loop mounts)
  fail   each such call fails once with ENOSPC, with EIO, writes half; and from
         each one on the disk is full

Then archive_check judges what is left: what was acknowledged is there, the next
run is fine. In `fail` the exit status is judged too: 0 only if all was done
that an undisturbed run does, else 3 or 4 and a word on stderr; a flush that
failed is always 4. FAULT_FULL=1 tries each call, else --limit of them.
"""
import os
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True

import archive_check as ac  # noqa: E402
import crash_states as cs  # noqa: E402
import jobs  # noqa: E402
from journal import NAMES  # noqa: E402

STORES = ("few", "batch", "tar", "move")


class Bench:
    """An archive to copy, a script to run on the copy, and what an undisturbed
    run of it does."""

    def __init__(self, home, name):
        self.name = name
        self.root, self.inputs, self.env, before = cs.prepare(home, name)
        self.script = "set -e; " + cs.SCENARIOS[name][1]
        again, fine = cs.SCENARIOS[name][2:]
        with open(before, "rb") as f:
            said = f.read()
        older = cs.indexes(home, self.root, self.env, name, "older")
        self.checker = ac.Archive(
            "a", self.inputs.known, again and
            [os.path.join(self.inputs.folder, x) for x in again], fine,
            (older,), said, name)
        self.home = home
        status, self.calls, _, _, self.done = self.run({}, lambda *a: None)
        if status:
            raise SystemExit(f"{name}: the script fails undisturbed: {status}")

    def run(self, plan, judge):
        """(status, calls per class, complaints, stderr, what the ledger says)
        of the script on a fresh copy under the shim."""
        home = tempfile.mkdtemp(dir=self.home)
        out = os.path.join(home, "out")
        root = self.place(home)
        env = dict(self.env, A=os.path.join(root, "a"), ROOT=root,
                   SHIM_ROOT=root, SHIM_STATE=os.path.join(home, "calls"),
                   LD_PRELOAD=self.env["SHIM"], **plan)
        env["STORE"] = env["STORE"].replace(self.env["A"], env["A"])
        try:
            with open(out, "ab") as o:
                # bash itself is not under the shim's plan: it changes nothing
                p = subprocess.run(["bash", "-c", self.script], env=env,
                                   stdin=subprocess.DEVNULL, stdout=o,
                                   stderr=subprocess.PIPE, timeout=100)
            self.interrupt(home)
            calls = jobs.read_calls(env["SHIM_STATE"])
            lines, _ = ac.read_ledger(env["A"])
            done = ac.expected(lines)
            with open(out, "rb") as f:
                said = f.read()
            bad = judge(root, said, p, done, calls) or []
            return p.returncode, calls, bad, p.stderr, done
        except subprocess.TimeoutExpired:
            return None, (0,) * 17, ["it hung"], b"", None
        finally:
            self.clear(home)

    def place(self, home):
        root = os.path.join(home, "root")
        shutil.copytree(self.root, root, symlinks=True)
        return root

    def interrupt(self, home):
        """Processes have ended; what they wrote stays."""

    def clear(self, home):
        shutil.rmtree(home)


class Plug(Bench):
    """The archive is on an ext4 in a file. To pull its plug is to copy the file
    while it is mounted: what the kernel had not yet sent is not in it."""

    def __init__(self, home, name):
        self.image = None
        root = os.path.join(home, "root")
        super().__init__(home, name)
        self.image = os.path.join(home, "image")
        mount = os.path.join(home, "mount")
        os.mkdir(mount)
        with open(self.image, "wb") as f:
            f.truncate(64 << 20)
        subprocess.run(["mkfs.ext4", "-q", "-F", self.image], check=True)
        call("mount", "-o", "loop", self.image, mount)
        shutil.copytree(root, os.path.join(mount, "root"), symlinks=True)
        call("umount", mount)

    def place(self, home):
        if not self.image:
            return super().place(home)
        call("cp", "--sparse=always", self.image, os.path.join(home, "disk"))
        os.mkdir(os.path.join(home, "mount"))
        call("mount", "-o", "loop", os.path.join(home, "disk"),
             os.path.join(home, "mount"))
        return os.path.join(home, "mount/root")

    def interrupt(self, home):
        if not self.image:
            return
        disk, mount = os.path.join(home, "disk"), os.path.join(home, "mount")
        call("cp", "--sparse=always", disk, disk + ".cut")
        call("umount", mount)
        call("mount", "-o", "loop", disk + ".cut", mount)

    def clear(self, home):
        if self.image:
            call("umount", os.path.join(home, "mount"))
        super().clear(home)


def call(*command):
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)


def killed(n, after):
    plan = {"SHIM_KILL": f"{n}{':after' if after else ''}"}
    if lie:
        plan["SHIM_LIE"] = lie

    def judge(root, said, p, done, calls):
        bad = []
        if not calls[16]:
            return [None]  # fewer calls this time: nobody died
        if p.returncode not in (0, 137, -9):
            bad.append(f"status {p.returncode}: {p.stderr[-200:]}")
        return bad + bench.checker.check(root, said, n)
    return plan, judge


def failed(n, error, kind):
    plan = {"SHIM_FAIL": f"{kind + ':' if kind else ''}{n}:{error}"}

    def judge(root, said, p, done, calls):
        bad = []
        if not calls[16]:
            return [None]
        if p.returncode not in (0, 3, 4):
            bad.append(f"status {p.returncode}: {p.stderr[-200:]}")
        if p.returncode == 0 and done != bench.done:
            bad.append("status 0, and not all was done")
        if p.returncode and not p.stderr:
            bad.append(f"status {p.returncode} without a word")
        if kind in ("fsync", "syncfs") and bench.name in STORES and \
                p.returncode != 4:
            bad.append(f"status {p.returncode} after a failed flush")
        return bad + bench.checker.check(root, said, n)
    return plan, judge


def one(job):
    mode, args = job
    plan, judge = (failed if mode == "fail" else killed)(*args)
    return plan, bench.run(plan, judge)[2]


def jobs_of(mode, calls):
    total = calls[0]
    if mode != "fail":
        return [(mode, (n, after)) for n in range(1, total + 1)
                for after in (False, True)]
    # Flushes by their own numbers, so that the rule for them can be applied.
    them = [(mode, (n, error, None)) for n in range(1, total + 1)
            for error in jobs.ERRORS]
    for kind in ("fsync", "syncfs"):
        them += [(mode, (n, "EIO", kind))
                 for n in range(1, calls[NAMES.index(kind)] + 1)]
    return them


def prepare(home):
    global bench
    bench = (Plug if options.mode == "plug" else Bench)(home, options.scenario)
    return bench.calls


def main():
    global lie, options
    ap = jobs.arguments(__doc__, ("kill", "plug", "fail"), cs.SCENARIOS, 12)
    ap.add_argument("--lie", help="fsync or syncfs: a disk that only says so")
    options = ap.parse_args()
    lie = options.lie
    if options.mode == "plug" and "FAULT_MOUNTS" not in os.environ:
        # In a mount namespace of its own: nothing stays mounted.
        os.environ["FAULT_MOUNTS"] = "own"
        os.execvp("unshare", ["unshare", "-m", sys.executable, *sys.argv])
    return jobs.drive(options, prepare,
                      lambda calls: jobs_of(options.mode, calls), one)


if __name__ == "__main__":
    sys.exit(main())
