/* Administration and operation of a deployment: what the server's admin port and the command line are made
 * of.
 *
 * NOT YET STABLE: this header is the server's own, and changes with it. Nothing here opens a vault. The rules
 * of <watchword.h> on ownership, sizes, errors, threads and fork hold. */
#ifndef WATCHWORD_ADMIN_H
#define WATCHWORD_ADMIN_H

#include "watchword.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- identities; JSON as Kratos' administration API has it (kratos.md §5.2) ---- */

/* body: a create-identity body of `length` bytes. *json: the identity as create answers it, *id its UUID.
 * WW_EINVAL (a member that is unknown or of the wrong type, named by `field`; a password hash: ids
 * "password_hash_unknown", "password_hash_malformed", "password_hash_costly"), WW_EVALIDATION, WW_ECONFLICT,
 * WW_EUNSUPPORTED (members that this version does not have yet). */
WW_EXPORT enum ww_err ww_admin_identity_create(struct ww_op *op, const char *body, size_t length,
                                               const char **json, const char **id) WW_MUST;
/* body: {"identities":[{"create":{…},"patch_id":"<UUID>"}]}, at most 1,000, 200 of them with clear passwords.
 * *json: {"identities":[{"action","identity","patch_id","error"}]}: what is refused leaves the others as they
 * are. WW_EINVAL for the body as a whole, which includes a hash of an unknown format. */
WW_EXPORT enum ww_err ww_admin_identity_batch(struct ww_op *op, const char *body, size_t length,
                                              const char **json) WW_MUST;
/* body: an update-identity body. What is missing of schema_id and state stays, all else is replaced. A
 * password in it is set as ww_admin_password_set does. WW_ENOTFOUND; else as create. */
WW_EXPORT enum ww_err ww_admin_identity_update(struct ww_op *op, const char *id, const char *body,
                                               size_t length, const char **json) WW_MUST;
/* patch: JSON Patch (RFC 6902) of add, remove and replace over the identity as it is read. WW_EINVAL id
 * "patch_invalid"; WW_ENOTFOUND; else as create. */
WW_EXPORT enum ww_err ww_admin_identity_patch(struct ww_op *op, const char *id, const char *patch,
                                              size_t length, const char **json) WW_MUST;

/* Who is looked for, by one of the three, and the types of credentials ("password") of which what is stored
 * is told as well: of a password that opens a vault all but the hash, which nobody has. */
struct ww_identity_lookup {
    size_t size;
    const char *id;         /* UUID */
    const char *identifier; /* to sign in with, as typed */
    const char *external_id;
    const char *const *include;
    size_t include_count;
};
/* WW_ENOTFOUND, also for what is no UUID; WW_EINVAL id "credential_type_unknown". */
WW_EXPORT enum ww_err ww_admin_identity_look(struct ww_op *op, const struct ww_identity_lookup *by,
                                             const char **json) WW_MUST;
/* By UUID, without what is stored. WW_ENOTFOUND, also for what is no UUID. */
WW_EXPORT enum ww_err ww_admin_identity_get(struct ww_op *op, const char *id, const char **json) WW_MUST;
/* By login identifier, as typed. WW_ENOTFOUND. */
WW_EXPORT enum ww_err ww_admin_identity_find(struct ww_op *op, const char *identifier,
                                             const char **json) WW_MUST;

/* Which identities: all of them, or by one of the four; the others NULL. */
struct ww_identity_filter {
    size_t size;
    const char *const *ids; /* UUIDs, at most 500; those that nobody has are passed over */
    size_t id_count;
    const char *identifier; /* to sign in with, as typed */
    const char *similar;    /* a part of an identifier. Identifiers are sealed, so all accounts are opened:
                               a page looks at 10,000 and may hold none while there is a next one */
    const char *organization_id; /* UUID; nobody is in one */
    const char *const *include;  /* as above */
    size_t include_count;
    size_t skip;    /* so many that match are passed over first, at most 1,000; without `similar` */
    uint64_t total; /* out, with `count`: how many there are without a filter */
    bool count;
};
/* JSON array in order of creation. WW_EINVAL ids "filter_several", "id_invalid" (field "ids" or
 * "organization_id", text names it), "credential_type_unknown", "page_token_invalid". */
WW_EXPORT enum ww_err ww_admin_identity_search(struct ww_op *op, struct ww_identity_filter *filter,
                                               struct ww_page *page, const char **json) WW_MUST;
/* All of them, as ww_admin_identity_search without a filter. */
WW_EXPORT enum ww_err ww_admin_identity_list(struct ww_op *op, struct ww_page *page,
                                             const char **json) WW_MUST;
/* By UUID, without the owner. WW_ENOTFOUND. */
WW_EXPORT enum ww_err ww_admin_identity_delete(struct ww_op *op, const char *id) WW_MUST;

/* Takes away all credentials of a type by Kratos' name ("totp"). WW_ENOTFOUND ids "identity_not_found" and
 * "credential_not_found"; WW_EINVAL ids "last_credential" (the last to sign in with, or that opens the vault)
 * and "credential_stays". */
WW_EXPORT enum ww_err ww_admin_credentials_delete(struct ww_op *op, const char *id, const char *type) WW_MUST;

/* Sets a password as a verifier (vault.md §10): it signs in, and the vault stays locked until its owner gives
 * an old password or a recovery code (ww_unlock). All sessions end. WW_ENOTFOUND; WW_EVALIDATION with field
 * "password". */
WW_EXPORT enum ww_err ww_admin_password_set(struct ww_op *op, const char *id, const char *password,
                                            size_t password_length) WW_MUST;

/* ---- operation ---- */

/* Proof that the store answers. */
WW_EXPORT enum ww_err ww_ping(struct ww_op *op) WW_MUST;

/* The setting "revision", or else a digest of all that is set, in hexadecimal: another one where the
 * configuration is another, but for its secrets. NULL: no memory. */
WW_EXPORT const char *ww_config_revision(struct ww_op *op) WW_MUST;

struct ww_check_report {
    size_t size;
    size_t accounts, credentials, sessions, flows, epochs, events; /* blobs opened */
    size_t problems;
};
/* Opens every blob that the server can open and follows every index; each problem is told to `tell` (may be
 * NULL) as one line, `step` (may be NULL) hears of progress (total 0: unknown). They run inside of the call
 * and must not call this operation. Problems are no failure: WW_OK. */
WW_EXPORT enum ww_err ww_check(struct ww_op *op, void (*tell)(void *context, const char *line),
                               void (*step)(void *context, size_t done, size_t total), void *context,
                               struct ww_check_report *out) WW_MUST;

/* Copies the database of a configuration into a new file, as it is at one moment and while others work
 * (SQLite; WW_EUNSUPPORTED names what PostgreSQL has). Neither opens the store nor needs a server key, and
 * the copy holds none. step (may be NULL) hears how much of how much. WW_ECONFLICT: there is a file of that
 * name. On failure why (of `size` bytes, may be NULL) holds one sentence. */
WW_EXPORT enum ww_err ww_backup(const struct ww_options *options, const char *file,
                                void (*step)(void *context, size_t done, size_t total), void *context,
                                char *why, size_t size) WW_MUST;

struct ww_put_back {
    size_t size;
    uint64_t accounts; /* in it now */
    char kept[512];    /* where the database of before is now; empty: there was none */
};
/* Puts such a copy in the database's place: one that the server key opens, brought to this version. Nothing
 * may have the database open (WW_EBUSY). One that holds accounts is not replaced (WW_ECONFLICT
 * "database_not_empty") unless `replace`, and is kept beside. Whatever fails leaves it as it was. What was
 * put back is older than this machine has seen: it opens after ww_restore_accept. */
WW_EXPORT enum ww_err ww_put_back(const struct ww_options *options, const char *file, bool replace,
                                  void (*step)(void *context, size_t done, size_t total), void *context,
                                  struct ww_put_back *out, char *why, size_t size) WW_MUST;

/* A server key that is configured, or that a stored blob names. */
struct ww_server_key {
    size_t size;
    const char *id;         /* eight hexadecimal digits; no secret */
    bool configured, seals; /* whether it is there; whether new blobs are sealed under it */
    uint64_t blobs;         /* that name it */
    const char *tables;     /* of these by table, as JSON: {"accounts":3,"sessions":7} */
};
/* The first is the one that seals. Reads the beginning of every blob. *shapeless: blobs that are no seal, or
 * name one of too many keys. */
WW_EXPORT enum ww_err ww_server_keys(struct ww_op *op, const struct ww_server_key **out, size_t *n,
                                     uint64_t *shapeless) WW_MUST;

struct ww_rotation {
    size_t size;
    uint64_t moved;  /* blobs, by this call */
    uint64_t left;   /* that still name another key than the one that seals */
    uint64_t closed; /* of these, those that no configured key opens */
};
/* Seals every blob again with the key that seals, a few at a time, while others work; to be begun again after
 * a crash. step (may be NULL) hears how many of how many. left > closed: a program that has not been started
 * again since the key was made first still writes under the old one. */
WW_EXPORT enum ww_err ww_server_key_rotate(struct ww_op *op,
                                           void (*step)(void *context, size_t done, size_t total),
                                           void *context, struct ww_rotation *out) WW_MUST;
/* Whether the key of this id may go, which the history of the deployment then tells; taking it away is the
 * caller's. WW_ECONFLICT: it seals ("server_key_seals"), or blobs still name it ("server_key_used", with how
 * many and where). WW_ENOTFOUND. leave_closed: blobs that no key opens do not count. */
WW_EXPORT enum ww_err ww_server_key_retire(struct ww_op *op, const char *id, bool leave_closed) WW_MUST;

struct ww_reindexed {
    size_t size;
    uint64_t accounts; /* by this call */
    uint64_t closed;   /* accounts that do not open, or have sessions that do not: left as they are */
};
/* New keys for the indexes and the audit log, after a theft of the server key; the tags of all accounts move
 * to them. For a ww that was opened with `reindex` and has done nothing else; WW_EINVAL else. After a crash,
 * or a failure, it goes on where it stood when it is called again; until then nothing else opens the store.
 * step (may be NULL) hears of progress. */
WW_EXPORT enum ww_err ww_reindex(struct ww_op *op, void (*step)(void *context, size_t done, size_t total),
                                 void *context, struct ww_reindexed *out) WW_MUST;

struct ww_restored {
    size_t size;
    uint64_t accounts; /* looked at */
    uint64_t restored; /* older than this machine had seen, or never seen: all their sessions end */
    uint64_t deleted;  /* had been deleted, and are again */
    uint64_t damaged;  /* records that do not open: left as they are */
    uint64_t line;     /* how often a restore was accepted, and one */
};
/* Accepts that the database was put back (vault.md §12); ww was opened with WW_RESTORE_ACCEPT, and is of no
 * use afterwards but to be closed. all: this machine's witness is not relied on. Killed, it is begun again
 * and goes on. step (may be NULL) hears how many accounts of how many. */
WW_EXPORT enum ww_err ww_restore_accept(struct ww_op *op, bool all,
                                        void (*step)(void *context, size_t done, size_t total), void *context,
                                        struct ww_restored *out) WW_MUST;

struct ww_own_rows {
    size_t size;
    uint64_t items, shares;                 /* that the vault names */
    uint64_t unnamed_items, unnamed_shares; /* rows that are there besides: of no use to anybody */
};
/* What only its owner sees of a vault: whether its rows are those that it names. Opens ring, head and leaves.
 * WW_ETAMPERED, WW_ELOCKED, WW_ENOVAULT. */
WW_EXPORT enum ww_err ww_check_own(struct ww_op *op, struct ww_session *session,
                                   struct ww_own_rows *out) WW_MUST;

/* Writes the audit log, at one moment, to a new file of mode 0600, as JSON lines (docs/formats/audit.md). It
 * holds what the log holds of people: addresses and browsers. WW_ECONFLICT: there is a file of that name. */
WW_EXPORT enum ww_err ww_audit_export(struct ww_op *op, const char *file, uint64_t *rows) WW_MUST;

/* A chain of an exported log: what one writing connection wrote. */
struct ww_audit_node {
    size_t size;
    char node[17];        /* 16 hexadecimal digits */
    uint64_t first, last; /* numbers of its rows */
    uint64_t events, erased;
    uint64_t first_time, last_time; /* µs */
    uint64_t missing, forks, altered;
};
struct ww_audit_report {
    size_t size;
    uint64_t events, nodes;
    uint64_t missing;  /* rows that are passed over within chains */
    uint64_t forks;    /* two rows for one place, or another row than some chain saw there */
    uint64_t altered;  /* rows that are not what was written */
    uint64_t emptied;  /* rows without their event that no erasure names */
    uint64_t returned; /* rows that an erasure names and that are not empty */
    uint64_t cut;      /* ends of chains that others name and that are not there */
    bool whole;        /* the file's last line is there */
    bool keyed;        /* verified with the keys, not only against itself */
};
/* Verifies such a file, without any site. key_file: a file of the server key; NULL: only what the lines say
 * of each other is compared. node (may be NULL) hears of each chain. Findings are no failure. On failure why
 * (of `length` bytes, may be NULL) holds one sentence: WW_EINVAL, WW_EKEYMISSING (exported under another
 * server key), WW_ETAMPERED, WW_ECONFIG (the key file). */
WW_EXPORT enum ww_err ww_audit_verify(const char *file, const char *key_file,
                                      void (*node)(void *context, const struct ww_audit_node *node),
                                      void *context, struct ww_audit_report *out, char *why,
                                      size_t length) WW_MUST;

struct ww_hash_cost {
    size_t size;
    uint32_t memory_kib, iterations; /* of Argon2id (RFC 9106) with one lane */
    uint64_t took_us;                /* microseconds on this machine */
};
/* Measures this machine, which takes some seconds: the parameters whose time is nearest to target_us
 * (microseconds), memory first, never below the least that the library accepts. step (may be NULL) hears of
 * each try. WW_EINVAL: no target, or most_kib below that least. */
WW_EXPORT enum ww_err ww_hash_calibrate(uint64_t target_us, uint32_t most_kib,
                                        void (*step)(void *context, const struct ww_hash_cost *tried),
                                        void *context, struct ww_hash_cost *out) WW_MUST;

#ifdef __cplusplus
}
#endif

#endif
