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

# relayed_from ADDRESS PORT OPTION...: demands that a recipient elsewhere is refused to this address. (swaks leaves with 24 then.)
relayed_from() {
    address=$1 port=$2
    shift 2
    status=0
    said=$(send "$port" bob@example.org --quit-after RCPT "$@") || status=$?
    echo "$said"
    test "$status" -eq 24
    case $said in *"Relay from your IP $address is denied"*) ;; *) return 1 ;; esac
}

# proxied VERSION FAMILY SOURCE DESTINATION: swaks's options for the PROXY protocol. (Its LOCAL is broken: one octet short.)
proxied() {
    echo "--proxy-version $1 --proxy-family $2" \
        "--proxy-source $3 --proxy-source-port 4711 --proxy-dest $4 --proxy-dest-port 25"
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
proxy-v1)
    options=$(proxied 1 TCP4 192.0.2.7 192.0.2.8)
    relayed_from 192.0.2.7 "$EHLO_PORT" $options
    send "$EHLO_PORT" bob@example.net $options && expect bob
    ;;
proxy-v2)
    options=$(proxied 2 AF_INET 192.0.2.7 192.0.2.8)
    relayed_from 192.0.2.7 "$EHLO_PORT" $options
    send "$EHLO_PORT" bob@example.net --tls $options && expect bob
    ;;
proxy-v2-ipv6-implicit-tls)
    options=$(proxied 2 AF_INET6 2001:db8::7 2001:db8::8)
    relayed_from 2001:db8::7 "$EHLO_TLS_PORT" --tls-on-connect $options
    send "$EHLO_TLS_PORT" bob@example.net --tls-on-connect $options && expect bob
    ;;
xclient)
    relayed_from 192.0.2.7 "$EHLO_PORT" --xclient-addr 192.0.2.7 --xclient-name mail.client.example
    send "$EHLO_PORT" bob@example.net --xclient-addr IPV6:2001:db8::7 --xclient-login user && expect bob
    ;;
*) echo "no such scenario: $1" >&2 && exit 2 ;;
esac
