"""Is an archive, after a crash, what its programs promised?

Judges by the bytes and by pacs-archive(5), with no code of the toolkit: the
chain of the ledger is computed here, digests by hashlib. Then the programs are
run on it: the next one must recover, a second run of the same store must end
well, and every answer must agree with the disk.
"""
import hashlib
import json
import os
import random
import shutil
import subprocess

SAFE = {"stored", "duplicate", "repaired"}
ASIDE = {"conflict", "quarantined"}
PLACES = {"store", "adopt", "replace"}


def sha256(path):
    with open(path, "rb") as f:
        return hashlib.sha256(f.read()).hexdigest()


def object_path(study, series, sop):
    shard = hashlib.sha256(study.encode()).hexdigest()[:3]
    return f"objects/{shard}/{study}/{series}/{sop}.dcm"


def read_ledger(archive):
    """(lines as lists of fields, complaint or None)."""
    folder = os.path.join(archive, "ledger")
    check, lines = "0" * 16, []
    for name in sorted(n for n in os.listdir(folder)
                       if n.endswith(".tsv") and n[:-4].isdigit()):
        with open(os.path.join(folder, name), "rb") as f:
            raw = f.read()
        if raw and not raw.endswith(b"\n"):
            return lines, f"ledger/{name} ends within a line"
        for n, line in enumerate(raw.splitlines(), 1):
            text, _, said = line.rpartition(b"\t")
            check = hashlib.sha256(check.encode() + text).hexdigest()[:16]
            if said.decode("latin-1") != check:
                return lines, f"ledger/{name} line {n}: the chain is broken"
            lines.append(text.decode().split("\t"))
    return lines, None


def expected(lines):
    """What the ledger says is there: ({path: digest}, {quarantined digest})."""
    objects, aside = {}, set()
    for f in lines:
        op, triple, digest = f[1], f[2:5], f[6]
        if op in PLACES:
            objects[object_path(*triple)] = digest
        elif op in ("purge", "void"):
            objects.pop(object_path(*triple), None)
        elif op == "quarantine":
            aside.add(digest)
        elif op in ("release", "x-release"):
            aside.discard(digest)
    return objects, aside


def walk_files(top):
    for folder, _, names in os.walk(top):
        for n in names:
            yield os.path.join(folder, n)


class Archive:
    """A checker for replay.explore. known: digests that may be in objects/;
    again: arguments for the second store (None: no second store); fine: its
    exit statuses; indexes: folders with an older and a newer index; before:
    what had been acknowledged when the record began; kind: the scenario, since
    a purge, a replacement and a repair are changes of what was promised."""

    def __init__(self, name, known, again, fine=(0,), indexes=(), before=b"",
                 kind=""):
        self.name, self.known, self.again = name, known, again
        self.fine, self.indexes, self.kind = fine, indexes, kind
        self.before = before
        self.bin = os.path.join(os.environ["PACS_BUILD"], "bin")
        self.env = {"PATH": os.environ["PATH"], "LC_ALL": "C", "TZ": "UTC",
                    "HOME": "/nonexistent"}

    def run(self, *args):
        p = subprocess.run([os.path.join(self.bin, args[0]), *args[1:]],
                           stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                           stderr=subprocess.PIPE, env=self.env, timeout=120)
        return (p.returncode, p.stdout.decode(errors="replace"),
                p.stderr.decode(errors="replace"))

    def check(self, root, out, salt=0):
        dice = random.Random(salt)
        a = os.path.join(root, self.name)
        bad = []
        said = self.promises(out)
        if self.kind != "repair":  # there, one was damaged on purpose
            said = self.promises(self.before) + said
        bad += self.whole(a)
        self.change_index(a, dice)
        first = dice.choice(("find", "find", "update", "store"))
        if first == "store" and self.again is None:
            first = "find"
        if first == "update":
            bad += self.expect("pacs-index", "update", "-a", a)
        if first == "store":
            bad += self.store_again(a, dice)
        found = self.find(a, bad)
        bad += self.keeps(a, said, found)
        if first != "store" and self.again is not None:
            bad += self.store_again(a, dice)
            found = self.find(a, bad)
            bad += self.keeps(a, said, found)
        bad += self.agrees(a, found, dice)
        if self.kind == "add":
            bad += self.has_keys(a, said, found)
        return bad

    def has_keys(self, a, said, found):
        """A key that was added is one, of every object; else it is none."""
        with open(os.path.join(a, "pacs-archive")) as f:
            marker = f.read()
        bad = []
        if any(r["outcome"] == "added" for r in said) and \
                "index-key=BitsStored " not in marker:
            bad.append("acknowledged as added, and not in the marker")
        for key, level in (("BitsStored", "instance"), ("HighBit", "series")):
            status, out, err = self.run("pacs-find", "-a", a, "-L", "instance",
                                        "--count", f"{key}=11..12")
            if f"index-key={key} {level} US {key}\n" not in marker:
                if status != 2:
                    bad.append(f"{key} is no key, and status {status}")
            elif status or int(out) != len(found):
                bad.append(f"{key}: {out.strip()} of {len(found)}: {err}")
        return bad + self.expect("pacs-index", "add", "-a", a, "BitsStored")

    def change_index(self, a, dice):
        """The index is derived: none, an older and a newer one must do."""
        turn = dice.choice(("as it is", "none", *self.indexes))
        if turn == "as it is":
            return
        index = os.path.join(a, "index")
        shutil.rmtree(index, ignore_errors=True)
        link = os.path.join(a, "index.db")
        if os.path.lexists(link):
            os.unlink(link)
        os.mkdir(index, 0o750)
        if turn != "none":
            shutil.copytree(turn, a, symlinks=True, dirs_exist_ok=True)

    @staticmethod
    def promises(out):
        """Whole records that were acknowledged."""
        records = []
        for line in out.decode(errors="replace").splitlines(keepends=True):
            if line.endswith("\n") and line.startswith("{"):
                records.append(json.loads(line))
        return records

    def whole(self, a):
        """A name in objects/ implies whole bytes; so in quarantine/."""
        bad = []
        for p in walk_files(os.path.join(a, "objects")):
            if self.kind != "repair" and sha256(p) not in self.known:
                bad.append(f"{p[len(a) + 1:]} is not whole "
                           f"({os.path.getsize(p)} bytes)")
        for p in walk_files(os.path.join(a, "quarantine")):
            base = os.path.basename(p)
            if base.endswith(".dcm") and sha256(p) != base[:64]:
                bad.append(f"{p[len(a) + 1:]} is not whole")
        return bad

    def expect(self, *args, fine=(0,)):
        status, _, err = self.run(*args)
        if status not in fine:
            return [f"{' '.join(args[:2])}: status {status}: {err[-300:]}"]
        return []

    def find(self, a, bad):
        status, out, err = self.run("pacs-find", "-a", a, "--paths")
        found = []
        for line in out.splitlines():
            cut = line.find("objects/")
            found.append(line[cut:])
        if status != (0 if found else 1):
            bad.append(f"pacs-find: status {status}, {len(found)} paths: "
                       f"{err[-300:]}")
        if len(set(found)) != len(found):
            bad.append("pacs-find: the same path twice")
        return set(found)

    def keeps(self, a, said, found):
        """Acknowledged = present, intact, recorded, found."""
        bad = []
        lines, trouble = read_ledger(a)
        if trouble:
            bad.append(trouble)
        objects, aside = expected(lines)
        for r in said:
            if r["outcome"] in SAFE:
                bad += self.keeps_object(a, r, objects, found)
            elif r["outcome"] in ASIDE:
                bad += self.keeps_aside(a, r, aside)
        return bad

    def keeps_object(self, a, r, objects, found):
        p = r["path"]
        if self.kind in ("purge", "marks") and p not in objects:
            return []  # recorded as purged, as was asked
        if not os.path.exists(os.path.join(a, p)):
            return [f"acknowledged as {r['outcome']} and lost: {p}"]
        bad = []
        digest = sha256(os.path.join(a, p))
        if digest != r["sha256"] and self.kind != "accept":
            bad.append(f"acknowledged and other bytes: {p}")
        if p not in objects:
            bad.append(f"acknowledged and not in the ledger: {p}")
        elif objects[p] != digest:
            bad.append(f"ledger and object differ: {p}")
        if p not in found:
            bad.append(f"acknowledged and not found: {p}")
        return bad

    def keeps_aside(self, a, r, aside):
        if self.kind == "accept" and r["sha256"] not in aside:
            return []  # recorded as accepted or discarded
        p = os.path.join(a, "quarantine", r["sha256"] + ".dcm")
        if not os.path.exists(p):
            return [f"set aside and lost: {r['sha256']}"]
        if r["sha256"] not in aside:
            return [f"set aside and not in the ledger: {r['sha256']}"]
        return []

    def store_again(self, a, dice):
        status, out, err = self.run("pacs-store", "-a", a, "--print",
                                    "--format=json",
                                    f"-j{dice.choice((1, 2))}", *self.again)
        bad = []
        if status not in self.fine:
            bad.append(f"second store: status {status}: {err[-300:]}")
        said = self.promises(out.encode())
        for r in said:
            if r["outcome"] == "failed":
                bad.append(f"second store: failed {r['reason']}")
        return bad + self.keeps(a, said, {r["path"] for r in said})

    def agrees(self, a, found, dice):
        """Disk, ledger and index say the same; nothing is left over."""
        lines, trouble = read_ledger(a)
        bad = [trouble] if trouble else []
        objects, aside = expected(lines)
        disk = {p[len(a) + 1:]: sha256(p)
                for p in walk_files(os.path.join(a, "objects"))}
        if disk != objects:
            odd = sorted(set(disk.items()) ^ set(objects.items()))
            bad.append(f"ledger and objects differ: {odd[:3]}")
        if found != set(disk):
            odd = sorted(found ^ set(disk))
            bad.append(f"pacs-find and objects differ: {odd[:3]}")
        there = {os.path.basename(p)[:64] for p in
                 walk_files(os.path.join(a, "quarantine"))
                 if p.endswith(".dcm")}
        # What is to be replaced is set aside first: until then it holds its
        # place as well, and needs no line.
        odd = (there ^ aside) - (there & set(disk.values()))
        if odd:
            bad.append(f"ledger and quarantine differ: {sorted(odd)[:3]}")
        left = os.listdir(os.path.join(a, "incoming"))
        if self.again is not None and left:
            bad.append(f"left in incoming: {left[:3]}")
        if dice.random() < 0.25:
            bad += self.expect("pacs-index", "check", "-a", a)
        if dice.random() < 0.25:
            bad += self.expect("pacs-verify", "-a", a)
        return bad


class Made(Archive):
    """Judges pacs-init: an archive that it said was made works; a half made
    one is no archive, and is refused with a word or made now."""

    def check(self, root, out, salt=0):
        a = os.path.join(root, self.name)
        said = any(r["outcome"] == "made" for r in self.promises(out))
        bad = []
        if not said:
            status, _, err = self.run("pacs-init", a)
            there = os.path.exists(os.path.join(a, "pacs-archive"))
            if status not in (0, 4) or (status and not err):
                bad.append(f"pacs-init: status {status}: {err[-200:]}")
            if status and not there:
                return bad
        bad += self.expect("pacs-store", "-a", a, *self.again)
        found = self.find(a, bad)
        if len(found) != len(self.known):
            bad.append(f"{len(found)} objects are found")
        return bad + self.agrees(a, found, random.Random(salt))
