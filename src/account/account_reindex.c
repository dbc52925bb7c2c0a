/* New keys for the indexes and the audit log (vault.md §13): after a theft of the server key, which opens
 * meta, whoever has a copy of the database could else go on testing names against its tags.
 *
 * One command has the store for itself. Where it stands is in meta, and moves in the transaction of what it
 * tells of, so that a run that was killed goes on; until the end no other program opens the store. Chains of
 * before stay as they are, under their own key: the chain that begins next names their ends, and with an end
 * all of its chain is fixed. */
#include <time.h>

#include "account_int.h"
#include "account_server_key.h"
#include "store_named.h"

enum { ACCOUNTS_AT_ONCE = 32, SESSIONS_AT_ONCE = 64, NAMED_AT_ONCE = 8 };

struct reindexing {
    const struct account_checker *checker;
    struct account_reindexed *out;
    struct store_meta *meta;   /* of the transaction */
    uint64_t accounts, closed; /* of the transaction */
    int64_t total;
    bool more;
};

/* ---- one account ---- */

/* The tags of one key after the other: *n of each. */
typedef enum ww_err tag_maker(struct ww_op *op, struct service *s, const struct record *r, struct key **out,
                              size_t *n);

static enum ww_err identifier_tags(struct ww_op *op, struct service *s, const struct record *r,
                                   struct key **out, size_t *n)
{
    return identity_tags(op, s->store, &r->identity, out, n);
}

static enum ww_err search_tags(struct ww_op *op, struct service *s, const struct record *r, struct key **out,
                               size_t *n)
{
    const struct identity_schema *schema = schema_find(s->schemas, r->identity.schema);
    *n = 0;
    return schema ? identity_search_tags(op, s->store, schema, r, out, n) : WW_OK;
}

static enum ww_err both_tags(struct ww_op *op, struct service *s, const struct store_meta *m,
                             const struct record *r, tag_maker *make, struct key **old, struct key **tags,
                             size_t *n)
{
    enum ww_err err = make(op, s, r, old, n);
    store_use_index_key(s->store, &m->next_ik);
    err = err ? err : make(op, s, r, tags, n);
    store_use_index_key(s->store, &m->ik);
    return err;
}

static enum ww_err retag(struct ww_op *op, struct service *s, const struct store_meta *m,
                         const struct record *r, tag_maker *make,
                         enum ww_err (*write)(struct ww_op *op, struct store *s, int64_t account,
                                              const struct key *old, const struct key *tag))
{
    struct key *old, *tags;
    size_t n;
    enum ww_err err = both_tags(op, s, m, r, make, &old, &tags, &n);
    for (size_t i = 0; !err && i < n; i++) {
        err = write(op, s->store, r->id, &old[i], &tags[i]);
    }
    return err;
}

static enum ww_err retag_sessions(struct ww_op *op, struct service *s, const struct store_meta *m,
                                  const struct record *r)
{
    struct session_row *rows, last;
    size_t n = SESSIONS_AT_ONCE;
    enum ww_err err = WW_OK;
    for (bool first = true; !err && n == SESSIONS_AT_ONCE; first = false) {
        err = store_session_row_page(op, s->store, r, first ? NULL : &last, SESSIONS_AT_ONCE, &rows, &n);
        store_use_index_key(s->store, &m->next_ik);
        for (size_t i = 0; !err && i < n; i++) {
            last = rows[i];
            err = session_row_retag(op, s->store, &rows[i]);
        }
        store_use_index_key(s->store, &m->ik);
    }
    return err;
}

/* One row after the other, since each is opened. */
static enum ww_err retag_public(struct ww_op *op, struct service *s, const struct store_meta *m,
                                const struct record *r, struct public_row *row)
{
    struct key old, tag;
    enum ww_err err = store_public_next(op, s->store, r->id, BYTES_OF(row->id), row);
    if (err) {
        return err;
    }
    store_public_tag(s->store, row, &r->uuid, &old);
    store_use_index_key(s->store, &m->next_ik);
    store_public_tag(s->store, row, &r->uuid, &tag);
    store_use_index_key(s->store, &m->ik);
    return store_public_retag(op, s->store, row, &old, &tag);
}

static enum ww_err retag_publics(struct ww_op *op, struct service *s, const struct store_meta *m,
                                 const struct record *r)
{
    struct public_row row = {0};
    enum ww_err err = WW_OK;
    while (!err) {
        struct op_piece piece;
        op_piece_begin(op, &piece);
        err = op_piece_end(op, &piece, retag_public(op, s, m, r, &row));
    }
    return err == WW_ENOTFOUND ? WW_OK : err;
}

static enum ww_err reindex_account(struct ww_op *op, struct service *s, struct reindexing *x, int64_t id)
{
    struct record *r;
    enum ww_err err = store_record_load(op, s->store, id, true, &r);
    if (err == WW_ETAMPERED || err == WW_EKEYMISSING || err == WW_EROLLEDBACK) {
        x->closed++; /* nobody finds it any more, as nobody could sign in to it */
        return WW_OK;
    }
    if (err || (err = retag(op, s, x->meta, r, identifier_tags, store_identifier_retag)) ||
        (err = retag(op, s, x->meta, r, search_tags, store_search_retag))) {
        return err;
    }
    err = retag_sessions(op, s, x->meta, r);
    err = err ? err : retag_publics(op, s, x->meta, r);
    x->closed += err == WW_ETAMPERED;
    x->accounts += !err;
    return err == WW_ETAMPERED ? WW_OK : err;
}

/* ---- all of them ---- */

static enum ww_err write_piece(struct ww_op *op, struct service *s, void *context)
{
    struct reindexing *x = context;
    int64_t ids[ACCOUNTS_AT_ONCE];
    size_t n;
    x->accounts = x->closed = 0;
    enum ww_err err = store_meta_read(op, s->store, &x->meta);
    err = err ? err : store_record_ids(op, s->store, x->meta->moved, ids, ACCOUNTS_AT_ONCE, &n);
    for (size_t i = 0; !err && i < n; i++) {
        err = reindex_account(op, s, x, ids[i]);
        x->meta->moved = ids[i];
    }
    x->more = !err && n == ACCOUNTS_AT_ONCE;
    return err || n == 0 ? err : store_meta_write(op, s->store, x->meta);
}

static enum ww_err move_accounts(struct ww_op *op, struct service *s, struct reindexing *x)
{
    enum ww_err err = WW_OK;
    x->more = true;
    while (!err && x->more) {
        struct op_piece piece;
        op_piece_begin(op, &piece);
        err = op_piece_end(op, &piece, account_transaction(op, s, write_piece, x));
        x->out->accounts += err ? 0 : x->accounts;
        x->out->closed += err ? 0 : x->closed;
        if (!err && x->checker->step) {
            x->checker->step(x->checker->context, x->out->accounts, (size_t)x->total);
        }
    }
    return err;
}

/* ---- named keys and entries (vault.md §11): one that has its new tag is passed over, so that nothing needs
 * to be remembered ---- */

struct retagging {
    struct arena *outer;
    struct bytes after;
    uint64_t closed;
    bool more;
};

static enum ww_err write_named(struct ww_op *op, struct service *s, void *context)
{
    struct retagging *x = context;
    struct named_row rows[NAMED_AT_ONCE];
    struct store_meta *m;
    struct bytes last = {NULL, 0};
    size_t n, closed;
    enum ww_err err = store_meta_read(op, s->store, &m);
    err = err ? err : store_named_page(op, s->store, x->after, NAMED_AT_ONCE, rows, &n, &last, &closed);
    for (size_t i = 0; !err && i < n; i++) {
        struct key tag;
        store_use_index_key(s->store, &m->next_ik);
        store_named_tag(s->store, rows[i].store, rows[i].name, &tag);
        store_use_index_key(s->store, &m->ik);
        err =
            bytes_equal(rows[i].tag, BYTES_OF(tag)) ? WW_OK : store_named_retag(op, s->store, &rows[i], &tag);
    }
    if (err) {
        return err;
    }
    x->closed = closed;
    x->more = n + closed == NAMED_AT_ONCE;
    x->after = x->more ? bytes_dup(x->outer, last) : x->after;
    return x->after.p ? WW_OK : op_no_memory(op);
}

static enum ww_err move_named(struct ww_op *op, struct service *s, struct reindexing *x)
{
    struct retagging named = {.after = BYTES("", 0), .more = true};
    enum ww_err err = WW_OK;
    while (!err && named.more) {
        struct op_piece piece;
        op_piece_begin(op, &piece);
        named.outer = &piece.outer;
        err = op_piece_end(op, &piece, account_transaction(op, s, write_named, &named));
        x->out->closed += err ? 0 : named.closed;
    }
    return err;
}

/* ---- beginning and end ---- */

static enum ww_err write_begin(struct ww_op *op, struct service *s, void *context)
{
    struct reindexing *x = context;
    enum ww_err err = store_meta_read(op, s->store, &x->meta);
    if (err || x->meta->moving) {
        return err;
    }
    if (x->meta->former_count == STORE_FORMER_MOST) {
        return op_fail(op, WW_EFULL, "reindex_too_often", "the keys were changed %d times, which is all",
                       STORE_FORMER_MOST);
    }
    op_random(op, x->meta->next_ik.b, sizeof x->meta->next_ik.b);
    op_random(op, x->meta->next_ak.b, sizeof x->meta->next_ak.b);
    x->meta->moving = true;
    x->meta->moved = 0;
    return store_meta_write(op, s->store, x->meta);
}

/* The event is the first under the new key: it begins a chain, which names the ends of all others. */
static enum ww_err write_end(struct ww_op *op, struct service *s, void *context)
{
    struct reindexing *x = context;
    enum ww_err err = store_meta_read(op, s->store, &x->meta);
    if (err) {
        return err;
    }
    struct store_meta *m = x->meta, *before = ARENA_NEW(&op->arena, struct store_meta); /* wiped */
    if (!before) {
        return op_no_memory(op);
    }
    *before = *m;
    m->former[m->former_count++] = m->ak;
    m->ik = m->next_ik;
    m->ak = m->next_ak;
    m->moving = false;
    if ((err = store_counter_clear(op, s->store)) == WW_OK &&
        (err = store_meta_write(op, s->store, m)) == WW_OK) {
        store_meta_use(s->store, m);
        err = account_tell(op, s, &(struct audit_event){.kind = AUDIT_REINDEXED});
        if (err) {
            store_meta_use(s->store, before);
        }
    }
    return err;
}

/* On this machine the witness sees to it. Others are seen where the database tells of its clients: also of
 * those that have just said goodbye, so that a server which stopped a moment ago is waited for. */
static enum ww_err refuse_company(struct ww_op *op, struct service *s)
{
    enum { LOOKS = 30 };
    const struct timespec pause = {.tv_nsec = 100 * 1000 * 1000};
    int64_t others = 1;
    enum ww_err err = WW_OK;
    for (int i = 0; !err && others && i < LOOKS; i++) {
        if (i) {
            nanosleep(&pause, NULL);
        }
        err = store_count_neighbours(op, s->store, &others);
    }
    return err || !others ? err
                          : op_fail(op, WW_EBUSY, "reindex_not_alone",
                                    "the database has %lld other connection(s): stop every server first",
                                    (long long)others);
}

enum ww_err account_reindex(struct ww_op *op, struct service *s, const struct account_checker *checker,
                            struct account_reindexed *out)
{
    struct reindexing x = {.checker = checker, .out = out};
    *out = (struct account_reindexed){0};
    enum ww_err err = refuse_company(op, s);
    if (err || (err = store_count_accounts(op, s->store, &x.total)) ||
        (err = account_transaction(op, s, write_begin, &x)) || (err = move_accounts(op, s, &x)) ||
        (err = move_named(op, s, &x))) {
        return err;
    }
    return account_transaction(op, s, write_end, &x);
}
