"""Damage for an archive: what is planted, and what must be named for it.

KINDS: a name, and a function of an archive's folder and a random.Random that
damages it. It gives the findings that must come, as kind and path, and words of
paths that others may have that follow from it.
"""
import hashlib
import os
import shutil
import stat


def read(path):
    with open(path, "rb") as f:
        return f.read()


def write(path, data):
    mode = 0o640
    if os.path.exists(path):
        mode = stat.S_IMODE(os.stat(path).st_mode)
        os.chmod(path, 0o600)
    with open(path, "wb") as f:
        f.write(data)
    os.chmod(path, mode)


def files(a, top, end=""):
    return sorted(os.path.relpath(os.path.join(d, n), a)
                  for d, _, names in os.walk(f"{a}/{top}") for n in names
                  if n.endswith(end))


def lines(a):
    """Segment, offset and text of each line of the ledger."""
    for name in files(a, "ledger", ".tsv"):
        at = 0
        for text in read(f"{a}/{name}").splitlines(keepends=True):
            yield name, at, text
            at += len(text)


def flipped(data, r):
    at = r.randrange(len(data))
    return data[:at] + bytes([data[at] ^ 1 << r.randrange(8)]) + data[at + 1:]


def gone(a, path, r):
    os.unlink(f"{a}/{path}")


def other_type(a, path, r):
    os.rename(f"{a}/{path}", a + "/../moved")
    r.choice((os.mkdir, os.mkfifo, lambda p: os.symlink(a + "/../moved", p)))(
        f"{a}/{path}")


def to_file(top, end, change, *kinds):
    def plant(a, r):
        path = r.choice(files(a, top, end))
        change(a, path, r)
        return [(k, path) for k in kinds], ()
    return plant


def to_bytes(top, end, change, kind):
    return to_file(top, end, lambda a, path, r: write(
        f"{a}/{path}", change(read(f"{a}/{path}"), r)), kind)


def swap(a, x, y):
    os.rename(f"{a}/{x}", f"{a}/z")
    os.rename(f"{a}/{y}", f"{a}/{x}")
    os.rename(f"{a}/z", f"{a}/{y}")


def two_objects(a, r):
    x, y = r.sample(files(a, "objects"), 2)
    swap(a, x, y)
    return [("damaged", x), ("damaged", y)], ()


def two_segments(a, r):
    x, y = r.sample(files(a, "ledger", ".tsv"), 2)
    swap(a, x, y)
    return [("ledger", min(x, y) + ":0")], {"/"}


def added(top, like, cut, name, kind):
    """A file more, made from the name of one that is there."""
    def plant(a, r):
        old = r.choice(files(a, like))
        path = name(top + old[len(like):len(old) - cut], r)
        os.makedirs(os.path.dirname(f"{a}/{path}"), exist_ok=True)
        write(f"{a}/{path}", b"x")
        os.chmod(f"{a}/{path}", 0o440)
        return [(kind, path)], ()
    return plant


def orphan(a, r):
    path = r.choice(files(a, "objects"))
    new = os.path.dirname(path) + "/1.2.3.dcm"
    r.choice((os.link, shutil.copy))(f"{a}/{path}", f"{a}/{new}")
    return [("orphan", new)], ()


def renamed(a, r):
    path = r.choice(files(a, "objects"))
    new = path[:-4] + r.choice((".DCM", "", ".dcm.bak"))
    os.rename(f"{a}/{path}", f"{a}/{new}")
    return [("missing", path), ("misplaced", new)], ()


def renamed_series(a, r):
    path = os.path.dirname(r.choice(files(a, "objects")))
    new = os.path.dirname(path) + "/1.2.3"
    want = [("missing", p) for p in files(a, path)]
    os.rename(f"{a}/{path}", f"{a}/{new}")
    return want + [("orphan", p) for p in files(a, new)], ()


def mode(a, r):
    path = r.choice(files(a, "objects") + files(a, "ledger"))
    for _ in range(r.randrange(path.count("/") + 1)):
        path = os.path.dirname(path)
    was = stat.S_IMODE(os.stat(f"{a}/{path}").st_mode)
    os.chmod(f"{a}/{path}", was | r.choice((0o020, 0o002, 0o022)))
    return [("mode", path)], ()


def edited(change):
    """change: what stands for a line, and how far behind its begin the chain
    breaks. What a broken line says is believed, so its object, its digest and
    the lines behind it may be told of too."""
    def plant(a, r):
        every = list(lines(a))
        i = r.randrange(len(every) - 1)
        (name, at, text), (next_name, _, after) = every[i:i + 2]
        new, wrong = change(text, after, r)
        data = read(f"{a}/{name}")
        write(f"{a}/{name}", data[:at] + new + data[at + len(text):])
        if not new and next_name != name:
            name, at = next_name, 0
        fields = (text + b"\t" + new + b"\t" + after).decode("latin1")
        study = (new.split(b"\t") + [b""] * 3)[2]
        return [("ledger", f"{name}:{at + wrong}")], {
            f for f in fields.split("\t") if len(f) > 20} | {
            "ledger/", "objects/" + hashlib.sha256(study).hexdigest()[:3]}
    return plant


def torn(a, r):
    name = files(a, "ledger", ".tsv")[-1]
    size = os.path.getsize(f"{a}/{name}")
    write(f"{a}/{name}", read(f"{a}/{name}") + r.choice((b"x", bytes(5000))))
    return [("ledger", f"{name}:{size}")], ()


def rolled_back(a, r):
    """The ledger's last lines go: what they spoke of is there, or is not."""
    name, at, _ = r.choice([x for x in lines(a) if x[0].endswith("3.tsv")])
    write(f"{a}/{name}", read(f"{a}/{name}")[:at])
    return [], {"objects/", "purged/", "quarantine/"}


def harmless(a, r):
    path = r.choice(files(a, "objects"))
    os.link(f"{a}/{path}", a + "/../linked")
    os.utime(f"{a}/{path}", (0, 0))
    return [], ()


KINDS = {
    "a flipped bit": to_bytes("objects", "", flipped, "damaged"),
    "a cut object": to_bytes(
        "objects", "", lambda d, r: d[:r.randrange(len(d))], "damaged"),
    "a grown object": to_bytes(
        "objects", "", lambda d, r: d + bytes(r.choice((1, 512))), "damaged"),
    "a hole": to_bytes(
        "objects", "", lambda d, r: d[:300] + bytes(len(d) - 300), "damaged"),
    "a missing object": to_file("objects", "", gone, "missing"),
    "no file where an object was":
        to_file("objects", "", other_type, "missing", "misplaced"),
    "two objects that changed places": two_objects,
    "an orphan": orphan,
    "an object of another name": renamed,
    "a series of another name": renamed_series,
    "a stray": added("objects", "objects", 0, lambda old, r: "/".join(
        old.split("/")[:r.randrange(1, 5)]) + "/stray", "misplaced"),
    "what others can write": mode,
    "a purged object that is there": added(
        "objects", "purged", 0, lambda old, r: old + ".dcm", "purged-present"),
    "a flipped bit in quarantine":
        to_bytes("quarantine", ".dcm", flipped, "quarantine"),
    "what is gone from quarantine":
        to_file("quarantine", "", gone, "quarantine"),
    "no file in quarantine":
        to_file("quarantine", ".dcm", other_type, "quarantine"),
    "what nobody set aside": added(
        "quarantine", "quarantine", 0,
        lambda old, r: f"quarantine/{r.getrandbits(256):064x}.dcm",
        "quarantine"),
    "a lost mark": to_file("purged", "", gone, "mark"),
    "no file where a mark was": to_file("purged", "", other_type, "mark"),
    "a mark too many":
        added("purged", "objects", 4, lambda old, r: old, "mark"),
    "a flipped bit in the ledger":
        edited(lambda text, after, r: (flipped(text, r), 0)),
    "a line twice": edited(lambda text, after, r: (text + text, len(text))),
    "a line less": edited(lambda text, after, r: (b"", 0)),
    "a line too early": edited(lambda text, after, r: (after + text, 0)),
    "a line without an end": torn,
    "the ledger's last lines gone": rolled_back,
    "segments that changed places": two_segments,
    "a lost lock": to_file("ledger", "lock", gone, "folder"),
    "what is no damage": harmless,
}
