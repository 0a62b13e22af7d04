#!/usr/bin/env python3
"""Writes seeds for the fuzz targets into fuzz/corpus: the transcripts of the tests, and exchanges of every SASL mechanism.

A seed is named by what it is, so that running this again changes nothing.
"""

import ast
import pathlib
import re

HERE = pathlib.Path(__file__).resolve().parent
TRANSCRIPTS = HERE.parent / "tests" / "transcripts"
# The configurations of fuzz_targets/session.rs that each world of the transcripts, and its extensions, are near to.
SESSION = {"plain": (1, 3, 8), "tls": (1, 8), "auth": (1, 8)}
MECHANISMS = 11


def octets(text):
    """What stands behind `C!`: strings one after another, each perhaps with `*` and a number."""
    parts = re.findall(r'("(?:[^"\\]|\\.)*")(?:\*(\d+))?', text)
    return b"".join(ast.literal_eval("b" + string) * int(times or 1) for string, times in parts)


def transcript(path):
    """The world, and what the client sends, step by step; None is a handshake."""
    world, steps, sent = None, [], b""
    for line in path.read_text().splitlines():
        mark, _, rest = line.partition(" ")
        if mark == "world:":
            world = rest
        elif mark == "C:":
            sent += rest.encode() + b"\r\n"
        elif mark == "C!":
            sent += octets(rest)
        elif sent:
            steps, sent = steps + [sent], b""
        if line == "--- tls":
            steps.append(None)
    return world, steps + [sent]


def write(target, name, seed):
    folder = HERE / "corpus" / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(seed)


def session(name, world, steps):
    """Octets, cut after each step."""
    parts = [b"\xffk" if step is None else step.replace(b"\xff", b"\xff\xff") for step in steps]
    for choice in SESSION[world]:
        write("session", f"{name}-{choice}", bytes([choice]) + b"\xffc".join(parts))
    lmtp = b"\xffc".join(parts).replace(b"EHLO", b"LHLO")
    write("session", f"{name}-lmtp", bytes([9]) + lmtp)


def command(name, steps):
    """The arguments of each line."""
    lines = b"".join(step for step in steps if step).split(b"\r\n")
    for number, line in enumerate(lines):
        _, _, arguments = line.partition(b" ")
        if arguments and len(arguments) < 600:
            write("command", f"{name}-{number}", arguments)


def content(name, steps):
    """What lies between DATA and its end."""
    whole = b"".join(step for step in steps if step)
    for number, data in enumerate(re.split(rb"(?m)^DATA\r\n", whole)[1:]):
        for choice in (0, 1):
            write("content", f"{name}-{number}-{choice}", bytes([choice, 7]) + data)


def lengths():
    """Lines about as long as what is looked at together, and what matters in them or behind them."""
    for length in (*range(60, 69), *range(125, 132), *range(253, 260), 320, 600):
        for number, mark in enumerate((b"\r\n..\r\n", b"\r\n.\r\n", b"\n", b"\r", b"\r\r\n", b"\n.\r\n")):
            data = b"x" * length + mark + b"y" * 70 + b"\r\n.\r\n"
            write("content", f"length-{length}-{number}", bytes([number & 1, 255]) + data)


def bdat():
    """MAIL and RCPT, and a message in chunks: whole, pipelined with other commands, with line endings across chunks."""
    chunk = lambda data, last=False: bytes([len(data) | (0x40 if last else 0)]) + data
    message = chunk(b"Subject: x\r\n\r\n") + chunk(b"..\r\n.\r\n\r") + chunk(b"\n") + chunk(b"", True)
    seeds = {
        "message": b"\x80" + message,
        "messages": (b"\x80" + message) * 4,
        "binary": b"\x80" + chunk(b"\r\0\n\xff", True),
        "bare": b"\x80" + chunk(b"a\nb") + chunk(b"c", True) + b"\x80" + chunk(b"a\r") + chunk(b"b", True),
        "none": chunk(b"QUIT\r\n") + b"\xc0" + chunk(b"QUIT\r\n", True),
        "broken": b"\x80" + chunk(b"a") + b"\xf0" + chunk(b"b", True),
        "reset": b"\x80" + chunk(b"a") + b"\xe0" + chunk(b"b", True) + b"\x80\x80" + chunk(b"b") + b"\xc0\x80",
        "big": b"\x80" + chunk(b"x" * 63) + chunk(b"y", True),
    }
    for name, seed in seeds.items():
        for choice in range(16):
            write("bdat", f"{name}-{choice}", bytes([choice, 5]) + seed)


def sasl():
    """The right exchange of every mechanism, with an initial response and without, and ways in which it goes wrong."""
    ways = {
        "initial": [b"f", b"p", b"e"],
        "challenge": [b"", b"f", b"p", b"e"],
        "cancelled": [b"", b"r*"],
        "malformed": [b"", b"r!", b"r="],
        "wrong": [b"m\x02x", b"m\x05yy", b"e"],
        "altered": [b"f", b"m\x05yy", b"e"],
        "proof": [b"f", b"m\x60yy", b"e"],
    }
    for mechanism in range(MECHANISMS):
        for way, lines in ways.items():
            exchange = b"\xff".join([bytes([mechanism]) + lines[0], *lines[1:]])
            for choice in (0x37, 0x33, 0x20, 0xA0):
                again = bytes([choice, 3]) + exchange + b"\xff" + exchange
                write("sasl", f"{mechanism}-{way}-{choice}", again)
    for name, first in {
        "escaped": b"n,a=b=2Cc,n=us=3Der,r=x",
        "extension": b"n,,n=user,r=x,y=z",
        "end-point": b"p=tls-server-end-point,,n=user,r=fyko",
        "not-offered": b"y,,n=user,r=x",
    }.items():
        for mechanism in range(3, 7):
            write("sasl", f"{mechanism}-{name}", b"\x37\x07" + bytes([mechanism]) + first + b"\xffp\xffe")


for path in sorted(TRANSCRIPTS.glob("*.txt")):
    world, steps = transcript(path)
    session(path.stem, world, steps)
    command(path.stem, steps)
    content(path.stem, steps)
lengths()
bdat()
sasl()
print({folder.name: len(list(folder.iterdir())) for folder in sorted((HERE / "corpus").iterdir())})
