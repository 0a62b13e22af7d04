#!/usr/bin/env node
// nodemailer SCENARIO: see README.md.
"use strict";

const assert = require("node:assert");
const { once } = require("node:events");
const fs = require("node:fs");
const net = require("node:net");
const path = require("node:path");
const nodemailer = require(path.join(process.env.EHLO_CLIENTS, "node_modules", "nodemailer"));

const { EHLO_PORT, EHLO_TLS_PORT, EHLO_LMTP, EHLO_MESSAGE, EHLO_EXPECT, EHLO_SENDER, EHLO_SENT } = process.env;
const MESSAGE = fs.readFileSync(EHLO_MESSAGE);
const BOB = "bob@example.net";

const PLAIN = { host: "127.0.0.1", port: EHLO_PORT, name: "client.example", ignoreTLS: true };
const STARTTLS = { ...PLAIN, ignoreTLS: false, requireTLS: true, tls: { rejectUnauthorized: false } };
const TLS = { ...STARTTLS, port: EHLO_TLS_PORT, secure: true };

function login(method, right) {
    if (method === "xoauth2") {
        return { auth: { type: "OAuth2", user: "user@example.net", accessToken: right ? "test" : "tset" } };
    }
    return { authMethod: method.toUpperCase(), auth: { user: "user", pass: right ? "pass" : "wrong" } };
}

function expect(mailbox, content) {
    const directory = path.join(EHLO_EXPECT, mailbox);
    fs.mkdirSync(directory, { recursive: true });
    fs.writeFileSync(path.join(directory, String(fs.readdirSync(directory).length)), content);
}

// Sends octets as they are, by a transport of their own.
async function send(options, { raw = MESSAGE, from = "alice@example.com", to = [BOB], ...envelope } = {}) {
    const transport = nodemailer.createTransport(options);
    const info = await transport.sendMail({ envelope: { from, to, ...envelope }, raw });
    assert.match(info.response, /^250 2\.0\.0 Ok queued as /);
    transport.close();
    return info;
}

async function authenticated(options, method) {
    await send({ ...options, ...login(method, true) }, { from: "user@example.net" });
    expect("bob", MESSAGE);
}

const scenarios = {
    async plain() {
        await send(PLAIN);
        expect("bob", MESSAGE);
    },

    async "several-recipients"() {
        await send(PLAIN, { to: [BOB, "carol@example.net"] });
        expect("bob", MESSAGE);
        expect("carol", MESSAGE);
    },

    // A recipient elsewhere is refused, and the other gets the message all the same.
    async "one-refused"() {
        const info = await send(PLAIN, { to: [BOB, "eve@example.org"] });
        assert.deepStrictEqual([info.accepted, info.rejected], [[BOB], ["eve@example.org"]]);
        assert.strictEqual(info.rejectedErrors[0].responseCode, 554);
        expect("bob", MESSAGE);
    },

    // What nodemailer writes by itself, with an attachment; another transport of its own says what that is.
    async composed() {
        const message = {
            from: "User <user@example.net>",
            to: "Bob <bob@example.net>",
            subject: "Grüße",
            text: "Grüße\r\n.\r\n..\r\n",
            html: "<p>Grüße</p>",
            attachments: [{ filename: "all.bin", content: Buffer.from([...Array(256).keys()]) }],
            date: new Date(0),
            messageId: "<1@example.net>",
            boundaryPrefix: "b",
            baseBoundary: "boundary",
        };
        const stream = nodemailer.createTransport({ streamTransport: true, buffer: true, newline: "windows" });
        const written = (await stream.sendMail(message)).message;
        const transport = nodemailer.createTransport({ ...TLS, ...login("login", true) });
        await transport.sendMail(message);
        expect("bob", written);
    },

    async dsn() {
        const dsn = { id: "some+id", return: "headers", notify: ["failure", "delay"], recipient: "alice@example.com" };
        await send(PLAIN, { dsn });
        const sent = fs.readFileSync(EHLO_SENT, "latin1");
        assert.match(sent, /^MAIL FROM:<alice@example.com>.* RET=HDRS ENVID=some\+2Bid\r$/m);
        assert.match(sent, /^RCPT TO:<bob@example.net> NOTIFY=FAILURE,DELAY ORCPT=rfc822;alice@example.com\r$/m);
        expect("bob", MESSAGE);
    },

    async smtputf8() {
        const raw = Buffer.from("From: <müller@example.com>\r\nSubject: Grüße\r\n\r\n你好\r\n");
        await send(PLAIN, { raw, from: "müller@example.com", to: ["用户@example.net"], use8BitMime: true });
        const sent = fs.readFileSync(EHLO_SENT, "utf8");
        assert.match(sent, /^MAIL FROM:<müller@example.com>.* SMTPUTF8/m);
        expect("用户", raw);
        fs.writeFileSync(EHLO_SENDER, "müller@example.com");
    },

    // A message of 20 MB, many of its lines with a leading dot.
    async big() {
        const line = ".leading dots make a message longer on the wire than it is 0123456789\r\n";
        const raw = Buffer.from("Subject: big\r\n\r\n" + line.repeat(20_000_000 / line.length));
        await send(PLAIN, { raw });
        expect("bob", raw);
    },

    // Connections that are kept: thirty messages over three of them.
    async pool() {
        const transport = nodemailer.createTransport({ ...TLS, ...login("plain", true), pool: true, maxConnections: 3 });
        const one = async (number) => {
            const raw = Buffer.from(`Subject: ${number}\r\n\r\n.\r\n..\r\n`);
            await transport.sendMail({ envelope: { from: "user@example.net", to: [BOB] }, raw });
            expect("bob", raw);
        };
        await Promise.all([...Array(30).keys()].map(one));
        transport.close();
    },

    // Over the Unix socket; an answer for each recipient.
    async lmtp() {
        const connection = net.connect(EHLO_LMTP);
        await once(connection, "connect");
        await send({ lmtp: true, connection, name: "client.example", ignoreTLS: true }, { to: [BOB, "carol@example.net"] });
        expect("bob", MESSAGE);
        expect("carol", MESSAGE);
    },
};

async function run(name) {
    const [kind, method] = [name.split("-")[0], name.split("-").slice(1).join("-")];
    if (name in scenarios) {
        return scenarios[name]();
    }
    if (kind === "starttls" || kind === "tls") {
        return authenticated(kind === "tls" ? TLS : STARTTLS, method);
    }
    assert.strictEqual(kind, "wrong", `no such scenario: ${name}`);
    await assert.rejects(send({ ...STARTTLS, ...login(method, false) }), { code: "EAUTH", responseCode: 535 });
}

run(process.argv[2]).catch((error) => {
    console.error(error);
    process.exit(1);
});
