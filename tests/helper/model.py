"""What an archive should hold after each operation, as the manual pages say.

Bytes are known by their digest. A thing has a place (the number of a triple of
UIDs, None: it says none), a meaning (same: another encoding) and may end early.
"""
import hashlib


def digest(data):
    return hashlib.sha256(data).hexdigest()


class Thing:
    def __init__(self, data, place, meaning=None, cut=False):
        self.data, self.sha = data, digest(data)
        self.place, self.cut = place, cut
        self.meaning = meaning or self.sha

    def __repr__(self):
        return f"{self.sha[:6]}@{self.place}{'!' * self.cut}"


class Model:
    def __init__(self):
        self.things = {}   # by digest
        self.record = {}   # place: digest that the ledger has
        self.there = {}    # place: digest of the file
        self.purged = set()
        self.aside = {}    # digest: reason
        self.named = {}    # digest: the place that it had or would have
        self.filed = {}    # digest: places that were given to it

    def know(self, thing):
        return self.things.setdefault(thing.sha, thing)

    def wrong(self):
        """The findings of pacs-verify: kind and place."""
        for p, sha in self.record.items():
            if p not in self.there:
                yield "missing", p
            elif self.there[p] != sha:
                yield "damaged", p
            elif self.things[sha].cut:
                yield "truncated", p

    def put(self, p, sha):
        self.record[p] = self.there[p] = sha
        self.purged.discard(p)

    def set_aside(self, sha, reason, p, again=False):
        if again or sha not in self.aside:
            self.aside[sha], self.named[sha] = reason, p

    def put_over(self, p, sha, reason):
        self.set_aside(self.there[p], reason, p, again=True)
        self.put(p, sha)

    def fate(self, t, again):
        """Outcome and reason of storing a thing."""
        p, sha = t.place, t.sha
        same = any(self.there.get(g) == sha for g in self.filed.get(sha, ()))
        cut = "truncated" if t.cut else ""
        if p is None:
            return ("duplicate", cut) if same else ("quarantined", "no-uids")
        if p in self.purged and not again:
            return ("duplicate", cut) if same else ("quarantined", "purged")
        if p not in self.there:
            return "stored", cut
        held = self.things[self.there[p]]
        if held.sha == sha:
            return "duplicate", cut
        if held.meaning == t.meaning and len(held.data) != len(t.data):
            return "duplicate", "same-meaning"
        if self.record[p] == sha:
            return "repaired", cut
        return ("duplicate", cut) if same else ("conflict", "differs")

    def store(self, t, again=False):
        outcome, reason = self.fate(t, again)
        if outcome == "stored":
            self.put(t.place, t.sha)
        elif outcome == "repaired":
            self.put_over(t.place, t.sha, "damaged")
        elif outcome == "conflict":
            self.set_aside(t.sha, "conflict", t.place)
        elif outcome == "quarantined":
            self.set_aside(t.sha, reason, t.place)
        return outcome, reason

    def purge(self, p):
        del self.record[p]
        self.there.pop(p, None)
        self.purged.add(p)

    def accept(self, sha, p, replace):
        """False: it stays where it is."""
        if p is None or (p in self.there and not replace):
            return False
        if self.things[sha].place != p:
            self.filed.setdefault(sha, set()).add(p)
        if p in self.there:
            self.put_over(p, sha, "replaced")
        self.put(p, sha)
        del self.aside[sha]
        return True

    def repair(self, copies):
        """The places that are right again."""
        for kind, p in list(self.wrong()):
            sha = self.record[p]
            if kind == "truncated" or sha not in copies:
                continue
            if kind == "damaged":
                self.set_aside(self.there[p], "damaged", p, again=True)
            self.there[p] = sha
            yield p

    def restore(self, p, sha):
        """One object of a backup, into the archive. False: the place has
        another one."""
        if p not in self.there:
            self.put(p, sha)
        elif self.there[p] != sha:
            if self.record[p] != sha:
                return False
            self.put_over(p, sha, "damaged")
        return True
