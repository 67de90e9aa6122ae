"""A repository with one night in it and what is new, and the judgement of what
became of it: shared by backup.py (kill, fail) and backup_states.py (no power).

Digests are computed here, not by the toolkit."""
import hashlib
import os
import subprocess

import dcm

BIN = os.path.join(os.environ["PACS_BUILD"], "bin")
SHIM = os.path.join(os.environ["PACS_BUILD"], "fault/shim.so")
ENV = {"PATH": BIN + ":" + os.environ["PATH"], "LC_ALL": "C", "TZ": "UTC",
       "HOME": "/nonexistent"}
ROOT_UID = "1.2.826.0.1.3680043.10.1338"

# What each scenario does; capitals stand for folders below the root.
COMMANDS = {
    "night": ["pacs-backup", "create", "-a", "A", "-r", "REPO", "-j1",
              "--pack-size=64K"],
    "restore": ["pacs-backup", "restore", "-r", "REPO", "-o", "OUT"],
    "prune": ["pacs-backup", "prune", "-r", "REPO", "--keep-daily=1"],
    "copy": ["pacs-backup", "copy", "-r", "REPO", "SECOND"],
}


def command(scenario, root):
    return [os.path.join(root, w.lower())
            if w in ("A", "REPO", "OUT", "SECOND") else w
            for w in COMMANDS[scenario]]


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


class Past:
    """root/a with one night in root/repo, and more that is new; for all but a
    night, a second one. before, now: what was there at the first night, and
    is there now. Of the first night a whole pack is purged by now."""

    def __init__(self, home, scenario):
        self.scenario = scenario
        self.root = os.path.join(home, "root")
        os.mkdir(self.root)
        a, repo = (os.path.join(self.root, n) for n in ("a", "repo"))
        must("pacs-init", a)
        for i in range(1, 13):
            put(os.path.join(home, f"one/{i}"),
                dcm.ct(1 + i % 3, 1, i, dcm.noise(i, 3000)))
        put(os.path.join(home, "one/large"),
            dcm.ct(9, 1, 1, dcm.noise(99, 70000)))
        must("pacs-store", "-a", a, os.path.join(home, "one"))
        night = ["pacs-backup", "create", "-a", a, "-r", repo, "-j1",
                 "--pack-size=64K"]
        must(*night)
        self.packs = os.listdir(os.path.join(repo, "packs/000001"))
        self.before = digests(a)
        for i in range(1, 9):
            put(os.path.join(home, f"two/{i}"),
                dcm.ct(5 + i % 2, 1, i, dcm.noise(i, 20000)))
        must("pacs-store", "-a", a, os.path.join(home, "two"))
        for what in (f"SOPInstanceUID={ROOT_UID}.1.1.3",
                     f"StudyInstanceUID={ROOT_UID}.9"):
            must("pacs-purge", "-a", a, "--yes", "--why=test", what)
        self.now = digests(a)
        if scenario != "night":
            must(*night)

    def restored(self, root, repo, name, want, *more):
        out = os.path.join(root, name)
        status, _, err = run("pacs-backup", "restore", "-r",
                             os.path.join(root, repo), "-o", out, *more)
        if status:
            return [f"restore of {repo} {more}: status {status}: {err[-200:]}"]
        if digests(out) != want:
            return [f"restore of {repo} {more}: not what was there"]
        status, said, err = run("pacs-verify", "-a", out)
        if status:
            return [f"pacs-verify of {name}: {status} {said[-200:]} {err}"]
        return []

    @staticmethod
    def whole(root, repo):
        status, said, err = run("pacs-backup", "verify", "-r",
                                os.path.join(root, repo), "--read-data")
        if status:
            return [f"verify of {repo}: {status}: {said[-300:]}{err[-200:]}"]
        return []

    def check(self, root, done=False):
        """Without faults: all is as promised. done: the command had said that
        it was done."""
        a, repo = os.path.join(root, "a"), os.path.join(root, "repo")
        bad = self.whole(root, "repo")
        if self.scenario in ("night", "restore", "copy"):
            bad += self.restored(root, "repo", "first", self.before,
                                 "--snapshot=1")
        if self.scenario == "night" and done:
            bad += self.restored(root, "repo", "second", self.now,
                                 "--snapshot=2")
        if self.scenario == "prune":
            bad += self.pruned(root, done)
        if self.scenario == "copy":
            bad += self.copied(root, done)
        status, _, err = run("pacs-backup", "create", "-a", a, "-r", repo)
        if status:
            bad.append(f"the next night: status {status}: {err[-300:]}")
        bad += self.whole(root, "repo")
        bad += self.restored(root, "repo", "again", self.now)
        if digests(a) != self.now:
            bad.append("the archive has changed")
        left = os.listdir(os.path.join(repo, "tmp"))
        if left and self.scenario == "night":
            bad.append(f"left in tmp: {left}")
        return bad

    def pruned(self, root, done):
        repo = os.path.join(root, "repo")
        bad = self.restored(root, "repo", "last", self.now)
        if done and os.path.exists(os.path.join(repo, "snapshots/000001")):
            bad.append("said to be pruned, and the snapshot is there")
        status, _, err = run(*command("prune", root))
        if status:
            bad.append(f"the next prune: {status}: {err[-200:]}")
        packs = os.listdir(os.path.join(repo, "packs/000001"))
        if len(packs) != len(self.packs) - 1:
            bad.append(f"pruned twice, and these packs are left: {packs}")
        return bad

    def copied(self, root, done):
        second = os.path.join(root, "second")
        bad = []
        if done:
            bad += self.whole(root, "second")
            bad += self.restored(root, "second", "there", self.now)
        elif os.path.exists(os.path.join(second, "snapshots/000001")):
            bad += self.whole(root, "second")
        status, _, err = run(*command("copy", root))
        if status:
            bad.append(f"the next copy: {status}: {err[-200:]}")
        bad += self.whole(root, "second")
        bad += self.restored(root, "second", "there-again", self.now)
        return bad + self.restored(root, "second", "there-first", self.before,
                                   "--snapshot=1")
