#!/usr/bin/python3
"""Sending: pacs-send beside storescu and dcmsend, to the same peers in one run.

Speed to `storescp --ignore` with TCP_NODELAY=1 for all, contenders in turn; a
peer 50 ms away (a relay in Python); memory with an object
of 2 GB; and what each says, as an exit status, when the peer misbehaves.

  BENCH_RUNS=5   rounds      BENCH_SCALE=1   part of the files
  BENCH_SEND="speed distance memory truth"
"""
import os
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time

sys.dont_write_bytecode = True

from kit import (BUILD, RUNS, SCALE, Report, dcm,  # noqa: E402
                 list_files, make_files, measure, peers, program)

ONLY = os.environ.get("BENCH_SEND", "speed distance memory truth").split()
HERE = os.path.dirname(os.path.abspath(__file__))
os.environ["TCP_NODELAY"] = "1"


def listening(port, process):
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            if process.poll() is not None:
                raise SystemExit("bench: a peer did not start")
            time.sleep(0.02)


class Storescp:
    def __init__(self, *options):
        self.port = peers.free_port()
        self.process = subprocess.Popen(
            ["storescp", *options, str(self.port)], stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        listening(self.port, self.process)

    def stop(self):
        self.process.terminate()
        self.process.wait()


class BadPeer:
    def __init__(self, *words):
        self.process = subprocess.Popen(
            ["/usr/bin/python3", os.path.join(HERE, "../helper/peer.py"),
             *words], stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline().split()[1])
        threading.Thread(target=self.process.stdout.read, daemon=True).start()

    def stop(self):
        self.process.terminate()
        self.process.wait()


class Relay:
    """A peer that is far: bytes arrive a while after they were sent."""

    def __init__(self, port, delay):
        self.to, self.delay = port, delay
        self.server = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.server.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                near, _ = self.server.accept()
            except OSError:
                return
            far = socket.create_connection(("127.0.0.1", self.to))
            for s in (near, far):
                s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for a, b in ((near, far), (far, near)):
                self.pipe(a, b)

    def pipe(self, a, b):
        waiting, more = [], threading.Condition()

        def read():
            data = b"x"
            while data:
                try:
                    data = a.recv(1 << 18)
                except OSError:
                    data = b""
                with more:
                    waiting.append((time.monotonic() + self.delay, data))
                    more.notify()

        def write():
            data = b"x"
            while data:
                with more:
                    while not waiting:
                        more.wait()
                    when, data = waiting.pop(0)
                time.sleep(max(0, when - time.monotonic()))
                try:
                    b.sendall(data) if data else b.shutdown(socket.SHUT_WR)
                except OSError:
                    return

        for f in (read, write):
            threading.Thread(target=f, daemon=True).start()

    def stop(self):
        self.server.close()


def ours(port, *options):
    return [program("pacs-send"), "-q", *options, f"ANY@127.0.0.1:{port}"]


SENDERS = {
    "pacs-send": lambda port: ours(port),
    "storescu": lambda port: ["storescu", "+sd", "+r", "127.0.0.1", str(port)],
    "dcmsend": lambda port: ["dcmsend", "+sd", "+r", "-q", "127.0.0.1",
                             str(port)],
}


def median(values):
    return sorted(values)[len(values) // 2]


def line(say, name, times, count, size, rss=None):
    m = median(times)
    say(f"  {name:24} {m:8.3f} s ({min(times):.3f} to {max(times):.3f})"
        f" {count / m:8.0f} objects/s {size / m / 2**20:7.1f} MiB/s"
        + (f"  {rss / 1024:.1f} MiB" if rss else ""))


def total(folder):
    return sum(os.path.getsize(os.path.join(d, f))
               for d, _, fs in os.walk(folder) for f in fs)


def replay(port, files):
    """Seconds that storescp takes of it: the messages are in memory, the
    association is there, nothing is looked at."""
    return float(subprocess.run(
        [os.path.join(BUILD, "bench/replay"), str(port), *files], check=True,
        text=True, stdout=subprocess.PIPE).stdout.split()[0])


def speed(say, title, folder, count, wanted):
    scp = Storescp("--ignore")
    times = {name: [] for name in SENDERS}
    rss, floor = {}, []
    files = list_files(folder)
    try:
        for _ in range(RUNS):
            for name, command in SENDERS.items():
                wall, _, rss[name] = measure(*command(scp.port), folder)
                times[name].append(wall)
            floor.append(replay(scp.port, files))
    finally:
        scp.stop()
    say(f"{title}: {count} objects, one association, storescp --ignore")
    for name in SENDERS:
        line(say, name, times[name], count, total(folder), rss[name])
    line(say, "replay of the same bytes", floor, count, total(folder))
    ratio = median(times["storescu"]) / median(times["pacs-send"])
    say(f"  storescu / pacs-send: {ratio:.2f} (wanted: {wanted}; storescu / "
        f"replay: {median(times['storescu']) / median(floor):.2f})")
    say()


def distance(say, folder, count):
    scp = Storescp("--ignore", "--fork")
    relay = Relay(scp.port, 0.025)
    times = {1: [], 4: []}
    try:
        for _ in range(RUNS):
            for jobs in times:
                wall, _, _ = measure(*ours(relay.port, "-j", str(jobs)),
                                     folder)
                times[jobs].append(wall)
    finally:
        relay.stop()
        scp.stop()
    say(f"{count} objects over a round trip of 50 ms")
    for jobs in times:
        line(say, f"pacs-send -j {jobs}", times[jobs], count, total(folder))
    ratio = median(times[1]) / median(times[4])
    say(f"  -j 1 / -j 4: {ratio:.2f} (wanted: 3.5)")
    say()


def memory(say, home):
    big = os.path.join(home, "big.dcm")
    size = 2 << 30
    with open(big, "wb") as f:
        head = dcm.ct(1, 1, 1, b"", 16384, 16384)
        f.write(head[:-4] + size.to_bytes(4, "little"))
        f.truncate(len(head) + size)
    scp = Storescp("--ignore")
    try:
        wall, _, rss = measure(*ours(scp.port), big)
    finally:
        scp.stop()
    say(f"one object of 2 GiB: {wall:.2f} s, {size / wall / 2**20:.0f} MiB/s, "
        f"peak memory {rss / 1024:.1f} MiB (wanted: 64 at most)")
    say()
    os.unlink(big)


SCENARIOS = [
    ("takes everything", 0, []),
    ("refuses the class", "not 0", ["--refuse", "all"]),
    ("C000 for one object", "not 0", ["store=status:C000@2"]),
    ("A700 for ever", "not 0", ["store=status:A700"]),
    ("B006, elements dropped", "not 0", ["store=status:B006@1"]),
    ("rejects for good", "not 0", ["associate=reject:1,1,7"]),
    ("rejects for now", "not 0", ["associate=reject:2,3,1"]),
    ("answers another UID", "not 0", ["store=wronguid"]),
    ("answers another message", "not 0", ["store=wrongid"]),
    ("aborts after the data", "not 0", ["store=abort"]),
    ("resets amid the data", "not 0", ["data=reset"]),
    ("never answers", "not 0", ["store=silent"]),
    ("garbage", "not 0", ["store=garbage"]),
]


def truth(say, folder):
    """Exit status and seconds of each sender; what is left after 10 s hangs."""
    say("exit status when the peer ..., and after how long")
    say("  (pacs-send with --timeout=2 --retry=1; dcmsend and storescu as they "
        "come)")
    say(f"  {'':26}{'pacs-send':>14}{'storescu':>14}{'dcmsend':>14}")
    commands = dict(SENDERS)
    commands["pacs-send"] = lambda port: ours(port, "--timeout=2", "--retry=1")
    wrong = 0
    for what, want, words in SCENARIOS:
        row = f"  {what:26}"
        for name, command in commands.items():
            peer = BadPeer(*words)
            begun = time.monotonic()
            try:
                status = subprocess.run(
                    [*command(peer.port), folder], timeout=10,
                    stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL).returncode
                cell = f"{status} {time.monotonic() - begun:.1f} s"
            except subprocess.TimeoutExpired:
                status, cell = None, "hangs"
            peer.stop()
            right = status == 0 if want == 0 else status not in (0, None)
            if name == "pacs-send" and not right:
                wrong += 1
            row += f"{cell + ('' if right else ' !'):>14}"
        say(row)
    say("  !: it says that all went well, or says nothing for 10 s")
    say()
    if wrong:
        raise SystemExit("bench: pacs-send said what is not so")


def main():
    home = tempfile.mkdtemp(prefix="bench.", dir=os.environ.get("BENCH_DIR",
                                                                BUILD))
    say = Report(os.path.join(BUILD, "bench-send.txt"))
    random.seed(1)
    try:
        if "speed" in ONLY:
            for title, n, rows, wanted in (("CT of 33 KB", 4000, 128, 2.5),
                                           ("CT of 525 KB", 1000, 512, 2)):
                folder = os.path.join(home, str(rows))
                n = max(20, int(n * SCALE))
                make_files(folder, n, rows)
                speed(say, title, folder, n, wanted)
        few = os.path.join(home, "few")
        make_files(few, 160, 128)
        if "distance" in ONLY:
            distance(say, few, 160)
        if "memory" in ONLY:
            memory(say, home)
        if "truth" in ONLY:
            three = os.path.join(home, "three")
            make_files(three, 3, 64)
            truth(say, three)
    finally:
        shutil.rmtree(home)


main()
