#!/usr/bin/python3
"""Hold lib/dicom/text against Python's codecs and pydicom.

PACS_BUILD and PACS_TOP say where tools and sources are, CORPUS names a folder
of sample files if there is one.

1. Every character that Python's codec of a defined term knows is decoded by
   us to the same character.
2. Every text value of every file in the corpus that has a Specific Character
   Set, or bytes over 0x7f, is decoded as pydicom decodes it.

Differences must be in the lists below, each with its reason; an entry that
explains nothing fails too. Prints TAP.
"""
import os
import subprocess
import sys
import warnings

# Where Python's tables and glibc's part, as (term, Python's characters).
TABLES = {
    # JIS X 0201 has an overline there; Python decodes ASCII.
    "ISO_IR 13": {"~"},
    "ISO 2022 IR 13": {"~"},
    # glibc follows the edition of 2005, Python that of 2000.
    "GB18030": {chr(c) for c in [
        0x1e3f, 0xe7c7, *range(0x9fb4, 0x9fbc), *range(0xe78d, 0xe797),
        0xe816, 0xe817, 0xe818, 0xe81e, 0xe826, 0xe82b, 0xe82c, 0xe831, 0xe832,
        0xe83b, 0xe843, 0xe854, 0xe855, 0xe864, *range(0xfe10, 0xfe1a)]},
}
# Files where pydicom's answer is not ours: (end of path, tag) -> reason.
FILES = {}

failed = 0
number = 0


def report(ok, name, notes=()):
    global failed, number
    number += 1
    failed += not ok
    for note in notes:
        print("#", note)
    print(f"{'ok' if ok else 'not ok'} {number} - {name}")


def ours(tool, questions):
    """[(charset, vr, bytes)] -> [(clean, text)]"""
    lines = "".join(f"{c}\t{v}\t{b.hex()}\n" for c, v, b in questions)
    run = subprocess.run([tool], input=lines, capture_output=True,
                         encoding="utf-8", errors="surrogateescape",
                         check=True)
    answers = []
    for line in run.stdout.splitlines():
        clean, text = line.split("\t")
        answers.append((clean == "1", bytes.fromhex(text).decode("utf-8")))
    if len(answers) != len(questions):
        sys.exit("text-decode answered too little")
    return answers


def escape_of(text):
    """'ESC 02/04 04/02 (...)' -> bytes; '' if it names none."""
    if not text.startswith("ESC"):
        return b""
    out = b"\x1b"
    for pair in text.split("(")[0].split()[1:]:
        column, row = pair.split("/")
        out += bytes([int(column) * 16 + int(row)])
    return out


def characters(codec, kind, g0):
    """(bytes as they stand in a value, character) of all that a codec has."""
    for point in list(range(0x20, 0xd800)) + list(range(0xe000, 0x30000)):
        char = chr(point)
        if 0x7f <= point < 0xa0:
            continue  # control characters
        try:
            raw = char.encode(codec)
            if raw.decode(codec) != char:
                continue
        except UnicodeError:
            continue
        if b"\x1b" in raw:
            if not raw.startswith(g0):
                continue  # another set of that codec
            raw = raw[len(g0):-3]
        elif kind == "multi-byte" and len(raw) != 2:
            continue  # ASCII; Hangul that Python spells with four jamo
        elif codec == "shift_jis" and len(raw) > 1:
            continue
        elif g0 and kind == "multi-byte":
            continue
        if raw not in (b"\\", b"="):
            yield raw, char


def check_table(tool, row):
    term, kind, codec = row["defined_term"], row["kind"], row["python_codec"]
    g0 = escape_of(row["g0_escape"]) if kind == "multi-byte" else b""
    g1 = escape_of(row["g1_escape"]) if kind == "multi-byte" else b""
    charset = "\\" + term if g0 or g1 else term
    back = b"\x1b(B" if g0 else b""
    chars = list(characters(codec, kind, g0))
    answers = ours(tool, [(charset, "LT", g0 + g1 + raw + back)
                          for raw, _ in chars])
    notes, used = [], set()
    for (raw, want), (clean, got) in zip(chars, answers):
        if got == want and clean:
            continue
        if want in TABLES.get(term, ()):
            used.add(want)
        else:
            notes.append(f"{raw.hex()}: Python U+{ord(want):04X}, we "
                         + " ".join(f"U+{ord(c):04X}" for c in got))
    for stale in TABLES.get(term, set()) - used:
        notes.append(f"explains nothing: U+{ord(stale):04X}")
    ok = bool(chars) and not notes
    report(ok, f"{term}: {len(chars)} characters as in Python's {codec}",
           notes[:20])


def text_values(ds, charset, path=""):
    """(path, charset, vr, raw bytes) of the text values of a data set."""
    from pydicom.dataelem import RawDataElement
    from pydicom.datadict import dictionary_VR

    own = ds.get_item(0x00080005)
    if own is not None:
        value = own.value
        if isinstance(own, RawDataElement):
            value = (value or b"").decode("latin-1")
        elif not isinstance(value, str):
            value = "\\".join(value or [])
        charset = value.rstrip(" \0")
    for tag in list(ds.keys()):
        raw = ds.get_item(tag)
        where = f"{path}{tag}"
        vr = raw.VR
        if vr in (None, "UN"):
            try:
                vr = dictionary_VR(tag)
            except KeyError:
                continue
        if vr == "SQ":
            try:
                items = ds[tag].value
            except Exception:
                continue
            for i, item in enumerate(items or []):
                yield from text_values(item, charset, f"{where}[{i}].")
        elif (vr in ("LO", "LT", "PN", "SH", "ST", "UC", "UT")
              and isinstance(raw, RawDataElement) and raw.value):
            yield where, charset, vr, bytes(raw.value)


def pydicom_text(charset, vr, raw):
    from pydicom.charset import convert_encodings, decode_bytes
    from pydicom.valuerep import PN_DELIMS, TEXT_VR_DELIMS

    terms = charset.split("\\")
    encodings = convert_encodings(terms if len(terms) > 1 else terms[0])
    if vr == "PN":
        delims = PN_DELIMS | {0x5c}
    else:
        delims = TEXT_VR_DELIMS | ({0x5c} if vr in ("LO", "SH", "UC")
                                   else set())
    return decode_bytes(raw, encodings, delims)


def corpus_values(corpus):
    import pydicom

    # Not the made-up files: some of them make pydicom hang or swell.
    roots = [os.path.join(corpus, d) for d in ("valid", "hostile/noninstance")]
    for folder, _, names in sorted(w for r in roots for w in os.walk(r)):
        for name in sorted(names):
            path = os.path.join(folder, name)
            if not os.path.isfile(path):
                continue
            try:
                ds = pydicom.dcmread(path, force=True,
                                     stop_before_pixels=True)
                for where, charset, vr, raw in text_values(ds, ""):
                    if charset or max(raw) > 0x7f:
                        yield (os.path.relpath(path, corpus), where, charset,
                               vr, raw)
            except Exception:  # not what this test is about
                continue


def check_corpus(tool, corpus):
    values = [v for v in corpus_values(corpus)
              if not set(v[2]) & set("\t\n\r")]
    answers = ours(tool, [v[2:] for v in values])
    notes, used, high, files = [], set(), 0, set()
    for (path, where, charset, vr, raw), (_, got) in zip(values, answers):
        files.add(path)
        high += max(raw) > 0x7f or 0x1b in raw
        try:
            want = pydicom_text(charset, vr, raw)
        except Exception as e:
            want = f"pydicom: {type(e).__name__}"
        if got == want:
            continue
        reason = [k for k in FILES if path.endswith(k[0]) and k[1] in where]
        if reason:
            used.update(reason)
        else:
            notes.append(f"{path} {where} {vr} '{charset}' {raw[:40]!r}: "
                         f"pydicom {want[:40]!r}, we {got[:40]!r}")
    for stale in set(FILES) - used:
        notes.append(f"explains nothing: {stale}")
    report(bool(high) and not notes,
           f"{len(values)} values of {len(files)} files, {high} of them with "
           "escapes or bytes over 0x7f, as pydicom decodes them", notes[:40])


def main():
    warnings.simplefilter("ignore")
    tool = os.environ["PACS_BUILD"] + "/tools/text-decode"
    table = os.environ["PACS_TOP"] + "/lib/dicom/data/charsets.tsv"
    with open(table, encoding="utf-8") as f:
        head = f.readline().rstrip("\n").split("\t")
        rows = [dict(zip(head, line.rstrip("\n").split("\t"))) for line in f]
    for row in rows:
        if row["defined_term"]:
            check_table(tool, row)
    if os.environ.get("CORPUS"):
        check_corpus(tool, os.environ["CORPUS"])
    print(f"1..{number}")
    return failed > 0


sys.exit(main())
