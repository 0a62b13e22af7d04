#!/bin/sh
# curl SCENARIO: see README.md.
set -eu

expect() {
    for mailbox; do
        mkdir -p "$EHLO_EXPECT/$mailbox"
        cp "$EHLO_MESSAGE" "$EHLO_EXPECT/$mailbox/1"
    done
}

# call URL OPTION...
call() {
    url=$1
    shift
    curl --silent --show-error --verbose --max-time 60 --insecure --url "$url/client.example" "$@"
}

# send URL OPTION...
send() {
    url=$1
    shift
    call "$url" --mail-from alice@example.com --mail-rcpt bob@example.net --upload-file "$EHLO_MESSAGE" "$@"
}

# authenticate URL OPTION...: by the scenario's mechanism, and no other.
authenticate() {
    status=0
    send "$@" $(login "$mechanism" "$(secret "$mechanism")") 2>said || status=$?
    cat said
    test "$status" -eq 0
    grep -qi "^> AUTH $mechanism" said
    expect bob
}

# login MECHANISM SECRET: the options for it.
login() {
    mechanism=$(echo "$1" | tr a-z A-Z)
    echo "--mail-from user@example.net --login-options AUTH=$mechanism"
    case $1 in
    xoauth2 | oauthbearer) echo "--user user@example.net: --oauth2-bearer $2" ;;
    external) echo "--user $2@example.net: --cert client.pem --key client.key" ;;
    *) echo "--user user:$2" ;;
    esac
}

secret() {
    case $1 in
    xoauth2 | oauthbearer) echo test ;;
    external) echo user ;;
    *) echo pass ;;
    esac
}

plain=smtp://127.0.0.1:$EHLO_PORT
tls=smtps://127.0.0.1:$EHLO_TLS_PORT
mechanism=${1#*-}
# What stands unquoted below are options, to be split.
case $1 in
plain) send "$plain" && expect bob ;;
several-recipients) send "$plain" --mail-rcpt carol@example.net && expect bob carol ;;
stdin) send "$plain" --upload-file - <"$EHLO_MESSAGE" && expect bob ;;
starttls) send "$plain" --ssl-reqd && expect bob ;;
tls) send "$tls" && expect bob ;;
starttls-*) authenticate "$plain" --ssl-reqd ;;
tls-*) authenticate "$tls" ;;
initial-external) authenticate "$tls" --sasl-ir ;;
# In plaintext otherwise, which ehlod is told to allow here.
initial-*) authenticate "$plain" --sasl-ir ;;
wrong-*)
    # curl leaves with 67 where the login was denied.
    status=0
    send "$tls" $(login "$mechanism" wrong) 2>said || status=$?
    cat said
    test "$status" -eq 67
    # Told by a challenge that the token is wrong, curl does not wait for the reply behind it.
    grep -q '^< \(535 5.7.8\|334 e\)' said
    ;;
verify)
    call "$plain" --request "VRFY bob@example.net" >said
    grep -q '^252 2.' said
    status=0
    call "$plain" --request "EXPN staff" || status=$?
    test "$status" -ne 0
    ;;
*) echo "no such scenario: $1" >&2 && exit 2 ;;
esac
