#!/usr/bin/env python3
"""Questions to an index of 100,000 and one of 10 million instances.

    make bench-find [SMALL=1000 LARGE=100000]   studies, 100 instances each

Prints a line for each question: medians of wall time of the whole process at
both sizes, their ratio, and peak memory at the large one. Memory is warm."""
import os
import statistics
import subprocess
import sys
import tempfile
import time

BUILD = os.environ.get("PACS_BUILD", "build")
ROOT = "1.2.826.0.1.3680043.10.2"
QUESTIONS = [
    ["StudyInstanceUID=%s.500" % ROOT],
    ["-L", "instance", "SOPInstanceUID=%s.500.3.7" % ROOT],
    ["PatientID=P0000250"],
    ["AccessionNumber=A000000500"],
    ["PatientName=novák^a1*"],
    ["PatientName=*eber^x1*"],
    ["StudyDate=20000101-20000108", "Modality=MR"],
    ["--count"],
    ["--group", "Modality"],
    ["--count", "-L", "instance"],
    ["--count", "-L", "series", "Modality=CT"],
    ["-L", "instance", "--limit", "100000"],
]


def fill(top, studies):
    archive = os.path.join(top, "a%d" % studies)
    subprocess.run([BUILD + "/bin/pacs-init", archive], check=True)
    subprocess.run([BUILD + "/tools/fill-index", archive, str(studies), "5",
                    "20"], check=True)
    return archive


def ask(archive, question):
    """Median seconds, peak KiB."""
    times, peak = [], 0
    for _ in range(7):
        start = time.perf_counter()
        p = subprocess.Popen([BUILD + "/bin/pacs-find", "-a", archive] +
                             question, stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(p.pid, 0)
        times.append(time.perf_counter() - start)
        peak = max(peak, usage.ru_maxrss)
        if os.waitstatus_to_exitcode(status) not in (0, 1):
            sys.exit("pacs-find failed: %s" % question)
    return statistics.median(times), peak


def main():
    small, large = (int(a) for a in sys.argv[1:3])
    with tempfile.TemporaryDirectory(prefix="pacs-bench-") as top:
        a, b = fill(top, small), fill(top, large)
        print("%9s %9s %6s %7s  question" % ("small", "large", "ratio", "MiB"))
        for question in QUESTIONS:
            s, _ = ask(a, question)
            t, peak = ask(b, question)
            print("%7.1fms %7.1fms %6.1f %7.1f  %s" %
                  (s * 1e3, t * 1e3, t / s, peak / 1024, " ".join(question)))


main()
