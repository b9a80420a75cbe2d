#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""hostile.py DIRECTORY PROGRAM: ELF files that nobody should have to parse.

Each has the same few instructions at offset 4096, so that tests/fixtures/live/run_hostile can run it,
and around them what its name says; fuzz_N are copies of PROGRAM with bytes changed. Always the same
files.
"""
import lzma
import os
import random
import struct
import sys
import zlib

CODE_AT = 4096
PAGE = 4096
# void spin(unsigned long count): a frame around a loop that counts down
SPIN = bytes.fromhex("554889e54883ef0175fa5dc3")
SHT_PROGBITS, SHT_SYMTAB, SHT_STRTAB, SHT_RELA = 1, 2, 3, 4
ET_REL, ET_DYN = 1, 3
SHF_COMPRESSED = 0x800
GIB = 1 << 30


class Elf:
    """An ELF file in the making: code, then sections."""

    def __init__(self):
        self.sections = [("", 0, b"", {})]
        self.header = {}

    def add(self, name, data, kind=SHT_PROGBITS, **claims):
        self.sections.append((name, kind, data, claims))
        return self

    def to_bytes(self):
        names = b"".join(name.encode() + b"\0" for name, *_ in self.sections)
        sections = self.sections + [(".shstrtab", SHT_STRTAB, names + b".shstrtab\0", {})]
        body, headers, name_at = bytearray(), b"", 0
        for name, kind, data, claims in sections:
            offset = CODE_AT + PAGE + len(body)
            body += data + bytes(-len(data) % 8)
            field = {"flags": 0, "addr": 0, "offset": offset, "size": len(data), "link": 0,
                     "info": 0, "align": 1, "entsize": 0, **claims}
            headers += struct.pack("<IIQQQQIIQQ", name_at, kind, field["flags"], field["addr"],
                                   field["offset"], field["size"], field["link"], field["info"],
                                   field["align"], field["entsize"])
            name_at += len(name) + 1
        head = {"type": ET_DYN, "phnum": 1, "shnum": len(sections), "shstrndx": len(sections) - 1,
                "shoff": CODE_AT + PAGE + len(body), **self.header}
        ident = b"\x7fELF\x02\x01\x01".ljust(16, b"\0")
        start = ident + struct.pack("<HHIQQQIHHHHHH", head["type"], 62, 1, CODE_AT, 64,
                                    head["shoff"], 0, 64, 56, head["phnum"], 64, head["shnum"],
                                    head["shstrndx"])
        start += struct.pack("<IIQQQQQQ", 1, 5, CODE_AT, CODE_AT, CODE_AT, PAGE, PAGE, PAGE)
        start = start.ljust(CODE_AT, b"\0") + SPIN.ljust(PAGE, b"\x90")
        return start + bytes(body) + headers


def uleb(value):
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes(out + bytes([value]))


def unit(dies, length=None):
    """A compile unit of DWARF 4."""
    rest = struct.pack("<HIB", 4, 0, 8) + dies
    return struct.pack("<I", len(rest) if length is None else length) + rest


def abbrev(code, tag, children, *attributes):
    pairs = b"".join(uleb(name) + uleb(form) for name, form in attributes)
    return uleb(code) + uleb(tag) + bytes([children]) + pairs + b"\0\0"


# compile_unit with low_pc and high_pc; subprogram with those, an origin, a specification, a sibling;
# inlined_subroutine with an origin; imported_unit; lexical_block
ABBREVS = (abbrev(1, 0x11, 1, (0x11, 0x01), (0x12, 0x07)) +
           abbrev(2, 0x2E, 1, (0x11, 0x01), (0x12, 0x07), (0x31, 0x13), (0x47, 0x13), (0x01, 0x13)) +
           abbrev(3, 0x1D, 1, (0x11, 0x01), (0x12, 0x07), (0x31, 0x13)) +
           abbrev(4, 0x3D, 0, (0x18, 0x13)) + abbrev(5, 0x0B, 1) + b"\0")
RANGE = struct.pack("<QQ", CODE_AT, PAGE)


def dwarf(dies, length=None):
    return (Elf().add(".debug_abbrev", ABBREVS).add(".debug_info", unit(dies, length))
            .add(".debug_str", b"\0"))


def cyclic():
    """Entries that are each other's, and their own, origin, specification and sibling."""
    first, second = 11 + 17, 11 + 17 + 29
    dies = b"\x01" + RANGE
    dies += b"\x02" + RANGE + struct.pack("<III", second, first, first)
    dies += b"\x02" + RANGE + struct.pack("<III", first, second, first)
    dies += b"\x03" + RANGE + struct.pack("<I", first)
    dies += b"\x04" + struct.pack("<I", 11)
    return dwarf(dies + b"\0\0\0\0")


def deep():
    return dwarf(b"\x01" + RANGE + b"\x05" * 2000000 + (b"\x03" + RANGE + bytes(4)) * 50000)


def many_ranges():
    """Thousands of units, all of the same code."""
    units = unit(b"\x01" + RANGE + (b"\x02" + RANGE + bytes(12) + b"\0") * 20 + b"\0")
    return Elf().add(".debug_abbrev", ABBREVS).add(".debug_info", units * 20000)


def long_lines():
    """A line program that makes rows without end."""
    program = b"\x00\x09\x02" + struct.pack("<Q", CODE_AT) + b"\x01" * 8000000
    table = bytes([1, 1, 0xFB, 14, 10]) + bytes([0, 1, 1, 1, 1, 0, 0, 0, 1]) + b"\0a\0\0\0\0\0"
    rest = struct.pack("<HI", 4, len(table)) + table + program
    abbrevs = abbrev(1, 0x11, 0, (0x11, 0x01), (0x12, 0x07), (0x10, 0x17)) + b"\0"
    return (Elf().add(".debug_abbrev", abbrevs)
            .add(".debug_info", unit(b"\x01" + RANGE + bytes(4)))
            .add(".debug_line", struct.pack("<I", len(rest)) + rest))


def compressed(data, claimed=None):
    size = len(data) if claimed is None else claimed
    return struct.pack("<IIQQ", 1, 0, size, 1) + zlib.compress(data, 1)


def zip_bomb():
    bomb = compressed(bytes(192 << 20))
    elf = Elf().add(".debug_abbrev", ABBREVS)
    for name in (".debug_info", ".debug_str", ".debug_line", ".debug_ranges"):
        elf.add(name, bomb, flags=SHF_COMPRESSED)
    return elf


def xz_bomb():
    return Elf().add(".gnu_debugdata", lzma.compress(bytes(96 << 20), preset=0))


def eh_frame():
    """A CIE, and FDEs whose programs advance one byte at a time and remember without end."""
    cie = struct.pack("<IB", 0, 1) + b"zR\0" + bytes([1, 0x78, 16, 1, 0x1B, 0x0C, 7, 8, 0x90, 1])
    cie = cie.ljust((len(cie) + 3) & ~3, b"\0")
    section = struct.pack("<I", len(cie)) + cie
    for _ in range(3000):
        program = (b"\x0a" + b"\x41\x0e\x10\x41\x0e\x08" * 600)[:3000]
        code = CODE_AT - (2 * CODE_AT + len(section) + 8)  # as it is told: from here
        body = struct.pack("<IiIB", len(section) + 4, code, PAGE, 0) + program
        body = body.ljust((len(body) + 3) & ~3, b"\0")
        section += struct.pack("<I", len(body)) + body
    return Elf().add(".eh_frame", section, flags=2, addr=2 * CODE_AT)


def symbols():
    strings = b"\0" + b"A" * 5000000
    entries = b"".join(struct.pack("<IBBHQQ", n * 7 % len(strings), 0x12, 0, 1, CODE_AT + n % PAGE,
                                   PAGE) for n in range(200000))
    return (Elf().add(".strtab", strings, SHT_STRTAB)
            .add(".symtab", entries, SHT_SYMTAB, link=1, entsize=24))


def relocations():
    """Many sections that all claim to be the same relocations of one other section."""
    elf = dwarf(b"\x01" + RANGE)
    elf.add(".symtab", bytes(24) + struct.pack("<IBBHQQ", 1, 2, 0, 1, 0, PAGE) * 40000,
            SHT_SYMTAB, link=3, entsize=24)
    one = b"".join(struct.pack("<QQQ", n % 64, (n % 40001) << 32 | 1, n) for n in range(100000))
    table = {"info": 2, "link": 4, "entsize": 24}
    elf.add(".rela.debug_info", one, SHT_RELA, **table)
    place = len(elf.to_bytes())
    for n in range(2000):
        elf.add(".rela.debug_info", b"", SHT_RELA, offset=CODE_AT + PAGE,
                size=place - 2 * PAGE - CODE_AT, **table)
    elf.header = {"type": ET_REL}
    return elf


def claims(name, kind=SHT_PROGBITS, **what):
    return Elf().add(".debug_abbrev", ABBREVS).add(name, bytes(64), kind, **what)


def with_header(**fields):
    elf = cyclic()
    elf.header = fields
    return elf


FILES = {
    "cyclic": cyclic,
    "deep": deep,
    "many_ranges": many_ranges,
    "long_lines": long_lines,
    "zip_bomb": zip_bomb,
    "xz_bomb": xz_bomb,
    "eh_frame": eh_frame,
    "symbols": symbols,
    "relocations": relocations,
    "unit_of_4g": lambda: dwarf(b"\x01" + RANGE, 0xFFFFFFEF),
    "unit_of_16e": lambda: Elf().add(".debug_abbrev", ABBREVS).add(
        ".debug_info", b"\xff" * 4 + b"\xff" * 7 + b"\x7f" + bytes(100)),
    "section_of_4g": lambda: claims(".debug_info", size=4 * GIB),
    "section_of_16e": lambda: claims(".debug_info", size=(1 << 64) - 64),
    "section_at_16e": lambda: claims(".debug_line", offset=(1 << 64) - 64, size=128),
    "symtab_of_4g": lambda: claims(".symtab", SHT_SYMTAB, size=4 * GIB, entsize=24, link=1),
    "symtab_of_0": lambda: claims(".symtab", SHT_SYMTAB, entsize=0, link=77),
    "inflates_to_16e": lambda: claims_compressed((1 << 64) - 1),
    "inflates_to_4g": lambda: claims_compressed(4 * GIB),
    "sections_65535": lambda: with_header(shnum=65535),
    "sections_extended": lambda: with_header(shnum=0),
    "names_elsewhere": lambda: with_header(shstrndx=60000),
    "segments_65535": lambda: with_header(phnum=65535),
}
SPARSE = 6 * GIB
FUZZED = 24


def claims_compressed(size):
    return Elf().add(".debug_abbrev", ABBREVS).add(
        ".debug_info", compressed(bytes(100), size), flags=SHF_COMPRESSED)


def sparse(path):
    """Sections of gigabytes that take no room on disk."""
    elf = Elf().add(".symtab", b"", SHT_SYMTAB, offset=GIB, size=3 * GIB, entsize=24, link=2)
    elf.add(".strtab", b"", SHT_STRTAB, offset=4 * GIB, size=2 * GIB)
    elf.add(".debug_info", b"", offset=GIB, size=900 << 20).add(
        ".debug_abbrev", b"", offset=GIB, size=100 << 20)
    write(path, elf.to_bytes())
    os.truncate(path, SPARSE)


def fuzz(original, seed):
    """A hundred bytes changed, some in runs, and perhaps an end that is missing."""
    chance, data = random.Random(seed), bytearray(original)
    for _ in range(100):
        at = chance.choice((chance.randrange(64, 1024), chance.randrange(len(data)),
                            len(data) - 1 - chance.randrange(4096)))
        for i in range(at, min(at + chance.choice((1, 1, 1, 8)), len(data))):
            data[i] = chance.choice((0, 0xFF, 0x7F, chance.randrange(256)))
    if chance.random() < 0.3:
        del data[chance.randrange(3 * PAGE, len(data)):]
    data[CODE_AT:CODE_AT + len(SPIN)] = SPIN
    return bytes(data)


def write(path, data):
    with open(path, "wb") as file:
        file.write(data)


def main(directory, program):
    os.makedirs(directory, exist_ok=True)
    with open(program, "rb") as file:
        original = file.read()
    for name, make in FILES.items():
        write(os.path.join(directory, name), make().to_bytes())
    whole = original[:CODE_AT] + SPIN + original[CODE_AT + len(SPIN):]
    for percent in (30, 60, 90):
        write(os.path.join(directory, f"truncated_{percent}"),
              whole[:max(3 * PAGE, len(whole) * percent // 100)])
    for seed in range(FUZZED):
        write(os.path.join(directory, f"fuzz_{seed}"), fuzz(original, seed))
    sparse(os.path.join(directory, "sparse"))


if __name__ == "__main__":
    main(*sys.argv[1:])
