#!/usr/bin/env bash
# gsasl SCENARIO: see README.md. gsasl secures the connection and logs in; this script speaks SMTP through it.
set -euo pipefail

# Reads to the last line of a reply with this code; other lines, which gsasl writes of its own and the login, are passed by.
hear() {
    local line
    while IFS= read -r -t 120 line <&"$from"; do
        line=${line%$'\r'}
        echo "S: $line"
        [[ $line != "$1 "* ]] || return 0
    done
    echo "no reply $1" >&2
    return 1
}

# Says a line, and demands the code of the reply. gsasl itself writes the CRLF.
say() {
    echo "C: $2"
    printf '%s\n' "$2" >&"$to"
    hear "$1"
}

# Without a certificate that it could check, gsasl is told to check none.
options=(--smtp --connect="localhost:$EHLO_PORT" --x509-ca-file= --authentication-id=user)
case $1 in
plain | login | cram-md5 | scram-sha-1 | scram-sha-256)
    # Where it could bind the channel, gsasl does not use what does not.
    options+=(--mechanism="${1^^}" --password=pass --no-cb)
    ;;
scram-*-plus) options+=(--mechanism="${1^^}" --password=pass) ;;
wrong-*) options+=(--mechanism="$(tr a-z A-Z <<<"${1#wrong-}")" --password=wrong) ;;
tls12-unique) options+=(--mechanism=SCRAM-SHA-256-PLUS --password=pass --priority=NORMAL:-VERS-TLS1.3) ;;
*) echo "no such scenario: $1" >&2 && exit 2 ;;
esac

case $1 in
wrong-* | tls12-unique)
    status=0
    gsasl "${options[@]}" </dev/null >said 2>&1 || status=$?
    cat said
    test "$status" -ne 0
    grep -q '^535 5.7.8' said
    exit
    ;;
esac

coproc SASL { exec gsasl "${options[@]}" 2>&1; }
# Copies of the ends: bash closes its own as soon as the program has ended, with what is still to be read.
exec {from}<&"${SASL[0]}" {to}>&"${SASL[1]}"
hear 235
say 250 "MAIL FROM:<user@example.net>"
say 250 "RCPT TO:<bob@example.net>"
say 354 "DATA"
sed 's/^\./../; s/\r$//' "$EHLO_MESSAGE" >&"$to"
say 250 "."
say 221 "QUIT"
mkdir -p "$EHLO_EXPECT/bob"
cp "$EHLO_MESSAGE" "$EHLO_EXPECT/bob/1"
