/* The people a vault shares with (vault.md §11): its notes of them, and their keys as they are now. */
#include "account_share_int.h"

#include <stdlib.h>

#include "curves.h"

/* ---- opening ---- */

static enum ww_err list_noted(struct ww_op *op, struct account_sharing *w)
{
    struct vault_entry *list;
    size_t n;
    enum ww_err err = vault_list(op, w->service->store, w->vault, SPACE_INTERNAL, bytes_str(SHARE_CONTACTS),
                                 BYTES(NULL, 0), SIZE_MAX, &list, &n);
    if (err) {
        return err;
    }
    w->noted = ARENA_ARRAY(&op->arena, n, struct account_noted);
    if (!w->noted) {
        return op_no_memory(op);
    }
    for (size_t i = 0; i < n; i++) {
        if (share_note_id(list[i].name, SHARE_CONTACTS, &w->noted[w->noted_count].id)) {
            w->noted_count++;
        }
    }
    return WW_OK;
}

enum ww_err account_sharing_open(struct ww_op *op, struct service *s, const struct record *r, struct vault *v,
                                 struct account_sharing *out)
{
    *out = (struct account_sharing){.service = s, .record = r, .vault = v};
    if (vault_epoch_secrets(v, r->epoch, &out->box, &out->sign)) {
        return op_fail(op, WW_ETAMPERED, "vault_tampered", "stored data is not what was written (ring)");
    }
    out->self = (struct share_end){.uuid = r->uuid, .epoch = r->epoch};
    curves_box_public(&out->self.box, &out->box);
    return list_noted(op, out);
}

enum ww_err account_sharing_begin(struct ww_op *op, struct service *s, struct session *x, struct record **r,
                                  struct account_sharing *out)
{
    struct vault *v;
    enum ww_err err = account_lock(op, s, x, r, &v);
    if (err || (err = account_may_open(op, x))) {
        return err;
    }
    return v ? account_sharing_open(op, s, *r, v, out) : account_refuse_locked(op, *r);
}

enum ww_err account_sharing_look(struct ww_op *op, struct account_sharing *w, enum vault_space space,
                                 struct bytes name, struct vault_entry *out, bool *found)
{
    const struct op_problem before = op->problem;
    enum ww_err err = vault_look(op, w->service->store, w->vault, space, name, out);
    *found = err == WW_OK;
    if (err == WW_ENOTFOUND) {
        op->problem = before;
        return WW_OK;
    }
    return err;
}

/* ---- people ---- */

static int by_id(const void *key, const void *noted)
{
    return memcmp(((const struct uuid *)key)->b, ((const struct account_noted *)noted)->id.b, 16);
}

static struct account_person *person_new(struct ww_op *op, const struct uuid *id)
{
    struct account_person *p = ARENA_NEW(&op->arena, struct account_person);
    if (p) {
        p->contact.id = *id;
    }
    return p;
}

static enum ww_err read_noted(struct ww_op *op, struct account_sharing *w, struct account_noted *noted)
{
    char name[SHARE_NOTE_NAME];
    struct vault_value value;
    struct account_person *p = person_new(op, &noted->id);
    if (!p) {
        return op_no_memory(op);
    }
    share_contact_name(name, &noted->id);
    enum ww_err err = vault_get(op, w->service->store, w->vault, SPACE_INTERNAL, bytes_str(name), &value);
    if (err || (err = share_contact_read(op, value.value, &p->contact))) {
        return err;
    }
    p->noted = true;
    noted->person = p;
    return WW_OK;
}

static enum ww_err add_person(struct ww_op *op, struct account_sharing *w, const struct uuid *id,
                              struct account_person **out)
{
    if (w->more_count == w->more_capacity) {
        size_t capacity = w->more_capacity * 2 + 16;
        struct account_person **more = ARENA_ARRAY(&op->arena, capacity, struct account_person *);
        if (!more) {
            return op_no_memory(op);
        }
        if (w->more_count) {
            memcpy(more, w->more, w->more_count * sizeof *more);
        }
        w->more = more;
        w->more_capacity = capacity;
    }
    *out = w->more[w->more_count] = person_new(op, id);
    w->more_count += *out != NULL;
    return *out ? WW_OK : op_no_memory(op);
}

enum ww_err account_person_find(struct ww_op *op, struct account_sharing *w, const struct uuid *id,
                                struct account_person **out)
{
    struct account_noted *noted =
        w->noted_count ? bsearch(id, w->noted, w->noted_count, sizeof *w->noted, by_id) : NULL;
    enum ww_err err = WW_OK;
    *out = NULL;
    if (noted) {
        err = noted->person ? WW_OK : read_noted(op, w, noted);
        *out = noted->person;
        return err;
    }
    for (size_t i = 0; i < w->more_count; i++) {
        if (uuid_equal(w->more[i]->contact.id, *id)) {
            *out = w->more[i];
            return WW_OK;
        }
    }
    return add_person(op, w, id, out);
}

enum ww_err account_person_look(struct ww_op *op, struct account_sharing *w, struct account_person *p)
{
    struct store *store = w->service->store;
    enum ww_err err = WW_OK;
    if (p->looked) {
        return WW_OK;
    }
    p->state = SHARE_CHANGED;
    err = store_record_load_uuid(op, store, &p->contact.id, false, &p->record);
    if (err == WW_EROLLEDBACK) { /* somebody else's account: as little to be relied on as an altered one */
        return WW_ETAMPERED;
    }
    if (err && err != WW_ENOTFOUND) {
        return err;
    }
    err = err                          ? share_chain_load_gone(op, store, &p->contact.id, &p->chain)
          : p->record->root_generation ? share_chain_load(op, store, p->record, &p->chain)
                                       : WW_OK;
    if (err) {
        p->chain.n = 0;
        return err;
    }
    if (p->chain.n && p->contact.start_count == 0) {
        /* Nobody compared anything yet: keys that do not vouch for each other are never pinned, nor used. */
        if (!share_contact_pin(&p->contact, &p->chain, op_now(op))) {
            p->chain.n = 0;
            return op_fail(op, WW_ETAMPERED, "vault_tampered", "stored data is not what was written (epoch)");
        }
        p->changed = true;
    }
    p->looked = true;
    if (p->chain.n) {
        p->state = share_contact_state(&p->contact, &p->chain);
    }
    return WW_OK;
}

enum ww_err account_refuse_changed(struct ww_op *op)
{
    return op_fail(op, WW_ECONFLICT, "contact_changed",
                   "somebody's keys are not those that were known: compare the fingerprint and accept it");
}

/* ---- writing ---- */

enum ww_err account_sharing_note(struct ww_op *op, struct account_sharing *w, enum vault_change_kind kind,
                                 const char *name, struct bytes value)
{
    if (w->note_count == w->note_capacity) {
        size_t capacity = w->note_capacity * 2 + 8;
        struct vault_change *notes = ARENA_ARRAY(&op->arena, capacity, struct vault_change);
        if (!notes) {
            return op_no_memory(op);
        }
        if (w->note_count) {
            memcpy(notes, w->notes, w->note_count * sizeof *notes);
        }
        w->notes = notes;
        w->note_capacity = capacity;
    }
    struct bytes copy = bytes_dup(&op->arena, bytes_str(name));
    w->notes[w->note_count++] = (struct vault_change){.kind = kind, .name = copy, .value = value};
    return copy.p ? WW_OK : op_no_memory(op);
}

static enum ww_err note_person(struct ww_op *op, struct account_sharing *w, struct account_person *p)
{
    char name[SHARE_NOTE_NAME];
    struct bytes value;
    if (!p || !p->changed) {
        return WW_OK;
    }
    share_contact_name(name, &p->contact.id);
    p->changed = false;
    enum ww_err err = share_contact_write(op, &p->contact, &value);
    return err ? err : account_sharing_note(op, w, VAULT_PUT, name, value);
}

static enum ww_err note_waiting(struct ww_op *op, struct account_sharing *w)
{
    struct bytes value;
    if (!w->waiting_changed || (w->waiting.n == 0 && !w->waiting_noted)) {
        return WW_OK;
    }
    if (w->waiting.n == 0) {
        return account_sharing_note(op, w, VAULT_DELETE, SHARE_WAITING, BYTES(NULL, 0));
    }
    enum ww_err err = share_waiting_write(op, &w->waiting, &value);
    return err ? err : account_sharing_note(op, w, VAULT_PUT, SHARE_WAITING, value);
}

/* Whether the vault must be written for what was found. */
static bool is_changed(const struct account_sharing *w)
{
    for (size_t i = 0; i < w->noted_count; i++) {
        if (w->noted[i].person && w->noted[i].person->changed) {
            return true;
        }
    }
    for (size_t i = 0; i < w->more_count; i++) {
        if (w->more[i]->changed) {
            return true;
        }
    }
    return false;
}

enum ww_err account_sharing_write(struct ww_op *op, struct account_sharing *w)
{
    enum ww_err err = WW_OK;
    for (size_t i = 0; !err && i < w->noted_count; i++) {
        err = note_person(op, w, w->noted[i].person);
    }
    for (size_t i = 0; !err && i < w->more_count; i++) {
        err = note_person(op, w, w->more[i]);
    }
    if (err || (err = note_waiting(op, w))) {
        return err;
    }
    return vault_apply(op, w->service->store, w->vault, SPACE_INTERNAL, w->notes, w->note_count);
}

/* ---- reading, and writing what was pinned ---- */

struct sharing_run {
    struct service *service;
    struct session *x;
    account_sharing_body *body, *write;
    void *context;
    bool pins; /* out: somebody is new */
};

static enum ww_err run_reading(struct ww_op *op, struct store *s, struct vault *v, void *context)
{
    struct sharing_run *run = context;
    struct account_sharing w;
    (void)s;
    enum ww_err err = account_sharing_open(op, run->service, run->x->record, v, &w);
    if (!err) {
        err = run->body(op, &w, run->context);
        run->pins = is_changed(&w);
    }
    return err;
}

static enum ww_err run_writing(struct ww_op *op, struct service *s, void *context)
{
    const struct sharing_run *run = context;
    struct account_sharing w;
    struct record *r;
    enum ww_err err = account_sharing_begin(op, s, run->x, &r, &w);
    if (err || (err = run->body(op, &w, run->context)) ||
        (err = run->write ? run->write(op, &w, run->context) : WW_OK)) {
        return err;
    }
    return is_changed(&w) ? account_sharing_write(op, &w) : WW_OK;
}

enum ww_err account_sharing_run(struct ww_op *op, struct service *s, struct session *x,
                                account_sharing_body *body, account_sharing_body *write, void *context)
{
    enum { TRIES = 5 };
    struct sharing_run run = {s, x, body, write, context, false};
    const struct op_problem before = op->problem;
    enum ww_err err = account_may_open(op, x);
    if (err || (!write && ((err = account_read_vault(op, s, x, run_reading, &run)) || !run.pins))) {
        return err;
    }
    for (int i = 0; i < TRIES; i++) {
        x->vault = (struct vault_row){0}; /* what was read before is older than what follows */
        err = account_transaction(op, s, run_writing, &run);
        /* The lock is on one's own account: rows of a sender who writes now may be of two moments. Read in
         * one snapshot, and where that holds it was no alarm. */
        if (err != WW_ETAMPERED || (err = account_read_vault(op, s, x, run_reading, &run))) {
            return err;
        }
        op->problem = before;
    }
    return op_fail(op, WW_EBUSY, "busy", "somebody writes what is read here: try again");
}
