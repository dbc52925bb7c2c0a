/* The tables of vault.md §5, by the versions that made them. */
#include "store_int.h"

/* Numbered, forward only: never edit one that was released. %BLOB%, %INT%, %ID%: see db.h. */
const struct db_migration store_migrations[] = {
    /* No foreign keys: what a row belongs to is what sealed records say, and a database that enforced more
     * would refuse to show damage as it is. Only the unique indexes carry weight (vault.md §5). */
    {1, "spine",
     "CREATE TABLE meta (one %INT% PRIMARY KEY CHECK (one = 1), blob %BLOB% NOT NULL);\n"
     "CREATE TABLE accounts (id %ID%, uuid %BLOB% NOT NULL, seq %INT% NOT NULL, created %INT% NOT NULL,"
     " blob %BLOB% NOT NULL);\n"
     "CREATE UNIQUE INDEX accounts_uuid ON accounts (uuid);\n"
     "CREATE TABLE identifiers (tag %BLOB% NOT NULL, account %INT% NOT NULL);\n"
     "CREATE UNIQUE INDEX identifiers_tag ON identifiers (tag);\n"
     "CREATE INDEX identifiers_account ON identifiers (account);\n"
     "CREATE TABLE search (tag %BLOB% NOT NULL, account %INT% NOT NULL);\n"
     "CREATE INDEX search_tag ON search (tag, account);\n"
     "CREATE INDEX search_account ON search (account);\n"
     "CREATE TABLE credentials (id %BLOB% NOT NULL PRIMARY KEY, account %INT% NOT NULL, kind %INT% NOT NULL,"
     " hot %INT% NOT NULL, blob %BLOB% NOT NULL);\n"
     "CREATE INDEX credentials_account ON credentials (account);\n"
     "CREATE TABLE vaults (vid %BLOB% NOT NULL PRIMARY KEY, account %INT% NOT NULL, ring %BLOB% NOT NULL,"
     " head %BLOB% NOT NULL);\n"
     "CREATE INDEX vaults_account ON vaults (account);\n"
     "CREATE TABLE leaves (vid %BLOB% NOT NULL, number %INT% NOT NULL, blob %BLOB% NOT NULL,"
     " PRIMARY KEY (vid, number));\n"
     "CREATE TABLE items (id %BLOB% NOT NULL PRIMARY KEY, account %INT% NOT NULL, blob %BLOB% NOT NULL);\n"
     "CREATE INDEX items_account ON items (account);\n"
     "CREATE TABLE epochs (uuid %BLOB% NOT NULL, n %INT% NOT NULL, blob %BLOB% NOT NULL,"
     " PRIMARY KEY (uuid, n));\n"
     "CREATE TABLE sessions (lookup %BLOB% NOT NULL PRIMARY KEY, account %INT% NOT NULL,"
     " expires %INT% NOT NULL, blob %BLOB% NOT NULL);\n"
     "CREATE INDEX sessions_account ON sessions (account);\n"
     "CREATE INDEX sessions_expires ON sessions (expires);\n"
     "CREATE TABLE flows (id %BLOB% NOT NULL PRIMARY KEY, kind %INT% NOT NULL, expires %INT% NOT NULL,"
     " rev %INT% NOT NULL, blob %BLOB% NOT NULL);\n"
     "CREATE INDEX flows_expires ON flows (expires);\n"
     "CREATE TABLE audit (node %INT% NOT NULL, n %INT% NOT NULL, time %INT% NOT NULL, account %INT%,"
     " mark %BLOB% NOT NULL, link %BLOB% NOT NULL, blob %BLOB%, PRIMARY KEY (node, n));\n"
     "CREATE INDEX audit_account ON audit (account, time, node, n);\n"
     "CREATE INDEX audit_time ON audit (time);\n"
     "CREATE TABLE counters (subject %BLOB% NOT NULL PRIMARY KEY, count %INT% NOT NULL, until %INT% NOT "
     "NULL);\n"
     "CREATE INDEX counters_until ON counters (until)"},
    /* First rows of chains, and what retention has still to look at. */
    {2, "audit",
     "CREATE INDEX audit_starts ON audit (time) WHERE n = 1;\n"
     "CREATE INDEX audit_kept ON audit (time, node, n) WHERE blob IS NOT NULL;\n"
     "DROP INDEX audit_time"},
    /* A session is found by its public id, those of an account in the order of their end. Rows older than
     * this have no tag until they are written again. */
    {3, "sessions",
     "ALTER TABLE sessions ADD COLUMN tag %BLOB%;\n"
     "CREATE UNIQUE INDEX sessions_tag ON sessions (tag);\n"
     "DROP INDEX sessions_account;\n"
     "CREATE INDEX sessions_account ON sessions (account, expires, lookup)"},
    {4, "sharing",
     "CREATE TABLE shares (id %BLOB% NOT NULL PRIMARY KEY, sender %BLOB% NOT NULL, version %INT% NOT NULL,"
     " epoch %INT% NOT NULL, signature %BLOB% NOT NULL, blob %BLOB% NOT NULL);\n"
     "CREATE INDEX shares_sender ON shares (sender);\n"
     "CREATE TABLE wraps (share %BLOB% NOT NULL, recipient %BLOB% NOT NULL, sender %BLOB% NOT NULL,"
     " sender_epoch %INT% NOT NULL, recipient_epoch %INT% NOT NULL, tag %BLOB% NOT NULL,"
     " blob %BLOB% NOT NULL, PRIMARY KEY (share, recipient));\n"
     "CREATE INDEX wraps_recipient ON wraps (recipient, sender, sender_epoch, recipient_epoch, tag);\n"
     "CREATE INDEX wraps_inbox ON wraps (recipient, share);\n"
     "CREATE INDEX wraps_sender ON wraps (sender)"},
    /* Until when a vault that was given up waits (vault.md §10); 0 for all others. */
    {5, "waiting vaults",
     "ALTER TABLE vaults ADD COLUMN kept %INT% NOT NULL DEFAULT 0;\n"
     "CREATE INDEX vaults_kept ON vaults (vid, kept) WHERE kept > 0"},
    {6, "public data",
     "CREATE TABLE publics (id %BLOB% NOT NULL PRIMARY KEY, tag %BLOB% NOT NULL, account %INT% NOT NULL,"
     " blob %BLOB% NOT NULL);\n"
     "CREATE UNIQUE INDEX publics_tag ON publics (tag);\n"
     "CREATE INDEX publics_account ON publics (account, id)"},
    {7, "named",
     "CREATE TABLE named (id %BLOB% NOT NULL PRIMARY KEY, store %INT% NOT NULL, tag %BLOB% NOT NULL,"
     " blob %BLOB% NOT NULL);\n"
     "CREATE UNIQUE INDEX named_tag ON named (tag)"},
};
const size_t store_migration_count = sizeof store_migrations / sizeof store_migrations[0];
