#!/usr/bin/env python3
"""aiosmtplib SCENARIO: see README.md. A scenario is a function here; a hyphen in its name is an underscore."""

import asyncio
import os
import ssl
import sys
from pathlib import Path

sys.path.insert(0, os.path.join(os.environ["EHLO_CLIENTS"], "python"))
from aiosmtplib import SMTP, SMTPAuthenticationError  # noqa: E402

EXPECT = Path(os.environ["EHLO_EXPECT"])
SENDER = Path(os.environ["EHLO_SENDER"])
MESSAGE = Path(os.environ["EHLO_MESSAGE"]).read_bytes()
HEADER = b"From: <alice@example.com>\r\nTo: <bob@example.net>\r\nSubject: from aiosmtplib\r\n\r\n"

TRUSTING = ssl.create_default_context()
TRUSTING.check_hostname = False
TRUSTING.verify_mode = ssl.CERT_NONE


def connect(**options):
    """A client in plaintext, if the options do not say otherwise. It starts TLS by itself where it can, if not told."""
    options = {"port": int(os.environ["EHLO_PORT"]), "start_tls": False, "tls_context": TRUSTING, **options}
    return SMTP(hostname="127.0.0.1", local_hostname="client.example", timeout=60, **options)


def implicit(**options):
    return connect(port=int(os.environ["EHLO_TLS_PORT"]), use_tls=True, start_tls=None, **options)


def expect(mailbox, content):
    directory = EXPECT / mailbox
    directory.mkdir(parents=True, exist_ok=True)
    (directory / str(len(list(directory.iterdir())))).write_bytes(content)


async def send(smtp, content, *, sender="alice@example.com", to="bob@example.net", mailbox="bob"):
    refused, said = await smtp.sendmail(sender, [to], content)
    assert refused == {} and said.startswith("2.0.0 "), (refused, said)
    expect(mailbox, content)


async def plain():
    async with connect() as smtp:
        await send(smtp, MESSAGE)


async def several_recipients():
    async with connect() as smtp:
        await smtp.sendmail("alice@example.com", ["bob@example.net", "carol@example.net"], MESSAGE)
    expect("bob", MESSAGE)
    expect("carol", MESSAGE)


async def one_refused():
    """A recipient elsewhere is refused, and the other gets the message all the same."""
    async with connect() as smtp:
        refused, _ = await smtp.sendmail("alice@example.com", ["bob@example.net", "eve@example.org"], MESSAGE)
        assert list(refused) == ["eve@example.org"] and refused["eve@example.org"].code == 554, refused
    expect("bob", MESSAGE)


async def starttls():
    """STARTTLS by itself, and the login that it chooses."""
    async with connect(start_tls=True, username="user", password="pass") as smtp:
        await send(smtp, MESSAGE, sender="user@example.net")


async def tls():
    async with implicit(username="user", password="pass") as smtp:
        await send(smtp, MESSAGE, sender="user@example.net")


async def each_mechanism():
    async with connect(start_tls=True) as smtp:
        await smtp.ehlo()
        assert {"plain", "login", "cram-md5"} <= set(smtp.server_auth_methods), smtp.server_auth_methods
    for mechanism in ("plain", "login", "crammd5"):
        async with connect(start_tls=True) as smtp:
            await smtp.ehlo()
            said = await getattr(smtp, "auth_" + mechanism)("user", "pass")
            assert said.code == 235, (mechanism, said)


async def xoauth2():
    async with implicit() as smtp:
        await smtp.ehlo()
        said = await smtp.auth_xoauth2("user@example.net", "test")
        assert said.code == 235, said
        await send(smtp, MESSAGE, sender="user@example.net")


async def refused(method, user, secret):
    async with connect(start_tls=True) as smtp:
        await smtp.ehlo()
        try:
            await getattr(smtp, "auth_" + method)(user, secret)
        except SMTPAuthenticationError as error:
            assert error.code == 535, error
        else:
            raise AssertionError(f"{method} was taken")


async def wrong_password():
    for method in ("plain", "login", "crammd5"):
        await refused(method, "user", "wrong")


async def wrong_token():
    await refused("xoauth2", "user@example.net", "tset")


async def smtputf8():
    content = "From: <müller@bücher.example>\r\nSubject: Grüße\r\n\r\n你好\r\n".encode()
    async with connect() as smtp:
        options = ["SMTPUTF8", "BODY=8BITMIME"]
        await smtp.ehlo()
        await smtp.sendmail("müller@bücher.example", ["用户@example.net"], content, mail_options=options)
    expect("用户", content)
    SENDER.write_text("müller@bücher.example")


async def big():
    """A message of 20 MB, many of its lines with a leading dot."""
    line = b".leading dots make a message longer on the wire than it is " + b"0123456789\r\n"
    async with connect() as smtp:
        await send(smtp, HEADER + line * (20_000_000 // len(line)))


async def many_at_once():
    """Twenty connections at once, three messages on each."""

    async def one(client):
        async with connect() as smtp:
            for number in range(3):
                await send(smtp, HEADER + b"%d of client %d\r\n" % (number, client))

    await asyncio.gather(*map(one, range(20)))


asyncio.run(globals()[sys.argv[1].replace("-", "_")]())
