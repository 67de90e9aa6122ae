"""pacs-verify against sha256sum on the same objects, and its memory over a
ledger of very many lines."""
import hashlib
import os
import subprocess

from kit import (SCALE, Contender, compete, list_files, measure, program,
                 table, target)

LINES = int(os.environ.get("BENCH_LINES", "10000000"))


def warm(folder):
    """pacs-verify drops what it has read from memory."""
    for f in list_files(folder):
        with open(f, "rb") as g:
            g.read()


def run_verify(archive, files, work):
    warm(archive)
    return measure(program("pacs-verify"), "-a", archive)


def run_sha256sum(archive, files, work):
    warm(archive)
    wall, cpu, _ = measure("sh", "-c", 'find "$1" -type f -print0 | '
                           "xargs -0 sha256sum >/dev/null", "sh",
                           os.path.join(archive, "objects"))
    return wall, cpu, None


def speed(say, home, folder, title):
    archive = os.path.join(home, os.path.basename(folder) + ".archive")
    subprocess.run([program("pacs-init"), archive], check=True)
    subprocess.run([program("pacs-store"), "-a", archive, folder], check=True)
    contenders = [Contender("pacs-verify", run_verify),
                  Contender("sha256sum", run_sha256sum)]
    objects = os.path.join(archive, "objects")
    compete(contenders, archive, home, say)
    count = len(list_files(objects))
    for c in contenders:  # compete() counted the ledger and marker, too
        c.times = [t * len(list_files(archive)) / count for t in c.times]
    table(f"{title}: {count} objects verified", count, contenders, say)
    target(say, contenders, "sha256sum", 1 / 0.6)
    say()


def write_ledger(archive, count):
    """Append count objects that nobody has, in segments of 64 MiB."""
    folder = os.path.join(archive, "ledger")
    with open(os.path.join(folder, "000001.tsv")) as f:
        check = f.read().rstrip("\n").rsplit("\t", 1)[1]
    segment, out = 1, open(os.path.join(folder, "000001.tsv"), "a")
    for i in range(count):
        digest = hashlib.sha256(b"%d" % i).hexdigest()
        line = (f"2026-11-24T00:00:00.000000Z\tstore\t2.25.{i // 100}"
                f"\t2.25.{i // 50}.1\t2.25.{i}.2\t33000\t{digest}\tfile")
        check = hashlib.sha256((check + line).encode()).hexdigest()[:16]
        out.write(f"{line}\t{check}\n")
        if i % 300000 == 299999:
            out.close()
            segment += 1
            out = open(os.path.join(folder, f"{segment:06}.tsv"), "w")
    out.close()


def memory(say, home):
    """All objects are missing: each line is a finding, and none may be a
    broken chain."""
    archive, count = os.path.join(home, "ledger-only"), int(LINES * SCALE)
    subprocess.run([program("pacs-init"), archive], check=True)
    write_ledger(archive, count)
    found = os.path.join(home, "found")
    with open(found, "w") as out:
        wall, cpu, rss = measure(program("pacs-verify"), "-a", archive,
                                 "--quick", "-f", "kind", status=1, stdout=out)
    kinds = subprocess.run(["sort", "-u", found], stdout=subprocess.PIPE,
                           text=True, check=True).stdout
    lines = int(subprocess.run(["wc", "-l", found], stdout=subprocess.PIPE,
                               text=True, check=True).stdout.split()[0])
    if kinds != "missing\n" or lines != count:
        raise SystemExit(f"bench: pacs-verify found {lines} of {kinds}")
    say(f"pacs-verify --quick, {count} lines of the ledger, all missing: "
        f"{wall:.1f} s, peak memory {rss / 1024:.1f} MiB")
    say(f"  aim: 64 MiB: {'met' if rss <= 65536 else 'MISSED'}")
    say()
