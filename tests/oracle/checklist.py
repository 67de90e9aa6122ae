#!/usr/bin/python3
"""Is each line of pacs-anon --checklist true? For each set of options an object
with one thing or more of each of HIPAA's identifiers goes through a run with the
same options: a line says "kept" if something of its kind is in the output, and
only then. Prints TAP.
"""
import itertools
import os
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "helper"))

import annex_e  # noqa: E402
from annex_e import BIN, METHODS, image, item, ok, saved  # noqa: E402

# (letter, keyword, value, what of it may not be there)
THINGS = [
    ("A", "OperatorsName", "AAA^ONE", "AAA"),
    ("A", "ReferringPhysicianName", "AAA^TWO", "AAA"),
    ("B", "InstitutionAddress", "BBB STREET", "BBB"),
    ("B", "PatientAddress", "BBB HOME", "BBB"),
    ("B", "RegionOfResidence", "BBB REGION", "BBB"),
    ("B", "PerformedStationGeographicLocationCodeSequence",
     [item(CodeMeaning="BBB TOWN")], "BBB"),
    ("C", "StudyDate", "20200229", "20200229"),
    ("C", "PatientBirthDate", "19200131", "19200131"),
    ("C", "PatientAge", "095Y", "095Y"),
    ("D", "PatientTelephoneNumbers", "DDD 555", "DDD"),
    ("E", "ReferringPhysicianTelephoneNumbers", "EEE 556", "EEE"),
    ("F", "PatientTelecomInformation", "FFF@x.example", "FFF"),
    ("F", "PersonTelecomInformation", "FFF@y.example", "FFF"),
    ("G", "OtherPatientIDs", "GGG-1", "GGG"),
    ("H", "PatientID", "HHH-1", "HHH"),
    ("I", "PatientInsurancePlanCodeSequence", [item(CodeMeaning="III")], "III"),
    ("J", "AccessionNumber", "JJJ-1", "JJJ"),
    ("J", "AdmissionID", "JJJ-2", "JJJ"),
    ("K", "BreedRegistrationNumber", "KKK-1", "KKK"),
    ("M", "DeviceSerialNumber", "MMM-1", "MMM"),
    ("M", "StationName", "MMM-2", "MMM"),
    ("N", "RetrieveURL", "http://nnn.example", "nnn"),
    ("O", "NTPSourceAddress", "OOO.1.2", "OOO"),
    ("R", "FrameOfReferenceUID", "1.2.3.95", "1.2.3.95"),
    ("R", "StudyID", "RRR-1", "RRR"),
]
OPTIONS = [o for o in METHODS if o != "--retain-full-dates"]
SETS = ([[o] for o in METHODS] + [[]] +
        [[o, "--cap-age", "--retain-patient-characteristics"]
         for o in ("--modify-dates", "--retain-full-dates")] +
        [list(c) for c in itertools.combinations(OPTIONS, 2)] +
        [OPTIONS, OPTIONS + ["--cap-age"]])


def hidden():
    ds = image()
    for _, keyword, value, _ in THINGS:
        setattr(ds, keyword, value)
    ds.add_new(0x70530010, "LO", "Philips PET Private Group")
    ds.add_new(0x70531000, "DS", "1.7654321")
    return saved(ds)


def lines(*options):
    done = subprocess.run([BIN, "--checklist", *options], check=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    return {row[0][0]: row[1] for row in (
        line.split("\t") for line in done.stdout.decode().splitlines())}


def dates_and_ages(said, raw, options):
    """The words about dates and ages beside "kept"."""
    return ("moved, per patient" in said) == ("--modify-dates" in options) and \
        ("ages go" in said) == (b"095Y" not in raw and b"090Y" not in raw) and \
        ("become 90" in said) == (b"090Y" in raw) and \
        ("NOT capped" in said) == (b"095Y" in raw)


def each_line(p):
    for options in SETS:
        if {"--retain-uids", "--modify-dates"} <= set(options):
            options = options + ["--yes-uids-hold-dates"]
        said, raw = lines(*options), p.raw(hidden(), *options)
        there = {letter for letter, _, _, word in THINGS
                 if word.encode() in raw}
        if b"1.7654321" in raw:
            there.add("R")
        kept = {letter for letter, words in said.items() if "kept" in words}
        how = " ".join(options) or "Basic"
        ok(raw and set("ABCDEFGHIJKLMNOPQR") <= set(said) and kept == there,
           "what is kept is said to be, " + how, (kept, there, p.said))
        ok(dates_and_ages(said["C"], raw, options),
           "dates and ages are as said, " + how, said["C"])


def other_words(p):
    with open(p.rules, "w", encoding="ascii") as f:
        f.write("keep OperatorsName\n")
    ok("may keep more" in lines("--rules", p.rules)["l"] and
       lines()["l"] == "none", "a checklist with rules warns of them")
    with open(p.key + ".subjects", "w", encoding="ascii") as f:
        f.write("HHH-1\tT-1\n")
    words = lines("--subjects", p.key + ".subjects")["H"]
    ok("trial ID" in words and "pseudonym" not in words,
       "a checklist with subjects speaks of trial IDs", words)
    ok("let pass" in lines("--allow", "xc")["Q"] and
       "let pass" in lines("--allow", "recognizable")["Q"] and
       "let pass" not in lines("--allow", "sr")["Q"],
       "a checklist that allows photographs says so")
    for wrong in (["--retain-full-dates", "--modify-dates"], ["x.dcm"],
                  ["--rules", "none"]):
        done = subprocess.run([BIN, "--checklist", *wrong], check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        ok(done.returncode in (2, 4) and not done.stdout,
           "no checklist of what would not run: " + " ".join(wrong))


if __name__ == "__main__":
    sys.exit(annex_e.run([each_line, other_words]))
