#!/usr/bin/env bash
# openssl SCENARIO: see README.md. s_client carries the octets; this script speaks SMTP through it.
set -euo pipefail

# Reads one reply, and demands its code.
hear() {
    local line
    while IFS= read -r -t 120 line <&"$from"; do
        echo "S: $line"
        if [[ ${line:3:1} != - ]]; then
            [[ ${line:0:3} == "$1" ]]
            return
        fi
    done
    echo "no reply $1" >&2
    return 1
}

# Copies the ends of the program: bash closes its own as soon as it has ended, with what is still to be read.
copy_ends() {
    exec {from}<&"${TLS[0]}" {to}>&"${TLS[1]}"
}

# Says a line, and demands the code of the reply.
say() {
    echo "C: $2"
    printf '%s\r\n' "$2" >&"$to"
    hear "$1"
}

case $1 in
starttls)
    # s_client itself says EHLO and STARTTLS.
    coproc TLS { exec openssl s_client -quiet -starttls smtp -connect "127.0.0.1:$EHLO_PORT" 2>/dev/null; }
    copy_ends
    ;;
implicit-tls)
    coproc TLS { exec openssl s_client -quiet -connect "127.0.0.1:$EHLO_TLS_PORT" 2>/dev/null; }
    copy_ends
    hear 220
    ;;
tls12)
    coproc TLS { exec openssl s_client -quiet -tls1_2 -connect "127.0.0.1:$EHLO_TLS_PORT" 2>/dev/null; }
    copy_ends
    hear 220
    ;;
*) echo "no such scenario: $1" >&2 && exit 2 ;;
esac

say 250 "EHLO client.example"
say 235 "AUTH PLAIN $(printf '\0user\0pass' | base64)"
say 250 "MAIL FROM:<user@example.net>"
say 250 "RCPT TO:<bob@example.net>"
say 354 "DATA"
sed 's/^\./../' "$EHLO_MESSAGE" >&"$to"
say 250 "."
say 221 "QUIT"
mkdir -p "$EHLO_EXPECT/bob"
cp "$EHLO_MESSAGE" "$EHLO_EXPECT/bob/1"
