#!/bin/sh
# msmtp SCENARIO: see README.md.
set -eu

expect() {
    for mailbox; do
        mkdir -p "$EHLO_EXPECT/$mailbox"
        cp "$EHLO_MESSAGE" "$EHLO_EXPECT/$mailbox/1"
    done
}

# configure LINE...: writes the configuration, which must be its owner's alone.
configure() {
    (
        umask 077
        printf '%s\n' defaults "logfile msmtp.log" "domain client.example" "timeout 120" "account default" "host 127.0.0.1" \
            "set_from_header off" "set_date_header off" "$@" >msmtprc
    )
}

# send SENDER RECIPIENT...
send() {
    from=$1
    shift
    msmtp --file=msmtprc --debug --from="$from" -- "$@" <"$EHLO_MESSAGE"
}

# under KIND: the lines that choose a port and how it is secured.
under() {
    case $1 in
    plain) printf '%s\n' "port $EHLO_PORT" "tls off" ;;
    starttls) printf '%s\n' "port $EHLO_PORT" "tls on" "tls_starttls on" "tls_certcheck off" ;;
    tls) printf '%s\n' "port $EHLO_TLS_PORT" "tls on" "tls_starttls off" "tls_certcheck off" ;;
    esac
}

# login MECHANISM right|wrong: the lines for it.
login() {
    case $1:$2 in
    # A token is a password here.
    xoauth2:right | oauthbearer:right) printf '%s\n' "auth $1" "user user@example.net" "password test" ;;
    xoauth2:* | oauthbearer:*) printf '%s\n' "auth $1" "user user@example.net" "password tset" ;;
    # The certificate is user's.
    external:right) printf '%s\n' "auth external" "user user@example.net" "tls_cert_file client.pem" "tls_key_file client.key" ;;
    external:*) printf '%s\n' "auth external" "user alice@example.net" "tls_cert_file client.pem" "tls_key_file client.key" ;;
    *:right) printf '%s\n' "auth $1" "user user" "password pass" ;;
    *:*) printf '%s\n' "auth $1" "user user" "password wrong" ;;
    esac
}

mechanism=${1#*-}
case $1 in
plain | starttls | tls)
    configure "$(under "$1")" "auth off"
    send alice@example.com bob@example.net && expect bob
    ;;
several-recipients)
    configure "$(under plain)" "auth off"
    send alice@example.com bob@example.net carol@example.net && expect bob carol
    ;;
dsn)
    configure "$(under plain)" "auth off" "dsn_notify failure,delay" "dsn_return headers"
    send alice@example.com bob@example.net && expect bob
    grep -qa '^MAIL FROM:<alice@example.com>.* RET=HDRS' "$EHLO_SENT"
    grep -qa '^RCPT TO:<bob@example.net> NOTIFY=FAILURE,DELAY' "$EHLO_SENT"
    ;;
starttls-* | tls-*)
    configure "$(under "${1%%-*}")" "$(login "$mechanism" right)"
    send user@example.net bob@example.net && expect bob
    ;;
wrong-*)
    configure "$(under tls)" "$(login "$mechanism" wrong)"
    # msmtp leaves with 77 (EX_NOPERM) where authentication failed.
    status=0
    send user@example.net bob@example.net >said 2>&1 || status=$?
    cat said
    test "$status" -eq 77
    grep -q '535 5.7.8' said
    ;;
*) echo "no such scenario: $1" >&2 && exit 2 ;;
esac
