#!/bin/sh
# curl SCENARIO: see README.md.
set -eu

expect() {
    for mailbox; do
        mkdir -p "$EHLO_EXPECT/$mailbox"
        cp "$EHLO_MESSAGE" "$EHLO_EXPECT/$mailbox/1"
    done
}

# send URL OPTION...
send() {
    url=$1
    shift
    curl --silent --show-error --verbose --max-time 60 --insecure --url "$url/client.example" \
        --mail-from alice@example.com --mail-rcpt bob@example.net --upload-file "$EHLO_MESSAGE" "$@"
}

plain=smtp://127.0.0.1:$EHLO_PORT
tls=smtps://127.0.0.1:$EHLO_TLS_PORT
case $1 in
plain) send "$plain" && expect bob ;;
several-recipients) send "$plain" --mail-rcpt carol@example.net && expect bob carol ;;
stdin) send "$plain" --upload-file - <"$EHLO_MESSAGE" && expect bob ;;
starttls) send "$plain" --ssl-reqd && expect bob ;;
implicit-tls) send "$tls" && expect bob ;;
auth-plain) send "$plain" --ssl-reqd --user user:pass --login-options AUTH=PLAIN --mail-from user@example.net && expect bob ;;
auth-login) send "$plain" --user user:pass --login-options AUTH=LOGIN --mail-from user@example.net && expect bob ;;
auth-initial-response) send "$plain" --user user:pass --login-options AUTH=PLAIN --sasl-ir --mail-from user@example.net && expect bob ;;
wrong-password)
    # curl leaves with 67 where the login was denied.
    status=0
    send "$tls" --user user:wrong || status=$?
    test "$status" -eq 67
    ;;
*) echo "no such scenario: $1" >&2 && exit 2 ;;
esac
