#!/usr/bin/python3
"""Every crash of the real programs: crash_states.py SCENARIO [OPTIONS].

A scenario is a shell script that is recorded while it changes an archive.
Then the states that a power failure may leave are built, and judged by
archive_check. FAULT_FULL=1 tries all of them, else --limit of the crashes,
drawn by lot.
"""
import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True

import archive_check  # noqa: E402
import dcm  # noqa: E402
import replay  # noqa: E402

BUILD = os.environ["PACS_BUILD"]


class Inputs:
    """Objects to store, below a folder: those that are fine, one of other
    bytes under the same UIDs, one that has no UIDs, one twice."""

    def __init__(self, folder):
        self.folder = folder
        self.known = set()
        self.paths = {}

    def add(self, name, data, known=True):
        p = os.path.join(self.folder, name)
        os.makedirs(os.path.dirname(p), exist_ok=True)
        with open(p, "wb") as f:
            f.write(data)
        if known:
            self.known.add(hashlib.sha256(data).hexdigest())
        return p

    def known_below(self, sub):
        return {archive_check.sha256(p) for p in
                archive_check.walk_files(os.path.join(self.folder, sub))}

    def series(self, sub, study, count, size=32):
        for i in range(1, count + 1):
            self.add(f"{sub}/{i:03}", dcm.ct(study, 1, i,
                                            dcm.noise(study * 1000 + i, size)))

    def troubles(self, sub):
        self.add(f"{sub}/twice", dcm.ct(1, 1, 1, dcm.noise(1001, 32)))
        self.add(f"{sub}/other", dcm.ct(1, 1, 1, dcm.noise(9, 32)))
        self.add(f"{sub}/nouids", dcm.ct(1, 1, 1, dcm.noise(10, 32),
                                         leave_out={(8, 0x18), (0x20, 0xD)}),
                 known=False)
        self.add(f"{sub}/text", b"no DICOM\n", known=False)


# name: (setup before the record, script, second store or None, its statuses)
# In the scripts A is the archive, IN the inputs, STORE a store that prints.
SCENARIOS = {
    "init": ("", "pacs-init $ROOT/b; echo '{\"outcome\":\"made\"}'", ["one"],
             (0,)),
    "few": ("", "$STORE $IN/one", ["one"], (0,)),
    "troubles": ("", "$STORE $IN/one; s=0; $STORE $IN/bad || s=$?;"
                 "[ $s -eq 3 ] || exit $s",
                 ["one", "bad"], (3,)),
    "batch": ("$STORE $IN/one", "$STORE $IN/many", ["one", "many"], (0,)),
    "one-by-one": ("", "for f in $IN/one/*; do $STORE $f; done", ["one"], (0,)),
    "two-writers": ("", "$STORE $IN/one & $STORE $IN/one $IN/two; wait $!",
                    ["one", "two"], (0,)),
    "find-between": ("", "$STORE $IN/one; pacs-find -a $A --count;"
                     "$STORE $IN/two; pacs-find -a $A --count",
                     ["one", "two"], (0,)),
    "tar": ("tar -C $IN -cf $IN/../some.tar one", "$STORE $IN/../some.tar",
            ["../some.tar"], (0,)),
    "move": ("cp -r $IN/one $ROOT/src", "$STORE --move $ROOT/src", ["one"],
             (0,)),
    "recovery": ("$STORE $IN/two; dead() { if SHIM_ROOT=$A SHIM_KILL=$1 "
                 "LD_PRELOAD=$SHIM $STORE $2; then exit 9; fi; };"
                 "dead link:2 $IN/three; dead write:2 $IN/four;"
                 "dead unlink:1 $IN/five", "$STORE $IN/one",
                 ["one", "two", "three", "four", "five"], (0,)),
    "rebuild": ("$STORE $IN/one", "pacs-index update -a $A; "
                "pacs-index rebuild -a $A", ["one"], (0,)),
    "add": ("$STORE $IN/one; pacs-index update -a $A",
            "pacs-index add -a $A BitsStored; echo '{\"outcome\":\"added\"}';"
            "pacs-index add -a $A -L series HighBit", ["one"], (0,)),
    "repair": ("$STORE $IN/one; f=$(find $A/objects -name '*.1.1.1.dcm');"
               "chmod 600 $f; dd if=/dev/zero of=$f bs=64 seek=8 count=1 "
               "conv=notrunc 2>/dev/null", "$STORE $IN/one", ["one"], (0,)),
    "accept": ("$STORE $IN/one; $STORE $IN/bad || [ $? -eq 3 ]",
               "q() { pacs-quarantine list -a $A --format=tsv -f sha256,reason "
               "| awk -F '\\t' -v r=$1 '$2 == r { print $1 }'; };"
               "set -o pipefail; d=$(q conflict);"
               "pacs-quarantine accept -a $A --replace --why test $d;"
               "d=$(q no-uids); pacs-quarantine discard -a $A --why test $d",
               None, (0,)),
    "purge": ("$STORE $IN/one $IN/two",
              "pacs-purge -a $A --yes --why test "
              "StudyInstanceUID=1.2.826.0.1.3680043.10.1338.1",
              None, (0,)),
    # The marks of what was purged are lost, and made anew.
    "marks": ("$STORE $IN/one; pacs-purge -a $A --yes --why test "
              "StudyInstanceUID=1.2.826.0.1.3680043.10.1338.1 >&2;"
              "rm -r $A/purged", "$STORE $IN/two", ["two"], (0,)),
}


def make_inputs(folder):
    i = Inputs(folder)
    i.series("one", 1, 3)
    i.series("two", 2, 3)
    for n, sub in enumerate(("three", "four", "five"), 3):
        i.series(sub, n, 3)
    i.series("many", 10, 80)  # more than are flushed one by one
    i.troubles("bad")
    return i


def prepare(home, name):
    root = os.path.join(home, "root")
    os.mkdir(root)
    inputs = make_inputs(os.path.join(home, "in"))
    a = os.path.join(root, "a")
    env = {"PATH": os.path.join(BUILD, "bin") + ":" + os.environ["PATH"],
           "LC_ALL": "C", "TZ": "UTC", "HOME": home, "A": a, "ROOT": root,
           "IN": inputs.folder, "SHIM": os.path.join(BUILD, "fault/shim.so"),
           "STORE": f"pacs-store -a {a} --print --format=json"}
    subprocess.run(["pacs-init", a], env=env, check=True)
    before = os.path.join(home, "before.out")
    with open(before, "wb") as f:
        subprocess.run(["bash", "-c", "set -e; " + SCENARIOS[name][0]],
                       env=env, check=True, stdout=f)
    return root, inputs, env, before


def save_index(a, where):
    os.makedirs(where)
    for n in ("index", "index.db"):
        p = os.path.join(a, n)
        if os.path.isdir(p) and not os.path.islink(p):
            shutil.copytree(p, os.path.join(where, n), symlinks=True)
        elif os.path.lexists(p):
            shutil.copy2(p, os.path.join(where, n), follow_symlinks=False)
    return where


def indexes(home, root, env, name, when):
    """An index of the archive as it is now, made on a copy."""
    copy = os.path.join(home, f"copy-{name}")
    shutil.copytree(root, copy, symlinks=True)
    a = os.path.join(copy, "a")
    subprocess.run(["pacs-index", "update", "-a", a], env=env, check=True,
                   stdout=subprocess.DEVNULL)
    out = save_index(a, os.path.join(home, f"index-{when}"))
    shutil.rmtree(copy)
    return out


def derived(path):
    return path.startswith(("a/index/", "a/index.db"))


def crash(name, limit, full, keep, tell, lie=None):
    home = tempfile.mkdtemp(prefix="crash.", dir=replay.scratch_home())
    try:
        root, inputs, env, before = prepare(home, name)
        older = indexes(home, root, env, name, "older")
        journal = os.path.join(home, "journal")
        if lie:
            env["SHIM_LIE"] = lie
        status = replay.record(root, journal, ["bash", "-c", "set -e; "
                                               + SCENARIOS[name][1]],
                               env["SHIM"], env)
        env.pop("SHIM_LIE", None)
        if status:
            tell(f"{name}: the recorded script failed: status {status}")
            return 1
        newer = indexes(home, root, env, name, "newer")
        j = replay.load(journal)
        again, fine = SCENARIOS[name][2:]
        again = again and [os.path.join(inputs.folder, x) for x in again]
        if name == "init":
            known = inputs.known_below("one")
            checker = archive_check.Made("b", known, again)
        else:
            with open(before, "rb") as f:
                checker = archive_check.Archive(
                    "a", inputs.known, again, fine, (older, newer), f.read(),
                    name)
        return replay.explore(j, checker, derived, extra=4 if full else 1,
                              keep=keep, limit=0 if full else limit,
                              tell=lambda s: tell(f"{name}: {s}"))
    finally:
        shutil.rmtree(home, ignore_errors=True)


def main():
    ap = argparse.ArgumentParser(description=__doc__)
    ap.add_argument("scenario", choices=SCENARIOS)
    ap.add_argument("--limit", type=int, default=16)
    ap.add_argument("--keep")
    ap.add_argument("--lie", help="fsync or syncfs: a disk that only says so")
    a = ap.parse_args()
    full = os.environ.get("FAULT_FULL") == "1"
    return 1 if crash(a.scenario, a.limit, full, a.keep,
                      lambda s: print(s, flush=True), a.lie) else 0


if __name__ == "__main__":
    sys.exit(main())
