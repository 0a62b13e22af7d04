// smtp_server.js PORT CERTIFICATE KEY: takes mail for everyone, and drops it.
const fs = require("fs");
const { SMTPServer } = require("smtp-server");

const [port, certificate, key] = process.argv.slice(2);
const server = new SMTPServer({
    name: "mx.example.net",
    authOptional: true,
    disableReverseLookup: true,
    disabledCommands: ["AUTH"],
    cert: fs.readFileSync(certificate),
    key: fs.readFileSync(key),
    onData(stream, session, callback) {
        stream.resume();
        stream.on("end", callback);
    },
});
server.on("error", () => {});
server.listen(Number(port), "127.0.0.1");
