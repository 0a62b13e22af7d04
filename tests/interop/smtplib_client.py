#!/usr/bin/env python3
"""smtplib SCENARIO: see README.md. A scenario is a function here; a hyphen in its name is an underscore."""

import os
import smtplib
import socket
import ssl
import sys
from email.message import EmailMessage
from email.policy import SMTP as POLICY
from pathlib import Path

HOST = "127.0.0.1"
PORT = int(os.environ["EHLO_PORT"])
TLS_PORT = int(os.environ["EHLO_TLS_PORT"])
EXPECT = Path(os.environ["EHLO_EXPECT"])
SENDER = Path(os.environ["EHLO_SENDER"])
LMTP = os.environ["EHLO_LMTP"]
MESSAGE = Path(os.environ["EHLO_MESSAGE"]).read_bytes()
HEADER = b"From: <alice@example.com>\r\nTo: <bob@example.net>\r\nSubject: from smtplib\r\n\r\n"

TRUSTING = ssl.create_default_context()
TRUSTING.check_hostname = False
TRUSTING.verify_mode = ssl.CERT_NONE


def connect():
    return smtplib.SMTP(HOST, PORT, local_hostname="client.example", timeout=60)


def expect(mailbox, content):
    directory = EXPECT / mailbox
    directory.mkdir(parents=True, exist_ok=True)
    (directory / str(len(list(directory.iterdir())))).write_bytes(content)


def send(content, *, to="bob@example.net", mailbox="bob", options=()):
    """Sends octets in a session of their own."""
    with connect() as smtp:
        assert smtp.sendmail("alice@example.com", [to], content, mail_options=options) == {}
    expect(mailbox, content)


def plain():
    send(MESSAGE)


def several_recipients():
    with connect() as smtp:
        smtp.sendmail("alice@example.com", ["bob@example.net", "carol@example.net"], MESSAGE)
    expect("bob", MESSAGE)
    expect("carol", MESSAGE)


def login():
    """STARTTLS, the login that smtplib chooses by itself, and a message object."""
    message = EmailMessage(policy=POLICY)
    message["From"] = "User <user@example.net>"
    message["To"] = "Bob <bob@example.net>"
    message["Subject"] = "Grüße"
    message.set_content("Grüße aus smtplib\n.\n..\n")
    with connect() as smtp:
        smtp.starttls(context=TRUSTING)
        smtp.login("user", "pass")
        smtp.send_message(message)
    expect("bob", message.as_bytes())


def each_mechanism():
    for mechanism in ("PLAIN", "LOGIN", "CRAM-MD5"):
        for initial in (True, False):
            with connect() as smtp:
                smtp.starttls(context=TRUSTING)
                smtp.ehlo()
                smtp.user, smtp.password = "user", "pass"
                method = getattr(smtp, "auth_" + mechanism.lower().replace("-", "_"))
                code, _ = smtp.auth(mechanism, method, initial_response_ok=initial)
                assert code == 235, (mechanism, initial, code)


def wrong_password():
    with connect() as smtp:
        smtp.starttls(context=TRUSTING)
        try:
            smtp.login("user", "wrong")
        except smtplib.SMTPAuthenticationError as error:
            assert error.smtp_code == 535, error
        else:
            raise AssertionError("a wrong password was taken")


def implicit_tls():
    with smtplib.SMTP_SSL(HOST, TLS_PORT, local_hostname="client.example", timeout=60, context=TRUSTING) as smtp:
        smtp.login("user", "pass")
        smtp.sendmail("user@example.net", ["bob@example.net"], MESSAGE)
    expect("bob", MESSAGE)


def eight_bit():
    """Text of every octet but NUL, CR and LF, which looks binary."""
    line = bytes(octet for octet in range(1, 256) if octet not in b"\r\n")
    send(HEADER + (line + b"\r\n") * 20, options=["BODY=8BITMIME"])


def dots():
    send(HEADER + b".\r\n..\r\n...\r\n.\r\n\r\n.x\r\n. \r\n.\r\n")


def big():
    """A message of 20 MB, many of its lines with a leading dot."""
    line = b".leading dots make a message longer on the wire than it is " + b"0123456789\r\n"
    send(HEADER + line * (20_000_000 // len(line)))


def quoted_local_part():
    """The mailbox is named with what a file system might stumble over in hexadecimal."""
    with connect() as smtp:
        smtp.sendmail('"al ice"@example.com', ['"b ob"@example.net'], MESSAGE)
    expect("b%20ob", MESSAGE)
    SENDER.write_text('"al ice"@example.com')


def smtputf8():
    content = "From: <müller@bücher.example>\r\nSubject: Grüße\r\n\r\n你好\r\n".encode()
    with connect() as smtp:
        options = ["SMTPUTF8", "BODY=8BITMIME"]
        smtp.ehlo()
        smtp.command_encoding = "utf-8"
        refused = smtp.sendmail("müller@bücher.example", ["用户@example.net"], content, mail_options=options)
        assert refused == {}, refused
    expect("用户", content)
    SENDER.write_text("müller@bücher.example")


def several_messages():
    """Five messages on one connection, with a transaction given up before each."""
    with connect() as smtp:
        smtp.ehlo()
        for number in range(5):
            content = HEADER + b"message %d\r\n" % number
            assert smtp.mail("eve@example.com")[0] == 250
            assert smtp.rcpt("carol@example.net")[0] == 250
            assert smtp.rset()[0] == 250
            smtp.sendmail("alice@example.com", ["bob@example.net"], content)
            expect("bob", content)


def queries():
    with connect() as smtp:
        assert smtp.ehlo()[0] == 250
        assert smtp.has_extn("pipelining") and smtp.has_extn("size") and smtp.has_extn("starttls")
        assert smtp.vrfy("bob@example.net")[0] == 252
        assert smtp.expn("staff")[0] == 502
        assert smtp.noop()[0] == 250


def refused_sender():
    """SIZE: smtplib announces it by itself, and the server refuses what is over its limit before it is sent."""
    with connect() as smtp:
        try:
            smtp.sendmail("alice@example.com", ["bob@example.net"], HEADER + b"x" * 76 * 400_000 + b"\r\n")
        except smtplib.SMTPSenderRefused as error:
            assert error.smtp_code == 552, error
        else:
            raise AssertionError("a message over the limit was taken")


def pipelining():
    """Two transactions, each command group in one segment, over a raw socket."""
    with socket.create_connection((HOST, PORT), timeout=60) as raw:
        replies = raw.makefile("rb")

        def hear(*codes):
            for code in codes:
                line = replies.readline()
                while line[3:4] == b"-":
                    line = replies.readline()
                assert line[:3] == code, (line, code)

        hear(b"220")
        raw.sendall(b"EHLO client.example\r\n")
        hear(b"250")
        group = b"MAIL FROM:<alice@example.com>\r\nRCPT TO:<bob@example.net>\r\nRCPT TO:<carol@example.net>\r\nDATA\r\n"
        raw.sendall(group)
        hear(b"250", b"250", b"250", b"354")
        raw.sendall(HEADER + b"one\r\n.\r\n" + group)
        hear(b"250", b"250", b"250", b"250", b"354")
        raw.sendall(HEADER + b"two\r\n.\r\nQUIT\r\n")
        hear(b"250", b"221")
        assert replies.read() == b""
    for mailbox in ("bob", "carol"):
        expect(mailbox, HEADER + b"one\r\n")
        expect(mailbox, HEADER + b"two\r\n")


def lmtp():
    """Over the Unix socket. smtplib reads one answer a message, so that only one recipient can be named."""
    with smtplib.LMTP(LMTP, local_hostname="client.example") as lmtp:
        lmtp.sendmail("alice@example.com", ["bob@example.net"], MESSAGE)
        lmtp.sendmail("alice@example.com", ["carol@example.net"], MESSAGE)
    expect("bob", MESSAGE)
    expect("carol", MESSAGE)


globals()[sys.argv[1].replace("-", "_")]()
