"""The shim's journal, and the file system that it describes.

A journal is a list of operations on inodes (data) and on directory entries
(names), some of which are barriers. `State` is what a set of them, applied in
order to the tree that was there before, leaves on the disk.
"""
import hashlib
import os
import stat
import struct

(CREATE, WRITE, COPY, TRUNCATE, RESERVE, LINK, SYMLINK, RENAME, UNLINK, RMDIR,
 MKDIR, CHMOD, FSYNC, SYNCFS, RANGE) = range(1, 16)
NAMES = ("any create write copy truncate reserve link symlink rename unlink "
         "rmdir mkdir chmod fsync syncfs range").split()
MAGIC = 0x31304A46
HEAD = struct.Struct("<II7Q6I")

# How an operation takes part in a state.
ABSENT, WHOLE, HALF, NULS = range(4)


class Op:
    """One change. `fid` names the inode it is about, `parent` (and `parent2`)
    the folder of `name` (`name2`), whatever their inode numbers were."""
    __slots__ = ("index", "kind", "fid", "parent", "parent2", "name", "name2",
                 "offset", "size", "out", "data", "mode", "flags", "pid",
                 "covered_at", "path")

    def is_name(self):
        return self.kind in (CREATE, LINK, SYMLINK, RENAME, UNLINK, RMDIR,
                             MKDIR) and self.flags != 1

    def is_data(self):
        return self.kind in (WRITE, COPY)

    def __str__(self):
        where = f"{self.path or self.name}"
        more = f" -> {self.name2}" if self.name2 else ""
        size = f" {len(self.data)} at {self.offset}" if self.is_data() else ""
        return f"#{self.index} {NAMES[self.kind]} {where}{more}{size}"


class Tree:
    """What was below the root before the program ran. nodes: fid -> (kind,
    mode, bytes or target); entries: folder's fid -> {name: fid}. Root is 0."""

    def __init__(self):
        self.nodes = {0: ("dir", 0o755, b"")}
        self.entries = {0: {}}
        self.paths = {0: ""}
        self.inodes = {}

    @classmethod
    def read(cls, root):
        t = cls()
        t.inodes[os.stat(root).st_ino] = 0
        t._read(root, 0)
        return t

    def _read(self, folder, fid):
        for e in sorted(os.scandir(folder), key=lambda e: e.name):
            st = e.stat(follow_symlinks=False)
            child = self.inodes.get(st.st_ino)
            if child is None:
                child = len(self.nodes)
                self.inodes[st.st_ino] = child
                self.nodes[child] = self._node(e, st)
                self.paths[child] = os.path.join(self.paths[fid], e.name)
            self.entries[fid][e.name] = child
            if self.nodes[child][0] == "dir":
                self.entries[child] = {}
                self._read(e.path, child)

    @staticmethod
    def _node(e, st):
        mode = stat.S_IMODE(st.st_mode)
        if e.is_symlink():
            return ("link", mode, os.readlink(e.path).encode())
        if e.is_dir():
            return ("dir", mode, b"")
        with open(e.path, "rb") as f:
            return ("file", mode, f.read())


class Journal:
    """ops (barriers included, in order), the tree before, and how much had
    been said on stdout after each operation."""

    def __init__(self, tree, raw, out):
        self.tree = tree
        self.out = out
        self.inodes = dict(tree.inodes)
        self.paths = dict(tree.paths)
        self.next_fid = len(tree.nodes)
        self.ops = []
        self._data = {}  # fid -> uncovered data operations
        self._names = {}  # folder's fid -> uncovered operations on names
        pos = 0
        while pos < len(raw):
            pos = self._parse(raw, pos)

    def _parse(self, raw, pos):
        (magic, kind, ino, parent, parent2, offset, size, out, data_size, mode,
         flags, pid, n1, n2, _) = HEAD.unpack_from(raw, pos)
        if magic != MAGIC:
            raise ValueError(f"journal is damaged at {pos}")
        pos += HEAD.size
        op = Op()
        op.index, op.kind, op.offset, op.size = len(self.ops), kind, offset, size
        op.out, op.mode, op.flags, op.pid = out, mode, flags, pid
        op.name = raw[pos:pos + n1].decode("utf-8", "surrogateescape")
        op.name2 = raw[pos + n1:pos + n1 + n2].decode("utf-8", "surrogateescape")
        pos += n1 + n2
        op.data = raw[pos:pos + data_size]
        op.covered_at = None
        op.path = None
        op.parent = self._folder(parent) if parent else None
        op.parent2 = self._folder(parent2) if parent2 else None
        self._name_inode(op, ino)
        self._cover(op)
        self.ops.append(op)
        return pos + data_size

    def _folder(self, ino):
        if ino not in self.inodes:
            raise ValueError(f"a folder that nobody made: inode {ino}")
        return self.inodes[ino]

    def _name_inode(self, op, ino):
        """Inode numbers are used again after an unlink; a fid never is."""
        if op.kind in (CREATE, SYMLINK, MKDIR) and op.flags != 1:
            self.inodes[ino] = self.next_fid
            self.next_fid += 1
        op.fid = None
        if op.kind in (UNLINK, RMDIR, SYNCFS):
            op.path = self._path(op.parent, op.name)
            return
        if ino not in self.inodes:
            raise ValueError(f"{NAMES[op.kind]} of an inode that nobody made")
        op.fid = self.inodes[ino]
        if op.parent is not None and op.fid not in self.paths:
            self.paths[op.fid] = self._path(op.parent, op.name)
        op.path = self._path(op.parent, op.name) if op.name else \
            self.paths.get(op.fid)

    def _path(self, folder, name):
        return os.path.join(self.paths.get(folder, "?"), name)

    def _cover(self, op):
        """A barrier covers what came before it: of one file its data, of one
        folder its names (a rename is atomic, so either folder will do)."""
        if op.kind == SYNCFS:
            for ops in (*self._data.values(), *self._names.values()):
                for o in ops:
                    o.covered_at = o.covered_at or op.index
            self._data, self._names = {}, {}
        elif op.kind == FSYNC:
            for o in (*self._data.pop(op.fid, ()), *self._names.pop(op.fid, ())):
                o.covered_at = o.covered_at or op.index
        elif op.is_name():
            for folder in {op.parent, op.parent2} - {None}:
                self._names.setdefault(folder, []).append(op)
        elif op.kind != RANGE:
            self._data.setdefault(op.fid, []).append(op)

    def changes(self, point):
        """(covered, uncovered) changes if the power fails after `point`."""
        covered, rest = [], []
        for o in self.ops[:point + 1]:
            if o.kind in (FSYNC, SYNCFS, RANGE):
                continue
            done = o.covered_at is not None and o.covered_at <= point
            (covered if done else rest).append(o)
        return covered, rest

    def said(self, point):
        """Bytes of stdout that were out before the change after `point`."""
        if point + 1 < len(self.ops):
            return max(o.out for o in self.ops[:point + 2])
        return len(self.out)


class State:
    """A crash state: the tree before plus chosen operations, each in a way."""

    def __init__(self, journal, chosen, ways=None):
        self.journal = journal
        self.entries = {f: dict(e) for f, e in journal.tree.entries.items()}
        self.data_ops = {}
        self.kinds = {f: n[0] for f, n in journal.tree.nodes.items()}
        self.modes = {f: n[1] for f, n in journal.tree.nodes.items()}
        self.targets = {}
        for op in chosen:
            self._apply(op, ways.get(op.index, WHOLE) if ways else WHOLE)

    def _apply(self, op, way):
        k = op.kind
        if k in (CREATE, MKDIR, SYMLINK, LINK):
            if k == CREATE and op.flags == 1:
                self.data_ops.setdefault(op.fid, []).append((op.index, way))
                return
            if op.fid not in self.kinds:
                self._make(op)
            if op.flags != 2:
                self.entries.setdefault(op.parent, {})[op.name] = op.fid
        elif k in (UNLINK, RMDIR):
            old = self.entries.get(op.parent, {}).get(op.name)
            if old is not None and not (k == RMDIR and self.entries.get(old)):
                del self.entries[op.parent][op.name]
        elif k == RENAME:
            self._rename(op)
        elif k == CHMOD:
            self.modes[op.fid] = stat.S_IMODE(op.mode)
        else:
            self.data_ops.setdefault(op.fid, []).append((op.index, way))

    def _make(self, op):
        self.kinds[op.fid] = {MKDIR: "dir", SYMLINK: "link"}.get(op.kind, "file")
        self.modes[op.fid] = stat.S_IMODE(op.mode)
        if op.kind == MKDIR:
            self.entries.setdefault(op.fid, {})
        if op.kind == SYMLINK:
            self.targets[op.fid] = op.name2.encode("utf-8", "surrogateescape")

    def _rename(self, op):
        """Its fid may never have got its first name: then it is there with
        what data it has."""
        if op.fid not in self.kinds:
            first = next(o for o in self.journal.ops if o.fid == op.fid)
            self._make(first)
        old = self.entries.get(op.parent, {})
        if old.get(op.name) == op.fid:
            del old[op.name]
        self.entries.setdefault(op.parent2, {})[op.name2] = op.fid

    def content(self, fid, cache):
        """(bytes, digest) of a file."""
        key = (fid, tuple(self.data_ops.get(fid, ())))
        if key not in cache:
            b = self._build(fid, key[1])
            cache[key] = (b, hashlib.sha256(b).digest())
        return cache[key]

    def _build(self, fid, steps):
        node = self.journal.tree.nodes.get(fid)
        b = bytearray(node[2] if node else b"")
        for index, way in steps:
            op = self.journal.ops[index]
            if op.kind == CREATE:
                b.clear()
            elif op.kind == TRUNCATE:
                b = b[:op.size].ljust(op.size, b"\0")
            elif op.kind == RESERVE:
                b = b.ljust(op.size, b"\0")
            else:
                d = op.data
                if way == HALF:
                    d = d[:len(d) // 2]
                elif way == NULS:
                    d = bytes(len(d))
                b = b.ljust(op.offset, b"\0")
                b[op.offset:op.offset + len(d)] = d
        return bytes(b)

    def walk(self, fid=0, path=""):
        """(path, fid) of everything that can be reached, folders first."""
        for name, child in sorted(self.entries.get(fid, {}).items()):
            p = os.path.join(path, name)
            yield p, child
            if self.kinds[child] == "dir":
                yield from self.walk(child, p)

    def target(self, fid):
        node = self.journal.tree.nodes.get(fid)
        return node[2] if node else self.targets[fid]

    def prints(self, cache, volatile):
        """Fingerprint of the tree: path -> what is there. Paths for which
        volatile() is true (memory shared by programs) do not count."""
        names = {}
        out = {}
        for path, fid in self.walk():
            if volatile(path):
                continue
            kind = self.kinds[fid]
            what = b""
            if kind == "file":
                what = self.content(fid, cache)[1]
                names.setdefault(fid, path)
                what += names[fid].encode("utf-8", "surrogateescape")
            elif kind == "link":
                what = self.target(fid)
            out[path] = (kind, what)
        return out

    def write(self, root, cache, volatile=lambda p: False):
        """Build it below root, an empty folder."""
        done = {}
        for path, fid in self.walk():
            full = os.path.join(root, path)
            kind = self.kinds[fid]
            if kind == "dir":
                os.mkdir(full, self.modes[fid] | 0o700)
            elif kind == "link":
                os.symlink(self.target(fid), full)
            elif volatile(path):
                continue
            elif fid in done:
                os.link(done[fid], full)
            else:
                done[fid] = full
                fd = os.open(full, os.O_CREAT | os.O_WRONLY, 0o600)
                os.write(fd, self.content(fid, cache)[0])
                os.fchmod(fd, self.modes[fid])
                os.close(fd)


def volatile(path):
    """SQLite's shared memory is no durable state; it is mapped, so the shim
    does not see what is written there."""
    return path.endswith("-shm")


def differences(state, root, cache):
    """What the shim did not see: the state of all operations against the tree
    that is really there."""
    want = {p: w for p, w in state.prints(cache, volatile).items()}
    real = Tree.read(root)
    there = {p: w for p, w in
             State(Journal(real, b"", b""), []).prints({}, volatile).items()}
    bad = []
    for p in sorted(set(want) | set(there)):
        if want.get(p) != there.get(p):
            bad.append(p)
    return bad
