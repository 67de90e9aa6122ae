#!/usr/bin/python3
"""pacs-verify against random damage.

An archive of several modalities and transfer syntaxes, with a ledger of three
segments, with purged, replaced and quarantined objects and an index, gets one
random damage at a time. What is planted here is known here: pacs-verify must
name each of it by kind and path, nothing else, and have the status that its
records mean. One of each kind; 25 with CHECK_ALL, from a seed that is printed
(SEED repeats it). Prints TAP.
"""
import os
import random
import shutil
import stat
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "../helper"))

import tap  # noqa: E402
from planted import KINDS, files, read, write  # noqa: E402

BIN = os.path.join(os.environ.get("PACS_BUILD", "build"), "bin")
ALL = os.environ.get("CHECK_ALL")
SEED = os.environ.get("SEED") or (str(int(time.time())) if ALL else "1")
SYNTAXES = {"CT": "1.2.1", "US": "1.2.2", "MR": "1.2.1.99", "CR": "1.2.4.70",
            "CT,SR": "1.2.5", "PDF": "1.2"}


def run(program, *args, ok=(0,)):
    p = subprocess.run([os.path.join(BIN, program), *args], timeout=60,
                       capture_output=True, text=True, errors="replace")
    if ok and p.returncode not in ok:
        sys.exit(f"{program} {args}: {p.returncode} {p.stderr}")
    return p


def build(top):
    """A whole archive, top/a."""
    a = top + "/a"
    run("pacs-init", a)
    for n, (modality, syntax) in enumerate(SYNTAXES.items()):
        d = f"{top}/in{n}"
        run("pacs-phantom", "-o", d, "--modality=" + modality, "--rows=16",
            "--instances=2", f"--seed={n + 1}", "--frames=2",
            "--syntax=1.2.840.10008." + syntax)
        run("pacs-store", "-a", a, d)
        if n in (1, 3):  # the next one begins a new segment
            run("pacs-backup", "create", "-a", a, "-r", top + "/repo")
    first = files(top, "in0")[0]
    data = read(f"{top}/{first}")
    for n in range(3):
        write(f"{top}/new", data[:-2] + bytes([n, 1]))
        run("pacs-store", "-a", a, top + "/new", ok=(3,))
    aside = files(a, "quarantine", ".dcm")
    run("pacs-quarantine", "-a", a, "--why=x", "--replace", "accept",
        os.path.basename(aside[0])[:-4])
    run("pacs-quarantine", "-a", a, "--why=x", "discard",
        os.path.basename(aside[1])[:-4])
    run("pacs-purge", "-q", "-a", a, "--yes", "--why=x", "Modality=CR")
    run("pacs-find", "-a", a, "--count")
    return a


def picture(a):
    """All that can be seen but times."""
    seen = {}
    for d, dirs, names in os.walk(a):
        for n in dirs + names:
            p = os.path.join(d, n)
            st = os.lstat(p)
            seen[p] = (st.st_mode, st.st_uid, st.st_ino, st.st_nlink,
                       read(p) if stat.S_ISREG(st.st_mode) else b"")
    return seen


def wrong(template, top, plant, seed):
    """Damage a copy; what is wrong with the answer. None: fine."""
    work = tempfile.mkdtemp(dir=top)
    a = work + "/a"
    subprocess.run(["cp", "-a", template, a], check=True)
    before = picture(a)
    want, near = plant(a, random.Random(seed))
    if picture(a) == before:
        return f"{seed}: nothing was planted"
    p = run("pacs-verify", "-a", a, "-f", "kind,path", ok=None)
    said = [tuple(s.split("\t")) for s in p.stdout.splitlines()]
    kinds = {k for k, _ in said}
    status = 3 if "unreadable" in kinds else 1 if said else 0
    missed = [w for w in want if w not in said]
    more = [s for s in said
            if s not in want and not any(n in s[1] for n in near)]
    nothing = not said and (want or near)
    twice = len(said) != len(set(said))
    if missed or more or nothing or twice or p.stderr or p.returncode != status:
        return (f"SEED={SEED} {seed}: status {p.returncode}, missed {missed}, "
                f"too much {more}, {p.stderr or said[:3]}")
    shutil.rmtree(work)
    return None


def main():
    print("# SEED=" + SEED)
    with tempfile.TemporaryDirectory() as top:
        template = build(top)
        p = run("pacs-verify", "-a", template, ok=None)
        tap.ok(p.returncode == 0 and not p.stdout + p.stderr,
               "an archive without damage has none", p.stdout + p.stderr)
        for name, plant in KINDS.items():
            bad = [wrong(template, top, plant, f"{SEED}/{name}/{n}")
                   for n in range(25 if ALL else 1)]
            bad = [b for b in bad if b]
            tap.ok(not bad, f"{name} is named, and nothing else", bad)
    return tap.plan()


sys.exit(main())
