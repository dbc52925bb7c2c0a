/* Watchword: user authentication whose stored data only the user's own credentials can open.
 *
 *     struct ww_options options = {.size = sizeof options, …};
 *     struct ww *ww;
 *     struct ww_op *op;
 *     struct ww_session *session;
 *     ww_open(&options, &ww, why, sizeof why);
 *     ww_op_begin(ww, NULL, &op);
 *     ww_register(op, "{\"email\":\"ada@example.org\"}", "correct horse battery", 21, &session);
 *     ww_item_put(op, session, "note", "hello", 5, NULL, NULL);
 *     ww_op_end(op);
 *     ww_close(ww);
 *
 * Ownership. There are two roots, and only they are freed by the caller: struct ww, one per store, and struct
 * ww_op, one per piece of work. Whatever a call gives out belongs to its operation and lives until ww_op_end,
 * which wipes it. What is handed in is copied where it is kept.
 *
 * Data. Texts are UTF-8 and end with a NUL; passwords and values are a pointer and a length. Times are
 * microseconds since 1970 UTC. Data shaped by a schema crosses as JSON text (RFC 8259). Members that have
 * nothing to say are NULL, 0 or false.
 *
 * Sizes. Every struct begins with its size. Whoever makes it sets that to sizeof (struct …): the caller for
 * what goes in and for what the library fills, the library for what it gives out as a pointer. A size of an
 * earlier version is accepted, and then only those members are read or written; any other is refused:
 * WW_EINVAL "size_unknown" with the struct's name as field. Structs that the library gives out may be longer
 * than yours; the members that you know stay where they are.
 *
 * Errors. Functions that can fail return enum ww_err, which must be looked at; ww_op_problem tells more. All
 * may return WW_ENOMEM, WW_EIO and WW_EBUSY (the store), WW_EINVAL (an argument, named by `field`; NULL where
 * none may stand), and WW_EINTERNAL. Those that read what is stored may return WW_ETAMPERED and
 * WW_EROLLEDBACK. Beyond these, each prototype names its own.
 *
 * Threads. A struct ww is used by any number of threads at once; ww_open and ww_close of it by one. An
 * operation may move between threads, but serves one call at a time. A session belongs to the operation that
 * gave it out. All of this is checked: two calls at once on one operation, or a session of another operation,
 * end the program (abort), with a line on standard error.
 *
 * Fork. A struct ww belongs to the process that opened it. In a child, ww_op_begin returns WW_EFORKED,
 * ww_op_end only wipes, ww_close does nothing (the store's files and connections are the parent's), and any
 * call on an operation from before the fork ends the child (abort). Open anew in the child. */
#ifndef WATCHWORD_H
#define WATCHWORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "watchword/env.h"
#include "watchword/err.h"

#ifdef __cplusplus
extern "C" {
#endif

struct ww;
struct ww_op;
struct ww_session;

/* ---- versions (semver) and sizes: of this header, and of the library that runs ---- */

#define WW_VERSION        "0.1.0"
#define WW_VERSION_NUMBER 0x000100 /* two hex digits each: major, minor, patch */

WW_EXPORT const char *ww_version(void);
WW_EXPORT uint32_t ww_version_number(void);
/* Bytes of a struct of the public headers in the library that runs, by name ("ww_options"); 0: no such. */
WW_EXPORT size_t ww_sizeof(const char *name);

/* ---- opening ---- */

/* A database that is older than this machine has seen it (a backup was restored, or somebody put it back) is
 * not opened: WW_EROLLEDBACK. The witness remembers, a file that the setting watchword.witness_file names, by
 * default `witness` beside the first server key file; never in the database's directory, nor in a backup. */
enum ww_restore {
    WW_RESTORE_REFUSE, /* it is refused */
    WW_RESTORE_LOOK, /* it is opened, and the accounts that were put back are refused one by one: ww_check */
    WW_RESTORE_ACCEPT, /* for ww_restore_accept (watchword/admin.h); no other program may have it open */
};

/* All of these may be given together. A setting comes from the last that has it: its default; the files, in
 * order; the environment; `settings`. Keys that do not exist, and a wrong value that counts, are refused
 * wherever they stand. `dev` holds whatever they say. With files, or the environment alone, dsn and
 * identity.schemas must be set; with `settings`, or nothing, a store in memory and e-mail addresses are the
 * defaults. */
struct ww_options {
    size_t size;
    const char *const *config_files; /* YAML; may be none */
    size_t config_file_count;
    const char *const *settings; /* "key=value" each, keys with dots (watchword.yml(5)) */
    size_t setting_count;
    const char *const
        *environment;         /* "NAME=value", NULL at the end; NULL: the environment overrides nothing */
    bool dev;                 /* as `serve --dev`: weak hashes are honoured, a missing server key is made */
    bool no_migrate;          /* refuse a store that needs migrations instead of applying them */
    const struct ww_env *env; /* NULL: the system's clock and randomness; ctx must outlive ww. Copied. A size
                               * that ends before this member is known, too. */
    enum ww_restore restore;  /* what becomes of a database that was put back */
    bool reindex;             /* nothing else may have the store open; one whose reindex was not finished is
                               * opened: for ww_reindex */
};

/* Opens, and makes what an empty store needs. On failure *out is NULL and why (of `size` bytes, may be NULL)
 * holds one sentence. WW_ECONFIG (names the file and line, variable, or number of the setting),
 * WW_EKEYMISSING (no or a wrong server key), WW_EROLLEDBACK
 * (it was put back), WW_EFOREIGN (not a store of ours, of a newer version, or
 * migrations are needed and not wanted). */
WW_EXPORT enum ww_err ww_open(const struct ww_options *options, struct ww **out, char *why,
                              size_t size) WW_MUST;
/* All operations must have ended. NULL is fine. */
WW_EXPORT void ww_close(struct ww *ww);

/* ---- operations ---- */

/* Who asks; any member may be NULL. Copied. Throttling counts by address: a program that serves others must
 * give it (IPv4 or IPv6, no port). The others are shown to the account's owner in sessions and history. What
 * is not UTF-8 in them is replaced, and what is too long (address 64 bytes, user agent 512, location and
 * request id 128) cut between characters. */
struct ww_client {
    size_t size;
    const char *address, *user_agent, *location, *request_id;
};

/* client NULL: nobody in particular. WW_EFORKED. There is no operation then, and *out is NULL. */
WW_EXPORT enum ww_err ww_op_begin(struct ww *ww, const struct ww_client *client, struct ww_op **out) WW_MUST;
/* Frees and wipes all that the operation gave out. NULL is fine. */
WW_EXPORT void ww_op_end(struct ww_op *op);

/* About the last failure of this operation; never NULL. Its texts live as long as the operation, the struct
 * until the next call. */
WW_EXPORT const struct ww_problem *ww_op_problem(struct ww_op *op);

/* Lists come page by page. */
struct ww_page {
    size_t size;
    size_t limit;      /* in: at most so many; 0: 250; more than 1,000 is taken as 1,000 */
    const char *token; /* in: `next` of the page before; NULL or "": the first */
    const char *next;  /* out: the token of the next page; NULL: this was the last */
    size_t count;      /* out: how many there are on this page */
};

/* ---- people ---- */

/* traits: JSON text under the default identity schema. password: as typed, UTF-8 without NUL
 * ("password_invalid"). *session, if wanted, is of the new account. WW_EVALIDATION: traits or password
 * refused, `field` and `text` say why ("traits/email", "password"). WW_ECONFLICT: an identifier is taken, and
 * this does tell. WW_ETHROTTLED. */
WW_EXPORT enum ww_err ww_register(struct ww_op *op, const char *traits, const char *password,
                                  size_t password_length, struct ww_session **session) WW_MUST;

/* What somebody shows to prove who they are. */
enum ww_proof_kind {
    WW_PROOF_PASSWORD = 1, /* identifier and password; a first step */
};
struct ww_proof {
    size_t size;
    enum ww_proof_kind kind;
    const char *identifier; /* as typed: a name or address to sign in with; not looked at by ww_step_up */
    const char *password;   /* what was typed, UTF-8 without NUL; need not end with one */
    size_t password_length;
};

/* Signs in. An unknown name and a wrong password are deliberately not told apart, neither by answer nor by
 * the work done: WW_EDENIED "wrong_credentials". WW_EDISABLED comes only after the right password. WW_EAAL:
 * right so far, but the account asks for a further step; then *session is a session all the same, pending: it
 * says whose it is and can be resumed by its token, but opens nothing until ww_step_up. With every other
 * error *session is NULL. WW_EINVAL, field "identifier": no account can have such a name (above 1,024 bytes,
 * or a control character). WW_ETHROTTLED. WW_EUNSUPPORTED: a kind that this version does not know. */
WW_EXPORT enum ww_err ww_authenticate(struct ww_op *op, const struct ww_proof *proof,
                                      struct ww_session **session) WW_MUST;
/* Finishes a pending session with a proof of another kind (NIST SP 800-63B AAL2); its token stays.
 * WW_EDENIED: it is wrong, and the session stays pending. WW_ETHROTTLED. WW_EUNSUPPORTED "proof_unsupported",
 * field "kind", for kinds that are no second step; in this version that is all of them. */
WW_EXPORT enum ww_err ww_step_up(struct ww_op *op, struct ww_session *session,
                                 const struct ww_proof *proof) WW_MUST;

/* What a browser keeps of whoever signed in on it, also after they signed out: opaque text of at most 256
 * bytes, of which a cookie is made. Of the last sign-in, registration, recovery or unlock of this operation;
 * NULL: there was none. */
WW_EXPORT const char *ww_device(struct ww_op *op);
/* Shows what this browser kept, before signing in on it; NULL is fine, and what is of somebody else changes
 * nothing. When the account is older than it, the sign-in is WW_EROLLEDBACK. Copied. */
WW_EXPORT enum ww_err ww_device_show(struct ww_op *op, const char *device) WW_MUST;

/* Checks the session's own password again; changes nothing. WW_EDENIED, WW_ETHROTTLED. */
WW_EXPORT enum ww_err ww_password_check(struct ww_op *op, struct ww_session *session, const char *password,
                                        size_t password_length) WW_MUST;
/* All other sessions of the account end. WW_EREAUTH: the sign-in is not recent. WW_EVALIDATION: refused, or
 * the same as before. WW_ELOCKED: the session opens no vault. WW_EDENIED: the session has ended meanwhile. */
WW_EXPORT enum ww_err ww_password_change(struct ww_op *op, struct ww_session *session, const char *password,
                                         size_t password_length) WW_MUST;
/* Replaces the traits, JSON text. WW_EREAUTH when identifiers or addresses change and the sign-in is not
 * recent; WW_EVALIDATION, WW_ECONFLICT as at registration; WW_EDENIED. */
WW_EXPORT enum ww_err ww_traits_change(struct ww_op *op, struct ww_session *session,
                                       const char *traits) WW_MUST;
/* Deletes the account and everything of it; the session is of no use then. confirm: one of its identifiers as
 * typed, else WW_EINVAL "confirm_mismatch". WW_EREAUTH. */
WW_EXPORT enum ww_err ww_account_delete(struct ww_op *op, struct ww_session *session,
                                        const char *confirm) WW_MUST;
/* The identity as JSON, as its owner sees it: {"id","schema_id","state","traits",…}, kratos.md §4.1. */
WW_EXPORT enum ww_err ww_identity(struct ww_op *op, struct ww_session *session, const char **json) WW_MUST;

/* Something that happened on the account. */
struct ww_event {
    size_t size;
    const char *id; /* opaque, unique */
    uint64_t time;
    const char *event;  /* "login.succeeded"; docs/generated/events.md has the list */
    const char *method; /* "password", or NULL */
    const char *address, *user_agent, *location; /* who asked, or NULL */
    bool this_session;
};
/* Newest first. WW_EINVAL "page_token_invalid". */
WW_EXPORT enum ww_err ww_account_history(struct ww_op *op, struct ww_session *session, struct ww_page *page,
                                         const struct ww_event *const **events) WW_MUST;

/* ---- sessions ---- */

struct ww_session_info {
    size_t size;
    const char *id, *account; /* UUIDs, lower-case with hyphens (RFC 9562) */
    bool this_session;        /* the session that asked */
    bool pending;             /* a further step is needed: ww_step_up */
    unsigned level;           /* 1: one factor, 2: two */
    uint64_t issued, authenticated, expires, last_seen;
    const char *address, *user_agent, *location; /* of the sign-in, or NULL */
};

/* The token to give to the client: 64 characters that are safe in a cookie. A secret. */
WW_EXPORT const char *ww_session_token(struct ww_op *op, const struct ww_session *session);
/* What is known of it. NULL: out of memory. */
WW_EXPORT const struct ww_session_info *ww_session_info(struct ww_op *op, const struct ww_session *session);
/* Whether it opens the vault, and whether the sign-in is recent enough for sensitive changes. */
WW_EXPORT bool ww_session_unlocked(struct ww_op *op, const struct ww_session *session);
WW_EXPORT bool ww_session_recent(struct ww_op *op, const struct ww_session *session);
/* WW_EDENIED "session_inactive", deliberately alike, for whatever is no valid session: unknown, malformed,
 * ended, expired, of a disabled account. Does not write. Pending sessions are resumed, too. */
WW_EXPORT enum ww_err ww_session_resume(struct ww_op *op, const char *token,
                                        struct ww_session **session) WW_MUST;
WW_EXPORT enum ww_err ww_session_end(struct ww_op *op, struct ww_session *session) WW_MUST;
/* Another one of the account by id; unknown and foreign ids do nothing, and this is not told. */
WW_EXPORT enum ww_err ww_session_end_other(struct ww_op *op, struct ww_session *session,
                                           const char *id) WW_MUST;
/* *count, if wanted: how many there were. */
WW_EXPORT enum ww_err ww_session_end_others(struct ww_op *op, struct ww_session *session,
                                            size_t *count) WW_MUST;
/* The account's active sessions, this one first, then the newest first. */
WW_EXPORT enum ww_err ww_session_list(struct ww_op *op, struct ww_session *session, struct ww_page *page,
                                      const struct ww_session_info *const **sessions) WW_MUST;

/* ---- items: what only the user can open ---- */

/* All functions on items: WW_ENOVAULT: the account has none. WW_ELOCKED: the session opens nothing. WW_EAAL:
 * it is pending. WW_EDENIED: it has ended meanwhile. name: 1 to 1,024 bytes of UTF-8. */

struct ww_item_condition {
    size_t size;
    uint64_t if_version; /* 0: any */
    bool if_absent;
};
struct ww_item_result {
    size_t size;
    bool created;
    char id[33]; /* 32 hex digits, for where a name must not stand, such as a URL; kept by later writes */
    uint64_t version; /* 1 and up, another at every write */
    uint64_t time;    /* of the write */
};
/* Writes an item, new or over what is there. condition and result may be NULL. WW_EVERSION: the condition
 * does not hold. WW_ETOOLARGE: above the setting vault.item_max; WW_EFULL: the vault is full; `limit` says
 * what is allowed. */
WW_EXPORT enum ww_err ww_item_put(struct ww_op *op, struct ww_session *session, const char *name,
                                  const void *value, size_t value_length,
                                  const struct ww_item_condition *condition,
                                  struct ww_item_result *result) WW_MUST;
/* *value is followed by a NUL that *value_length does not count. result may be NULL. WW_ENOTFOUND. */
WW_EXPORT enum ww_err ww_item_get(struct ww_op *op, struct ww_session *session, const char *name,
                                  const void **value, size_t *value_length,
                                  struct ww_item_result *result) WW_MUST;
/* condition may be NULL. WW_ENOTFOUND, WW_EVERSION. */
WW_EXPORT enum ww_err ww_item_delete(struct ww_op *op, struct ww_session *session, const char *name,
                                     const struct ww_item_condition *condition) WW_MUST;
struct ww_item_entry {
    size_t size;
    const char *name;
    char id[33];
    uint64_t version;
};
/* In byte order of names, those that begin with prefix (NULL: all). The token of a page is the last name of
 * the page before, and any name will do: the list goes on behind it, whatever came and went meanwhile. No
 * value is opened. */
WW_EXPORT enum ww_err ww_item_list(struct ww_op *op, struct ww_session *session, const char *prefix,
                                   struct ww_page *page, const struct ww_item_entry *const **entries) WW_MUST;
/* The item with an id, found without listing. WW_ENOTFOUND, also for what is no id. */
WW_EXPORT enum ww_err ww_item_find(struct ww_op *op, struct ww_session *session, const char *id,
                                   const struct ww_item_entry **entry) WW_MUST;

/* The item's id and version by its name: the value is neither read nor opened. WW_ENOTFOUND. */
WW_EXPORT enum ww_err ww_item_look(struct ww_op *op, struct ww_session *session, const char *name,
                                   const struct ww_item_entry **entry) WW_MUST;

enum ww_item_action { WW_ITEM_PUT, WW_ITEM_DELETE, WW_ITEM_GET };
struct ww_item_change {
    size_t size; /* the same in all of one array */
    enum ww_item_action action;
    const char *name;
    const void *value; /* in for put, out for get; followed by a NUL then, as of ww_item_get */
    size_t value_length;
    uint64_t if_version; /* as of struct ww_item_condition */
    bool if_absent;
    bool created; /* out, as of struct ww_item_result */
    char id[33];
    uint64_t version, time;
};
/* Several in one transaction, in this order, all or nothing. Errors as of each alone. */
WW_EXPORT enum ww_err ww_item_change(struct ww_op *op, struct ww_session *session,
                                     struct ww_item_change *changes, size_t n) WW_MUST;

struct ww_vault_state {
    size_t size;
    const char *state;       /* "open", "locked", "none" */
    size_t items;            /* 0 unless open */
    uint32_t epoch;          /* of its sharing keys */
    size_t passwords, codes; /* that open it */
};
/* Tells of a locked or missing vault instead of failing. */
WW_EXPORT enum ww_err ww_vault_state(struct ww_op *op, struct ww_session *session,
                                     struct ww_vault_state *out) WW_MUST;

/* ---- sharing: values for named accounts, which only they can open (vault.md §11) ---- */

/* Errors as of items, and: WW_ENOTFOUND "recipient_unknown": nobody of this name. WW_ETHROTTLED: too many
 * people were looked up. WW_ECONFLICT "contact_changed": somebody's keys are not those that were known;
 * ww_contact_accept. WW_EINVAL "recipient_self", "recipients_too_many" (above 1,000).
 *
 * People are named by an identifier or by the account's UUID. Their keys are pinned at first contact. */

struct ww_recipient {
    size_t size;
    const char *id;         /* UUID */
    const char *identifier; /* as they were named; NULL: by their UUID */
    const char *state; /* "sealed"; "pending": has no vault yet, and gets it after one of the sender's next
                          sign-ins or shares; "changed": has other keys than were pinned */
};
struct ww_share {
    size_t size;
    const char *name;
    uint64_t version, time;
    const struct ww_recipient *const *to;
    size_t to_count;
    char id[33]; /* 32 hex digits, for where a name must not stand; kept by later writes */
};
/* Shares a value. to NULL: those who get it stay; else they are the list from now on. Every write has a key
 * of its own, which nobody gets who is not on the list. condition and result may be NULL; result's id is
 * empty. WW_ETOOLARGE, WW_EFULL, WW_EVERSION. */
WW_EXPORT enum ww_err ww_share_put(struct ww_op *op, struct ww_session *session, const char *name,
                                   const void *value, size_t value_length, const char *const *to,
                                   size_t to_count, const struct ww_item_condition *condition,
                                   struct ww_item_result *result) WW_MUST;
/* Gives a share to more people, or to fewer: then it gets a new key and version. The lists may be NULL where
 * their count is 0. *share, if wanted: as it is then. WW_ENOTFOUND "item_not_found". */
WW_EXPORT enum ww_err ww_share_people(struct ww_op *op, struct ww_session *session, const char *name,
                                      const char *const *add, size_t add_count, const char *const *remove,
                                      size_t remove_count, const struct ww_share **share) WW_MUST;
/* The sender's own copy; as ww_item_get. */
WW_EXPORT enum ww_err ww_share_get(struct ww_op *op, struct ww_session *session, const char *name,
                                   const void **value, size_t *value_length,
                                   struct ww_item_result *result) WW_MUST;
/* Nobody reads it from then on. condition may be NULL. WW_ENOTFOUND, WW_EVERSION. */
WW_EXPORT enum ww_err ww_share_withdraw(struct ww_op *op, struct ww_session *session, const char *name,
                                        const struct ww_item_condition *condition) WW_MUST;
/* The share with an id. WW_ENOTFOUND, also for what is no id. */
WW_EXPORT enum ww_err ww_share_find(struct ww_op *op, struct ww_session *session, const char *id,
                                    const struct ww_share **share) WW_MUST;
/* What was sent, as ww_item_list lists items. */
WW_EXPORT enum ww_err ww_share_list(struct ww_op *op, struct ww_session *session, const char *prefix,
                                    struct ww_page *page, const struct ww_share *const **shares) WW_MUST;

struct ww_received {
    size_t size;
    const char *name;
    const char *from;            /* the sender's UUID */
    const char *from_identifier; /* a name that they sign in with, or NULL */
    uint64_t version, time;
    const char *state; /* "open"; "changed": the sender's keys are not those that were pinned */
    char id[33];       /* as of struct ww_share */
};
WW_EXPORT enum ww_err ww_inbox_list(struct ww_op *op, struct ww_session *session, struct ww_page *page,
                                    const struct ww_received *const **received) WW_MUST;
/* What is received, by its id; the value is not given. WW_ENOTFOUND, also for what is no id. */
WW_EXPORT enum ww_err ww_inbox_find(struct ww_op *op, struct ww_session *session, const char *id,
                                    const struct ww_received **received) WW_MUST;
/* A value that somebody shares. from: who, or NULL: of several of that name the newest. about, if wanted,
 * says whose it is. *value is followed by a NUL. WW_ENOTFOUND. */
WW_EXPORT enum ww_err ww_inbox_get(struct ww_op *op, struct ww_session *session, const char *name,
                                   const char *from, const void **value, size_t *value_length,
                                   struct ww_received *about) WW_MUST;
/* Makes it an item of one's own, which stays when the share ends. WW_EVERSION: there is an item of that name.
 * result may be NULL. */
WW_EXPORT enum ww_err ww_inbox_adopt(struct ww_op *op, struct ww_session *session, const char *name,
                                     const char *from, const char *as, struct ww_item_result *result) WW_MUST;

struct ww_contact {
    size_t size;
    const char *id, *identifier; /* UUID; identifier as of struct ww_recipient */
    const char *fingerprint;     /* of the keys as they are now: twelve groups of five digits */
    uint64_t pinned_at;
    const char *state; /* "current"; "changed": others than were pinned; "reset": a new vault */
};
WW_EXPORT enum ww_err ww_contact_list(struct ww_op *op, struct ww_session *session, struct ww_page *page,
                                      const struct ww_contact *const **contacts) WW_MUST;
/* WW_ENOTFOUND "contact_unknown". */
WW_EXPORT enum ww_err ww_contact_find(struct ww_op *op, struct ww_session *session, const char *id,
                                      const struct ww_contact **contact) WW_MUST;
/* For who compared the fingerprint with its owner: these are the contact's keys. What is shared with them is
 * sealed anew. WW_ECONFLICT "contact_changed": they are others by now. WW_ENOTFOUND "contact_unknown". */
WW_EXPORT enum ww_err ww_contact_accept(struct ww_op *op, struct ww_session *session, const char *id,
                                        const char *fingerprint) WW_MUST;
/* One's own, for others to compare. */
WW_EXPORT enum ww_err ww_fingerprint(struct ww_op *op, struct ww_session *session,
                                     const char **fingerprint) WW_MUST;

/* ---- letters: sealed for oneself or for others, and kept by the program (vault.md §11) ---- */

/* A letter is readable after renames, new epochs, new keys and a recovery of either side, after the server
 * key was changed, and when its sender's account is deleted. It has at most 119 bytes more than its data. */
struct ww_letter {
    size_t size;
    const char *to; /* UUID; of a letter to oneself one's own */
    const void *letter;
    size_t length;
};
/* One letter for each who is named, in that order, each person once; without `to` (to_count 0) one for
 * oneself. Errors as of shares, and: WW_ECONFLICT "recipient_without_keys": somebody has never signed in;
 * WW_ETOOLARGE "letter_too_large": above the setting vault.letter_max, or all letters above 16 times that. */
WW_EXPORT enum ww_err ww_letter_seal(struct ww_op *op, struct ww_session *session, const void *data,
                                     size_t length, const char *const *to, size_t to_count,
                                     const struct ww_letter *const **letters, size_t *count) WW_MUST;
/* *data is followed by a NUL; *sender, if wanted, is the UUID of who sealed it. from: who must have (UUID or
 * identifier), or NULL. WW_EINVAL "letter_altered": no letter, or not as it was sealed; "letter_not_for_you":
 * for somebody else, or for keys that this vault has not; "letter_from_other": not from `from`. WW_ECONFLICT
 * "contact_changed": the sender's keys are not those that were known. */
WW_EXPORT enum ww_err ww_letter_open(struct ww_op *op, struct ww_session *session, const void *letter,
                                     size_t length, const char *from, const void **data, size_t *data_length,
                                     const char **sender) WW_MUST;

/* ---- public data: readable by every user, signed by its owner (vault.md §11) ---- */

enum ww_public_scope {
    WW_PUBLIC_OWN = 1, /* one name for each owner */
    WW_PUBLIC_DEPLOYMENT =
        2, /* one name for all: of who had it first, until it is deleted, or its owner is */
};
struct ww_public {
    size_t size;
    const char *name;
    enum ww_public_scope scope;
    const char *owner;      /* UUID */
    uint64_t version, time; /* versions count from 1, each entry for itself */
};
/* Of an unlocked session; errors as of items, and: WW_ECONFLICT "name_taken": somebody else has this name of
 * the deployment. WW_EFULL "public_full": the setting vault.public_most. condition and result may be NULL. */
WW_EXPORT enum ww_err ww_public_put(struct ww_op *op, struct ww_session *session, enum ww_public_scope scope,
                                    const char *name, const void *value, size_t value_length,
                                    const struct ww_item_condition *condition,
                                    struct ww_item_result *result) WW_MUST;
WW_EXPORT enum ww_err ww_public_delete(struct ww_op *op, struct ww_session *session,
                                       enum ww_public_scope scope, const char *name,
                                       const struct ww_item_condition *condition) WW_MUST;
/* Of any session. owner: whose own it is, or NULL for a name of the deployment. That its owner signed it is
 * verified: else WW_ETAMPERED. *value is followed by a NUL; about may be NULL. WW_ENOTFOUND. */
WW_EXPORT enum ww_err ww_public_get(struct ww_op *op, struct ww_session *session, const char *owner,
                                    const char *name, const void **value, size_t *value_length,
                                    struct ww_public *about) WW_MUST;
/* One's own of both scopes, in no order of names. Of any session. */
WW_EXPORT enum ww_err ww_public_list(struct ww_op *op, struct ww_session *session, struct ww_page *page,
                                     const struct ww_public *const **list) WW_MUST;

/* ---- recovery codes and new keys (vault.md §§7, 8, 10) ---- */

struct ww_codes_state {
    size_t size;
    size_t left;      /* codes that open the vault; 0: there are none */
    uint64_t made_at; /* the newest; 0: none */
};
WW_EXPORT enum ww_err ww_codes_state(struct ww_op *op, struct ww_session *session,
                                     struct ww_codes_state *out) WW_MUST;
/* Ten new codes, each good once: "7K2M-…", seven groups of four, for their owner to write down; the library
 * does not know them afterwards. All earlier ones stop. WW_EREAUTH, WW_ELOCKED, WW_ENOVAULT, WW_EDENIED. */
WW_EXPORT enum ww_err ww_codes_make(struct ww_op *op, struct ww_session *session, const char *const **codes,
                                    size_t *count) WW_MUST;
/* Ends all of them. WW_ECONFLICT "last_opener": nothing else opens the vault. WW_EREAUTH, WW_EDENIED. */
WW_EXPORT enum ww_err ww_codes_revoke(struct ww_op *op, struct ww_session *session) WW_MUST;

struct ww_recovery {
    size_t size;
    const char *identifier;
    const char *code;     /* as typed: either case, spaces and hyphens anywhere, O for 0, I and L for 1 */
    const char *password; /* the new one; need not end with a NUL */
    size_t password_length;
    bool cookie; /* the session's token will be a cookie, and is renewed at each further sign-in */
};
/* For who forgot the password: a code and a new password sign in and open the vault. The code is used up,
 * *new_code stands in its place; all other sessions end. Unknown name, wrong and used code are deliberately
 * not told apart: WW_EDENIED "recovery_code_wrong"; with WW_EINVAL and that id the code has a typing error,
 * which says nothing of any account. A refused password (WW_EVALIDATION) leaves the code good. No slow hash
 * is spent on a wrong code. WW_EDISABLED, WW_ETHROTTLED. */
WW_EXPORT enum ww_err ww_recover(struct ww_op *op, const struct ww_recovery *recovery,
                                 struct ww_session **session, const char **new_code) WW_MUST;

/* What opens a vault again whose session is locked. */
struct ww_opener {
    size_t size;
    const char *code;     /* a recovery code as typed, or NULL: the old password */
    const char *password; /* need not end with a NUL */
    size_t password_length;
};
/* A session is locked when who it is was proved by what opens nothing: a password that an administrator set.
 * The old password, or a code, opens the vault, and the password that signs in does from now on. session
 * ends, *opened is the one to go on with; *new_code stands in a used code's place, else NULL. WW_EDENIED
 * "wrong_credentials", WW_EINVAL "recovery_code_wrong" (a typing error), WW_ETHROTTLED; WW_ECONFLICT
 * "vault_open"; WW_ENOVAULT. */
WW_EXPORT enum ww_err ww_unlock(struct ww_op *op, struct ww_session *session, const struct ww_opener *opener,
                                struct ww_session **opened, const char **new_code) WW_MUST;

/* For who can open the vault no more, and is signed in by what does not: an empty one. What was there waits
 * for as long as watchword.vault.waiting says, for somebody to find an old password or code. *opened is the
 * session to go on with, all others end; *codes are ten codes for the new vault. confirm: a name of the
 * account, as its owner typed it. WW_EREAUTH, WW_EAAL, WW_ENOVAULT; WW_ECONFLICT "vault_open": the session
 * opens it, or the password that signs in does; WW_EINVAL "confirm_mismatch"; WW_EFULL "waiting_full". */
WW_EXPORT enum ww_err ww_vault_new(struct ww_op *op, struct ww_session *session, const char *confirm,
                                   struct ww_session **opened, const char *const **codes,
                                   size_t *count) WW_MUST;
struct ww_waiting {
    size_t size;
    const char *id;             /* UUID */
    uint64_t since, kept_until; /* µs */
};
/* The vaults that wait, oldest first. Of any session. */
WW_EXPORT enum ww_err ww_waiting_list(struct ww_op *op, struct ww_session *session,
                                      const struct ww_waiting *const **list, size_t *count) WW_MUST;
struct ww_merged {
    size_t size;
    size_t items;                        /* that came over */
    const char *const *from, *const *to; /* of a name in both vaults the older is called `to` now */
    size_t renamed;
    const char *const *codes; /* in the place of all earlier ones */
    size_t code_count;
};
/* Opens a vault that waits with a password or a code of its own; what is in it joins the vault of now. The
 * session must open that. WW_ENOTFOUND "waiting_not_found"; WW_EDENIED "wrong_credentials", WW_EINVAL
 * "recovery_code_wrong" (a typing error), WW_ETHROTTLED; WW_EFULL "vault_full": both stay as they are. */
WW_EXPORT enum ww_err ww_waiting_open(struct ww_op *op, struct ww_session *session, const char *id,
                                      const struct ww_opener *opener, struct ww_merged *merged) WW_MUST;
/* Gone for good. WW_EREAUTH, WW_EAAL, WW_ENOTFOUND "waiting_not_found", WW_EINVAL "confirm_mismatch". */
WW_EXPORT enum ww_err ww_waiting_discard(struct ww_op *op, struct ww_session *session, const char *id,
                                         const char *confirm) WW_MUST;

/* A new epoch of the vault's keys: what is written from now on has keys that the ones before do not open.
 * Nothing is encrypted again. WW_EREAUTH, WW_ELOCKED, WW_ENOVAULT, WW_EDENIED. */
WW_EXPORT enum ww_err ww_epoch_start(struct ww_op *op, struct ww_session *session, uint32_t *epoch) WW_MUST;
/* For who fears that somebody had the password, a code or a session: a new root key. Every session ends,
 * *renewed is the one to go on with; passwords and codes of before open nothing, *codes are ten new ones.
 * password: the account's, checked now: WW_EDENIED "wrong_credentials", WW_ETHROTTLED. WW_EREAUTH,
 * WW_ELOCKED, WW_ENOVAULT. */
WW_EXPORT enum ww_err ww_rekey(struct ww_op *op, struct ww_session *session, const char *password,
                               size_t password_length, struct ww_session **renewed, const char *const **codes,
                               size_t *count) WW_MUST;

/* ---- upkeep ---- */

/* Deletes what has expired, writes what was seen of sessions: call once a minute, by one thread. */
WW_EXPORT enum ww_err ww_maintain(struct ww_op *op) WW_MUST;

#ifdef __cplusplus
}
#endif

#include "watchword/named.h"

#endif
