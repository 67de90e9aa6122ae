#!/usr/bin/python3
"""Each command of tests/docs/failures.tsv ends as the table says.

Every row runs in a folder of its own. Beside status and standard error it is
checked that no object is lost: each file that was in the archive when the
command began is there with the same bytes when it has ended, purges and
repairs apart. Prints TAP. `failures.py NAME` runs one scenario.
"""
import concurrent.futures
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile

TOP = os.environ.get("PACS_TOP") or os.path.dirname(
    os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("PACS_BUILD", os.path.join(TOP, "build"))
TABLE = os.path.join(TOP, "tests/docs/failures.tsv")
SECONDS = 120
SKIP = " # skip needs root"

# Somebody else than the owner, where we can become somebody else.
PRELUDE = """
nobody() { setpriv --reuid=65534 --regid=65534 --clear-groups "$@"; }
# An open file description lock, as the programs take, through fd $1.
hold() { /usr/bin/python3 -c 'import fcntl, struct, sys
fcntl.fcntl(int(sys.argv[1]), 37, struct.pack("hh4xqqi4x", 1, 0, 0, 0, 0))' "$1"; }
# A real receiver on a free port, until the shell ends: $peer.
peer() {
	port=$(/usr/bin/python3 -c 'import socket
s = socket.socket()
s.bind(("127.0.0.1", 0))
print(s.getsockname()[1])')
	peer=ANY@127.0.0.1:$port
	storescp --ignore "$port" >../storescp.log 2>&1 &
	receiver=$!
	trap 'kill "$receiver"' EXIT
	/usr/bin/python3 -c 'import socket, sys, time
for i in range(1000):
    try:
        socket.create_connection(("127.0.0.1", int(sys.argv[1]))).close()
        break
    except OSError:
        time.sleep(0.01)
else:
    sys.exit("storescp does not answer")' "$port"
}
one=$(cd a && find objects -type f | LC_ALL=C sort | head -n 1)
"""


# One shell for both, since a preparation may change its environment.
SCRIPT = """
{ %s
} >../log 2>&1 || exit
find a/objects -type f -exec sha256sum {} + >../before 2>>../log || exit
: >../prepared
%s
"""


def rows():
    with open(TABLE) as f:
        for line in f:
            if not line.startswith("#"):
                row = line.rstrip("\n").split("\t")
                if len(row) != 5:
                    raise SystemExit(f"failures.tsv: not 5 fields: {line}")
                yield row


def run(folder, script):
    env = {k: v for k, v in os.environ.items() if not k.startswith("PACS_")}
    env.update(LC_ALL="C", TZ="UTC", PACS_ARCHIVE=os.path.join(folder, "a"),
               PATH=os.path.join(BUILD, "bin") + ":" + env["PATH"])
    return subprocess.run(["bash", "-c", PRELUDE + script], cwd=folder,
                          env=env, capture_output=True, timeout=SECONDS,
                          stdin=subprocess.DEVNULL)


def objects(folder):
    """path -> digest of what stands in the archive."""
    found = {}
    for top, _, names in os.walk(os.path.join(folder, "a/objects")):
        for name in names:
            path = os.path.join(top, name)
            with open(path, "rb") as f:
                found[os.path.relpath(path, folder)] = hashlib.sha256(f.read()).hexdigest()
    return found


def template(folder):
    for args in (["-o", "in", "--modality=CT", "--studies=1",
                  "--instances=3", "--seed=1"],
                 ["-o", "in", "--modality=US", "--studies=1",
                  "--instances=3", "--seed=2"],
                 ["-o", "new", "--modality=CT", "--studies=1",
                  "--instances=1", "--seed=3"]):
        done = run(folder, "pacs-phantom --rows=32 " + " ".join(args))
        if done.returncode:
            raise SystemExit(f"failures.py: no data: {done.stderr}")
    done = run(folder, "pacs-init a && pacs-store in && "
               "find new -type f -exec mv {} new.dcm ';' && rm -r new")
    if done.returncode or len(objects(folder)) != 6:
        raise SystemExit(f"failures.py: no archive: {done.stderr}")


def parse_sums(path):
    with open(path) as f:
        return {line[66:].rstrip("\n"): line[:64] for line in f}


def try_row(base, prepare, row):
    """None, or what is wrong."""
    _, _, status, message, command = row
    if "nobody" in command and os.geteuid() != 0:
        return SKIP
    top = tempfile.mkdtemp(dir=os.path.dirname(base))
    os.chmod(top, 0o755)
    work = os.path.join(top, "work")
    shutil.copytree(base, work, symlinks=True)
    try:
        done = run(work, SCRIPT % (prepare or ":", command))
        if not os.path.exists(os.path.join(top, "prepared")):
            with open(os.path.join(top, "log")) as f:
                return "the preparation failed: " + f.read()
        text = done.stderr.decode(errors="replace")
        if done.returncode != int(status):
            return f"status {done.returncode}, not {status}: {text}"
        if message and not re.search(message, text):
            return f"standard error does not say {message}: {text}"
        if not message and text:
            return f"standard error is not empty: {text}"
        return lost(parse_sums(os.path.join(top, "before")), objects(work),
                    command)
    except subprocess.TimeoutExpired:
        return f"still running after {SECONDS} s"
    finally:
        subprocess.run(["chmod", "-R", "u+rwx", top], check=False)
        shutil.rmtree(top)


def lost(before, after, command):
    for path, digest in before.items():
        if path not in after and "pacs-purge --yes" not in command:
            return f"lost: {path}"
        if path in after and after[path] != digest and "whole" not in command \
                and "repair" not in command:
            return f"changed: {path}"
    return None


def main():
    all_rows = list(rows())
    prepare = {r[0]: r[4] for r in all_rows if r[1] == "-"}
    only = sys.argv[1:]
    top = tempfile.mkdtemp()
    os.chmod(top, 0o755)
    base = os.path.join(top, "base")
    os.mkdir(base)
    failed = n = 0
    try:
        template(base)
        todo = [r for r in all_rows
                if r[1] != "-" and (not only or r[0] in only)]
        # Some wait for a lock; the others need not wait for them.
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            results = pool.map(
                lambda row: try_row(base, prepare[row[0]], row), todo)
            for row, wrong in zip(todo, results):
                n += 1
                print(("not ok" if wrong and wrong != SKIP else "ok") +
                      f" {n} - {row[0]}: {row[4]}" +
                      (SKIP if wrong == SKIP else ""), flush=True)
                if wrong and wrong != SKIP:
                    failed += 1
                    print("# " + wrong.replace("\n", "\n# "))
    finally:
        shutil.rmtree(top)
    print(f"1..{n}")
    return 1 if failed or not n else 0


if __name__ == "__main__":
    sys.exit(main())
