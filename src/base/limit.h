/* How much of what comes from outside is read: each limit once, with its reason. Whoever reads refuses what
 * is longer before anything else is done with it, and neither keeps nor echoes it.
 *
 * Sizes of whole bodies are bounded by route before they are read (the route table); these bound what may be
 * in one. docs/SECURITY.md lists them. */
#ifndef LIMIT_H
#define LIMIT_H

enum {
    /* ---- one identity ---- */
    /* An identifier or address, bytes: vault.md §6. The longest e-mail address has 254 (RFC 5321 §4.5.3.1).
     */
    LIMIT_IDENTIFIER = 1024,
    /* Values to sign in with: each is a row of its own, written by one anonymous request. */
    LIMIT_IDENTIFIERS = 64,
    /* Addresses to verify or to recover with; one value may be both. */
    LIMIT_ADDRESSES = 128,

    /* ---- JSON ---- */
    /* Brackets around a value. Every walk over a tree recurses as deep. */
    LIMIT_JSON_DEPTH = 32,
    /* What we sealed ourselves stands a few levels deeper in a record or flow than it was sent. */
    LIMIT_JSON_DEPTH_OWN = 64,
    /* Values in one text. Each may cost 450 bytes while it is read, whatever its text is: 59 MB then. */
    LIMIT_JSON_NODES = 1 << 17,
    /* Characters of one number: a double has at most 309 before its point, and 17 that count. */
    LIMIT_JSON_NUMBER = 400,

    /* ---- submitted forms ---- */
    /* Fields of a form, of a query, and members "traits.…" of JSON. */
    LIMIT_FIELDS = 1000,
    /* Nodes of a form to which a message may still add one; later messages stand above the form. It is kept
     * as a row. */
    LIMIT_FORM_NODES = 1000,
    /* One text of the traits, bytes. It is stored twice: in the record, and in the flow that shows it. */
    LIMIT_TRAIT_TEXT = 16384,
    /* All traits, and either metadata, as JSON, bytes, whoever sends them. They are opened with the record at
     * each request of a session, and an administrator's body may have megabytes. */
    LIMIT_TRAITS = 256 << 10,
    LIMIT_METADATA = 64 << 10,

    /* ---- addresses ---- */
    /* Where to go afterwards, and where a flow was begun, bytes: as a setting may have. Either is kept with
     * the flow; a longer one to go to is refused unread, a longer one begun at is cut before its query. */
    LIMIT_URL = 2048,
    /* What a refusal repeats of a query or a path, bytes: a refusal of a page is kept as a row. */
    LIMIT_ECHO = 256,
    /* Host with its port, bytes: a domain name has at most 253 (RFC 1035 §2.3.4). It is kept with a flow. */
    LIMIT_HOST = 261,

    /* ---- what a client says of itself; longer texts are cut ---- */
    LIMIT_CLIENT_ADDRESS = 64,
    LIMIT_USER_AGENT = 512,
    LIMIT_LOCATION = 128,
    LIMIT_REQUEST_ID = 128,
};

#endif
