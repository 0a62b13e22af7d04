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
    swaks --helo client.example --timeout 120 --from alice@example.com --to "$to" --data "@$EHLO_MESSAGE" "$@"
}

# to_bob OPTION...
to_bob() {
    send bob@example.net "$@" && expect bob
}

plain="--server 127.0.0.1 --port $EHLO_PORT"
tls="--server 127.0.0.1 --port $EHLO_TLS_PORT --tls-on-connect"
login() { echo "--auth $(echo "$1" | tr a-z A-Z) --auth-user user --from user@example.net --auth-password"; }

# relayed_from ADDRESS OPTION...: demands that a recipient elsewhere is refused to this address. (swaks leaves with 24 then.)
relayed_from() {
    address=$1
    shift
    status=0
    said=$(send bob@example.org --quit-after RCPT "$@") || status=$?
    echo "$said"
    test "$status" -eq 24
    case $said in *"Relay from your IP $address is denied"*) ;; *) return 1 ;; esac
}

# proxied VERSION FAMILY SOURCE DESTINATION: swaks's options for the PROXY protocol. (Its LOCAL is broken: one octet short.)
proxied() {
    echo "--proxy-version $1 --proxy-family $2" \
        "--proxy-source $3 --proxy-source-port 4711 --proxy-dest $4 --proxy-dest-port 25"
}

# refused MECHANISM OPTION...: demands that a wrong password is. (swaks leaves with 28 where authentication failed.)
refused() {
    mechanism=$1
    shift
    status=0
    send bob@example.net $plain "$@" $(login "$mechanism") wrong >said || status=$?
    cat said
    test "$status" -eq 28
    grep -q '535 5.7.8' said
}

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
wrong-*) refused "${1#wrong-}" --tls ;;
plaintext-wrong-*) refused "${1#plaintext-wrong-}" ;;
lmtp) send bob@example.net,carol@example.net --protocol LMTP --socket "$EHLO_LMTP" && expect bob carol ;;
proxy-v1)
    options="$plain $(proxied 1 TCP4 192.0.2.7 192.0.2.8)"
    relayed_from 192.0.2.7 $options
    to_bob $options
    ;;
proxy-v2)
    options="$plain $(proxied 2 AF_INET 192.0.2.7 192.0.2.8)"
    relayed_from 192.0.2.7 $options
    to_bob --tls $options
    ;;
proxy-v2-ipv6-tls)
    options="$tls $(proxied 2 AF_INET6 2001:db8::7 2001:db8::8)"
    relayed_from 2001:db8::7 $options
    to_bob $options
    ;;
xclient)
    relayed_from 192.0.2.7 $plain --xclient-addr 192.0.2.7 --xclient-name mail.client.example
    to_bob $plain --xclient-addr IPV6:2001:db8::7 --xclient-login user
    ;;
*) echo "no such scenario: $1" >&2 && exit 2 ;;
esac
