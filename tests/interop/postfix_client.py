#!/usr/bin/env python3
"""postfix SCENARIO: see README.md. A whole Postfix in a directory of its own takes a message and passes it on to ehlod."""

import os
import pwd
import re
import signal
import smtplib
import subprocess
import sys
import time
from pathlib import Path

import mta

SCENARIO = sys.argv[1]
KIND, _, MECHANISM = SCENARIO.partition("-")
ROOT = (mta.CLIENTS / "postfix").resolve()
LIBRARIES = ROOT / "usr/lib/postfix"
DAEMONS = LIBRARIES / "sbin"
PLACE = mta.HERE / "postfix"
LOG = PLACE / "log"
SECURED = KIND in ("starttls", "wrong", "tls")


def settings():
    """main.cf."""
    relay = f"lmtp:unix:{mta.LMTP}" if SCENARIO == "lmtp" else f"smtp:[127.0.0.1]:{mta.TLS_PORT if KIND == 'tls' else mta.PORT}"
    password = "wrong" if KIND == "wrong" else "pass"
    return {
        "compatibility_level": "3.6",
        "queue_directory": PLACE / "queue",
        "data_directory": PLACE / "data",
        "command_directory": ROOT / "usr/sbin",
        "daemon_directory": DAEMONS,
        "shlib_directory": LIBRARIES,
        "meta_directory": ROOT / "etc/postfix",
        "import_environment": "MAIL_CONFIG LD_LIBRARY_PATH",
        "mail_owner": "postfix",
        "setgid_group": "postdrop",
        "maillog_file": LOG,
        "maillog_file_prefixes": PLACE,
        "inet_interfaces": "127.0.0.1",
        "inet_protocols": "ipv4",
        "myhostname": "relay.example",
        "mydestination": "",
        "mynetworks": "127.0.0.0/8",
        "alias_maps": "",
        "alias_database": "",
        "local_recipient_maps": "",
        "default_transport": relay,
        "relayhost": "",
        "smtp_dns_support_level": "disabled",
        "smtp_helo_name": "client.example",
        "lmtp_lhlo_name": "client.example",
        "smtpd_relay_restrictions": "permit_mynetworks, reject",
        "smtpd_recipient_restrictions": "permit_mynetworks, reject",
        "local_header_rewrite_clients": "",
        "message_size_limit": "26000000",
        # The message is to arrive as it was sent.
        "header_checks": f"regexp:{PLACE}/header_checks",
        "smtp_tls_security_level": "encrypt" if SECURED else "none",
        "smtp_tls_wrappermode": "yes" if KIND == "tls" else "no",
        "smtp_sasl_auth_enable": "yes" if MECHANISM and SECURED else "no",
        "smtp_sasl_password_maps": f"inline:{{{{[127.0.0.1]:{mta.TLS_PORT if KIND == 'tls' else mta.PORT}=user:{password}}}}}",
        "smtp_sasl_mechanism_filter": MECHANISM,
        "smtp_sasl_tls_security_options": "noanonymous",
    }


SERVICES = """
127.0.0.1:{port} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
lmtp unix - - n - - lmtp
error unix - - n - - error
retry unix - - n - - error
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""


def lay_out(port):
    """Directories and files, as `postfix set-permissions` would leave them."""
    owner = pwd.getpwnam("postfix").pw_uid
    mta.HERE.chmod(0o755)
    (mta.HERE / "lmtp.sock").chmod(0o777)
    queue = PLACE / "queue"
    (queue / "pid").mkdir(parents=True)
    for name in "active bounce corrupt defer deferred flush hold incoming maildrop private public saved trace".split():
        (queue / name).mkdir()
        os.chown(queue / name, owner, -1)
    (PLACE / "data").mkdir()
    os.chown(PLACE / "data", owner, -1)
    (PLACE / "main.cf").write_text("".join(f"{name} = {value}\n" for name, value in settings().items()))
    (PLACE / "master.cf").write_text(SERVICES.format(port=port).lstrip())
    (PLACE / "header_checks").write_text(r"/^Received: .*by relay\.example/ IGNORE" + "\n")


def connect(port, master):
    deadline = time.monotonic() + 20
    while True:
        assert master.poll() is None and time.monotonic() < deadline, "Postfix does not start"
        try:
            return smtplib.SMTP("127.0.0.1", port, local_hostname="client.example", timeout=60)
        except ConnectionRefusedError:
            time.sleep(0.05)


def wait_for(pattern, count):
    """Waits until the log has so many lines with it."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        # It is there once Postfix has something to say.
        if LOG.exists() and len(re.findall(pattern, LOG.read_text())) >= count:
            return
        time.sleep(0.05)
    raise AssertionError(f"no {pattern} in Postfix's log")


def bounce():
    """A recipient whom ehlod refuses: Postfix sends its bounce to the sender, who is at ehlod's, with the null reverse-path."""
    wait_for(r"status=bounced .*554", 1)
    wait_for(r"to=<alice@example.net>, .*status=sent \(250 2\.0\.0 ", 1)
    files = list(Path("mail").glob("**/alice/new/*"))
    assert len(files) == 1, files
    text = files[0].read_bytes()
    assert text.startswith(b"Return-Path: <>\r\n") and b"554 5.7." in text, text
    # What it says is Postfix's own; it stands behind what ehlod puts at the head.
    content = text.split(b"\r\nReceived: ", 1)[1]
    content = content[re.search(rb"\r\n(?![\t ])", content).end() :]
    (mta.EXPECT / "alice").mkdir(parents=True)
    (mta.EXPECT / "alice/1").write_bytes(content)
    mta.SENDER.write_text("")


def main():
    # Nobody but this Postfix may answer there.
    port = int(os.environ["EHLO_FREE_PORT"])
    lay_out(port)
    environment = {**os.environ, "MAIL_CONFIG": str(PLACE), "LD_LIBRARY_PATH": str(LIBRARIES)}
    # The daemons of Postfix are in a session of their own; so it ends no others than its own.
    master = subprocess.Popen([DAEMONS / "master", "-c", PLACE, "-d"], env=environment, start_new_session=True)
    try:
        with connect(port, master) as smtp:
            if SCENARIO == "bounce":
                smtp.sendmail("alice@example.net", ["eve@example.org"], mta.MESSAGE)
            else:
                job = mta.job(SCENARIO)
                job.inject(smtp)
        if SCENARIO == "bounce":
            bounce()
        elif KIND == "wrong":
            wait_for(r"SASL authentication failed; server .* said: 535 5\.7\.8", 1)
        else:
            wait_for(r"status=sent \(250 2\.0\.0 ", len(job.recipients))
            job.check()
    finally:
        print(LOG.read_text() if LOG.exists() else "no log")
        master.send_signal(signal.SIGTERM)
        master.wait(timeout=120)


main()
