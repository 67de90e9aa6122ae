#!/usr/bin/python3
"""A slow cable: a TCP relay that is late, stalls, and can be pulled.

    relay.py [--delay SECONDS] [--stall BYTES,SECONDS[,TIMES]] PORT

Prints "port N" when it listens. What comes there goes to PORT of 127.0.0.1 and
back, each byte --delay later. --stall: whenever so many bytes have gone to the
peer, nothing goes for so long, as when packets are lost and sent again; at most
TIMES. SIGUSR1 pulls the cable: nothing goes either way, no connection is closed;
SIGUSR2 puts it in again.
"""
import argparse
import queue
import signal
import socket
import sys
import threading
import time

whole = threading.Event()  # the cable is in
lock = threading.Lock()


class Stall:
    def __init__(self, text):
        words = text.split(",") if text else ["0", "0", "0"]
        self.every, self.seconds = int(words[0]), float(words[1])
        self.times = int(words[2]) if len(words) > 2 else 1 << 30
        self.gone = 0

    def pay(self, n):
        """So many bytes go: how long to wait before them."""
        with lock:
            self.gone += n
            if not self.times or self.gone < self.every:
                return 0
            self.gone = 0
            self.times -= 1
        print("stalled", flush=True)
        return self.seconds


def put(late, there, stall):
    """What is due goes there."""
    try:
        while True:
            due, data = late.get()
            time.sleep(max(0, due - time.monotonic()))
            if stall and data:
                time.sleep(stall.pay(len(data)))
            whole.wait()
            if not data:
                there.shutdown(socket.SHUT_WR)
                return
            there.sendall(data)
    except OSError:
        there.close()


def carry(here, there, delay, stall):
    late = queue.Queue(256)
    threading.Thread(target=put, args=(late, there, stall),
                     daemon=True).start()
    data = b"-"
    while data:
        try:
            data = here.recv(16384)
        except OSError:
            data = b""
        late.put((time.monotonic() + delay, data))


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--delay", type=float, default=0)
    p.add_argument("--stall")
    p.add_argument("port", type=int)
    opts = p.parse_args()
    stall = Stall(opts.stall)
    whole.set()
    signal.signal(signal.SIGUSR1, lambda *_: whole.clear())
    signal.signal(signal.SIGUSR2, lambda *_: whole.set())
    server = socket.create_server(("127.0.0.1", 0))
    print("port", server.getsockname()[1], flush=True)
    while True:
        near, _ = server.accept()
        try:
            far = socket.create_connection(("127.0.0.1", opts.port))
        except OSError:
            near.close()
            continue
        for s in (near, far):
            s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for here, there, what in ((near, far, stall), (far, near, None)):
            threading.Thread(target=carry, args=(here, there, opts.delay, what),
                             daemon=True).start()


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(0)
