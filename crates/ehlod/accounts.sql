-- The tables that ehlod asks where directory.kind = "sql" and the queries are the default ones. They are right for SQLite and for PostgreSQL.
-- ehlod only reads. Addresses are in lower case (their ASCII letters), as SMTP writes them: local part, "@", domain.
--
-- A query of your own, in directory.account_query or directory.list_query, is given the address as $1, and gives columns by these names. A
-- column that it does not give, or gives as NULL, is as one that the accounts file does not have; of accounts "address" has to be there, of
-- members "member". Texts of several elements have commas or white space between them.

CREATE TABLE accounts (
    address TEXT PRIMARY KEY,                    -- "alice@example.com"
    password TEXT,                               -- one line from `ehlod passwd`
    mechanisms TEXT,                             -- "SCRAM-SHA-256 EXTERNAL": others get 534
    may_send_as TEXT,                            -- patterns, as in the configuration
    suspended BOOLEAN NOT NULL DEFAULT FALSE,    -- 550 user-disabled
    refuses_mail BOOLEAN NOT NULL DEFAULT FALSE, -- 553 mailbox-name-not-allowed
    accepts_from TEXT,                           -- patterns: other senders get 550 mailbox-access-denied
    blocked_senders TEXT,                        -- patterns: 553 sender-blacklisted
    forward_to TEXT,                             -- an address elsewhere
    forward_mode TEXT,                           -- "forward" or "tell"; both are told (551) as long as there is no next hop
    quota BIGINT,                                -- octets: 450 mailbox-full
    hard_quota BIGINT                            -- octets: 552 quota-exceeded
);

CREATE TABLE aliases (
    alias TEXT PRIMARY KEY,
    address TEXT NOT NULL REFERENCES accounts
);

CREATE TABLE list_members (
    list TEXT NOT NULL,
    member TEXT NOT NULL,
    accepts_from TEXT,                           -- patterns, in the row of any one member: other senders get 550 mailbox-access-denied
    PRIMARY KEY (list, member)
);
