"""The peers of the benchmark: how each is started, fed, asked and stopped.

A server is started by us on a free port and stopped by its process id; it is
ready when it says so or answers, never after a pause."""
import http.client
import json
import os
import shutil
import socket
import subprocess
import threading
import time


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Orthanc:
    """Debian's Orthanc with its default storage (files and SQLite), fed by a
    client that keeps its connections open."""

    def __init__(self, program, folder, connections):
        self.port = free_port()
        self.connections = connections
        os.makedirs(folder)
        config = os.path.join(folder, "orthanc.json")
        with open(config, "w") as f:
            json.dump({
                "StorageDirectory": os.path.join(folder, "storage"),
                "IndexDirectory": os.path.join(folder, "index"),
                "HttpPort": self.port, "RemoteAccessAllowed": False,
                "AuthenticationEnabled": False, "KeepAlive": True,
                "DicomServerEnabled": False, "Plugins": [],
            }, f)
        self.process = subprocess.Popen(
            [program, config], stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        for line in self.process.stderr:
            if "Orthanc has started" in line:
                break
        else:
            raise RuntimeError("Orthanc did not start")
        # It must not stall because nobody reads what it says.
        threading.Thread(target=self.process.stderr.read, daemon=True).start()

    def upload(self, files):
        """Seconds from the first request to the last answer."""
        shares = [files[i::self.connections] for i in range(self.connections)]
        bad = []
        begun = time.monotonic()
        threads = [threading.Thread(target=self._upload, args=(s, bad))
                   for s in shares]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        took = time.monotonic() - begun
        if bad:
            raise RuntimeError(f"Orthanc refused {len(bad)} files: {bad[0]}")
        return took

    def _upload(self, files, bad):
        c = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        c.connect()
        c.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for path in files:
            with open(path, "rb") as f:
                body = f.read()
            c.request("POST", "/instances", body,
                      {"Content-Type": "application/dicom"})
            r = c.getresponse()
            text = r.read()
            if r.status != 200:
                bad.append(f"{r.status} {text[:80]!r}")
        c.close()

    def count(self):
        c = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        c.request("GET", "/statistics")
        return json.load(c.getresponse())["CountInstances"]

    def stop(self):
        self.process.terminate()
        self.process.wait()


class Dcmqrscp:
    """DCMTK's archive, fed by storescu over one association."""

    def __init__(self, folder):
        self.port = free_port()
        self.storage = os.path.join(folder, "storage")
        os.makedirs(self.storage)
        config = os.path.join(folder, "dcmqrscp.cfg")
        with open(config, "w") as f:
            f.write(f"NetworkTCPPort = {self.port}\nMaxPDUSize = 16384\n"
                    "MaxAssociations = 16\nHostTable BEGIN\nHostTable END\n"
                    "VendorTable BEGIN\nVendorTable END\nAETable BEGIN\n"
                    f"BENCH {self.storage} RW (100000, 1024gb) ANY\n"
                    "AETable END\n")
        self.process = subprocess.Popen(
            ["dcmqrscp", "-c", config], stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until = time.monotonic() + 30
        while subprocess.run(["echoscu", "-aec", "BENCH", "localhost",
                              str(self.port)], stderr=subprocess.DEVNULL,
                             stdout=subprocess.DEVNULL).returncode:
            if time.monotonic() > until or self.process.poll() is not None:
                raise RuntimeError("dcmqrscp did not start")

    def store(self, folder):
        begun = time.monotonic()
        subprocess.run(["storescu", "-aec", "BENCH", "+sd", "+r", "localhost",
                        str(self.port), folder], check=True,
                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)
        return time.monotonic() - begun

    def count(self):
        return sum(n != "index.dat" and not n.startswith(".")
                   for n in os.listdir(self.storage))

    def stop(self):
        self.process.terminate()
        self.process.wait()


def find_orthanc():
    return shutil.which("Orthanc", path=os.environ["PATH"] + ":/usr/sbin")
