/* Shared by the files of store/ only. */
#ifndef STORE_INT_H
#define STORE_INT_H

#include <pthread.h>

#include "store.h"
#include "witness.h"

/* An account that was found to be put back: not read twice again, and told of once. */
enum { STORE_ALARMS = 256 };
struct store_alarm {
    int64_t account;
    struct uuid uuid;
    uint64_t number; /* what the database has */
    bool vault, told;
};

struct store {
    struct db *db;
    struct keyring *keyring;
    int migrated;
    struct uuid deployment;
    _Atomic uint32_t line;
    bool moving;             /* a reindex was begun and has not ended */
    struct witness *witness; /* NULL: none */
    const char *put_back;    /* what store_guard would have refused; NULL: nothing */
    bool accepting;          /* a restore: numbers are not compared */
    pthread_mutex_t lock;    /* of the alarms */
    struct store_alarm alarms[STORE_ALARMS];
};

extern const struct db_migration store_migrations[];
extern const size_t store_migration_count;

/* Opens meta, or makes it in an empty store, and uses it. */
enum ww_err store_meta_open(struct ww_op *op, struct store *s) WW_MUST;

/* 32 bytes for each text, in the arena. */
enum ww_err store_checksums(struct ww_op *op, const struct db_migration *list, size_t n,
                            struct bytes **out) WW_MUST;

/* What the open transaction wrote last, to be found again when nobody knows whether it was committed. */
struct store_written {
    struct store *store;
    bool event;         /* an audit event; else a vault's head */
    int64_t node, n;    /* of the event */
    struct uuid vid;    /* of the vault */
    struct bytes value; /* the event's link, or the head; p NULL: nothing. As long as the operation */
};
enum ww_err store_written_event(struct ww_op *op, struct store *s, const struct audit_stored *row) WW_MUST;
enum ww_err store_written_head(struct ww_op *op, struct store *s, const struct uuid *vid,
                               struct bytes head) WW_MUST;
/* What was written, which is forgotten: before a transaction ends, and when one begins. */
struct store_written store_written_take(struct ww_op *op);
/* WW_OK when it is there after all, else err. Takes a connection of its own. */
enum ww_err store_written_resolve(struct ww_op *op, const struct store_written *w, enum ww_err err) WW_MUST;

/* Opens a record without asking the witness. */
enum ww_err store_record_decode(struct ww_op *op, struct store *s, int64_t id, struct bytes uuid, int64_t seq,
                                struct bytes blob, struct record **out) WW_MUST;
/* The record's number against the witness, and the witness raised. */
enum ww_err store_witness_record(struct ww_op *op, struct store *s, const struct record *r) WW_MUST;
/* Raises with the commit of the open transaction, if it writes; else at once. */
enum ww_err store_witness_raise(struct ww_op *op, struct store *s, int64_t account,
                                struct witness_seen seen) WW_MUST;
enum ww_err store_witness_chain(struct ww_op *op, struct store *s, const struct audit_stored *row) WW_MUST;
/* WW_EROLLEDBACK, WW_EFULL for an id that a new account may not have. */
enum ww_err store_witness_new_id(struct ww_op *op, struct store *s, int64_t id) WW_MUST;

/* Keeps "stored data is not what was written" and returns WW_ETAMPERED. */
enum ww_err store_tampered(struct ww_op *op, const char *what);
/* Rows: the caller reads them with db_next and ends with store_done. On failure there is nothing to end.
 * Within a transaction other statements may run between the rows, outside of one none may. */
enum ww_err store_query(struct ww_op *op, struct store *s, struct db_rows *rows, const char *sql,
                        const struct db_value *args, size_t n) WW_MUST;
/* Once; db_lost holds afterwards as well. */
void store_done(struct db_rows *rows);
/* One row or WW_ENOTFOUND; the caller reads the columns and calls store_done. On failure there is nothing to
 * end. */
enum ww_err store_one(struct ww_op *op, struct store *s, struct db_rows *rows, const char *sql,
                      const struct db_value *args, size_t n) WW_MUST;
/* Runs a statement that must touch exactly one row: WW_EBUSY when it touched none. */
enum ww_err store_change_one(struct ww_op *op, struct store *s, const char *sql, const struct db_value *args,
                             size_t n) WW_MUST;
/* Runs a statement; *changed gets how many rows it touched. */
enum ww_err store_change(struct ww_op *op, struct store *s, const char *sql, const struct db_value *args,
                         size_t n, int64_t *changed) WW_MUST;
/* Runs a statement whatever it touches. */
enum ww_err store_exec(struct ww_op *op, struct store *s, const char *sql, const struct db_value *args,
                       size_t n) WW_MUST;

/* The JSON of a record; WW_ETAMPERED for anything that store_identity_write does not write. */
enum ww_err store_identity_read(struct ww_op *op, const struct js *o, struct identity *out) WW_MUST;
void store_identity_write(struct buf *b, const struct identity *i);

/* Seals P(pt) under the server key. */
enum ww_err store_seal(struct ww_op *op, struct store *s, struct place where, struct bytes pt,
                       struct bytes *blob) WW_MUST;
enum ww_err store_unseal(struct ww_op *op, struct store *s, struct place where, struct bytes blob,
                         struct bytes *pt) WW_MUST;

#endif
