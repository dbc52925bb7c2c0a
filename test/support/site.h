/* A site for tests: a store in a temporary directory (or in PostgreSQL), its server key beside it, opened
 * through the public interface, with a clock that the test moves and a switch that makes the n-th allocation
 * or statement fail. */
#ifndef SITE_H
#define SITE_H

#include "db.h"
#include "watchword/admin.h"

#define TEST_PASSWORD "correct horse battery staple"

struct site {
    char directory[64];
    char dsn[256];
    struct ww_env env;
    uint64_t offset; /* µs that the clock is ahead of the system's */
    long fail_at[3]; /* by enum ww_fault: fail the n-th from now on; 0 never */
    struct ww *ww;
    struct ww_op *op; /* the current operation; site_next begins another */
    struct db *raw;   /* the attacker's own connection to the store */
};

/* extra: NULL-terminated "key=value" settings over the defaults, or NULL. Aborts the test when it cannot
 * open. */
void site_open(struct site *s, const char *const *extra);
/* Closes and opens the same store again. */
void site_reopen(struct site *s, const char *const *extra);
void site_close(struct site *s);
/* Set-up and tear-down of cmocka: *state is a struct site with the default settings. */
int site_setup(void **state);
int site_teardown(void **state);
/* The same with two people, each of whom has an account. */
struct site_pair {
    struct site site;
    char *ada, *bob; /* tokens */
};
int site_setup_pair(void **state);
int site_teardown_pair(void **state);
/* Ends the operation and begins a new one. */
struct ww_op *site_next(struct site *s);

/* Registers "<name>@example.org" with TEST_PASSWORD; its token, which the caller frees. */
char *site_register(struct site *s, const char *name);
/* Resumes a token in a new operation; fails the test unless that works. */
struct ww_session *site_resume(struct site *s, const char *token);
enum ww_err site_login(struct site *s, const char *name, const char *password, struct ww_session **session);
enum ww_err site_put(struct site *s, const char *token, const char *name, const char *value);
/* The value as text in the operation, or NULL with *err set. */
const char *site_get(struct site *s, const char *token, const char *name, enum ww_err *err);

/* With passwords as texts. */
enum ww_err site_enrol(struct ww_op *op, const char *traits, const char *password,
                       struct ww_session **session);
enum ww_err site_sign_in(struct ww_op *op, const char *identifier, const char *password,
                         struct ww_session **session);
enum ww_err site_new_password(struct ww_op *op, struct ww_session *session, const char *password);

/* The account asks for a second factor from now on, as its owner will be able to say. */
void site_require_second(struct site *s, const char *token);
/* The account was put back from a backup, and that was accepted. */
void site_mark_restored(struct site *s, const char *token);

/* "<name>@example.org" as an administrator makes it: no password, no vault. */
void site_create_without_vault(struct site *s, const char *name);
/* A new vault that opens with TEST_PASSWORD, in the place of whatever there was: keys that no contact knows.
 */
void site_give_vault(struct site *s, const char *name);

/* Runs SQL as who may write to the database. */
void site_sql(struct site *s, const char *sql, const struct db_value *args, size_t n);
/* The one number that it gives. */
int64_t site_number(struct site *s, const char *sql);
/* One blob, copied with malloc; its length in *n. NULL when there is no row. */
uint8_t *site_blob(struct site *s, const char *sql, size_t *n);
/* Problems that check reports. */
size_t site_check(struct site *s);

#endif
