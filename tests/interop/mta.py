"""What a mail server is given to pass on to ehlod, and how it must then do that. `exim_client.py` and `postfix_client.py` run them."""

import os
import re
from dataclasses import dataclass, field
from pathlib import Path

CLIENTS = Path(os.environ["EHLO_CLIENTS"])
HERE = Path.cwd()
PORT = os.environ["EHLO_PORT"]
TLS_PORT = os.environ["EHLO_TLS_PORT"]
LMTP = os.environ["EHLO_LMTP"]
SENT = Path(os.environ["EHLO_SENT"])
EXPECT = Path(os.environ["EHLO_EXPECT"])
SENDER = Path(os.environ["EHLO_SENDER"])
MESSAGE = Path(os.environ["EHLO_MESSAGE"]).read_bytes()

FIELDS = """From: <alice@example.com>\r
To: <bob@example.net>\r
Subject: relayed\r
Date: Mon, 1 Jan 2024 00:00:00 +0000\r
Message-ID: <1@example.com>\r
\r
""".encode()

BOB, CAROL = ("bob@example.net", "bob"), ("carol@example.net", "carol")


@dataclass
class Job:
    """A message, and what must be seen on the wire when it is passed on."""

    content: bytes = MESSAGE
    sender: str = "alice@example.com"
    # Addresses and their mailboxes.
    recipients: list = field(default_factory=lambda: [BOB])
    mail_options: list = field(default_factory=list)
    rcpt_options: list = field(default_factory=list)
    sent: list = field(default_factory=list)

    def inject(self, smtp):
        """Gives it to the mail server."""
        smtp.ehlo()
        if "SMTPUTF8" in self.mail_options:
            smtp.command_encoding = "utf-8"
        to = [address for address, _ in self.recipients]
        assert smtp.sendmail(self.sender, to, self.content, self.mail_options, self.rcpt_options) == {}

    def check(self):
        """What stands on the wire; and says what must stand in the mailboxes, and who sent it."""
        sent = SENT.read_bytes() if SENT.exists() else b""
        for pattern in self.sent:
            assert re.search(pattern.encode(), sent, re.MULTILINE), f"{pattern} is not in {sent[:2000]!r}"
        for _, mailbox in self.recipients:
            (EXPECT / mailbox).mkdir(parents=True)
            (EXPECT / mailbox / "1").write_bytes(self.content)
        SENDER.write_text(self.sender)


LINE = b".leading dots make a message longer on the wire than it is " + b"0123456789\r\n"

JOBS = {
    "plain": Job(),
    "several-recipients": Job(
        recipients=[BOB, CAROL],
        # One transaction for both.
        sent=[r"^MAIL FROM:<alice@example.com>[^\r]*\r\nRCPT TO:<[^\r]*\r\nRCPT TO:<"],
    ),
    "eight-bit": Job(
        content=FIELDS + bytes(octet for octet in range(128, 256)) + b"\r\n",
        mail_options=["BODY=8BITMIME"],
        sent=[r"^MAIL FROM:<alice@example.com>.* BODY=8BITMIME"],
    ),
    "smtputf8": Job(
        content="Subject: Grüße\r\n".encode() + FIELDS.replace(b"Subject: relayed\r\n", b"") + "你好\r\n".encode(),
        sender="müller@bücher.example",
        recipients=[("用户@example.net", "用户")],
        mail_options=["SMTPUTF8", "BODY=8BITMIME"],
        sent=["^MAIL FROM:<müller@bücher.example>.* SMTPUTF8", "^RCPT TO:<用户@example.net>"],
    ),
    "dsn": Job(
        mail_options=["RET=HDRS", "ENVID=id+2B1"],
        rcpt_options=["NOTIFY=FAILURE,DELAY", "ORCPT=rfc822;robert@example.org"],
        sent=[
            r"^MAIL FROM:<alice@example.com>.* RET=HDRS",
            r"^MAIL FROM:<alice@example.com>.* ENVID=id\+2B1",
            r"^RCPT TO:<bob@example.net>.* NOTIFY=(FAILURE,DELAY|DELAY,FAILURE)",
            r"^RCPT TO:<bob@example.net>.* ORCPT=rfc822;robert@example.org",
        ],
    ),
    "big": Job(content=FIELDS + LINE * (20_000_000 // len(LINE))),
    "null-sender": Job(sender="", sent=[r"^MAIL FROM:<>"]),
}


def job(scenario):
    """The job that a scenario is about; the plain one where it is about how the session is secured."""
    kind, _, mechanism = scenario.partition("-")
    if kind in ("starttls", "tls", "wrong") and scenario not in JOBS:
        return Job(sender="user@example.net" if mechanism else "alice@example.com")
    if scenario == "lmtp":
        # On the Unix socket nobody listens in.
        return Job(recipients=[BOB, CAROL])
    return JOBS[scenario]
