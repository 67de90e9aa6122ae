#!/usr/bin/python3
"""A DICOM peer that misbehaves as it is told: raw sockets, no DICOM library.

    peer.py [OPTION...] [EVENT=ACTION[*TIMES][@N]...]

Prints "port N" when it listens, then a line for each thing that happens:
    association CALLED CALLING CONTEXTS      store UID SYNTAX BYTES SHA256
    released   aborted   closed              action N-ACTION UID
    tls-failed REASON

EVENT   connect    a connection was made
        associate  A-ASSOCIATE-RQ came
        command    the command of a C-STORE came, its data set not yet
        data       half of the data set (64 KiB at most) came
        store      all of it came
        echo       a C-ECHO came
        action     an N-ACTION came
        release    A-RELEASE-RQ came
ACTION  close reset silent garbage oversize
        stuck                  silent, and reads nothing either
        abort                  A-ABORT, and waits for the other side to close
        cut                    A-ABORT, and closes at once
        delay:SECONDS          go on as usual after that
        reject:RESULT,SOURCE,REASON            (associate)
        status:HEX[:COMMENT]                   (store, echo, action)
        lie                    success, but nothing is kept
        wrongid wronguid wrongfield            (store)
        half                   answer half a PDU, then silence
        empty                  fragments without bytes, for ever
        drip                   the answer, a byte every 20 ms
*TIMES  only so often, over all associations; @N only the N-th event of the kind.

With --event it answers N-ACTION (storage commitment) with N-EVENT-REPORT:
    same       on the same association        later:PORT  on a new one to PORT
    never      no word                        lie:N       the last N as failed
    honest     on the same association; what is not kept (lie) as failed
    retry:PORT as later, once, and again and again until somebody listens there
"""
import argparse
import hashlib
import os
import socket
import struct
import sys
import threading
import time

lock = threading.Lock()


def say(*words):
    with lock:
        print(*words, flush=True)


class Over(Exception):
    """The connection is done with."""


def element(group, number, value):
    if len(value) % 2:
        value += b"\0"
    return struct.pack("<HHI", group, number, len(value)) + value


def us(number, value):
    return element(0, number, struct.pack("<H", value))


def command(fields):
    body = b"".join(fields)
    return element(0, 0, struct.pack("<I", len(body))) + body


def parse(data):
    """An implicit little endian data set without sequences -> {tag: bytes}."""
    found, at = {}, 0
    while at + 8 <= len(data):
        group, number, size = struct.unpack_from("<HHI", data, at)
        found[group << 16 | number] = data[at + 8:at + 8 + size]
        at += 8 + size
    return found


def text(value):
    return value.rstrip(b"\0 ").decode("ascii", "replace")


class Rules:
    def __init__(self, words):
        self.rules = []
        self.seen = {}
        for word in words:
            event, action = word.split("=", 1)
            nth = times = None
            if "@" in action:
                action, nth = action.rsplit("@", 1)
            if "*" in action:
                action, times = action.rsplit("*", 1)
            self.rules.append([event, action, int(times) if times else None,
                               int(nth) if nth else None])

    def next(self, event):
        """What to do now that this happened; None: as usual."""
        with lock:
            count = self.seen[event] = self.seen.get(event, 0) + 1
            for rule in self.rules:
                if rule[0] != event or (rule[3] and rule[3] != count):
                    continue
                if rule[2] is not None:
                    if not rule[2]:
                        continue
                    rule[2] -= 1
                return rule[1]
        return None


class Association:
    def __init__(self, conn, opts, rules):
        self.conn, self.opts, self.rules = conn, opts, rules
        self.contexts = {}

    # --- bytes -----------------------------------------------------------

    def read(self, n):
        got = b""
        while len(got) < n:
            more = self.conn.recv(n - len(got))
            if not more:
                say("closed")
                raise Over
            got += more
        return got

    def pdu(self):
        kind, _, size = struct.unpack(">BBI", self.read(6))
        return kind, self.read(size)

    def drip(self, whole):
        for i in range(len(whole)):
            self.conn.sendall(whole[i:i + 1])
            time.sleep(0.02)

    def send_pdu(self, kind, body):
        self.conn.sendall(struct.pack(">BBI", kind, 0, len(body)) + body)

    def send(self, context, data, is_command=True, slowly=False):
        pdv = struct.pack(">IBB", len(data) + 2, context,
                          3 if is_command else 2) + data
        whole = struct.pack(">BBI", 4, 0, len(pdv)) + pdv
        if not slowly:
            self.conn.sendall(whole)
            return
        self.drip(whole)

    # --- misbehaviour ------------------------------------------------------

    def act(self, event):
        """Do what is to be done at this event; returns what is left to do."""
        action = self.rules.next(event)
        if action is None:
            return None
        if action == "close":
            raise Over
        if action == "reset":
            self.conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                 struct.pack("ii", 1, 0))
            raise Over
        if action in ("abort", "cut"):
            self.send_pdu(7, b"\0\0\2\1")
            if action == "abort":
                self.wait()
            raise Over
        if action == "silent":
            self.wait()
        if action == "stuck":
            time.sleep(self.opts.patience)
        if action == "garbage":
            self.conn.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n" + b"\xff" * 64)
            self.wait()
        if action == "oversize":
            self.conn.sendall(struct.pack(">BBI", 4, 0, 0xfffffff0) + b"x" * 64)
            self.wait()
        if action.startswith("delay:"):
            time.sleep(float(action[6:]))
            return None
        return action

    def wait(self):
        """Say nothing until the other side has had enough."""
        while self.conn.recv(65536):
            pass
        say("closed")
        raise Over

    # --- association -------------------------------------------------------

    def accept(self):
        kind, body = self.pdu()
        if kind != 1:
            raise Over
        called, calling = text(body[4:20]), text(body[20:36])
        action = self.act("associate")
        if action and action.startswith("reject:"):
            self.send_pdu(3, bytes([0] + [int(x) for x in
                                          action[7:].split(",")]))
            say("rejected")
            self.wait()
        answer = [body[:68]]
        at = 68
        while at + 4 <= len(body):
            item, _, size = struct.unpack_from(">BBH", body, at)
            data = body[at + 4:at + 4 + size]
            if item == 0x10:
                answer.append(body[at:at + 4 + size])
            elif item == 0x20:
                answer.append(self.context(data))
            at += 4 + size
        pdu = self.opts.pdu
        answer.append(struct.pack(">BBHBBHI", 0x50, 0, 8, 0x51, 0, 4, pdu))
        say("association", called, calling, len(self.contexts))
        body = b"".join(answer)
        if action == "drip":
            self.drip(struct.pack(">BBI", 2, 0, len(body)) + body)
        else:
            self.send_pdu(2, body)

    def context(self, data):
        number, at, sop_class, syntaxes = data[0], 4, "", []
        while at + 4 <= len(data):
            item, _, size = struct.unpack_from(">BBH", data, at)
            value = text(data[at + 4:at + 4 + size])
            if item == 0x30:
                sop_class = value
            else:
                syntaxes.append(value)
            at += 4 + size
        result, chosen = 0, syntaxes[0]
        if sop_class in self.opts.refuse or "all" in self.opts.refuse:
            result = 3
        elif self.opts.syntax:
            fit = [s for s in syntaxes if s in self.opts.syntax]
            result, chosen = (0, fit[0]) if fit else (4, syntaxes[0])
        if not result:
            self.contexts[number] = (sop_class, chosen)
        uid = chosen.encode()
        body = (struct.pack(">BBBB", number, 0, result, 0) +
                struct.pack(">BBH", 0x40, 0, len(uid)) + uid)
        return struct.pack(">BBH", 0x21, 0, len(body)) + body

    # --- messages ----------------------------------------------------------

    def messages(self):
        pending = None
        data = b""
        while True:
            kind, body = self.pdu()
            if kind == 5:
                if self.act("release") is None:
                    self.send_pdu(6, b"\0\0\0\0")
                say("released")
                raise Over
            if kind == 7:
                say("aborted")
                raise Over
            if kind != 4:
                say("what is", kind)
                raise Over
            at = 0
            while at < len(body):
                size, context, control = struct.unpack_from(">IBB", body, at)
                value = body[at + 6:at + 4 + size]
                at += 4 + size
                if control & 1:
                    pending, data, told = parse(value), b"", False
                    field = struct.unpack("<H", pending[0x100])[0]
                    if field == 1:
                        self.act("command")
                    if struct.unpack("<H", pending[0x800])[0] == 0x101:
                        self.message(context, pending, b"")
                    continue
                data += value
                if not told and (len(data) >= 65536 or control & 2):
                    told = True
                    self.act("data")
                if control & 2:
                    self.message(context, pending, data)

    def message(self, context, rq, data):
        field = struct.unpack("<H", rq[0x100])[0]
        if field == 0x30:
            self.echo(context, rq)
        elif field == 1:
            self.store(context, rq, data)
        elif field == 0x130:
            self.action(context, rq, data)

    def echo(self, context, rq):
        action = self.act("echo") or ""
        status = int(action[7:11], 16) if action.startswith("status:") else 0
        self.send(context, command([
            element(0, 2, rq[2]), us(0x100, 0x8030),
            element(0, 0x120, rq[0x110]), us(0x800, 0x101),
            us(0x900, status)]))

    def store(self, context, rq, data):
        action = self.act("store") or ""
        uid, message, status, comment = rq[0x1000], rq[0x110], 0, None
        field = 0x8001
        if action.startswith("status:"):
            parts = action.split(":", 2)
            status = int(parts[1], 16)
            comment = parts[2] if len(parts) > 2 else None
        elif action == "wrongid":
            message = struct.pack("<H", struct.unpack("<H", message)[0] + 7)
        elif action == "wronguid":
            uid = b"1.2.3.4.5"
        elif action == "wrongfield":
            field = 0x8020
        kept = action != "lie" and status in (0, 0xb000, 0xb006, 0xb007)
        if kept:
            self.opts.kept.add(text(rq[0x1000]))
            say("store", text(rq[0x1000]), self.contexts[context][1],
                len(data), hashlib.sha256(data).hexdigest())
            if self.opts.out:
                path = os.path.join(self.opts.out, text(rq[0x1000]))
                with open(path, "wb") as f:
                    f.write(data)
        fields = [element(0, 2, rq[2]), us(0x100, field),
                  element(0, 0x120, message), us(0x800, 0x101),
                  us(0x900, status)]
        if comment:
            fields.append(element(0, 0x902, comment.encode()))
        fields.append(element(0, 0x1000, uid))
        whole = command(fields)
        if action == "half":
            self.conn.sendall(struct.pack(">BBI", 4, 0, len(whole) + 6) +
                              whole[:10])
            self.wait()
        while action == "empty":
            self.conn.sendall(struct.pack(">BBIIBB", 4, 0, 6, 2, context, 1))
            time.sleep(0.02)
        self.send(context, whole, slowly=action == "drip")

    # --- storage commitment --------------------------------------------------

    def action(self, context, rq, data):
        action = self.act("action") or ""
        status = int(action[7:11], 16) if action.startswith("status:") else 0
        say("action", text(rq[0x1001]))
        self.send(context, command([
            element(0, 2, rq[3]), us(0x100, 0x8130),
            element(0, 0x120, rq[0x110]), us(0x800, 0x101),
            us(0x900, status), element(0, 0x1000, rq[0x1001]),
            us(0x1008, 1)]))
        if status:
            return
        explicit = self.contexts[context][1] != "1.2.840.10008.1.2"
        report, failed = event_report(data, explicit, self.opts.event,
                                      self.opts.kept)
        how = self.opts.event.split(":")[0]
        if how in ("same", "lie", "honest"):
            self.send(context, event_command(rq[3], failed))
            self.send(context, report, is_command=False)
            kind, body = self.pdu()
            say("event", "answered" if kind == 4 else "unanswered")
        elif how == "later" or (how == "retry" and not self.opts.called_back):
            self.opts.called_back = True
            later = threading.Thread(target=call_back, args=(
                int(self.opts.event.split(":")[1]), report, failed, explicit,
                how == "retry"))
            later.start()


PUSH = b"1.2.840.10008.1.20.1"
PUSH_INSTANCE = b"1.2.840.10008.1.20.1.1"


def event_command(sop_class, failed):
    return command([
        element(0, 2, sop_class), us(0x100, 0x100), us(0x110, 1),
        us(0x800, 1), element(0, 0x1000, PUSH_INSTANCE),
        us(0x1002, 2 if failed else 1)])


def event_report(data, explicit, how, kept):
    """The N-ACTION's data set as an N-EVENT-REPORT's: the last N of the
    references, or what is not kept, moved to the Failed SOP Sequence."""
    uids = []
    at = 0
    transaction = b""
    current = b""
    while at + 8 <= len(data):
        group, number = struct.unpack_from("<HH", data, at)
        if group == 0xfffe:
            at += 8
            continue
        if explicit:
            vr = data[at + 4:at + 6]
            if vr in (b"SQ", b"UN", b"OB", b"OW"):
                at += 12
                continue
            size = struct.unpack_from("<H", data, at + 6)[0]
        else:
            size = struct.unpack_from("<I", data, at + 4)[0]
            if (group, number) == (8, 0x1199):
                at += 8
                continue
        value = data[at + 8:at + 8 + size]
        at += 8 + size
        if (group, number) == (8, 0x1195):
            transaction = value
        elif (group, number) == (8, 0x1150):
            current = value
        elif (group, number) == (8, 0x1155):
            uids.append((current, value))
    bad = int(how.split(":")[1]) if how.startswith("lie") else 0
    good, failed = (uids[:-bad], uids[-bad:]) if bad else (uids, [])
    if how == "honest":
        good = [u for u in uids if text(u[1]) in kept]
        failed = [u for u in uids if text(u[1]) not in kept]

    def el(group, number, vr, value):
        if not explicit:
            return struct.pack("<HHI", group, number, len(value)) + value
        if vr == b"SQ":
            return struct.pack("<HH2sHI", group, number, vr, 0,
                               len(value)) + value
        return struct.pack("<HH2sH", group, number, vr, len(value)) + value

    def items(pairs, reason):
        out = b""
        for sop_class, uid in pairs:
            body = (el(8, 0x1150, b"UI", sop_class) +
                    el(8, 0x1155, b"UI", uid))
            if reason:
                body += el(8, 0x1197, b"US", struct.pack("<H", reason))
            out += struct.pack("<HHI", 0xfffe, 0xe000, len(body)) + body
        return out

    out = el(8, 0x1195, b"UI", transaction)
    if failed:
        out += el(8, 0x1198, b"SQ", items(failed, 0x0112))
    out += el(8, 0x1199, b"SQ", items(good, 0))
    return out, bool(failed)


def call_back(port, report, failed, explicit, again):
    """A new association, we as the provider (role selection, PS3.7 D.3.3.4)."""
    until = time.monotonic() + 60
    while True:
        time.sleep(0.2)
        try:
            conn = socket.create_connection(("127.0.0.1", port), 10)
            break
        except OSError:
            say("callback-failed")
            if not again or time.monotonic() > until:
                return
    syntax = b"1.2.840.10008.1.2.1" if explicit else b"1.2.840.10008.1.2"

    def item(kind, body):
        return struct.pack(">BBH", kind, 0, len(body)) + body

    role = struct.pack(">H", len(PUSH)) + PUSH + b"\0\1"
    body = (struct.pack(">HH", 1, 0) + b"BACK".ljust(16) + b"PEER".ljust(16) +
            bytes(32) + item(0x10, b"1.2.840.10008.3.1.1.1") +
            item(0x20, b"\1\0\0\0" + item(0x30, PUSH) + item(0x40, syntax)) +
            item(0x50, item(0x51, struct.pack(">I", 16384)) +
                 item(0x52, b"1.2.3.4") + item(0x54, role)))
    conn.sendall(struct.pack(">BBI", 1, 0, len(body)) + body)
    a = Association(conn, None, None)
    kind, _ = a.pdu()
    if kind != 2:
        say("callback-refused", kind)
        return
    a.send(1, event_command(PUSH, failed))
    a.send(1, report, is_command=False)
    kind, _ = a.pdu()
    say("event", "answered" if kind == 4 else "unanswered")
    a.send_pdu(5, b"\0\0\0\0")
    a.pdu()
    conn.close()


def serve(conn, opts, rules, context):
    try:
        conn.settimeout(opts.patience)
        if context:
            try:
                conn = context.wrap_socket(conn, server_side=True)
            except OSError as e:
                say("tls-failed", getattr(e, "reason", None) or e)
                return
        a = Association(conn, opts, rules)
        a.act("connect")
        a.accept()
        a.messages()
    except Over:
        pass
    except OSError as e:
        say("lost", e.__class__.__name__)
    finally:
        conn.close()


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--refuse", action="append", default=[],
                   help="a SOP class that is not taken; all")
    p.add_argument("--syntax", action="append", default=[],
                   help="the only transfer syntaxes that are taken")
    p.add_argument("--pdu", type=int, default=16384)
    p.add_argument("--out", help="folder for what is stored: bare data sets")
    p.add_argument("--event", default="same")
    p.add_argument("--host", default="127.0.0.1", help="address to listen on")
    p.add_argument("--port", type=int, default=0)
    p.add_argument("--backlog", type=int, default=64)
    p.add_argument("--deaf", action="store_true",
                   help="listen, and never accept a connection")
    p.add_argument("--patience", type=float, default=120)
    p.add_argument("--cert")
    p.add_argument("--key")
    p.add_argument("--client-ca", help="clients need a certificate by it")
    p.add_argument("rules", nargs="*")
    opts = p.parse_args()
    opts.called_back = False
    opts.kept = set()
    rules = Rules(opts.rules)
    context = None
    if opts.cert:
        import ssl  # takes as long as all else
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(opts.cert, opts.key)
        if opts.client_ca:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(opts.client_ca)
    server = socket.socket(socket.AF_INET6 if ":" in opts.host
                           else socket.AF_INET)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind((opts.host, opts.port))
    server.listen(opts.backlog)
    say("port", server.getsockname()[1])
    while True:
        if opts.deaf:
            time.sleep(3600)
        conn, _ = server.accept()
        threading.Thread(target=serve, args=(conn, opts, rules, context),
                         daemon=True).start()


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(0)
