"""Many runs of one scenario, each with another fault planned: what live.py,
backup.py and anon.py share. Workers are forked when all is ready: `one` may use
what `prepare` left in globals."""
import argparse
import multiprocessing
import os
import random
import shutil
import struct
import subprocess
import tempfile

import replay

ERRORS = ("ENOSPC", "EIO", "short", "ENOSPC:on", "EIO:on")


def arguments(doc, modes, scenarios, limit):
    ap = argparse.ArgumentParser(description=doc)
    ap.add_argument("mode", choices=modes)
    ap.add_argument("scenario", choices=scenarios)
    ap.add_argument("--limit", type=int, default=limit)
    ap.add_argument("--first", action="store_true",
                    help="one complaint is enough")
    return ap


def read_calls(path):
    """Calls that the shim saw: all, those of each kind, and at [16] whether
    the planned fault came."""
    with open(path, "rb") as f:
        return struct.unpack("<17Q", f.read(17 * 8))


def attempt(home, source, shim, command, plan, judge):
    """A run in a copy of source, with that fault: (complaints, calls).
    command(root, **environment) is (status, stdout, stderr), judge(root,
    status, stderr) the complaints; [None] if the fault did not come."""
    here = tempfile.mkdtemp(dir=home)
    root = os.path.join(here, "root")
    try:
        shutil.copytree(source, root, symlinks=True)
        state = os.path.join(here, "calls")
        status, _, err = command(root, LD_PRELOAD=shim, SHIM_ROOT=root,
                                 SHIM_STATE=state, **plan)
        calls = read_calls(state)
        if plan and not calls[16]:
            return [None], calls
        return judge(root, status, err), calls
    except subprocess.TimeoutExpired:
        return ["it hung"], (0,) * 17
    finally:
        shutil.rmtree(here)


def drive(a, prepare, plan_jobs, one, rank=lambda job: 0):
    """prepare(home) makes ready and returns the calls of an undisturbed run,
    plan_jobs(calls) the jobs; one(job) is (plan, complaints), [None] if the
    fault did not come. FAULT_FULL=1 runs them all, else --limit of them, drawn
    by lot, those of the least rank first. Returns an exit status."""
    full = os.environ.get("FAULT_FULL") == "1"
    home = tempfile.mkdtemp(prefix=f"{a.mode}-{a.scenario}.",
                            dir=replay.scratch_home())
    ran = bad = 0
    try:
        calls = prepare(home)
        jobs = plan_jobs(calls)
        possible = len(jobs)
        random.Random(1).shuffle(jobs)
        jobs.sort(key=rank)
        with multiprocessing.get_context("fork").Pool(2) as pool:
            for plan, complaints in pool.imap_unordered(
                    one, jobs if full else jobs[:a.limit]):
                if complaints == [None]:
                    continue
                ran += 1
                if complaints:
                    bad += 1
                    print("BAD:", plan)
                    for c in complaints[:5]:
                        print("     ", c)
                if a.first and bad:
                    pool.terminate()
                    break
    finally:
        shutil.rmtree(home, ignore_errors=True)
    print(f"{a.mode} {a.scenario}: {ran} runs of {possible} possible over "
          f"{calls[0]} calls: {bad} bad", flush=True)
    return 1 if bad or not ran else 0
