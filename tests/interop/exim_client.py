#!/usr/bin/env python3
"""exim SCENARIO: see README.md. Exim takes a message on a socket pair and passes it on to ehlod, by BDAT where it is offered."""

import smtplib
import socket
import subprocess
import sys

import mta

SCENARIO = sys.argv[1]
KIND, _, MECHANISM = SCENARIO.partition("-")
EXIM = mta.CLIENTS / "exim/usr/sbin/exim4"
PASSWORD = "wrong" if KIND == "wrong" else "pass"

SECURITY = {
    "starttls": f"port = {mta.PORT}\n hosts_require_tls = *",
    "wrong": f"port = {mta.PORT}\n hosts_require_tls = *",
    "tls": f"port = {mta.TLS_PORT}\n protocol = smtps",
}.get(KIND if MECHANISM in ("", "plain", "login", "cram-md5", "external") else "", f"port = {mta.PORT}\n hosts_avoid_tls = *")

AUTHENTICATORS = {
    "": "",
    "plain": f"driver = plaintext\n public_name = PLAIN\n client_send = ^user^{PASSWORD}",
    "login": f"driver = plaintext\n public_name = LOGIN\n client_send = : user : {PASSWORD}",
    "cram-md5": f"driver = cram_md5\n public_name = CRAM-MD5\n client_name = user\n client_secret = {PASSWORD}",
    "external": "driver = external\n public_name = EXTERNAL\n client_send = "
    + ("alice@example.net" if KIND == "wrong" else "user@example.net"),
}
AUTHENTICATOR = AUTHENTICATORS.get(MECHANISM, "")
CERTIFICATE = f" tls_certificate = {mta.HERE}/client.pem\n tls_privatekey = {mta.HERE}/client.key\n"

SMTP = f"""driver = smtp
 {SECURITY}
 helo_data = client.example
 allow_localhost
 hosts_require_auth = {"*" if AUTHENTICATOR else ""}
 tls_verify_hosts = :
{CERTIFICATE if MECHANISM == "external" else ""}"""

CONFIGURATION = f"""
primary_hostname = relay.example
spool_directory = {mta.HERE}/exim
log_file_path = {mta.HERE}/exim/%slog
exim_path = {EXIM}
keep_environment =
received_header_text =
message_size_limit = 30M
chunking_advertise_hosts = *
dsn_advertise_hosts = *
smtputf8_advertise_hosts = *
acl_smtp_rcpt = everyone
begin acl
everyone:
 accept
begin routers
everywhere:
 driver = manualroute
 route_list = * 127.0.0.1
 self = send
 transport = {"lmtp" if SCENARIO == "lmtp" else "smtp"}
begin transports
smtp:
 {SMTP}
lmtp:
 driver = lmtp
 socket = {mta.LMTP}
 batch_max = 100
begin authenticators
{f"only:{chr(10)} {AUTHENTICATOR}" if AUTHENTICATOR else ""}
"""


class OnSocket(smtplib.SMTP):
    """SMTP on a socket that is there already."""

    def __init__(self, stream):
        self.stream = stream
        super().__init__("exim", local_hostname="client.example", timeout=60)

    def _get_socket(self, *_):
        return self.stream


def main():
    # Exim delivers as its own user, who must get at its spool and at the socket.
    mta.HERE.chmod(0o755)
    (mta.HERE / "lmtp.sock").chmod(0o777)
    (mta.HERE / "client.key").chmod(0o644)
    configuration = mta.HERE / "exim.conf"
    configuration.write_text(CONFIGURATION)
    job = mta.job(SCENARIO)
    ours, its = socket.socketpair()
    # It delivers in the foreground, and has ended when it has delivered.
    exim = subprocess.Popen([EXIM, "-C", configuration, "-odf", "-bs"], stdin=its, stdout=its)
    its.close()
    with OnSocket(ours) as smtp:
        job.inject(smtp)
    assert exim.wait(timeout=120) == 0
    log = (mta.HERE / "exim/mainlog").read_text()
    print(log)
    if KIND == "wrong":
        assert "535 5.7.8" in log and " => " not in log
        return
    if SCENARIO == "eight-bit":
        # Exim never says what the body is.
        job.sent = []
    if SECURITY.endswith("hosts_avoid_tls = *") and SCENARIO != "lmtp":
        # The header and what is at hand come first; the last chunk of a big message is all the rest.
        job.sent += [r"^BDAT \d+ LAST\r$"] + ([r"^BDAT \d+\r$"] if SCENARIO == "big" else [])
        assert b"\r\nDATA\r\n" not in mta.SENT.read_bytes()
    job.check()


main()
