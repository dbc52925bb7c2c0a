/* Vaults that their owners gave up (vault.md §10): a new vault, whose account has another one that waits, the
 * list of those, and their end. account_merge.c has the way back. */
#include "account_int.h"
#include "cred_recovery.h"

/* ---- a new vault ---- */

struct new_vault {
    struct session *x;
    struct session *session;
    const char **codes;
};

/* What opened the old vault opens it still, and does nothing else: a code of before must not sign in to the
 * new one. Other ways to sign in (a passkey) keep that role. */
static void retire_openers(struct record *r)
{
    for (size_t i = 0; i < r->credential_count; i++) {
        struct record_credential *c = &r->credentials[i];
        if (c->root_generation == r->root_generation &&
            (c->kind == CRED_PASSWORD || c->kind == CRED_RECOVERY)) {
            c->role = ROLE_OPENS;
        }
    }
}

/* What is over is not kept for the list to be full of. */
static enum ww_err drop_expired(struct ww_op *op, struct service *s, struct record *r)
{
    enum ww_err err = WW_OK;
    size_t i = 0;
    while (!err && i < r->waiting_count) {
        if (r->waiting[i].kept_until > op_now(op)) {
            i++;
            continue;
        }
        struct uuid vid = r->waiting[i].vid;
        r->flags |= FLAG_LEFTOVERS;
        err = account_waiting_drop(op, s, r, &vid);
    }
    return err;
}

static enum ww_err give_up(struct ww_op *op, struct service *s, struct record *r)
{
    struct vault_row row;
    struct record_waiting *list = ARENA_ARRAY(&op->arena, r->waiting_count + 1, struct record_waiting);
    if (!list) {
        return op_no_memory(op);
    }
    if (r->waiting_count == WAITING_MOST) {
        op_fail(op, WW_EFULL, "waiting_full",
                "%d vaults of the account wait already: open or discard one of them", WAITING_MOST);
        op->problem.limit = WAITING_MOST;
        return WW_EFULL;
    }
    if (r->waiting_count) {
        memcpy(list, r->waiting, r->waiting_count * sizeof *list);
    }
    struct record_waiting *w = &list[r->waiting_count];
    enum ww_err err = store_vault_row_load(op, s->store, &r->vid, r->id, true, &row);
    if (err) {
        return err;
    }
    vault_give_up(r, &row, w);
    w->since = op_now(op);
    w->kept_until = w->since + s->waiting;
    r->waiting = list;
    r->waiting_count++;
    return store_vault_row_keep(op, s->store, &w->vid, r->id, w->kept_until);
}

/* Whether the password that signs in opens the vault: unlocked meanwhile by another session, or never locked.
 */
static bool opens_by_password(const struct record *r)
{
    for (size_t i = 0; i < r->credential_count; i++) {
        const struct record_credential *c = &r->credentials[i];
        if (c->kind == CRED_PASSWORD && (c->role & ROLE_LOGIN) && (c->role & ROLE_OPENS)) {
            return true;
        }
    }
    return false;
}

static enum ww_err refuse_open(struct ww_op *op)
{
    return op_fail(op, WW_ECONFLICT, "vault_open",
                   "the vault is open, or the password that signs in opens it: sign in again");
}

static enum ww_err write_new(struct ww_op *op, struct service *s, void *context)
{
    struct new_vault *in = context;
    struct session x = *in->x; /* a repetition begins with what was asked */
    struct key *root = ARENA_NEW(&op->arena, struct key);
    struct record *r;
    struct vault *v;
    bool promoted;
    enum ww_err err = root ? account_lock_session(op, s, &x, &r, &v) : op_no_memory(op);
    if (err) {
        return err;
    }
    if (v || opens_by_password(r)) {
        return refuse_open(op);
    }
    /* In this order: what is noted of the old vault stands in the record until vault_new fills in the new
     * one's, and slots are of the new generation. */
    if ((err = drop_expired(op, s, r)) || (err = give_up(op, s, r))) {
        return err;
    }
    retire_openers(r);
    if ((err = vault_new(op, r, root, &v)) || (err = account_promote_password(op, s, r, root, &promoted)) ||
        (err = account_codes_replace(op, s, r, root, in->codes)) ||
        (err = session_end_others(op, s->store, r, NULL)) || (err = store_record_update(op, s->store, r)) ||
        (err = vault_insert(op, s->store, r, v)) ||
        (err = session_opened(op, s->store, &x, r, root, &in->session))) {
        return err;
    }
    return account_tell(
        op, s, &(struct audit_event){.kind = AUDIT_VAULT_NEW, .record = r, .session_id = &in->session->id});
}

enum ww_err account_vault_new(struct ww_op *op, struct service *s, struct session *x, const char *confirm,
                              struct session **out, const char ***codes)
{
    struct new_vault in = {.x = x, .codes = ARENA_ARRAY(&op->arena, RECOVERY_CODES, const char *)};
    *out = NULL;
    *codes = in.codes;
    if (!in.codes) {
        return op_no_memory(op);
    }
    if (!account_privileged(op, s, x)) {
        return account_refuse_reauth(op, x);
    }
    enum ww_err err = account_may_open(op, x);
    if (err != WW_ELOCKED) {
        return err ? err : refuse_open(op);
    }
    op->problem = (struct op_problem){0};
    if ((err = account_confirm(op, x->record, confirm)) ||
        (err = account_transaction(op, s, write_new, &in))) {
        return account_audited(op, s, x, err);
    }
    *out = in.session;
    return WW_OK;
}

/* ---- those that wait ---- */

enum ww_err account_waiting(struct ww_op *op, const struct session *x, struct record_waiting **out, size_t *n)
{
    const struct record *r = x->record;
    struct record_waiting *list = ARENA_ARRAY(&op->arena, r->waiting_count, struct record_waiting);
    *out = list;
    *n = 0;
    for (size_t i = 0; list && i < r->waiting_count; i++) {
        if (r->waiting[i].kept_until > op_now(op)) {
            list[(*n)++] = r->waiting[i];
        }
    }
    return list ? WW_OK : op_no_memory(op);
}

enum ww_err account_waiting_find(struct ww_op *op, const struct record *r, const struct uuid *id,
                                 struct record_waiting **out)
{
    *out = store_record_waiting(r, id);
    /* By the record's time, also where the sweep is late. */
    return *out && (*out)->kept_until > op_now(op)
               ? WW_OK
               : op_fail(op, WW_ENOTFOUND, "waiting_not_found", "no vault of this id waits");
}

/* What of the vault that waits is of no use without it. */
static bool goes_with(const struct record *r, struct record_credential *c, const void *context)
{
    const uint32_t *generation = context;
    (void)r;
    if (c->root_generation != *generation) {
        return false;
    }
    if (c->kind == CRED_PASSWORD || c->kind == CRED_RECOVERY) {
        return true;
    }
    c->root_generation = 0; /* it signs in, and opens nothing any more */
    c->role &= (uint8_t)~ROLE_OPENS;
    return false;
}

enum ww_err account_waiting_drop(struct ww_op *op, struct service *s, struct record *r,
                                 const struct uuid *vid)
{
    struct record_waiting *w = store_record_waiting(r, vid);
    enum ww_err err = w ? account_drop_credentials(op, s, r, goes_with, &w->generation) : WW_OK;
    if (err || !w) {
        return err;
    }
    struct uuid gone = w->vid;
    size_t at = (size_t)(w - r->waiting);
    memmove(w, w + 1, (r->waiting_count - at - 1) * sizeof *w);
    r->waiting_count--;
    return store_vault_row_delete(op, s->store, &gone, r->id);
}

/* Its items and shares cannot be told from others' without a key: they are those that the open vault does not
 * name, so that nobody can withdraw or read them any more (who received a share still could). */
enum ww_err account_waiting_tidy(struct ww_op *op, struct service *s, struct record *r, struct vault *v,
                                 bool *tidied)
{
    *tidied = v && (r->flags & FLAG_LEFTOVERS) && r->waiting_count == 0;
    if (!*tidied) {
        return WW_OK;
    }
    r->flags &= (uint8_t)~FLAG_LEFTOVERS;
    return vault_tidy(op, s->store, v);
}

struct discard {
    struct session *x;
    const struct uuid *id;
};

static enum ww_err write_discard(struct ww_op *op, struct service *s, void *context)
{
    const struct discard *in = context;
    struct record_waiting *w;
    struct record *r;
    struct vault *v;
    bool tidied;
    enum ww_err err = account_lock(op, s, in->x, &r, &v);
    if (err) {
        return err;
    }
    r->flags |= FLAG_LEFTOVERS;
    if ((err = account_waiting_find(op, r, in->id, &w)) || (err = account_waiting_drop(op, s, r, in->id)) ||
        (err = account_waiting_tidy(op, s, r, v, &tidied)) || (err = account_write(op, s, r, v)) ||
        (err = account_tell(
             op, s,
             &(struct audit_event){.kind = AUDIT_VAULT_DISCARDED, .record = r, .session_id = &in->x->id}))) {
        return err;
    }
    in->x->record = r;
    return WW_OK;
}

enum ww_err account_waiting_discard(struct ww_op *op, struct service *s, struct session *x,
                                    const struct uuid *id, const char *confirm)
{
    struct discard in = {x, id};
    enum ww_err err = account_privileged(op, s, x) ? account_may_open(op, x) : account_refuse_reauth(op, x);
    /* Also of a locked session: it is an end, and opens nothing. */
    if (err && err != WW_ELOCKED) {
        return err;
    }
    op->problem = (struct op_problem){0};
    if ((err = account_confirm(op, x->record, confirm))) {
        return err;
    }
    x->vault = (struct vault_row){0};
    return account_audited(op, s, x, account_transaction(op, s, write_discard, &in));
}

/* ---- the end of their time ---- */

enum { SWEPT_AT_ONCE = 100 };

/* The column only says where to look: the record says whether it waits, and until when. */
static enum ww_err write_expiry(struct ww_op *op, struct service *s, void *context)
{
    const struct vault_due *due = context;
    struct record *r;
    enum ww_err err = store_record_load(op, s->store, due->account, true, &r);
    if (err) {
        return err == WW_ENOTFOUND ? WW_OK : err;
    }
    const struct record_waiting *w = store_record_waiting(r, &due->vid);
    if (!w || w->kept_until > op_now(op)) {
        return store_vault_row_keep(op, s->store, &due->vid, due->account, w ? w->kept_until : 0);
    }
    r->flags |= FLAG_LEFTOVERS;
    if ((err = account_waiting_drop(op, s, r, &due->vid)) || (err = account_write(op, s, r, NULL))) {
        return err;
    }
    return account_tell(op, s, &(struct audit_event){.kind = AUDIT_VAULT_EXPIRED, .record = r});
}

static enum ww_err sweep_page(struct ww_op *op, struct service *s, struct uuid *after, bool *first, size_t *n)
{
    struct vault_due list[SWEPT_AT_ONCE];
    enum ww_err err =
        store_vault_due(op, s->store, op_now(op), *first ? NULL : after, list, SWEPT_AT_ONCE, n);
    for (size_t i = 0; !err && i < *n; i++) {
        err = account_transaction(op, s, write_expiry, &list[i]);
        /* An account that was altered is no reason to keep all others' keys for longer. */
        err = err == WW_ETAMPERED || err == WW_EKEYMISSING ? WW_OK : err;
        *after = list[i].vid;
        *first = false;
    }
    return err;
}

enum ww_err account_waiting_sweep(struct ww_op *op, struct service *s)
{
    struct uuid after;
    bool first = true;
    size_t n = SWEPT_AT_ONCE;
    enum ww_err err = WW_OK;
    while (!err && n == SWEPT_AT_ONCE) {
        struct op_piece piece;
        op_piece_begin(op, &piece);
        err = op_piece_end(op, &piece, sweep_page(op, s, &after, &first, &n));
    }
    return err;
}
