#!/usr/bin/env python3
"""Questions to the index, at two sizes and beside the peers.

    make bench-find [SMALL=1000 LARGE=100000]   studies, 100 instances each

1. A line for each question: medians of wall time of the whole process at both
   sizes, their ratio, and peak memory at the large one. Memory is warm.
2. The same files in our archive, in Orthanc and in dcmqrscp, and in a folder
   for dicomfind, at a size that they survive; turns are taken. Orthanc is asked
   over a connection that is open, so its time has no process in it.
   (curl's time has.)
3. A rebuild beside reading the files; what one new object costs the next
   question.

BENCH_PARTS="sizes peers rebuild" chooses."""
import http.client
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
import peers  # noqa: E402

BUILD = os.environ.get("PACS_BUILD", "build")
PARTS = os.environ.get("BENCH_PARTS", "sizes peers rebuild").split()
ROOT = "1.2.826.0.1.3680043.10.2"
QUESTIONS = [
    (10, ["StudyInstanceUID=%s.500" % ROOT]),
    (10, ["-L", "instance", "SOPInstanceUID=%s.500.3.7" % ROOT]),
    (10, ["PatientID=P0000250"]),
    (10, ["AccessionNumber=A000000500"]),
    (20, ["PatientName=novák^a1*"]),
    (100, ["PatientName=*eber^x1*"]),
    (20, ["StudyDate=20000101-20000108", "Modality=MR"]),
    (200, ["--count"]),
    (200, ["--group", "Modality"]),
    (None, ["--count", "-L", "instance"]),
    (None, ["--count", "-L", "series", "Modality=CT"]),
    (200, ["-L", "instance", "--limit", "100000"]),
    (None, ["-L", "series", "--sort", "-SeriesInstanceUID"]),
]
PEER_STUDIES, PEER_INSTANCES = 200, 10


def program(name):
    return os.path.join(BUILD, "bin", name)


def run(*command, **kw):
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL,
                   stdout=subprocess.DEVNULL, **kw)


def timed(command):
    """(seconds, KiB of memory, CPU seconds) of a command, status 0 or 1."""
    start = time.perf_counter()
    p = subprocess.Popen(command, stdin=subprocess.DEVNULL,
                         stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(p.pid, 0)
    took = time.perf_counter() - start
    if os.waitstatus_to_exitcode(status) not in (0, 1):
        sys.exit("failed: %s" % command)
    return took, usage.ru_maxrss, usage.ru_utime + usage.ru_stime


def median(command, rounds=7):
    """Median seconds, peak KiB, median CPU seconds."""
    took, memory, cpu = zip(*(timed(command) for _ in range(rounds)))
    return statistics.median(took), max(memory), statistics.median(cpu)


# --- two sizes ---------------------------------------------------------------

def fill(top, studies):
    archive = os.path.join(top, "a%d" % studies)
    run(program("pacs-init"), archive)
    run(BUILD + "/tools/fill-index", archive, str(studies), "5", "20")
    return archive


def sizes(top, small, large):
    a, b = fill(top, small), fill(top, large)
    print("%9s %9s %6s %9s %7s %6s  question" %
          ("small", "large", "ratio", "large,CPU", "MiB", "aim"))
    for aim, question in QUESTIONS:
        ours = [program("pacs-find"), "-a"]
        s, _, _ = median(ours + [a] + question)
        t, peak, cpu = median(ours + [b] + question)
        print("%7.1fms %7.1fms %6.1f %7.1fms %7.1f %4sms  %s" %
              (s * 1e3, t * 1e3, t / s, cpu * 1e3, peak / 1024, aim or "-",
               " ".join(question)), flush=True)
    shutil.rmtree(b)


# --- peers -------------------------------------------------------------------

def ask_orthanc(o, query):
    c = http.client.HTTPConnection("127.0.0.1", o.port, timeout=120)
    c.connect()
    body = json.dumps({"Level": "Study", "Query": query})
    times = []
    for _ in range(7):
        start = time.perf_counter()
        c.request("POST", "/tools/find", body)
        answer = json.load(c.getresponse())
        times.append(time.perf_counter() - start)
    c.close()
    return statistics.median(times), len(answer)


def lines(command):
    return len(subprocess.run(command, stdin=subprocess.DEVNULL, check=True,
                              stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT).stdout.splitlines())


def same_files(top):
    """The same objects for each; (archive, folder, Orthanc, dcmqrscp)."""
    folder = os.path.join(top, "files")
    run(program("pacs-phantom"), "-o", folder, "--modality=CT",
        "--studies=%d" % PEER_STUDIES, "--series=1",
        "--instances=%d" % PEER_INSTANCES, "--rows=16", "--seed=3")
    archive = os.path.join(top, "peers")
    run(program("pacs-init"), archive)
    run(program("pacs-store"), "-q", "-a", archive, folder)
    run(program("pacs-index"), "-a", archive, "update")
    files = [os.path.join(d, f) for d, _, names in os.walk(folder)
             for f in names if f.endswith(".dcm")]
    files = files or [os.path.join(d, f) for d, _, names in os.walk(folder)
                      for f in names]
    o = q = None
    if peers.find_orthanc():
        o = peers.Orthanc(peers.find_orthanc(), os.path.join(top, "o"), 2)
        o.upload(files)
    if shutil.which("dcmqrscp"):
        os.makedirs(os.path.join(top, "q"))
        q = peers.Dcmqrscp(os.path.join(top, "q"))
        q.store(folder)
    return archive, folder, o, q


def beside(top):
    archive, folder, o, q = same_files(top)
    patient = subprocess.run(
        [program("pacs-find"), "-a", archive, "-L", "patient", "-f",
         "PatientID", "--limit", "1"], check=True, text=True,
        stdout=subprocess.PIPE).stdout.strip()
    try:
        for what, key, value in (("one patient", "PatientID", patient),
                                 ("all studies", "StudyDate", "19000101-")):
            ours = [program("pacs-find"), "-a", archive,
                    "%s=%s" % (key, value)]
            mine, _, _ = median(ours)
            rows = [("pacs-find", mine, lines(ours))]
            if o:
                took, found = ask_orthanc(o, {key: value})
                rows.append(("Orthanc /tools/find, open connection", took,
                             found))
                body = json.dumps({"Level": "Study", "Query": {key: value}})
                curl = ["curl", "-sf", "-d", body,
                        "http://127.0.0.1:%d/tools/find" % o.port]
                rows.append(("Orthanc /tools/find, curl", median(curl)[0],
                             found))
            if q:
                find = ["findscu", "-S", "-aec", "BENCH", "-k",
                        "QueryRetrieveLevel=STUDY", "-k",
                        "%s=%s" % (key, value), "-k", "StudyInstanceUID",
                        "localhost", str(q.port)]
                n = subprocess.run(find[:1] + ["-v"] + find[1:], text=True,
                                   stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT).stdout
                rows.append(("findscu, dcmqrscp", median(find)[0],
                             n.count("(Pending)")))
            if shutil.which("dicomfind"):
                find = ["dicomfind", folder, "-k",
                        "%s=%s" % (key, value)]
                rows.append(("dicomfind (files)", median(find, 3)[0],
                             lines(find)))
            print("\n%s of %d (%d objects)" %
                  (what, PEER_STUDIES, PEER_STUDIES * PEER_INSTANCES))
            for name, took, found in rows:
                print("%8.1fms %7.1fx  %6d found  %s" %
                      (took * 1e3, took / mine, found, name), flush=True)
    finally:
        for p in (o, q):
            if p:
                p.stop()


# --- rebuild and catching up -------------------------------------------------

def rebuild(top):
    for rows, count in ((128, 5000), (512, 500)):
        folder = os.path.join(top, "r%d" % rows)
        archive = os.path.join(top, "ra%d" % rows)
        run(program("pacs-phantom"), "-o", folder, "--modality=CT",
            "--studies=%d" % (count // 100), "--series=1", "--instances=100",
            "--rows=%d" % rows, "--seed=1")
        run(program("pacs-init"), archive)
        run(program("pacs-store"), "-q", "-a", archive, folder)
        cat = ["sh", "-c", "find '%s/objects' -type f -print0 | "
               "xargs -0 cat >/dev/null" % archive]
        ours = [program("pacs-index"), "-a", archive, "rebuild"]
        read, made = [], []
        for _ in range(5):
            read.append(timed(cat)[0])
            made.append(timed(ours)[0])
        r, m = statistics.median(read), statistics.median(made)
        print("\nrebuild of %d x %d KiB: %.0f ms; find | xargs cat: %.0f ms; "
              "ratio %.2f (aim 1.5)" %
              (count, rows * rows * 2 // 1024, m * 1e3, r * 1e3, m / r),
              flush=True)
        if rows == 128:
            catch_up(top, archive)


def catch_up(top, archive):
    folder = os.path.join(top, "new")
    run(program("pacs-phantom"), "-o", folder, "--modality=CT", "--studies=1",
        "--series=1", "--instances=30", "--rows=16", "--seed=77")
    find = [program("pacs-find"), "-a", archive, "--count"]
    more, after = [], []
    for d, _, names in os.walk(folder):
        for f in names:
            if "DICOMDIR" in f:
                continue
            run(program("pacs-store"), "-q", "-a", archive,
                os.path.join(d, f))
            more.append(timed(find))
            after.append(timed(find))
    for name, i in (("wall", 0), ("CPU", 2)):
        m = statistics.median(t[i] for t in more)
        a = statistics.median(t[i] for t in after)
        print("a question after one new object, %s: %.1f ms; with nothing "
              "new: %.1f ms; so %.1f ms (aim 2)" %
              (name, m * 1e3, a * 1e3, (m - a) * 1e3), flush=True)


def floor():
    """What starting any process costs here and now."""
    t, _, cpu = median(["/bin/true"], 15)
    print("starting /bin/true: %.1f ms (CPU %.1f ms), which is in each time "
          "below" % (t * 1e3, cpu * 1e3), flush=True)


def main():
    small, large = (int(a) for a in sys.argv[1:3])
    with tempfile.TemporaryDirectory(prefix="pacs-bench-",
                                     dir=os.environ.get("BENCH_DIR")) as top:
        floor()
        if "sizes" in PARTS:
            sizes(top, small, large)
        if "peers" in PARTS:
            beside(top)
        if "rebuild" in PARTS:
            rebuild(top)


main()
