#!/usr/bin/python3
"""The rules of PS3.15 Annex E, one by one.

Each test is named `rule N`, by these numbers. Objects are made and read
by pydicom; what is expected comes from the table itself or stands here. traps.py
is about single attributes; anon.py judges whole files by the table, leaks.py
what is hidden, exports.py references and other readers. Prints TAP.

 1 every instance of an attribute, at every depth, in any object
 2 what each code of the table means
 3 what was done is declared
 4 meta header and preamble are new
 5 group 0004 and DICOMDIRs do not pass
 6 Longitudinal Temporal Information Modified
 7 Burned In Annotation and Recognizable Visual Features as received
 8 Clean Graphics
 9 structured content
10 dates that are moved
11 private elements
12 encrypted attributes
13 the conformance statement (tests/docs/deid.bats)
14 words in compressed pixels and in colour profiles
"""
import io
import os
import re
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "helper"))

import annex_e  # noqa: E402
import pydicom  # noqa: E402
from annex_e import *  # noqa: E402, F403
from pydicom.encaps import encapsulate  # noqa: E402

# --- 1 to 9 ------------------------------------------------------------------

def rule_1(p):
    person = item(PatientName=M, PatientComments=M, StudyInstanceUID="1.2.3.5")
    for name, ds in (
            ("at the top", image(PatientComments=M)),
            ("in an item", image(ReferencedSeriesSequence=[person])),
            ("in the second item", image(
                ReferencedSeriesSequence=[item(), person])),
            ("seven deep", image(ReferencedSeriesSequence=[nest(person, 6)])),
            ("in a sequence that no row names", image(
                FrameContentSequence=[person])),
            ("in a sequence that no class has there", image(
                StructureSetROISequence=[person])),
            ("in an object of a class that has no such attribute", image(
                SOPClassUID="1.2.840.10008.5.1.4.1.1.66", PatientComments=M)),
            ("in an object of a private class", image(
                SOPClassUID="1.2.3.99", PatientComments=M))):
        out = p.anon(ds)
        ok("SOPInstanceUID" in out and without(M, out), "rule 1: " + name, out)
    ref = item(ReferencedSOPClassUID=CT, ReferencedSOPInstanceUID="1.2.3.4")
    out = p.anon(image(SourceInstanceSequence=[ref], SourceImageSequence=[
        item(ReferencedSOPClassUID="1.3.12.2.1107.5",
             ReferencedSOPInstanceUID="1.2.3.4")]))
    ok(is_new_uid(out["SOPInstanceUID"]) and
       out.SourceInstanceSequence[0].ReferencedSOPInstanceUID ==
       out.SourceImageSequence[0].ReferencedSOPInstanceUID ==
       out.SOPInstanceUID, "rule 1: references follow the new instance UID",
       out)
    ok(out.SourceInstanceSequence[0].ReferencedSOPClassUID == CT and
       out.SourceImageSequence[0].ReferencedSOPClassUID == "1.3.12.2.1107.5",
       "rule 1: classes stay, private ones too", out)
    out = p.anon(image(SourceInstanceSequence=[ref]), "--retain-uids")
    ok(out.SOPInstanceUID == "1.2.3.4" ==
       out.SourceInstanceSequence[0].ReferencedSOPInstanceUID,
       "rule 1: --retain-uids keeps instance and references", out)


def rule_2(p):
    ds = whole_table()
    out = p.anon(ds)
    for code, want in CHOICE.items():
        rows = [t for t in TABLE if t in ds and
                TABLE[t]["basic_profile"] == code and t not in SPECIAL]
        bad = [name_of(t) for t in rows
               if not was_done(out, t, ds[t].value, want)]
        ok(rows and not bad, "rule 2: %s is %s, in %d rows" % (
            code, want, len(rows)), bad)
    for tag, want in SPECIAL.items():
        ok(was_done(out, tag, ds[tag].value, want), "rule 2: %s of %s is %s" % (
            TABLE[tag]["basic_profile"], name_of(tag), want), out.get(tag))
    kept_rows(p, ds)
    one, two = (p.anon(image(SOPInstanceUID=u, FrameOfReferenceUID=f))
                for u, f in (("1.2.3.4", "1.2.3.9"), ("1.2.3.7", "1.2.3.9\0")))
    ok(one.FrameOfReferenceUID == two.FrameOfReferenceUID and
       one.SOPInstanceUID != two.SOPInstanceUID,
       "rule 2: U is the same in the set, whatever the padding")
    well_known = "1.2.840.10008.1.4.1.1"
    for odd in (CT + ".20240101.7", well_known + ".20240101.1234567"):
        out = p.anon(image(FrameOfReferenceUID=well_known,
                           SynchronizationFrameOfReferenceUID=odd))
        ok(out.FrameOfReferenceUID == well_known and is_new_uid(
            out["SynchronizationFrameOfReferenceUID"]),
           "rule 2: U keeps well-known UIDs, not what only begins so: " + odd,
           out)
    named = dict(CodingSchemeUID="1.2.840.10008.2.16.4", ContextUID="1.2.3.71",
                 MappingResourceUID="1.2.3.72", SOPClassesInStudy="1.2.3.73",
                 AvailableTransferSyntaxUID="1.2.3.74",
                 RelatedGeneralSOPClassUID="1.2.3.75")
    out = p.anon(image(**named))
    ok(all(out.get(k) == v for k, v in named.items()),
       "rule 2: UIDs of classes, syntaxes, schemes and context groups stay",
       out)


def kept_rows(p, ds):
    for option, column in (("--retain-uids", "rtn_uids"),
                           ("--retain-device", "rtn_device_id"),
                           ("--retain-institution", "rtn_institution_id"),
                           ("--retain-patient-characteristics",
                            "rtn_patient_chars")):
        out = p.anon(ds, option)
        rows = [t for t in TABLE if t in ds and TABLE[t][column] == "K" and
                not TABLE[t]["rtn_long_full_dates"]]
        flat = [t for t in rows if ds[t].VR != "SQ"]
        bad = [name_of(t) for t in flat
               if t not in out or out[t].value != ds[t].value]
        ok(flat and not bad, "rule 2: K stays with %s, in %d rows" % (
            option, len(flat)), bad)
        deep = [t for t in rows if ds[t].VR == "SQ"]
        bad = [name_of(t) for t in deep if t not in out or M in str(out[t])]
        ok(not bad, "rule 2: K of %d sequences goes on within, %s" % (
            len(deep), option), bad)
        cleaned = [t for t in TABLE if t in ds and TABLE[t][column] == "C"]
        bad = [name_of(t) for t in cleaned if not was_done(
            out, t, ds[t].value, CHOICE[TABLE[t]["basic_profile"]])]
        ok(not bad, "rule 2: C of %d rows that needs a person is as in Basic, "
           "%s" % (len(cleaned), option), bad)


def codes(ds):
    return [(i.get("CodeValue"), i.get("CodingSchemeDesignator"))
            for i in ds.get("DeidentificationMethodCodeSequence", [])]


def rule_3(p):
    old = image(PatientIdentityRemoved="NO", DeidentificationMethod=M,
                StudyDescription="HEAD",
                DeidentificationMethodCodeSequence=[item(CodeValue="113101")])
    out = p.anon(old)
    ok(out.PatientIdentityRemoved == "YES" and "PS3.15 2026d Basic Profile" in
       out.DeidentificationMethod, "rule 3: (0012,0062) and (0012,0063)", out)
    ok(codes(out) == [("113100", "DCM")],
       "rule 3: (0012,0064) has 113100, and nothing that was there", codes(out))
    for option, code in METHODS.items():
        found = codes(p.anon(old, option))
        ok(found[:1] == [("113100", "DCM")] and
           set(found[1:]) == {(code, "DCM")},
           "rule 3: (0012,0064) has %s with %s" % (code, option), found)
    for rule, wanted in (("keep StudyDescription", "NO"),
                         ("remove Manufacturer", "YES")):
        with open(p.rules, "w", encoding="ascii") as f:
            f.write(rule + "\n")
        out = p.anon(old, "--rules", p.rules)
        ok(out.PatientIdentityRemoved == wanted,
           "rule 3: (0012,0062) is %s with the rule '%s'" % (wanted, rule))


def rule_4(p):
    data = saved(image(), SourceApplicationEntityTitle=M,
                 SendingApplicationEntityTitle=M,
                 ReceivingApplicationEntityTitle=M,
                 PrivateInformationCreatorUID="1.2.3.97",
                 PrivateInformation=M.encode(),
                 ImplementationVersionName=M, ImplementationClassUID="1.2.3.96")
    raw = p.raw(M.encode().ljust(128, b"!") + data[128:])
    out = pydicom.dcmread(io.BytesIO(raw))
    ok(raw[:132] == bytes(128) + b"DICM", "rule 4: the preamble is zero")
    ok(M.encode() not in raw and {t.element for t in out.file_meta.keys()} <=
       {0, 1, 2, 3, 0x10, 0x12, 0x13},
       "rule 4: no AE titles, no private information", out.file_meta)
    ok(out.file_meta.ImplementationVersionName.startswith("PACS") and
       out.file_meta.ImplementationClassUID != "1.2.3.96",
       "rule 4: the implementation is ours", out.file_meta)
    ok(out.file_meta.MediaStorageSOPInstanceUID == out.SOPInstanceUID and
       out.file_meta.MediaStorageSOPClassUID == CT,
       "rule 4: (0002,0003) follows the new instance UID")


def rule_5(p):
    out = p.anon(image(x00041130=("CS", M), x00041500=("CS", M)))
    ok("SOPInstanceUID" in out and not [t for t in out.keys() if t.group < 8],
       "rule 5: group 0004 does not stay in an object", out)
    kind = "1.2.840.10008.1.3.10"
    record = item(DirectoryRecordType="PATIENT", PatientID=M, PatientName=M)
    data = saved(item(FileSetID=M, DirectoryRecordSequence=[record]),
                 MediaStorageSOPClassUID=kind)
    raw = p.raw(data)
    ok(not raw and p.status == 1 and "dicomdir" in p.said,
       "rule 5: a DICOMDIR does not pass, whatever is allowed", p.said)


def rule_6(p):
    for options, wanted in (([], "REMOVED"), (DATES[:1], "MODIFIED"),
                            (DATES[1:], "UNMODIFIED")):
        for before in ({}, {"LongitudinalTemporalInformationModified": "X"}):
            out = p.anon(image(**before), *options)
            ok(out.get("LongitudinalTemporalInformationModified") == wanted,
               "rule 6: (0028,0303) is %s with %s%s" % (
                   wanted, " ".join(options) or "no option",
                   ", where one was" if before else ""), out)
    p.raw(saved(image()), *DATES)
    ok(p.status == 2 and "exclude" in p.said,
       "rule 6: full and modified dates exclude each other", p.said)


def rule_7(p):
    for tag, values in ((0x00280301, ("NO", "YES")),
                        (0x00280302, ("NO", "YES"))):
        for value in values:
            ds = image()
            ds.add_new(tag, "CS", value)
            out = p.anon(ds, "--modify-dates", "--clean-graphics")
            ok(tag in out and out[tag].value == value,
               "rule 7: %s %s stays as received" % (name_of(tag), value), out)
        ok(tag not in p.anon(image()), "rule 7: %s is not made up" %
           name_of(tag))


def rule_8(p):
    for options in ([], ["--clean-graphics"]):
        how = options[0] if options else "Basic"
        out = p.anon(graphics(), *options)
        ok("SOPInstanceUID" in out and without(M, out) and
           not [t for t in out.keys() if t.group >> 8 == 0x50],
           "rule 8: curves 50xx and all text go, " + how, out)
        ok(not [t for t in out.keys() if t.group == 0x6002],
           "rule 8: an overlay 60xx of graphics goes, " + how, out)
        left = {t.element for t in out.keys() if t.group == 0x6000}
        ok(left == ({0x10, 0x11, 0x40, 0x100, 0x3000} if options else set()),
           "rule 8: an overlay 60xx of a region %s, %s" % (
               "stays" if options else "goes", how), left)
        note = out.GraphicAnnotationSequence[0]
        ok(("GraphicObjectSequence" in note) == bool(options) and
           ("TextObjectSequence" in note) != bool(options) and
           len(out.GraphicAnnotationSequence) == 1,
           "rule 8: (0070,0001) %s, %s" % (
               "keeps its lines" if options else "is a dummy", how), note)


def rule_9(p):
    text = item(ValueType="TEXT", RelationshipType="CONTAINS", TextValue=M)
    out = p.anon(image(
        SOPClassUID=SR, Modality="SR", ContentSequence=[text, text],
        AcquisitionContextSequence=[text], SpecimenDescriptionSequence=[
            item(SpecimenPreparationSequence=[text])]))
    ok(without(M, out), "rule 9: no content of a report survives", out)
    tree = out.ContentSequence
    ok(len(tree) == 1 and tree[0].TextValue == "REMOVED" and
       tree[0].ConceptNameCodeSequence[0].CodeValue,
       "rule 9: (0040,A730) becomes a tree that says nothing", tree)
    ok(is_empty(out["AcquisitionContextSequence"]),
       "rule 9: (0040,0555) Acquisition Context is empty", out)
    ok(is_empty(out.SpecimenDescriptionSequence[0].get_item(
        "SpecimenPreparationSequence") and out.SpecimenDescriptionSequence[0][
            "SpecimenPreparationSequence"]),
       "rule 9: (0040,0610) Specimen Preparation is empty", out)
    refused = subprocess.run([BIN, "--key", p.key, "-o", "-", "--stdin"],
                             input=saved(image(SOPClassUID=SR)),
                             stdout=subprocess.DEVNULL,
                             stderr=subprocess.PIPE, check=False)
    ok(refused.returncode == 1 and b"withheld (sr)" in refused.stderr,
       "rule 9: a report is withheld unless it is allowed", refused.stderr)


# --- 10 to 14 ----------------------------------------------------------------

def rule_10(p):
    def study(day, patient="A1"):
        return p.anon(image(
            StudyDate=day, SeriesDate=day, StudyTime="101112",
            AcquisitionDateTime=day + "101112.5+0100", PatientID=patient,
            ReferencedSeriesSequence=[item(SeriesDate=day)],
            PatientBirthDate="19700101", PatientBirthTime="101112"),
            "--modify-dates")
    old = ("20200228", "20200229", "20201231")
    new = [study(d) for d in old]
    moved = [days(n.StudyDate) - days(o) for n, o in zip(new, old)]
    ok(len(set(moved)) == 1 and -365 <= moved[0] < 0,
       "rule 10: dates of a patient all move back by the same days", moved)
    others = {days(study(old[0], q).StudyDate) for q in ("B2", "C3", "D4")}
    ok(others - {days(new[0].StudyDate)}, "rule 10: another patient's by others")
    fine = [(n.SeriesDate, n.AcquisitionDateTime[:8],
             n.ReferencedSeriesSequence[0].SeriesDate) for n in new]
    ok(all({n.StudyDate} == set(f) for n, f in zip(new, fine)),
       "rule 10: dates in an object stay the same days apart, at every depth",
       fine)
    ok(all(n.StudyTime == "101112" and
           n.AcquisitionDateTime[8:] == "101112.5+0100" for n in new),
       "rule 10: times of day and offsets stay", new[0])
    ok(DATES[0] == "--modify-dates" and all(
        is_empty(n["PatientBirthDate"]) and "PatientBirthTime" not in n
        for n in new), "rule 10: birth dates are not moved", new[0])
    ds = whole_table()
    rows = [t for t in TABLE if t in ds and TABLE[t]["rtn_long_full_dates"]]
    out = p.anon(ds, "--retain-full-dates")
    bad = [name_of(t) for t in rows
           if t not in out or out[t].value != ds[t].value]
    # Bytes and words that are no time stamp and no offset do not stay.
    odd = {name_of(t) for t in (0x00080201, 0x00340007, 0x04000310)}
    ok(rows and not set(bad) - odd, "rule 10: K of %d dates, "
       "--retain-full-dates" % len(rows), bad)
    out = p.anon(ds, "--modify-dates")
    one = days(out.StudyDate) - days(ds.StudyDate)
    bad = [name_of(t) for t in rows if ds[t].VR in ("DA", "DT") and not (
        t in out and days(out[t].value) - days(ds[t].value) == one < 0 and
        out[t].value[8:] == ds[t].value[8:])]
    ok(not bad, "rule 10: C of those that are DA and DT, --modify-dates", bad)
    bad = [name_of(t) for t in rows if ds[t].VR == "TM" and
           (t not in out or out[t].value != ds[t].value)]
    ok(not bad, "rule 10: C of those that are TM, --modify-dates", bad)


SAFE = "Philips PET Private Group"
SQS = "Philips Imaging DD 001"


def private():
    inner = item(x70530010=("LO", SAFE), x70531000=("DS", "2.5"),
                 x70531055=("LO", M), x00090010=("LO", "ACME"),
                 x00091001=("LO", M), PatientName=M, StudyDate="20200229",
                 ReferencedSOPInstanceUID="1.2.3.4")
    return image(
        x70530010=("LO", SAFE), x70531000=("DS", "1.5"), x70531055=("LO", M),
        x00090010=("LO", "ACME"), x00091001=("LO", M),
        x00110010=("LO", SQS), x00111001=("LO", M),
        x20010010=("LO", SQS), x2001105f=("SQ", [inner]),
        x20010011=("LO", "ACME " + M), x20011101=("LO", M),
        x00990010=("LO", "NQHeader"), x00991002=("UI", "1.2.3.6"),
        x00130000=("UL", 4), x00130010=("LO", "ACME"),
        ReferencedSeriesSequence=[inner])


def rule_11(p):
    out = p.anon(private())
    ok("SOPInstanceUID" in out and not [e for e in out.iterall()
                                        if e.tag.is_private],
       "rule 11: every odd group goes, with creators and lengths", out)
    out = p.anon(private(), "--retain-safe-private")
    ok(out[0x70531000].value == 1.5 and out[0x70530010].value == SAFE,
       "rule 11: safe elements stay, with their creator", out)
    ok(without(M, out) and 0x00091001 not in out and 0x00130010 not in out,
       "rule 11: unsafe elements, blocks and their creators go", out)
    ok(0x00111001 not in out and 0x00110010 not in out,
       "rule 11: what is safe in one group is not in another", out)
    inner = out[0x2001105f].value[0]
    ok(is_new_uid(inner["ReferencedSOPInstanceUID"]) and
       inner.ReferencedSOPInstanceUID == out.SOPInstanceUID,
       "rule 11: UIDs in a safe private sequence are new ones", inner)
    ok(inner.get("PatientName") != M and "StudyDate" in inner and
       is_empty(inner["StudyDate"]) and 0x00091001 not in inner,
       "rule 11: a safe private sequence is walked", inner)
    ok(inner[0x70531000].value == 2.5 and 0x70531055 not in inner,
       "rule 11: blocks within it are judged by their own creators", inner)
    nested = out.ReferencedSeriesSequence[0]
    ok(nested[0x70531000].value == 2.5 and 0x70531055 not in nested,
       "rule 11: safe elements stay in items of other sequences", nested)
    ok(is_new_uid(out[0x00991002]) and
       out[0x00991002].value == out.SeriesInstanceUID,
       "rule 11: a safe private UID is a new one", out)
    out = p.anon(image(
        x00090010=("LO", "ACME"), x00091001=("LO", M),
        PrivateDataElementCharacteristicsSequence=[item(
            PrivateGroupReference=9, PrivateCreatorReference="ACME",
            BlockIdentifyingInformationStatus="SAFE")]),
        "--retain-safe-private")
    ok(0x00091001 not in out and
       "PrivateDataElementCharacteristicsSequence" not in out,
       "rule 11: what an object says of its own safety (0008,0300) is not "
       "believed", out)


def rule_12(p):
    hidden = item(EncryptedContentTransferSyntaxUID=EXPLICIT,
                  EncryptedContent=M.encode())
    for options in ([], ["--retain-safe-private", "--modify-dates"]):
        out = p.anon(image(EncryptedAttributesSequence=[hidden]), *options)
        ok("SOPInstanceUID" in out and "EncryptedAttributesSequence" not in out
           and without(M, out), "rule 12: (0400,0500) goes, and none is made, "
           + (" ".join(options) or "Basic"), out)


def segment(marker, text):
    return bytes([0xff, marker]) + (len(text) + 2).to_bytes(2, "big") + text


def box(kind, body):
    return (len(body) + 8).to_bytes(4, "big") + kind + body


def rule_14(p):
    word = M.encode()
    scan = b"\xff\xda\0\2PIXELS\xff\xd9"
    stream = b"\xff\x4f\xff\x51\0\4\0\0\xff\x90\0\x0a\0\0\0\0\0\0\0\1" \
        b"\xff\x93PIXELS\xff\xd9"
    jp2 = box(b"jP  ", b"\r\n\x87\n")
    for name, syntax, data in (
            ("a comment of JPEG", JPEG, segment(0xfe, word)),
            ("EXIF in APP1 of JPEG", JPEG, segment(0xe1, b"Exif\0\0" + word)),
            ("JUMBF in APP11 of JPEG", JPEG, segment(0xeb, b"JP\0\0" + word)),
            ("a comment of JPEG 2000", J2K, segment(0x64, b"\0\1" + word)),
            ("an XML box of JPEG 2000", J2K, box(b"xml ", word)),
            ("a UUID box of JPEG 2000", J2K, box(b"uuid", word)),
            ("a JUMBF box of JPEG 2000", J2K, box(b"jumb", word))):
        if syntax == JPEG:
            data = b"\xff\xd8" + data + scan
        elif data[0] == 0xff:
            data = stream[:8] + data + stream[8:]
        else:
            data = jp2 + data + box(b"jp2c", stream)
        ds = image(Rows=1, Columns=1, PixelData=encapsulate(
            [data + b"\0" * (len(data) % 2)]))
        ds["PixelData"].is_undefined_length = True
        raw = saved(ds, syntax)
        out = p.raw(raw)
        ok(word in raw and word not in out and b"PIXELS" in out,
           "rule 14: %s becomes zeros, pixels stay" % name, p.said)
    profile = bytearray(128) + (1).to_bytes(4, "big") + b"cprt" + \
        (144).to_bytes(4, "big") + (16).to_bytes(4, "big") + \
        b"text\0\0\0\0" + word + b"\0\0"
    profile[36:40] = b"acsp"
    out = p.anon(image(ICCProfile=bytes(profile)))
    ok(word not in out.ICCProfile and b"acsp" in out.ICCProfile,
       "rule 14: words of a colour profile (0028,2000) become zeros", out)


if __name__ == "__main__":
    sys.exit(annex_e.run([f for n, f in list(globals().items())
                          if n.startswith("rule_")]))
