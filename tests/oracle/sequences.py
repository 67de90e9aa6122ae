#!/usr/bin/python3
"""Random sequences of operations against a model.

A few objects, with conflicts, copies in other encodings, cut ones and one
without UIDs, are stored, purged, damaged, lost, repaired, filed from
quarantine, backed up and restored, in any order. After each step records and
statuses, what pacs-find, pacs-quarantine and (after each fourth, or with
CHECK_ALL) pacs-verify say, and the files themselves are what
tests/helper/model.py says. 60 steps (STEPS), 2000 with CHECK_ALL, from a seed
that is printed (SEED repeats it). Prints TAP.
"""
import collections
import copy
import io
import os
import random
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "../helper"))

import tap  # noqa: E402
from model import Model, Thing, digest  # noqa: E402
from planted import files, read, write  # noqa: E402

BIN = os.path.join(os.environ.get("PACS_BUILD", "build"), "bin")
ALL = os.environ.get("CHECK_ALL")
SEED = os.environ.get("SEED") or (str(int(time.time())) if ALL else "1")
STEPS = int(os.environ.get("STEPS") or (2000 if ALL else 60))


def run(program, *args, ok=(0,), data=b""):
    p = subprocess.run([os.path.join(BIN, program), *args], timeout=120,
                       capture_output=True, input=data)
    out = p.stdout.decode("utf-8", "replace")
    if p.returncode not in ok:
        raise AssertionError(f"{program} {args}: {p.returncode} {ok} {out} "
                             f"{p.stderr.decode('utf-8', 'replace')}")
    return p.returncode, sorted(s.split("\t") for s in out.splitlines())


def same(what, is_, should):
    if is_ != should:
        raise AssertionError(f"{what}: {is_} should be {should}")


class Sequence:
    def __init__(self, top, r):
        self.top, self.r, self.m = top, r, Model()
        self.a, self.repo, self.lives = top + "/a0", top + "/repo", 0
        self.snapshot = {}
        run("pacs-init", self.a)
        self.make_things()

    def make_things(self):
        """Three places of two studies; the last one is for what has no UIDs."""
        self.uids, self.pool = [], []
        for n, count in enumerate(("2", "1")):
            for syntax in ("1.2.1", "1.2"):
                d = f"{self.top}/{n}{syntax}"
                _, rows = run("pacs-phantom", "-o", d, f"--seed={n + 1}",
                              "--rows=16", "--instances=" + count, "--print",
                              "--syntax=1.2.840.10008." + syntax, "-f",
                              "path,StudyInstanceUID,SeriesInstanceUID,"
                              "SOPInstanceUID")
                for path, *uids in rows:
                    if uids not in self.uids:
                        self.uids.append(uids)
                    p = self.uids.index(uids)
                    self.add(read(path), p, f"meaning {p}")
        for t in self.pool[:3]:
            self.add(t.data[:-1] + bytes([t.data[-1] ^ 1]), t.place,
                     t.meaning + " changed")
            self.add(t.data[:-20], t.place, cut=True)
        sop = b"\x08\x00\x18\x00UI"
        self.add(self.pool[0].data.replace(sop, b"\x08\x00\x17\x00UI"), None)
        self.uids.append(self.uids[0][:2] + ["1.2.3"])
        self.names = {f"{d}/{n}": i for i, (s, d, n) in enumerate(self.uids)}

    def add(self, *args, **opts):
        self.pool.append(self.m.know(Thing(*args, **opts)))

    def path(self, p):
        s, d, n = self.uids[p]
        return f"objects/{digest(s.encode())[:3]}/{s}/{d}/{n}.dcm"

    # --- operations ---------------------------------------------------------

    def some_things(self):
        """Of a place whose object is lost only one: before its line is in the
        ledger the next can be a repair of it."""
        things = []
        for t in self.r.choices(self.pool, k=self.r.randint(1, 4)):
            if (t.place in self.m.there or t.place not in self.m.record or
                    t.place not in [x.place for x in things]):
                things.append(t)
        return things

    def outcomes(self, m, things, again, dry):
        """What is told of each, and the status."""
        told = [(m.fate if dry else m.store)(t, again) for t in things]
        bad = any(o in ("conflict", "quarantined") or t.cut
                  for t, (o, _) in zip(things, told))
        return told, 3 if bad else 0

    def store(self):
        things = self.some_things()
        again, dry, move = (self.r.random() < x for x in (.3, .2, .3))
        told, status = self.outcomes(self.m, things, again, dry)
        d = tempfile.mkdtemp(dir=self.top)
        names = [f"{n}.dcm" for n in range(len(things))]
        args = ["-a", self.a, "-j1", "-n" if dry else "--print",
                "-f", "source,outcome,reason"] + ["--again"] * again
        if self.r.random() < .3:
            data = io.BytesIO()
            with tarfile.open(fileobj=data, mode="w") as tar:
                for n, t in zip(names, things):
                    member = tarfile.TarInfo(n)
                    member.size = len(t.data)
                    tar.addfile(member, io.BytesIO(t.data))
            _, rows = run("pacs-store", *args, "--stdin", ok=(status,),
                          data=data.getvalue())
        else:
            for n, t in zip(names, things):
                write(f"{d}/{n}", t.data)
            _, rows = run("pacs-store", *args, *["--move"] * move,
                          *(f"{d}/{n}" for n in names), ok=(status,))
            stay = [n for n, t, (o, _) in zip(names, things, told)
                    if dry or not move or t.cut or
                    o in ("conflict", "quarantined")]
            same("what stays", sorted(os.listdir(d)), stay)
        shutil.rmtree(d)
        same("records", [(os.path.basename(s), o, w) for s, o, w in rows],
             [(n, *x) for n, x in zip(names, told)])
        return things, again, dry, move

    def killed_store(self):
        """Done or not. Not a repair, which can also be half done: set aside,
        and not yet replaced (tests/fault/crash.bats)."""
        t, again = self.r.choice(self.pool), self.r.random() < .5
        if self.m.fate(t, again)[0] == "repaired":
            return None
        write(self.top + "/x", t.data)
        p = subprocess.Popen(
            [BIN + "/pacs-store", "-q", "-a", self.a, self.top + "/x"] +
            ["--again"] * again, stderr=subprocess.DEVNULL)
        try:
            p.wait(self.r.uniform(0, .02))
        except subprocess.TimeoutExpired:
            p.kill()
            p.wait()
        run("pacs-store", "-a", self.a, "-")  # recovers
        after = copy.deepcopy(self.m)
        after.store(t, again)
        if self.on_disk() == self.expected(after):
            self.m = after
        elif p.returncode >= 0:
            same("after a store", self.on_disk(), self.expected(after))
        return t, again, p.returncode

    def purge(self):
        p = self.r.randrange(len(self.uids))
        on = p in self.m.record
        _, rows = run("pacs-purge", "-a", self.a, "--yes", "--print", "--why=x",
                      "-f", "outcome,path", "SOPInstanceUID=" + self.uids[p][2],
                      ok=(0 if on else 1,))
        same("records", rows, [["purged", self.path(p)]] if on else [])
        if on:
            self.m.purge(p)
        return p

    def quarantine(self):
        if not self.m.aside:
            return None
        sha = self.r.choice(sorted(self.m.aside))
        verb, *opts = self.r.choice((
            ("discard", "--why=x"), ("accept",), ("accept", "--replace")))
        if verb == "discard":
            del self.m.aside[sha]
            run("pacs-quarantine", "-a", self.a, *opts, verb, sha)
            return sha, verb
        p = self.m.named[sha]
        if self.r.random() < (.7 if p is None else .1):
            p = self.r.choice((0, len(self.uids) - 1))
            opts += ["--uid=StudyInstanceUID=" + self.uids[p][0],
                     "--uid=SeriesInstanceUID=" + self.uids[p][1],
                     "--uid=SOPInstanceUID=" + self.uids[p][2]]
        good = self.m.accept(sha, p, "--replace" in opts)
        run("pacs-quarantine", "-a", self.a, *opts, verb, sha,
            ok=(0 if good else 3,))
        return sha, verb, opts, p

    def damage(self):
        if not self.m.there:
            return None
        p = self.r.choice(sorted(self.m.there))
        t = self.m.things[self.m.there[p]]
        at = self.r.randrange(len(t.data) - 400, len(t.data) - 30)
        data = bytearray(t.data)
        data[at] ^= 1 << self.r.randrange(8)
        new = self.m.know(Thing(bytes(data), t.place, cut=t.cut))
        path = f"{self.a}/{self.path(p)}"
        os.unlink(path)  # it may have a second name
        write(path, new.data)
        os.chmod(path, 0o440)
        self.m.there[p] = new.sha
        return p, new.sha

    def lose(self):
        if not self.m.there:
            return None
        p = self.r.choice(sorted(self.m.there))
        os.unlink(f"{self.a}/{self.path(p)}")
        del self.m.there[p]
        return p

    def repair(self):
        d = tempfile.mkdtemp(dir=self.top)
        copies = [t for t in self.m.things.values() if self.r.random() < .6]
        for n, t in enumerate(copies):
            write(f"{d}/{n}", t.data)
        was = list(self.m.wrong())
        mended = list(self.m.repair({t.sha for t in copies}))
        # What is truncated is looked at before anything is mended.
        rows = [[k, self.path(p), "true" if p in mended else "false"]
                for k, p in was]
        self.verify(rows, "--repair-from=" + d)
        shutil.rmtree(d)
        return was, mended

    def verify(self, rows, *opts):
        bad = any(r[2] == "false" for r in rows)
        _, found = run("pacs-verify", "-a", self.a, *opts, "-f",
                       "kind,path,mended", ok=(1 if bad else 0,))
        same("findings", found, sorted(rows))

    def index(self):
        return run("pacs-index", "-a", self.a,
                   self.r.choice(("rebuild", "update")))

    def lose_derived(self):
        what = self.r.choice((["purged"], ["index", "index.db"]))
        for n in what:
            subprocess.run(["rm", "-rf", f"{self.a}/{n}"], check=True)
        run("pacs-store", "-a", self.a, "-")  # marks are made anew
        return what

    def backup(self):
        if any(k != "truncated" for k, _ in self.m.wrong()):
            return None
        run("pacs-backup", "create", "-a", self.a, "-r", self.repo)
        self.snapshot = dict(self.m.record)
        if self.r.random() < .5:
            self.lives += 1
            new = f"{self.top}/a{self.lives}"
            run("pacs-backup", "restore", "-r", self.repo, "-o", new)
            shutil.rmtree(self.a)
            self.a = new
        return self.a

    def restore(self):
        if not self.snapshot:
            return None
        study = self.uids[self.r.choice(sorted(self.snapshot))][0]
        good = [self.m.restore(p, sha) for p, sha in self.snapshot.items()
                if self.uids[p][0] == study]
        run("pacs-backup", "restore", "-r", self.repo, "-o", self.a,
            "StudyInstanceUID=" + study, ok=(0 if all(good) else 3,))
        return study

    # --- what is so after each ----------------------------------------------

    def on_disk(self):
        objects = {f: digest(read(f"{self.a}/{f}"))
                   for f in files(self.a, "objects")}
        aside = {f[11:-4]: digest(read(f"{self.a}/{f}"))
                 for f in files(self.a, "quarantine", ".dcm")}
        marks = files(self.a, "purged")
        return objects, aside, marks

    def expected(self, m):
        return ({self.path(p): sha for p, sha in m.there.items()},
                {sha: sha for sha in m.aside},
                sorted("purged" + self.path(p)[7:-4] for p in m.purged))

    def check(self, deep):
        same("files", self.on_disk(), self.expected(self.m))
        _, rows = run("pacs-quarantine", "-a", self.a, "-f", "sha256,reason",
                      "list")
        same("quarantine", rows, sorted(map(list, self.m.aside.items())))
        _, rows = run("pacs-find", "-a", self.a, "-L", "instance",
                      "-f", "path,size_bytes", ok=(not self.m.record,))
        same("pacs-find", rows, sorted(
            [self.path(p), str(len(self.m.things[sha].data))]
            for p, sha in self.m.record.items()))
        if deep:
            self.verify([[k, self.path(p), "false"] for k, p in self.m.wrong()])
            same("incoming", os.listdir(self.a + "/incoming"), [])


OPERATIONS = {"store": 8, "killed_store": 1, "purge": 3, "quarantine": 4,
              "damage": 2, "lose": 1, "repair": 2, "index": 1,
              "lose_derived": 1, "backup": 2, "restore": 2}


def main():
    print("# SEED=" + SEED)
    r = random.Random(SEED)
    words = []
    done, log, bad = collections.Counter(), [], []
    with tempfile.TemporaryDirectory() as top:
        s = Sequence(top, r)
        for n in range(STEPS):
            if not words:  # a deck, so that each of them comes
                words = [w for w, n in OPERATIONS.items() for _ in range(n)]
                r.shuffle(words)
            word = words.pop()
            try:
                did = getattr(s, word)()
                log.append(f"{n} {word} {did}")
                s.check(ALL or n % 4 == 3)
            except AssertionError as e:
                bad = [f"step {n}, {word}: {e}"] + log[:-8:-1]
                if os.environ.get("KEEP"):
                    shutil.copytree(top, os.environ["KEEP"], symlinks=True)
                break
            done[word] += did is not None
    tap.ok(not bad, f"{STEPS} operations do what the manual says", bad)
    print("#", dict(done))
    return tap.plan()


sys.exit(main())
