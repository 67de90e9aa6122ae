#!/usr/bin/python3
"""A small store for testing the tester: toy_store.py MISTAKE ROOT FILE...

It stages, flushes, links, records and acknowledges as an archive should, but
for one MISTAKE (or "none"), which the replayer has to find:

  link-first   the name is given before the data is flushed
  ack-first    the acknowledgement comes before the names are flushed
  no-dir       the folders are never flushed
  no-ledger    the ledger is not flushed
  in-place     the ledger is written anew, in place, each time
"""
import hashlib
import os
import sys


def flush(path):
    fd = os.open(path, os.O_RDONLY)
    os.fsync(fd)
    os.close(fd)


def put(fd, data):
    while data:
        data = data[os.write(fd, data):]


def stage(path, data, mistake):
    fd = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    put(fd, data)
    if mistake != "link-first":
        os.fsync(fd)
    return fd


def append(root, line, mistake):
    path = f"{root}/ledger"
    if mistake == "in-place":
        with open(path, "rb") as f:
            line = f.read() + line
        fd = os.open(path, os.O_WRONLY | os.O_TRUNC)
    else:
        fd = os.open(path, os.O_WRONLY | os.O_APPEND)
    put(fd, line)
    if mistake != "no-ledger":
        os.fsync(fd)
    os.close(fd)


def store(root, source, mistake):
    with open(source, "rb") as f:
        data = f.read()
    name = hashlib.sha256(data).hexdigest()
    staged, place = f"{root}/incoming/{name}", f"{root}/objects/{name}"
    fd = stage(staged, data, mistake)
    os.link(staged, place)
    if mistake == "link-first":
        os.fsync(fd)
    os.close(fd)
    append(root, f"{name} {len(data)}\n".encode(), mistake)
    if mistake == "ack-first":
        os.write(1, f"{name}\n".encode())
    if mistake != "no-dir":
        flush(f"{root}/objects")
    if mistake != "ack-first":
        os.write(1, f"{name}\n".encode())
    os.unlink(staged)


def main():
    mistake, root = sys.argv[1:3]
    for source in sys.argv[3:]:
        store(root, source, mistake)


main()
