# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_ehlod_global_optspecs
    string join \n h/help V/version
end

function __fish_ehlod_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_ehlod_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_ehlod_using_subcommand
    set -l cmd (__fish_ehlod_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c ehlod -n "__fish_ehlod_needs_command" -s h -l help -d 'Print help'
complete -c ehlod -n "__fish_ehlod_needs_command" -s V -l version -d 'Print version'
complete -c ehlod -n "__fish_ehlod_needs_command" -f -a "serve" -d 'Take in mail; without a configuration for anyone at localhost, on 127.0.0.1:2525, into ./mail'
complete -c ehlod -n "__fish_ehlod_needs_command" -f -a "check" -d 'Say whether a configuration is right'
complete -c ehlod -n "__fish_ehlod_needs_command" -f -a "explain" -d 'Say what a reply or a bounce means, who has to act, and what to do'
complete -c ehlod -n "__fish_ehlod_needs_command" -f -a "replies" -d 'Print every reply the server can give'
complete -c ehlod -n "__fish_ehlod_needs_command" -f -a "state" -d 'Show what the server remembers of clients and senders, or forget it'
complete -c ehlod -n "__fish_ehlod_needs_command" -f -a "passwd" -d 'Read a password from standard input, and print what the accounts file wants of it'
complete -c ehlod -n "__fish_ehlod_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c ehlod -n "__fish_ehlod_using_subcommand serve" -l config -d 'The configuration file; without one the embedded default' -r -F
complete -c ehlod -n "__fish_ehlod_using_subcommand serve" -l listen -d 'Listen here instead of where the configuration says: for other servers, with STARTTLS if there is a certificate' -r
complete -c ehlod -n "__fish_ehlod_using_subcommand serve" -l hostname -d 'The server\'s own name' -r
complete -c ehlod -n "__fish_ehlod_using_subcommand serve" -l mail -d 'Deliver into Maildirs in this directory' -r -F
complete -c ehlod -n "__fish_ehlod_using_subcommand serve" -l stand-by -d 'Where the configuration cannot be used, listen all the same, and tell every client so until a reload (SIGHUP) finds one'
complete -c ehlod -n "__fish_ehlod_using_subcommand serve" -s h -l help -d 'Print help'
complete -c ehlod -n "__fish_ehlod_using_subcommand check" -l config -d 'The configuration file' -r -F
complete -c ehlod -n "__fish_ehlod_using_subcommand check" -l json -d 'As a JSON object, on standard output: file, ok, errors, warnings'
complete -c ehlod -n "__fish_ehlod_using_subcommand check" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ehlod -n "__fish_ehlod_using_subcommand explain" -l lang -d 'The language to explain in; without it that of the locale (LC_ALL, LC_MESSAGES, LANG)' -r -f -a "en\t'English'
zh\t'Chinese'"
complete -c ehlod -n "__fish_ehlod_using_subcommand explain" -l json -d 'As a JSON array, an object a reply'
complete -c ehlod -n "__fish_ehlod_using_subcommand explain" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ehlod -n "__fish_ehlod_using_subcommand replies" -l json -d 'As a JSON array'
complete -c ehlod -n "__fish_ehlod_using_subcommand replies" -s h -l help -d 'Print help'
complete -c ehlod -n "__fish_ehlod_using_subcommand state; and not __fish_seen_subcommand_from list clear help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ehlod -n "__fish_ehlod_using_subcommand state; and not __fish_seen_subcommand_from list clear help" -f -a "list" -d 'Show what is remembered'
complete -c ehlod -n "__fish_ehlod_using_subcommand state; and not __fish_seen_subcommand_from list clear help" -f -a "clear" -d 'Forget it'
complete -c ehlod -n "__fish_ehlod_using_subcommand state; and not __fish_seen_subcommand_from list clear help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c ehlod -n "__fish_ehlod_using_subcommand state; and __fish_seen_subcommand_from list" -l config -d 'The configuration file, which says where the state is; without one it is ./state' -r -F
complete -c ehlod -n "__fish_ehlod_using_subcommand state; and __fish_seen_subcommand_from list" -l containing -d 'Only entries whose name has this in it' -r
complete -c ehlod -n "__fish_ehlod_using_subcommand state; and __fish_seen_subcommand_from list" -l limit -d 'At the most so many; 0 for all' -r
complete -c ehlod -n "__fish_ehlod_using_subcommand state; and __fish_seen_subcommand_from list" -l json -d 'As a JSON array'
complete -c ehlod -n "__fish_ehlod_using_subcommand state; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ehlod -n "__fish_ehlod_using_subcommand state; and __fish_seen_subcommand_from clear" -l config -d 'The configuration file, which says where the state is; without one it is ./state' -r -F
complete -c ehlod -n "__fish_ehlod_using_subcommand state; and __fish_seen_subcommand_from clear" -l containing -d 'Every entry whose name has this in it' -r
complete -c ehlod -n "__fish_ehlod_using_subcommand state; and __fish_seen_subcommand_from clear" -l all -d 'Every entry of the kind'
complete -c ehlod -n "__fish_ehlod_using_subcommand state; and __fish_seen_subcommand_from clear" -l json -d 'As JSON: {"cleared": N}'
complete -c ehlod -n "__fish_ehlod_using_subcommand state; and __fish_seen_subcommand_from clear" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ehlod -n "__fish_ehlod_using_subcommand state; and __fish_seen_subcommand_from help" -f -a "list" -d 'Show what is remembered'
complete -c ehlod -n "__fish_ehlod_using_subcommand state; and __fish_seen_subcommand_from help" -f -a "clear" -d 'Forget it'
complete -c ehlod -n "__fish_ehlod_using_subcommand state; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c ehlod -n "__fish_ehlod_using_subcommand passwd" -l cram-md5 -d 'Keep the password itself too, which CRAM-MD5 needs: whoever reads the accounts file then knows it'
complete -c ehlod -n "__fish_ehlod_using_subcommand passwd" -s h -l help -d 'Print help'
complete -c ehlod -n "__fish_ehlod_using_subcommand help; and not __fish_seen_subcommand_from serve check explain replies state passwd help" -f -a "serve" -d 'Take in mail; without a configuration for anyone at localhost, on 127.0.0.1:2525, into ./mail'
complete -c ehlod -n "__fish_ehlod_using_subcommand help; and not __fish_seen_subcommand_from serve check explain replies state passwd help" -f -a "check" -d 'Say whether a configuration is right'
complete -c ehlod -n "__fish_ehlod_using_subcommand help; and not __fish_seen_subcommand_from serve check explain replies state passwd help" -f -a "explain" -d 'Say what a reply or a bounce means, who has to act, and what to do'
complete -c ehlod -n "__fish_ehlod_using_subcommand help; and not __fish_seen_subcommand_from serve check explain replies state passwd help" -f -a "replies" -d 'Print every reply the server can give'
complete -c ehlod -n "__fish_ehlod_using_subcommand help; and not __fish_seen_subcommand_from serve check explain replies state passwd help" -f -a "state" -d 'Show what the server remembers of clients and senders, or forget it'
complete -c ehlod -n "__fish_ehlod_using_subcommand help; and not __fish_seen_subcommand_from serve check explain replies state passwd help" -f -a "passwd" -d 'Read a password from standard input, and print what the accounts file wants of it'
complete -c ehlod -n "__fish_ehlod_using_subcommand help; and not __fish_seen_subcommand_from serve check explain replies state passwd help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c ehlod -n "__fish_ehlod_using_subcommand help; and __fish_seen_subcommand_from state" -f -a "list" -d 'Show what is remembered'
complete -c ehlod -n "__fish_ehlod_using_subcommand help; and __fish_seen_subcommand_from state" -f -a "clear" -d 'Forget it'
