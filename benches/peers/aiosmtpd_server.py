#!/usr/bin/env python3
"""aiosmtpd_server.py PORT CERTIFICATE KEY: takes mail for everyone, and drops it."""

import asyncio
import ssl
import sys

from aiosmtpd.smtp import SMTP


class Sink:
    async def handle_DATA(self, server, session, envelope):
        return "250 OK"


async def main():
    port, certificate, key = sys.argv[1:]
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(certificate, key)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(Sink(), hostname="mx.example.net", tls_context=tls, data_size_limit=33554432, loop=loop),
        "127.0.0.1",
        int(port),
        backlog=1024,
    )
    await server.serve_forever()


asyncio.run(main())
