"""Small Part 10 files for tests of crashes and for benchmarks, made with
nothing but the standard's own words (PS3.5, PS3.10), so that they do not
depend on what is tested. Never a real person."""
import random
import struct

CT = "1.2.840.10008.5.1.4.1.1.2"
EXPLICIT = "1.2.840.10008.1.2.1"
ROOT = "1.2.826.0.1.3680043.10.1338"  # never registered anywhere
LONG = ("OB", "OW", "SQ", "UN", "UT")


def element(group, number, vr, value):
    if isinstance(value, int):
        value = struct.pack("<H", value)
    if isinstance(value, str):
        value = value.encode()
    if len(value) % 2:
        value += b"\0" if vr in ("UI", "OB") else b" "
    head = struct.pack("<HH2s", group, number, vr.encode())
    if vr in LONG:
        return head + struct.pack("<HI", 0, len(value)) + value
    return head + struct.pack("<H", len(value)) + value


def uids(study, series, instance):
    """By numbers: the same numbers give the same UIDs."""
    return (f"{ROOT}.{study}", f"{ROOT}.{study}.{series}",
            f"{ROOT}.{study}.{series}.{instance}")


def ct(study, series, instance, pixels=b"\0\0" * 16, rows=4, columns=4,
       name="TEST^ALPHA", leave_out=()):
    """One CT slice. leave_out: (group, number) of elements to drop."""
    st, se, sop = uids(study, series, instance)
    data = [
        (0x0008, 0x0008, "CS", "ORIGINAL\\PRIMARY\\AXIAL"),
        (0x0008, 0x0016, "UI", CT), (0x0008, 0x0018, "UI", sop),
        (0x0008, 0x0020, "DA", "20200102"), (0x0008, 0x0030, "TM", "101112"),
        (0x0008, 0x0050, "SH", f"A{study}"), (0x0008, 0x0060, "CS", "CT"),
        (0x0008, 0x0070, "LO", "TESTERS"), (0x0008, 0x0090, "PN", ""),
        (0x0010, 0x0010, "PN", name), (0x0010, 0x0020, "LO", f"P{study}"),
        (0x0010, 0x0030, "DA", "19600102"), (0x0010, 0x0040, "CS", "O"),
        (0x0020, 0x000D, "UI", st), (0x0020, 0x000E, "UI", se),
        (0x0020, 0x0010, "SH", str(study)), (0x0020, 0x0011, "IS", str(series)),
        (0x0020, 0x0013, "IS", str(instance)),
        (0x0028, 0x0002, "US", 1), (0x0028, 0x0004, "CS", "MONOCHROME2"),
        (0x0028, 0x0010, "US", rows), (0x0028, 0x0011, "US", columns),
        (0x0028, 0x0100, "US", 16), (0x0028, 0x0101, "US", 12),
        (0x0028, 0x0102, "US", 11), (0x0028, 0x0103, "US", 0),
        (0x7FE0, 0x0010, "OW", pixels),
    ]
    body = b"".join(element(*e) for e in data if e[:2] not in leave_out)
    meta = b"".join((
        element(2, 1, "OB", b"\0\1"), element(2, 2, "UI", CT),
        element(2, 3, "UI", sop), element(2, 0x10, "UI", EXPLICIT),
        element(2, 0x12, "UI", ROOT)))
    length = element(2, 0, "UL", struct.pack("<I", len(meta)))
    return bytes(128) + b"DICM" + length + meta + body


def noise(seed, size):
    """Repeatable bytes that look like 12-bit pixels and do not compress to
    nothing."""
    raw = bytearray(random.Random(seed).randbytes(size))
    raw[1::2] = raw[1::2].translate(bytes(b & 0x0F for b in range(256)))
    return bytes(raw)
