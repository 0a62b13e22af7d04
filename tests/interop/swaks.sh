#!/bin/sh
# swaks SCENARIO: see README.md.
set -eu

# swaks puts an empty line before the final dot.
expect() {
    for mailbox; do
        mkdir -p "$EHLO_EXPECT/$mailbox"
        { cat "$EHLO_MESSAGE" && printf '\r\n'; } >"$EHLO_EXPECT/$mailbox/1"
    done
}

# send RECIPIENTS OPTION...
send() {
    to=$1
    shift
    swaks --helo client.example --timeout 20 --from alice@example.com --to "$to" --data "@$EHLO_MESSAGE" "$@"
}

# to_bob OPTION...
to_bob() {
    send bob@example.net "$@" && expect bob
}

plain="--server 127.0.0.1 --port $EHLO_PORT"
tls="--server 127.0.0.1 --port $EHLO_TLS_PORT --tls-on-connect"
login() { echo "--auth $(echo "$1" | tr a-z A-Z) --auth-user user --from user@example.net --auth-password"; }

# What stands unquoted below are options, to be split.
case $1 in
plain) to_bob $plain ;;
helo) to_bob $plain --protocol SMTP ;;
several-recipients) send bob@example.net,carol@example.net $plain && expect bob carol ;;
pipelining) send bob@example.net,carol@example.net $plain --pipeline && expect bob carol ;;
auth-*) to_bob $plain $(login "${1#auth-}") pass ;;
starttls) to_bob $plain --tls ;;
starttls-*) to_bob $plain --tls $(login "${1#starttls-}") pass ;;
tls) to_bob $tls ;;
tls-*) to_bob $tls $(login "${1#tls-}") pass ;;
wrong-*)
    # swaks leaves with 28 where authentication failed.
    status=0
    send bob@example.net $plain --tls $(login "${1#wrong-}") wrong >said || status=$?
    cat said
    test "$status" -eq 28
    grep -q '535 5.7.8' said
    ;;
lmtp) send bob@example.net,carol@example.net --protocol LMTP --socket "$EHLO_LMTP" && expect bob carol ;;
*) echo "no such scenario: $1" >&2 && exit 2 ;;
esac
