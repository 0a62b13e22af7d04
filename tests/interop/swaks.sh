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

# send PORT RECIPIENTS OPTION...
send() {
    port=$1 to=$2
    shift 2
    swaks --server 127.0.0.1 --port "$port" --helo client.example --timeout 20 \
        --from alice@example.com --to "$to" --data "@$EHLO_MESSAGE" "$@"
}

case $1 in
plain) send "$EHLO_PORT" bob@example.net && expect bob ;;
several-recipients) send "$EHLO_PORT" bob@example.net,carol@example.net && expect bob carol ;;
pipelining) send "$EHLO_PORT" bob@example.net,carol@example.net --pipeline && expect bob carol ;;
auth-plain) send "$EHLO_PORT" bob@example.net --auth PLAIN --auth-user user --auth-password pass --from user@example.net && expect bob ;;
auth-login) send "$EHLO_PORT" bob@example.net --auth LOGIN --auth-user user --auth-password pass --from user@example.net && expect bob ;;
starttls) send "$EHLO_PORT" bob@example.net --tls && expect bob ;;
starttls-auth) send "$EHLO_PORT" bob@example.net --tls --auth PLAIN --auth-user user --auth-password pass --from user@example.net && expect bob ;;
implicit-tls) send "$EHLO_TLS_PORT" bob@example.net --tls-on-connect && expect bob ;;
wrong-password)
    # swaks leaves with 28 where authentication failed.
    status=0
    send "$EHLO_PORT" bob@example.net --auth PLAIN --auth-user user --auth-password wrong || status=$?
    test "$status" -eq 28
    ;;
*) echo "no such scenario: $1" >&2 && exit 2 ;;
esac
