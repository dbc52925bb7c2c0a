/* Named keys and entries (vault.md §11): a key K of its own seals the value, a key made from the password
 * seals K. What is written has a new K. */
#include "account_program.h"

#include "account_int.h"

enum { NAME_MOST = 1024, KEY_BYTES = 32 };

struct program {
    struct account_program *p;
    struct key ikm;     /* of the password, with the salt of `kdf` */
    struct bytes kdf;   /* public part */
    struct bytes value; /* to be written */
};

static void program_wipe(struct program *x)
{
    key_wipe(&x->ikm);
}
#define PROGRAM(name) __attribute__((cleanup(program_wipe))) struct program name

static enum ww_err refuse_wrong(struct ww_op *op)
{
    return op_fail(op, WW_EDENIED, "named_wrong", "there is none of this name, or the password is wrong");
}

/* ---- the password ---- */

/* ikm = D(–, ikm, –, u8 kind ‖ secret), kind 1, zero uuid (vault.md §4). */
static enum ww_err make_ikm(struct ww_op *op, struct service *s, const char *kdf, struct bytes password,
                            struct key *ikm)
{
    static const uint8_t kind = CRED_PASSWORD;
    PWHASH_SECRET(secret);
    enum ww_err err = pwhash_derive(op, s->pool, kdf, password, &secret);
    if (!err) {
        struct bytes parts[] = {BYTES(&kind, 1), BYTES(secret.b, secret.n)};
        derive_parts(ikm, NULL, "ikm", NULL, parts, 2);
    }
    return err;
}

/* With the id and the kdf in it: neither can be another row's. */
static enum ww_err slot_aad(struct ww_op *op, const struct uuid *id, struct bytes kdf, struct bytes *aad)
{
    struct buf b = BUF(&op->arena);
    buf_add(&b, id->b, sizeof id->b);
    buf_bytes(&b, kdf);
    *aad = buf_done(&b);
    return aad->p ? WW_OK : op_no_memory(op);
}

/* ---- rows ---- */

/* A new K, sealed for the password, and the value under it. */
static enum ww_err fill(struct ww_op *op, struct service *s, const struct program *x, struct named_row *n)
{
    KEY32(k);
    struct bytes aad, padded;
    op_random(op, k.b, sizeof k.b);
    n->kdf = x->kdf;
    n->made = op_now(op);
    n->expires = s->cryptoperiod ? n->made + s->cryptoperiod : 0;
    enum ww_err err = slot_aad(op, &n->id, n->kdf, &aad);
    if (err ||
        (err = seal(op, &x->ikm, (struct place){.label = "named-slot", .aad = aad}, BYTES_OF(k), &n->slot))) {
        return err;
    }
    if (pad(&op->arena, x->value, &padded)) {
        return op_no_memory(op);
    }
    return seal(op, &k, (struct place){.label = "named-value", .aad = BYTES_OF(n->id)}, padded, &n->value);
}

/* The value, when the password is right. */
static enum ww_err open_value(struct ww_op *op, const struct program *x, const struct named_row *n,
                              struct bytes *value)
{
    KEY32(k);
    struct bytes aad, raw, padded;
    enum ww_err err = slot_aad(op, &n->id, n->kdf, &aad);
    if (err ||
        (err = seal_try(op, &x->ikm, (struct place){.label = "named-slot", .aad = aad}, n->slot, &raw))) {
        return err == WW_EDENIED ? refuse_wrong(op) : err;
    }
    if (raw.n != sizeof k.b) {
        return op_fail(op, WW_ETAMPERED, "vault_tampered",
                       "stored data is not what was written (named slot)");
    }
    memcpy(k.b, raw.p, raw.n);
    err =
        seal_open(op, &k, (struct place){.label = "named-value", .aad = BYTES_OF(n->id)}, n->value, &padded);
    return err ? err : unpad(op, padded, value);
}

/* ---- what all begin with ---- */

static enum ww_err check_name(struct ww_op *op, struct bytes name)
{
    bool good = name.n >= 1 && name.n <= NAME_MOST && !memchr(name.p, 0, name.n) && utf8_valid(name);
    return good ? WW_OK
                : op_fail_field(op, WW_EINVAL, "name_invalid", "name",
                                "a name is 1 to %d bytes of UTF-8 without NUL", NAME_MOST);
}

static enum ww_err check_value(struct ww_op *op, struct service *s, struct bytes value)
{
    uint64_t most = (uint64_t)config_int(s->config, "watchword.vault.item_max");
    if (value.n <= most) {
        return WW_OK;
    }
    enum ww_err err = op_fail_field(op, WW_ETOOLARGE, "value_too_large", "value",
                                    "a value has at most %llu bytes", (unsigned long long)most);
    op->problem.limit = most;
    return err;
}

static enum ww_err audited(struct ww_op *op, struct service *s, enum ww_err err)
{
    if (err == WW_ETAMPERED) {
        account_tell_refusal(op, s, &(struct audit_event){.kind = AUDIT_TAMPERED});
    } else if (err == WW_EDENIED) {
        account_tell_refusal(op, s, &(struct audit_event){.kind = AUDIT_NAMED_FAILED});
    }
    return err;
}

/* The hash, or the same work where there is none of the name; *value is what opened. Tries are counted by
 * name, as those of sign-ins are. */
static enum ww_err open_row(struct ww_op *op, struct service *s, struct program *x, struct bytes *value)
{
    struct named_row row;
    struct key tag;
    struct admit *leave;
    store_named_tag(s->store, x->p->store, x->p->name, &tag);
    enum ww_err err = throttle_admit(op, s->throttle, &tag, NULL, &leave);
    if (err) {
        return err;
    }
    err = store_named_find(op, s->store, x->p->store, x->p->name, false, &row);
    if (err == WW_ENOTFOUND) {
        err = pwhash_waste(op, s->pool, &s->hashing, x->p->password);
        return err == WW_EDENIED ? refuse_wrong(op) : err;
    }
    char *kdf = err ? NULL : arena_strndup(&op->arena, row.kdf.p, row.kdf.n);
    if (err || !kdf) {
        return err ? err : op_no_memory(op);
    }
    x->kdf = row.kdf;
    err = make_ikm(op, s, kdf, x->p->password, &x->ikm);
    if (err ==
        WW_EINVAL) { /* it was sealed, and is none that we wrote, or beyond what this machine may spend */
        return op_fail(op, WW_ETAMPERED, "vault_tampered", "stored data is not what was written (named kdf)");
    }
    if (err == WW_EBUSY) {
        throttle_not_tried(op, s->throttle, leave);
    }
    if (err || (err = open_value(op, x, &row, value))) {
        return err;
    }
    throttle_succeeded(op, s->throttle, leave, NULL);
    x->p->made = row.made;
    x->p->expires = row.expires;
    x->p->expired = row.expires && op_now(op) >= row.expires;
    return WW_OK;
}

static enum ww_err begin(struct ww_op *op, struct program *x)
{
    enum ww_err err = check_name(op, x->p->name);
    return err ? err : cred_password_normalize(op, x->p->password, &x->p->password);
}

/* ---- create ---- */

static enum ww_err tell(struct ww_op *op, struct service *s, enum audit_kind kind)
{
    return account_tell(op, s, &(struct audit_event){.kind = kind});
}

static enum ww_err write_create(struct ww_op *op, struct service *s, void *context)
{
    struct program *x = context;
    struct named_row n = {.id = uuid_new(op), .store = x->p->store, .name = x->p->name};
    enum ww_err err = fill(op, s, x, &n);
    if (err || (err = store_named_insert(op, s->store, &n))) {
        return err;
    }
    x->p->made = n.made;
    x->p->expires = n.expires;
    return tell(op, s, AUDIT_NAMED_CREATED);
}

/* A name that is taken is told before the hash, and decided by the insert. */
static enum ww_err refuse_taken(struct ww_op *op, struct service *s, const struct account_program *p)
{
    struct named_row row;
    enum ww_err err = store_named_find(op, s->store, p->store, p->name, false, &row);
    return err == WW_ENOTFOUND ? WW_OK
           : err
               ? err
               : op_fail_field(op, WW_ECONFLICT, "named_taken", "name", "there is one of this name already");
}

enum ww_err account_program_create(struct ww_op *op, struct service *s, struct account_program *p)
{
    PROGRAM(x) = {.p = p};
    char *kdf;
    uint8_t *key = arena_alloc(&op->arena, KEY_BYTES);
    enum ww_err err = key ? begin(op, &x) : op_no_memory(op);
    if (err || (err = check_value(op, s, p->value)) || (err = audited(op, s, refuse_taken(op, s, p))) ||
        (err = pwhash_public_new(op, &s->hashing, &kdf)) ||
        (err = make_ikm(op, s, kdf, p->password, &x.ikm))) {
        return err;
    }
    if (p->store == NAMED_KEYS) {
        op_random(op, key, KEY_BYTES);
        p->value = BYTES(key, KEY_BYTES);
    }
    x.kdf = bytes_str(kdf);
    x.value = p->value;
    return account_transaction(op, s, write_create, &x);
}

/* ---- read ---- */

/* Locked, and once more as the password opened it: with another salt it was made anew meanwhile. */
static enum ww_err lock_row(struct ww_op *op, struct service *s, struct program *x, struct named_row *n,
                            struct bytes *value)
{
    enum ww_err err = store_named_find(op, s->store, x->p->store, x->p->name, true, n);
    if (err) {
        return err == WW_ENOTFOUND ? refuse_wrong(op) : err;
    }
    return bytes_equal(n->kdf, x->kdf) ? open_value(op, x, n, value) : refuse_wrong(op);
}

static enum ww_err write_renewal(struct ww_op *op, struct service *s, void *context)
{
    struct program *x = context;
    struct named_row n;
    enum ww_err err = lock_row(op, s, x, &n, &x->value);
    if (err || (err = fill(op, s, x, &n)) || (err = store_named_update(op, s->store, &n))) {
        return err;
    }
    x->p->value = x->value;
    x->p->made = n.made;
    x->p->expires = n.expires;
    x->p->renewed = true;
    return tell(op, s, AUDIT_NAMED_CHANGED);
}

enum ww_err account_program_read(struct ww_op *op, struct service *s, struct account_program *p)
{
    PROGRAM(x) = {.p = p};
    struct bytes value;
    p->expired = p->renewed = false;
    enum ww_err err = begin(op, &x);
    if (err || (err = audited(op, s, open_row(op, s, &x, &value)))) {
        return err;
    }
    if (p->expired && p->store == NAMED_KEYS && !p->force) {
        return op_fail(op, WW_EEXPIRED, "key_expired",
                       "the key is past its time: make another one, or force it");
    }
    if (p->store == NAMED_KEYS && value.n != KEY_BYTES) {
        return audited(
            op, s,
            op_fail(op, WW_ETAMPERED, "vault_tampered", "stored data is not what was written (named key)"));
    }
    p->value = value;
    return p->expired && p->store == NAMED_ENTRIES ? account_transaction(op, s, write_renewal, &x) : WW_OK;
}

/* ---- update, delete ---- */

static enum ww_err write_update(struct ww_op *op, struct service *s, void *context)
{
    struct program *x = context;
    struct named_row n;
    struct bytes before;
    enum ww_err err = lock_row(op, s, x, &n, &before);
    if (err || (err = fill(op, s, x, &n)) || (err = store_named_update(op, s->store, &n))) {
        return err;
    }
    x->p->made = n.made;
    x->p->expires = n.expires;
    return tell(op, s, AUDIT_NAMED_CHANGED);
}

enum ww_err account_program_update(struct ww_op *op, struct service *s, struct account_program *p)
{
    PROGRAM(x) = {.p = p, .value = p->value};
    struct bytes before;
    enum ww_err err = begin(op, &x);
    if (err || (err = check_value(op, s, p->value)) || (err = audited(op, s, open_row(op, s, &x, &before)))) {
        return err;
    }
    return account_transaction(op, s, write_update, &x);
}

static enum ww_err write_delete(struct ww_op *op, struct service *s, void *context)
{
    struct program *x = context;
    struct named_row n;
    struct bytes value;
    enum ww_err err = lock_row(op, s, x, &n, &value);
    if (err || (err = store_named_delete(op, s->store, &n))) {
        return err;
    }
    return tell(op, s, AUDIT_NAMED_DELETED);
}

enum ww_err account_program_delete(struct ww_op *op, struct service *s, struct account_program *p)
{
    PROGRAM(x) = {.p = p};
    struct bytes value;
    enum ww_err err = begin(op, &x);
    if (err || (err = audited(op, s, open_row(op, s, &x, &value)))) {
        return err;
    }
    return account_transaction(op, s, write_delete, &x);
}

/* ---- a check ---- */

enum { CHECKED_AT_ONCE = 8 }; /* values may have 1 MiB each */

struct check {
    struct bytes after;
    int64_t read;
    size_t closed, astray, shapeless;
    bool more;
};

static enum ww_err check_page(struct ww_op *op, struct service *s, struct arena *outer, struct check *c)
{
    struct named_row rows[CHECKED_AT_ONCE];
    struct bytes last = {NULL, 0};
    size_t n, closed;
    enum ww_err err = store_named_page(op, s->store, c->after, CHECKED_AT_ONCE, rows, &n, &last, &closed);
    for (size_t i = 0; !err && i < n; i++) {
        struct key tag;
        store_named_tag(s->store, rows[i].store, rows[i].name, &tag);
        c->astray += !bytes_equal(rows[i].tag, BYTES_OF(tag));
        c->shapeless += rows[i].slot.n != STORE_NAMED_SLOT || rows[i].value.n < SEAL_OVERHEAD + 64;
    }
    c->closed += closed;
    c->read += (int64_t)(n + closed);
    c->more = !err && n + closed == CHECKED_AT_ONCE;
    if (c->more && !(c->after = bytes_dup(outer, last)).p) {
        return op_no_memory(op);
    }
    return err;
}

static void report(struct ww_op *op, const struct check *c, int64_t unread,
                   void (*found)(void *context, const char *line), void *context)
{
    const struct {
        size_t n;
        const char *what;
    } faults[] = {
        {c->closed, "do not open"},
        {c->astray, "do not bear the tag of their name"},
        {c->shapeless, "hold no sealed value"},
        {unread > 0 ? (size_t)unread : 0, "have an id that is none"},
    };
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        const char *line =
            faults[i].n ? arena_printf(&op->arena, "%zu named row(s) %s", faults[i].n, faults[i].what) : NULL;
        if (line) {
            found(context, line);
        }
    }
}

/* Counted before and after: an id of another type is in no order with ours, and what is made or deleted
 * meanwhile is no finding. */
enum ww_err account_program_check(struct ww_op *op, struct service *s,
                                  void (*found)(void *context, const char *line), void *context)
{
    struct check c = {.after = BYTES("", 0), .more = true};
    int64_t before, now = 0;
    enum ww_err err = store_named_count(op, s->store, &before);
    while (!err && c.more) {
        struct op_piece piece;
        op_piece_begin(op, &piece);
        err = op_piece_end(op, &piece, check_page(op, s, &piece.outer, &c));
    }
    if (err || (err = store_named_count(op, s->store, &now))) {
        return err;
    }
    report(op, &c, (before < now ? before : now) - c.read, found, context);
    return WW_OK;
}
