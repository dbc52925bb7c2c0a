/* Watchword: user authentication whose stored data only the user's own credentials can open.
 *
 * There are two roots, and only they are freed by the caller: struct ww, one per store, used by all threads;
 * and struct ww_op, one per piece of work, used by one thread. What a call gives out belongs to its operation
 * and lives until ww_op_end, which wipes it. Strings are UTF-8. Times are microseconds since 1970 UTC. Data
 * shaped by a schema crosses as JSON text. Functions that can fail return enum ww_err; ww_op_problem tells
 * more.
 *
 *     struct ww *ww;
 *     struct ww_op *op;
 *     struct ww_session *session;
 *     ww_open(&options, &ww, why, sizeof why);
 *     ww_op_begin(ww, NULL, &op);
 *     ww_register(op, "{\"email\":\"ada@example.org\"}", "correct horse battery", &session);
 *     ww_item_put(op, session, "note", 4, "hello", 5, NULL, NULL);
 *     ww_op_end(op);
 *     ww_close(ww);
 */
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

/* "0.1.0", of the library that runs. */
WW_EXPORT const char *ww_version(void);

/* ---- opening ---- */

struct ww_options {
    const char *const *config_files; /* YAML, later ones override; may be none */
    size_t config_file_count;
    const char *const *settings; /* "key=value" each; used when there is no file */
    size_t setting_count;
    const char *const
        *environment;         /* "NAME=value", NULL at the end; NULL: the environment overrides nothing */
    bool dev;                 /* as `serve --dev`: weak hashes are honoured, a missing server key is made */
    bool no_migrate;          /* refuse a store that needs migrations instead of applying them */
    const struct ww_env *env; /* NULL: the system's clock and randomness; must outlive ww */
};

/* Opens, and makes what an empty store needs. On failure *out is NULL and why (of `size` bytes, may be NULL)
 * holds one sentence. WW_ECONFIG, WW_EKEYMISSING (no or a wrong server key), WW_EFOREIGN, WW_EIO, WW_EBUSY.
 */
WW_EXPORT enum ww_err ww_open(const struct ww_options *options, struct ww **out, char *why,
                              size_t size) WW_MUST;
/* All operations must have ended. NULL is fine. */
WW_EXPORT void ww_close(struct ww *ww);

/* The effective setting (dotted key); the text of any type. "" when it is empty; NULL when there is no such
 * key or it is a tree. Valid until ww_close. Lists have a count and elements; durations are microseconds;
 * sizes bytes. */
WW_EXPORT const char *ww_setting(const struct ww *ww, const char *key);
WW_EXPORT bool ww_setting_bool(const struct ww *ww, const char *key);
WW_EXPORT int64_t ww_setting_int(const struct ww *ww, const char *key);
WW_EXPORT uint64_t ww_setting_duration(const struct ww *ww, const char *key);
WW_EXPORT size_t ww_setting_count(const struct ww *ww, const char *key);
WW_EXPORT const char *ww_setting_at(const struct ww *ww, const char *key, size_t i);
WW_EXPORT bool ww_setting_is_set(const struct ww *ww, const char *key);
/* What the configuration warned about. */
WW_EXPORT size_t ww_warning_count(const struct ww *ww);
WW_EXPORT const char *ww_warning(const struct ww *ww, size_t i);
WW_EXPORT bool ww_dev(const struct ww *ww);
/* How many migrations ww_open applied. */
WW_EXPORT int ww_migrated(const struct ww *ww);

/* ---- operations ---- */

/* Who asks; any member may be NULL. Copied: what is not UTF-8 in them is replaced, and what is too long
 * (address 64 bytes, user agent 512, location and request id 128) cut between characters. */
struct ww_client {
    const char *address, *user_agent, *location, *request_id;
};

/* WW_ENOMEM: *out is NULL. */
WW_EXPORT enum ww_err ww_op_begin(struct ww *ww, const struct ww_client *client, struct ww_op **out) WW_MUST;
/* Frees and wipes all that the operation gave out. NULL is fine. */
WW_EXPORT void ww_op_end(struct ww_op *op);

struct ww_problem {
    enum ww_err err;
    const char *id;       /* stable, such as "item_not_found"; "" when there was no failure */
    const char *field;    /* the field that is wrong, or NULL */
    const char *text;     /* one sentence for people; holds no secret and nothing that was typed */
    uint32_t retry_after; /* seconds, or 0 */
    uint64_t limit;       /* the limit that was passed, or 0 */
};
/* About the last failure of this operation; valid until its next call. */
WW_EXPORT struct ww_problem ww_op_problem(const struct ww_op *op);

/* ---- people ---- */

/* traits: JSON text under the default identity schema. password: as typed. *session may be NULL when none is
 * wanted. WW_EVALIDATION (traits or password refused; ww_op_problem has field and reason), WW_ECONFLICT,
 * WW_ETHROTTLED, WW_EBUSY. */
WW_EXPORT enum ww_err ww_register(struct ww_op *op, const char *traits, const char *password,
                                  struct ww_session **session) WW_MUST;
/* Unknown name and wrong password are deliberately not told apart: WW_EDENIED. WW_EDISABLED, WW_ETHROTTLED,
 * WW_EBUSY. */
WW_EXPORT enum ww_err ww_authenticate(struct ww_op *op, const char *identifier, const char *password,
                                      struct ww_session **session) WW_MUST;
/* Checks the session's own password again. WW_EDENIED, WW_ETHROTTLED. */
WW_EXPORT enum ww_err ww_password_check(struct ww_op *op, struct ww_session *session,
                                        const char *password) WW_MUST;
/* Needs a recent sign-in (WW_EREAUTH). All other sessions of the account end. */
WW_EXPORT enum ww_err ww_password_change(struct ww_op *op, struct ww_session *session,
                                         const char *password) WW_MUST;
/* Replaces the traits. WW_EREAUTH when identifiers or addresses change and the sign-in is not recent. */
WW_EXPORT enum ww_err ww_traits_change(struct ww_op *op, struct ww_session *session,
                                       const char *traits) WW_MUST;
/* Deletes the account and everything of it. confirm: one of its identifiers. WW_EREAUTH. */
WW_EXPORT enum ww_err ww_account_delete(struct ww_op *op, struct ww_session *session,
                                        const char *confirm) WW_MUST;
/* JSON array, newest first; *next (may be NULL) is the token of the next page or NULL. page_token NULL: the
 * first. */
WW_EXPORT enum ww_err ww_account_history(struct ww_op *op, struct ww_session *session, size_t page_size,
                                         const char *page_token, const char **json,
                                         const char **next) WW_MUST;
/* The identity as JSON, as its owner sees it. */
WW_EXPORT enum ww_err ww_identity(struct ww_op *op, struct ww_session *session, const char **json) WW_MUST;

/* ---- sessions ---- */

/* The token to give to the client: 64 characters that are safe in a cookie. */
WW_EXPORT const char *ww_session_token(const struct ww_session *session);
/* As text, lower-case with hyphens. */
WW_EXPORT const char *ww_session_id(struct ww_op *op, const struct ww_session *session);
WW_EXPORT const char *ww_session_account(struct ww_op *op, const struct ww_session *session);
/* Whether it opens the vault, and whether the sign-in is recent enough for sensitive changes. */
WW_EXPORT bool ww_session_unlocked(const struct ww_session *session);
WW_EXPORT bool ww_session_recent(struct ww_op *op, const struct ww_session *session);
/* WW_EDENIED for whatever is no valid session. Does not write. */
WW_EXPORT enum ww_err ww_session_resume(struct ww_op *op, const char *token,
                                        struct ww_session **session) WW_MUST;
WW_EXPORT enum ww_err ww_session_end(struct ww_op *op, struct ww_session *session) WW_MUST;
/* Another one of the account by id; unknown ids do nothing. */
WW_EXPORT enum ww_err ww_session_end_other(struct ww_op *op, struct ww_session *session,
                                           const char *id) WW_MUST;
WW_EXPORT enum ww_err ww_session_end_others(struct ww_op *op, struct ww_session *session,
                                            size_t *count) WW_MUST;
/* JSON array of all active sessions, this one first:
 * {"id","this_session","issued_at","authenticated_at","expires_at",
 * "last_seen_at","address","user_agent","location"}. */
WW_EXPORT enum ww_err ww_session_list(struct ww_op *op, struct ww_session *session,
                                      const char **json) WW_MUST;

/* ---- items: what only the user can open ---- */

struct ww_item_condition {
    uint64_t if_version; /* 0: any */
    bool if_absent;
};
struct ww_item_result {
    bool created;
    char id[33]; /* 32 hex digits, for where a name must not stand, such as a URL; kept by later writes */
    uint64_t version, time;
};
/* name: 1 to 1,024 bytes of UTF-8 without NUL. condition and result may be NULL. WW_EVERSION, WW_ETOOLARGE,
 * WW_EFULL, WW_ELOCKED, WW_ENOVAULT. */
WW_EXPORT enum ww_err ww_item_put(struct ww_op *op, struct ww_session *session, const char *name,
                                  size_t name_length, const void *value, size_t value_length,
                                  const struct ww_item_condition *condition,
                                  struct ww_item_result *result) WW_MUST;
/* *value is followed by a NUL that *value_length does not count. WW_ENOTFOUND. */
WW_EXPORT enum ww_err ww_item_get(struct ww_op *op, struct ww_session *session, const char *name,
                                  size_t name_length, const void **value, size_t *value_length,
                                  struct ww_item_result *result) WW_MUST;
WW_EXPORT enum ww_err ww_item_delete(struct ww_op *op, struct ww_session *session, const char *name,
                                     size_t name_length, const struct ww_item_condition *condition) WW_MUST;
struct ww_item_entry {
    const char *name;
    size_t name_length;
    uint64_t version;
    char id[33];
};
/* In byte order of names: those that begin with prefix and come after `after` (NULL: from the start). No
 * value is opened. */
WW_EXPORT enum ww_err ww_item_list(struct ww_op *op, struct ww_session *session, const char *prefix,
                                   const char *after, size_t limit, struct ww_item_entry **entries,
                                   size_t *count) WW_MUST;
/* The name of the item with an id. WW_ENOTFOUND. */
WW_EXPORT enum ww_err ww_item_find(struct ww_op *op, struct ww_session *session, const char *id,
                                   const char **name, size_t *name_length) WW_MUST;
enum ww_item_action { WW_ITEM_PUT, WW_ITEM_DELETE, WW_ITEM_GET };
struct ww_item_change {
    enum ww_item_action action;
    const char *name;
    size_t name_length;
    const void *value; /* in for put, out for get */
    size_t value_length;
    struct ww_item_condition condition;
    struct ww_item_result result; /* out */
};
/* Several at once, all or nothing. */
WW_EXPORT enum ww_err ww_item_change(struct ww_op *op, struct ww_session *session,
                                     struct ww_item_change *changes, size_t n) WW_MUST;
struct ww_vault_state {
    const char *state; /* "open", "locked", "none" */
    size_t items;      /* 0 unless open */
    uint32_t epoch;
};
WW_EXPORT enum ww_err ww_vault_state(struct ww_op *op, struct ww_session *session,
                                     struct ww_vault_state *out) WW_MUST;

/* ---- administration: for programs that serve administrators; nothing here opens a vault ---- */

/* body: Kratos' create-identity JSON (kratos.md §5.2). *json: the identity as create answers it, *id its
 * UUID. */
WW_EXPORT enum ww_err ww_admin_identity_create(struct ww_op *op, const char *body, size_t length,
                                               const char **json, const char **id) WW_MUST;
WW_EXPORT enum ww_err ww_admin_identity_get(struct ww_op *op, const char *id, const char **json) WW_MUST;
/* By login identifier. */
WW_EXPORT enum ww_err ww_admin_identity_find(struct ww_op *op, const char *identifier,
                                             const char **json) WW_MUST;
/* JSON array in order of creation; page_token NULL: the first page. *next NULL at the end. */
WW_EXPORT enum ww_err ww_admin_identity_list(struct ww_op *op, size_t page_size, const char *page_token,
                                             const char **json, const char **next) WW_MUST;
WW_EXPORT enum ww_err ww_admin_identity_delete(struct ww_op *op, const char *id) WW_MUST;

/* ---- operation of a deployment ---- */

/* Proof that the store answers. */
WW_EXPORT enum ww_err ww_ping(struct ww_op *op) WW_MUST;
/* Expired rows, what was seen of sessions, old history: call once a minute. */
WW_EXPORT enum ww_err ww_maintain(struct ww_op *op) WW_MUST;

struct ww_check_report {
    size_t accounts, credentials, sessions, flows, epochs, events; /* blobs opened */
    size_t problems;
};
/* Opens every blob that the server can open and follows every index; each problem is told to `tell` (may be
 * NULL) as one line, `step` (may be NULL) hears of progress. */
WW_EXPORT enum ww_err ww_check(struct ww_op *op, void (*tell)(void *context, const char *line),
                               void (*step)(void *context, size_t done, size_t total), void *context,
                               struct ww_check_report *out) WW_MUST;

struct ww_hash_cost {
    uint32_t memory_kib, iterations; /* of Argon2id with one lane */
    uint64_t took_us;                /* on this machine */
};
/* Measures this machine, which takes some seconds: the parameters whose time is nearest to target_us, memory
 * first, never below the least that the library accepts. step (may be NULL) hears of each try. WW_EINVAL: no
 * target, or most_kib below that least. */
WW_EXPORT enum ww_err ww_hash_calibrate(uint64_t target_us, uint32_t most_kib,
                                        void (*step)(void *context, const struct ww_hash_cost *tried),
                                        void *context, struct ww_hash_cost *out) WW_MUST;

#ifdef __cplusplus
}
#endif

#endif
