/* A waiting vault is opened with a credential of its own, and all that is in it joins the vault of now
 * (vault.md §10). */
#include "account_share_int.h"
#include "cred_recovery.h"
#include "timefmt.h"

struct merge {
    struct session *x;
    const struct uuid *id;
    uint32_t generation; /* of the waiting vault, when the credential was checked */
    struct authn *authn;
    struct account_merged *out;
};

/* ---- what both vaults note ---- */

struct notes {
    struct vault_change *puts;
    size_t n;
};

static enum ww_err read_note(struct ww_op *op, struct store *s, struct vault *v, struct bytes name,
                             struct bytes *note, bool *found)
{
    struct vault_value value;
    const struct op_problem before = op->problem;
    enum ww_err err = vault_get(op, s, v, SPACE_INTERNAL, name, &value);
    *found = err == WW_OK;
    *note = value.value;
    if (err == WW_ENOTFOUND) {
        op->problem = before;
        return WW_OK;
    }
    return err;
}

/* The older pin counts: the newer one may have been made by whoever offered false keys when there was none to
 * compare with. Where they differ, the owner is asked. */
static enum ww_err join_contact(struct ww_op *op, struct store *s, struct vault *v, struct vault *old,
                                struct bytes name, struct notes *notes)
{
    struct share_contact *ours = ARENA_NEW(&op->arena, struct share_contact),
                         *theirs = ARENA_NEW(&op->arena, struct share_contact);
    struct bytes note, old_note;
    bool found, was_found;
    if (!ours || !theirs) {
        return op_no_memory(op);
    }
    enum ww_err err = read_note(op, s, v, name, &note, &found);
    if (err || !found || (err = read_note(op, s, old, name, &old_note, &was_found)) ||
        (err = share_contact_read(op, note, ours)) || (err = share_contact_read(op, old_note, theirs)) ||
        theirs->start_count == 0) {
        return err;
    }
    struct vault_change *put = &notes->puts[notes->n++];
    theirs->id = ours->id;
    theirs->identifier = ours->identifier ? ours->identifier : theirs->identifier;
    *put = (struct vault_change){.kind = VAULT_PUT, .name = name};
    return share_contact_write(op, theirs, &put->value);
}

static enum ww_err join_waiting(struct ww_op *op, struct store *s, struct vault *v, struct vault *old,
                                struct notes *notes)
{
    struct share_waiting ours = {0}, theirs = {0}, all = {0};
    const struct bytes name = bytes_str(SHARE_WAITING);
    struct bytes note, old_note;
    bool found, was_found;
    enum ww_err err = read_note(op, s, v, name, &note, &found);
    if (err || !found || (err = read_note(op, s, old, name, &old_note, &was_found)) || !was_found ||
        (err = share_waiting_read(op, note, &ours)) || (err = share_waiting_read(op, old_note, &theirs))) {
        return err;
    }
    all.shares = ARENA_ARRAY(&op->arena, ours.n + theirs.n, struct uuid);
    if (!all.shares) {
        return op_no_memory(op);
    }
    for (size_t i = 0; i < ours.n + theirs.n; i++) {
        all.shares[all.n++] = i < ours.n ? ours.shares[i] : theirs.shares[i - ours.n];
    }
    struct vault_change *put = &notes->puts[notes->n++];
    *put = (struct vault_change){.kind = VAULT_PUT, .name = name};
    return share_waiting_write(op, &all, &put->value);
}

/* Read before the merge, which keeps one of two notes of a name as it stands; written after it. */
static enum ww_err join_notes(struct ww_op *op, struct store *s, struct vault *v, struct vault *old,
                              struct notes *notes)
{
    struct vault_entry *list;
    size_t n;
    enum ww_err err = vault_list(op, s, old, SPACE_INTERNAL, bytes_str(SHARE_CONTACTS), BYTES(NULL, 0),
                                 SIZE_MAX, &list, &n);
    if (err) {
        return err;
    }
    *notes = (struct notes){.puts = ARENA_ARRAY(&op->arena, n + 1, struct vault_change)};
    err = notes->puts ? join_waiting(op, s, v, old, notes) : op_no_memory(op);
    for (size_t i = 0; !err && i < n; i++) {
        err = join_contact(op, s, v, old, list[i].name, notes);
    }
    return err;
}

/* ---- shares of one name ---- */

struct sender {
    struct store *store;
    const struct record *record;
};

static enum ww_err share_time(struct ww_op *op, void *context, const struct vault_entry *e, uint64_t *time)
{
    const struct sender *in = context;
    struct share_content content;
    struct share_row row;
    enum ww_err err = store_share_load(op, in->store, &e->id, &in->record->uuid, &row);
    if (err || (err = share_open(op, &e->key, &row, &content))) {
        return err;
    }
    *time = content.time;
    return WW_OK;
}

/* The name of a share is in what its recipients opened, so that one that has another now is sealed anew; all
 * others of the old vault are signed anew. sent: as they were in the old vault. */
static enum ww_err renew_shares(struct ww_op *op, struct service *s, struct record *r, struct vault *v,
                                const struct vault_merge *m, const struct vault_entry *sent, size_t n)
{
    struct account_sharing w;
    enum ww_err err = n ? account_sharing_open(op, s, r, v, &w) : WW_OK;
    for (size_t i = 0; !err && i < m->renamed_count; i++) {
        if (m->renamed[i].space == SPACE_SHARES) {
            err = account_share_rename(op, &w, m->renamed[i].from, m->renamed[i].to);
        }
    }
    for (size_t i = 0; !err && i < n; i++) {
        struct op_piece piece;
        op_piece_begin(op, &piece); /* values may be large */
        err = op_piece_end(op, &piece, account_share_sign_again(op, &w, &sent[i]));
    }
    return err || !n ? err : account_sharing_write(op, &w);
}

/* ---- the merge ---- */

static enum ww_err open_old(struct ww_op *op, struct service *s, const struct record *r,
                            const struct merge *in, const struct record_waiting *w, struct vault **old)
{
    struct vault_row row;
    size_t n;
    const struct record_credential *c =
        store_record_credential(r, &cred_authn_steps(in->authn, &n)[0].credential);
    /* The premises of what was checked before the lock: the credential is still there, and of this vault. */
    if (!c || w->generation != in->generation || c->root_generation != w->generation) {
        return cred_refuse_wrong(op);
    }
    enum ww_err err = store_vault_row_load(op, s->store, &w->vid, r->id, true, &row);
    return err ? err : vault_open_waiting(op, s->store, r, w, cred_authn_root(in->authn), &row, old);
}

/* As texts, before the commit: what was merged is not answered with want of memory. */
static enum ww_err tell_renamed(struct ww_op *op, const struct vault_merge *m, struct account_merged *out)
{
    out->items = m->items;
    out->from = ARENA_ARRAY(&op->arena, m->renamed_count, const char *);
    out->to = ARENA_ARRAY(&op->arena, m->renamed_count, const char *);
    out->renamed = 0;
    for (size_t i = 0; out->from && out->to && i < m->renamed_count; i++) {
        out->from[i] = arena_strndup(&op->arena, m->renamed[i].from.p, m->renamed[i].from.n);
        out->to[i] = arena_strndup(&op->arena, m->renamed[i].to.p, m->renamed[i].to.n);
        out->renamed += out->from[i] && out->to[i];
    }
    return out->from && out->to && out->renamed == m->renamed_count ? WW_OK : op_no_memory(op);
}

static enum ww_err join(struct ww_op *op, struct service *s, const struct merge *in, struct record *r,
                        struct vault *v, const struct record_waiting *w)
{
    const char *day = timefmt_rfc3339(&op->arena, w->since);
    struct sender sender = {s->store, r};
    struct vault_merge m = {.root = in->x->root,
                            .before = day ? arena_printf(&op->arena, " (before %.10s)", day) : NULL,
                            .share_time = share_time,
                            .context = &sender};
    const struct bytes all = BYTES(NULL, 0);
    struct vault_entry *sent;
    struct notes notes;
    struct vault *old;
    size_t n;
    enum ww_err err = m.before ? open_old(op, s, r, in, w, &old) : op_no_memory(op);
    if (err || (err = join_notes(op, s->store, v, old, &notes)) ||
        (err = vault_list(op, s->store, old, SPACE_SHARES, all, all, SIZE_MAX, &sent, &n)) ||
        (err = vault_merge(op, s->store, v, old, &m)) ||
        (err = vault_apply(op, s->store, v, SPACE_INTERNAL, notes.puts, notes.n)) ||
        (err = renew_shares(op, s, r, v, &m, sent, n))) {
        return err;
    }
    return tell_renamed(op, &m, in->out);
}

static enum ww_err write_merge(struct ww_op *op, struct service *s, void *context)
{
    const struct merge *in = context;
    struct record_waiting *w;
    struct record *r;
    struct vault *v;
    enum ww_err err = account_lock(op, s, in->x, &r, &v);
    if (err || (err = account_may_open(op, in->x)) || (err = v ? WW_OK : account_refuse_locked(op, r)) ||
        (err = account_waiting_find(op, r, in->id, &w)) || (err = join(op, s, in, r, v, w)) ||
        /* Codes of both go: one sheet of paper is right, whichever it is that the owner finds. */
        (err = account_waiting_drop(op, s, r, in->id)) ||
        (err = account_codes_replace(op, s, r, in->x->root, in->out->codes)) ||
        (err = account_write(op, s, r, v)) || (err = account_share_complete(op, s, r, v)) ||
        (err = account_tell(
             op, s,
             &(struct audit_event){.kind = AUDIT_VAULT_MERGED, .record = r, .session_id = &in->x->id}))) {
        return err;
    }
    in->x->record = r;
    return WW_OK;
}

/* Tries count against the account as those of a sign-in do. */
enum ww_err account_waiting_open(struct ww_op *op, struct service *s, struct session *x,
                                 const struct uuid *id, enum credential_kind kind, struct bytes typed,
                                 struct account_merged *out)
{
    struct merge in = {.x = x, .id = id, .out = out};
    struct cred_ready upgrade;
    struct record_waiting *w;
    struct admit *leave;
    *out = (struct account_merged){.codes = ARENA_ARRAY(&op->arena, RECOVERY_CODES, const char *)};
    enum ww_err err = out->codes ? account_may_open(op, x) : op_no_memory(op);
    if (err || (err = account_waiting_find(op, x->record, id, &w)) ||
        (err = throttle_admit_account(op, s->throttle, &x->record->uuid, &leave))) {
        return err;
    }
    in.generation = w->generation;
    const struct cred_proof proof = {
        .kind = kind, .typed = typed, .to_open = true, .generation = w->generation};
    if ((err = account_try_proofs(op, s, x->record, leave, &proof, 1, &in.authn, &upgrade))) {
        return err;
    }
    x->vault = (struct vault_row){0};
    return account_audited(op, s, x, account_transaction(op, s, write_merge, &in));
}
