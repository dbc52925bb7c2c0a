/* Issue, resume, refresh and end (vault.md §9). A row's content is sealed under the server key; the root
 * key in it is sealed under the token's secret, which nobody stores. */
#include "session_int.h"

#include <string.h>

#include "encode.h"
#include "timefmt.h"

/* One answer for every reason, from a malformed token to a deactivated account: a guess learns nothing.
 * Only a rolled back account and faults of the store are told apart. */
static enum ww_err inactive(struct ww_op *op)
{
    return op_fail(op, WW_EDENIED, "session_inactive", "no active session");
}

/* ---- tokens: id 16 ‖ secret 32, base64url ---- */

/* 48 bytes are 64 characters without padding. */
enum { TOKEN_BYTES = 48, TOKEN_TEXT = 64 };

/* The id only finds the row; the 256-bit secret proves, and opens R. Neither is stored: the row has D of
 * the id and a check value (vault.md §9), so that a copied table revives no session. */
static enum ww_err token_new(struct ww_op *op, struct session *x)
{
    struct uuid id = uuid_new(op);
    struct buf b = BUF(&op->arena);
    op_random(op, x->secret.b, sizeof x->secret.b);
    buf_add(&b, id.b, sizeof id.b);
    buf_add(&b, x->secret.b, sizeof x->secret.b);
    session_lookup(&x->row.lookup, &id);
    x->token = buf_done(&b).p ? base64_encode(&op->arena, BASE64_URL, buf_done(&b)) : NULL;
    return x->token ? WW_OK : op_no_memory(op);
}

struct token_bytes {
    struct uuid id;
    struct key secret;
};

static void token_bytes_wipe(struct token_bytes *t)
{
    key_wipe(&t->secret);
}

static enum ww_err token_read(struct ww_op *op, const char *token, struct session *x)
{
    __attribute__((cleanup(token_bytes_wipe))) struct token_bytes raw;
    _Static_assert(sizeof raw == TOKEN_BYTES, "id and secret, nothing between");
    /* The length first, and never read further than that: a cookie may be as long as a head allows. */
    if (strnlen(token, TOKEN_TEXT + 1) != TOKEN_TEXT ||
        !base64_decode_exactly(BASE64_URL, bytes_str(token), &raw, sizeof raw)) {
        return inactive(op);
    }
    x->secret = raw.secret;
    session_lookup(&x->row.lookup, &raw.id);
    x->token = arena_strdup(&op->arena, token);
    return x->token ? WW_OK : op_no_memory(op);
}

/* ---- between struct session and the row ---- */

/* With the lookup in it: R wrapped for one session does not open from another row, and the generation
 * makes every row of before a re-key useless. */
static struct place root_place(const struct session *x)
{
    return (struct place){"sess-root", &x->record->uuid, x->record->root_generation, BYTES_OF(x->row.lookup)};
}

/* Under the token's secret, not the server key: an unlocked session in a stolen database opens nothing,
 * with the server key or without. */
static enum ww_err wrap_root(struct ww_op *op, const struct session *x, struct session_content *c)
{
    c->unlocked = x->root != NULL;
    return x->root ? seal(op, &x->secret, root_place(x), BYTES_OF(*x->root), &c->wrapped) : WW_OK;
}

static enum ww_err content_of(struct ww_op *op, const struct session *x, uint64_t record_seq,
                              struct bytes *out)
{
    struct session_content c = {
        .id = x->id,
        .state = x->active ? SESSION_ACTIVE : SESSION_ENDED,
        .generation = x->record->session_generation,
        .issued = x->issued,
        .authenticated = x->authenticated,
        .expires = x->expires,
        .seen = x->seen,
        .level = x->level,
        .record_seq = record_seq,
        /* What the vault was at the record's last write; the record's number is what resuming compares. */
        .vault_seq = x->record->vault_floor,
        .json = js_object(&op->arena),
    };
    js_put(&op->arena, c.json, "methods", js_copy(&op->arena, x->methods));
    js_put(&op->arena, c.json, "device", js_copy(&op->arena, x->device));
    js_put(&op->arena, c.json, "carrier",
           js_text(&op->arena, x->carrier == SESSION_TOKEN ? "token" : "cookie"));
    /* Sealing proves that the server wrote the row; this proves that the caller has the secret. A locked
     * session has nothing else that would. */
    session_check(&c.check, &x->secret, &x->row.lookup);
    enum ww_err err = x->active ? wrap_root(op, x, &c) : WW_OK;
    return err ? err : session_content_write(op, &c, out);
}

static void fill(struct session *x, const struct session_content *c)
{
    const char *carrier = js_get_text(c->json, "carrier");
    x->id = x->row.id = c->id;
    x->issued = c->issued;
    x->authenticated = c->authenticated;
    x->expires = c->expires;
    x->seen = c->seen;
    x->level = c->level;
    x->unlocked = c->unlocked;
    x->methods = js_get(c->json, "methods");
    x->device = js_get(c->json, "device");
    x->carrier = carrier && strcmp(carrier, "token") == 0 ? SESSION_TOKEN : SESSION_COOKIE;
}

/* Everything that ends a session, in one place (vault.md §9). The generation is the record's: raising one
 * number ends all sessions at once on every node, since nobody caches records. The plain column `expires`
 * only serves the sweep and must agree with what is sealed, else a writer of the database could keep a
 * row. */
static bool is_active(const struct ww_op *op, const struct session_rules *rules, const struct session *x,
                      const struct session_content *c)
{
    uint64_t now = op_now(op);
    uint64_t remembered = session_seen_get(rules->seen, &x->row.lookup);
    uint64_t seen = c->seen > remembered ? c->seen : remembered;
    /* µs. `now > seen`: threads read the clock in any order, and unsigned times must not wrap. */
    bool idle = rules->idle && now > seen && now - seen >= rules->idle;
    return c->state == SESSION_ACTIVE && now < c->expires && c->expires == x->row.expires && !idle &&
           c->generation == x->record->session_generation && x->record->state == STATE_ACTIVE;
}

/* ---- issuing ---- */

/* One entry for each credential that was checked, in that order. */
static void add_methods(struct ww_op *op, struct js *methods, const struct authn *a)
{
    struct arena *arena = &op->arena;
    size_t n;
    const struct authn_step *steps = cred_authn_steps(a, &n);
    for (size_t i = 0; i < n; i++) {
        struct js *m = js_object(arena);
        js_put(arena, m, "method", js_text(arena, steps[i].method));
        js_put(arena, m, "aal", js_text(arena, steps[i].level == 2 ? "aal2" : "aal1"));
        js_put(arena, m, "completed_at", js_text(arena, timefmt_rfc3339(arena, steps[i].at)));
        js_push(methods, m);
    }
}

static struct js *device_entry(struct ww_op *op)
{
    /* All three texts are the client's own word, cut to base/limit.h before they get here, and only shown
     * to the account's owner and to administrators. */
    struct js *d = js_object(&op->arena);
    js_put(&op->arena, d, "id", js_text(&op->arena, uuid_text(&op->arena, uuid_new(op))));
    js_put(&op->arena, d, "ip_address", js_text(&op->arena, op->client.address));
    js_put(&op->arena, d, "user_agent", js_text(&op->arena, op->client.user_agent));
    js_put(&op->arena, d, "location", js_text(&op->arena, op->client.location));
    return d;
}

static enum ww_err insert(struct ww_op *op, struct store *s, struct session *x)
{
    enum ww_err err = content_of(op, x, x->record->seq, &x->row.content);
    x->row.account = x->record->id;
    x->row.id = x->id;
    x->row.expires = x->expires;
    return err ? err : store_session_row_insert(op, s, &x->record->uuid, &x->row);
}

enum ww_err session_issue(struct ww_op *op, struct store *s, const struct session_rules *rules,
                          const struct authn *a, enum session_carrier carrier, struct session **out)
{
    struct session *x = ARENA_NEW(&op->arena, struct session);
    uint64_t now = op_now(op);
    *out = NULL;
    if (!x) {
        return op_no_memory(op);
    }
    *x = (struct session){.id = uuid_new(op),
                          .active = true,
                          .carrier = carrier,
                          .issued = now,
                          /* When the credential was checked, not now: what asks for a recent sign-in
                           * measures from there. */
                          .authenticated = cred_authn_at(a),
                          .expires = now + rules->lifespan,
                          .seen = now,
                          .level = cred_authn_level(a),
                          .methods = js_array(&op->arena),
                          .device = device_entry(op),
                          .record = cred_authn_record(a),
                          .root = cred_authn_root(a)};
    x->unlocked = x->root != NULL;
    add_methods(op, x->methods, a);
    enum ww_err err = token_new(op, x);
    if (err || (err = insert(op, s, x)) || (err = session_make_room(op, s, rules, x))) {
        return err;
    }
    *out = x;
    return WW_OK;
}

/* A session with more rights than the one of before. A native client keeps its token, so the row is sealed
 * again in place, by compare-and-swap. A browser gets a new token and the old row goes: whoever had the
 * cookie before (fixation) is left with nothing that gained rights. */
static enum ww_err carry_on(struct ww_op *op, struct store *s, struct session *old, struct session *x)
{
    struct bytes content;
    enum ww_err err = WW_EINTERNAL;
    if (old->carrier == SESSION_TOKEN) {
        err = content_of(op, x, x->record->seq, &content);
        return err ? err : store_session_row_update(op, s, &x->record->uuid, &x->row, content, x->expires);
    }
    if ((err = store_session_row_delete(op, s, &old->row.lookup)) || (err = token_new(op, x))) {
        return err;
    }
    return insert(op, s, x);
}

enum ww_err session_refresh(struct ww_op *op, struct store *s, const struct session_rules *rules,
                            struct session *old, const struct authn *a, struct session **out)
{
    struct session *x = ARENA_NEW(&op->arena, struct session);
    (void)rules;
    *out = NULL;
    if (!x) {
        return op_no_memory(op);
    }
    /* The session keeps its id, its issue and its expiry: a sign-in again is no way to live past the
     * lifespan. */
    *x = *old;
    x->record = cred_authn_record(a);
    x->authenticated = x->seen = cred_authn_at(a);
    x->level =
        cred_authn_level(a) > old->level ? cred_authn_level(a) : old->level; /* rights only grow in place */
    x->methods = js_copy(&op->arena, old->methods);
    add_methods(op, x->methods, a);
    if (cred_authn_root(a)) {
        x->root = cred_authn_root(a);
        x->unlocked = true;
    }
    enum ww_err err = carry_on(op, s, old, x);
    *out = err ? NULL : x;
    return err;
}

enum ww_err session_opened(struct ww_op *op, struct store *s, struct session *old, struct record *r,
                           struct key *root, struct session **out)
{
    struct session *x = ARENA_NEW(&op->arena, struct session);
    *out = NULL;
    if (!x) {
        return op_no_memory(op);
    }
    *x = *old;
    x->record = r;
    x->root = root;
    x->unlocked = true;
    x->vault = (struct vault_row){0};
    enum ww_err err = carry_on(op, s, old, x);
    *out = err ? NULL : x;
    return err;
}

/* ---- resuming ---- */

static enum ww_err unwrap_root(struct ww_op *op, struct session *x, const struct session_content *c)
{
    struct bytes root;
    if (!c->unlocked) {
        return WW_OK;
    }
    enum ww_err err = seal_open(op, &x->secret, root_place(x), c->wrapped, &root);
    /* Authenticated row, yet R does not open: the record was re-keyed. That is no alarm, just a session
     * that has ended. */
    if (err || root.n != sizeof x->root->b) {
        return err == WW_ENOMEM ? err : inactive(op);
    }
    x->root = ARENA_NEW(&op->arena, struct key);
    if (!x->root) {
        return op_no_memory(op);
    }
    memcpy(x->root->b, root.p, root.n);
    return WW_OK;
}

static enum ww_err accept(struct ww_op *op, const struct session_rules *rules, struct session *x)
{
    struct session_content c;
    KEY32(check);
    enum ww_err err = session_content_read(op, x->row.content, &c);
    if (err) {
        return err == WW_EDENIED ? inactive(op) : err;
    }
    session_check(&check, &x->secret, &x->row.lookup);
    /* The secret first: who lacks it does not learn, by an error of its own, that the account was rolled
     * back. */
    if (!crypto_equal(BYTES_OF(check), BYTES_OF(c.check)) || !is_active(op, rules, x, &c)) {
        return inactive(op);
    }
    /* The session saw a newer record than the one there is now: the account was put back (vault.md §6). */
    if (c.record_seq > x->record->seq) {
        return op_fail(op, WW_EROLLEDBACK, "vault_rolled_back", "the account is older than its session");
    }
    fill(x, &c);
    x->active = true;
    return unwrap_root(op, x, &c);
}

enum ww_err session_resume(struct ww_op *op, struct store *s, const struct session_rules *rules,
                           const char *token, bool with_vault, struct session **out)
{
    struct session *x = ARENA_NEW(&op->arena, struct session);
    *out = NULL;
    if (!x) {
        return op_no_memory(op);
    }
    enum ww_err err = token_read(op, token, x);
    if (err) {
        return err;
    }
    err = store_session_row_load(op, s, &x->row.lookup, &x->row, &x->record, with_vault ? &x->vault : NULL);
    if (err) {
        /* A row that does not open is no session (401); a record that does not open is tampering
         * (docs/DECISIONS.md). */
        return err == WW_ENOTFOUND || err == WW_EDENIED ? inactive(op) : err;
    }
    if ((err = accept(op, rules, x))) {
        return err;
    }
    /* After everything was accepted: refused tries keep no session alive. */
    session_seen_mark(rules->seen, &x->row.lookup, op_now(op));
    *out = x;
    return WW_OK;
}

/* Only for who holds the whole token: signing out twice is then told apart from a token that never was. */
bool session_has_ended(struct ww_op *op, struct store *s, const char *token)
{
    struct session x = {0};
    struct session_content c;
    KEY32(check);
    enum ww_err err = token_read(op, token, &x);
    if (err == WW_OK) {
        err = store_session_row_load(op, s, &x.row.lookup, &x.row, &x.record, NULL);
    }
    if (err || session_content_read(op, x.row.content, &c)) {
        return false;
    }
    session_check(&check, &x.secret, &x.row.lookup);
    return crypto_equal(BYTES_OF(check), BYTES_OF(c.check)) && c.state == SESSION_ENDED;
}

/* ---- ending ---- */

enum ww_err session_end(struct ww_op *op, struct store *s, struct session *x)
{
    struct session_content c;
    struct bytes content;
    enum ww_err err = session_content_read(op, x->row.content, &c);
    if (err) {
        return err == WW_EDENIED ? inactive(op) : err;
    }
    /* The row stays until it expires, without R: an old copy put back by who writes to the database is
     * what docs/SECURITY.md counts among the limits, a deleted row could be inserted again just as well. */
    c.state = SESSION_ENDED;
    c.unlocked = false;
    x->active = false;
    x->root = NULL;
    if ((err = session_content_write(op, &c, &content))) {
        return err;
    }
    return store_session_row_update(op, s, &x->record->uuid, &x->row, content, x->row.expires);
}

enum ww_err session_extend(struct ww_op *op, struct store *s, const struct session_rules *rules,
                           struct session *x)
{
    struct session_content c;
    struct bytes content;
    enum ww_err err = x->active ? session_content_read(op, x->row.content, &c) : WW_EDENIED;
    if (err) {
        return err == WW_EDENIED ? inactive(op) : err;
    }
    /* The root key stays wrapped as it is: under the token's secret, which nobody has here. */
    c.expires = x->expires = op_now(op) + rules->lifespan;
    if ((err = session_content_write(op, &c, &content))) {
        return err;
    }
    return store_session_row_update(op, s, &x->record->uuid, &x->row, content, c.expires);
}

enum ww_err session_end_others(struct ww_op *op, struct store *s, struct record *r, struct session *keep)
{
    struct bytes content;
    /* The record is the caller's to write, in the same transaction; until it is, nothing has ended. */
    r->session_generation++;
    if (!keep) {
        return WW_OK;
    }
    keep->record = r;
    /* The number that the record will have after the caller's write: with it the session is no older than
     * what it belongs to. */
    enum ww_err err = content_of(op, keep, r->seq + 1, &content);
    return err ? err : store_session_row_update(op, s, &r->uuid, &keep->row, content, keep->expires);
}

/* What the row of a list says; WW_EDENIED when it does not open. */
enum ww_err session_from_row(struct ww_op *op, const struct session_rules *rules, struct record *r,
                             const struct session_row *row, struct session *x)
{
    struct session_content c;
    *x = (struct session){.record = r, .row = *row};
    enum ww_err err = row->content.p ? session_content_read(op, row->content, &c) : WW_EDENIED;
    if (err) {
        return err;
    }
    fill(x, &c);
    x->active = is_active(op, rules, x, &c);
    uint64_t remembered = session_seen_get(rules->seen, &x->row.lookup);
    x->seen = remembered > x->seen ? remembered : x->seen;
    return WW_OK;
}

/* ---- the logout token ---- */

/* Made from the token's secret alone (vault.md §9): it ends this one session, gives no other right, and
 * stands in links; nobody gets from it to the token. */
char *session_logout_token(struct ww_op *op, const struct session *x)
{
    KEY32(d);
    derive(&d, &x->secret, "logout", NULL, BYTES_OF(x->row.lookup));
    return base64_encode(&op->arena, BASE64_URL, BYTES_OF(d));
}

bool session_is_logout_token(struct ww_op *op, const struct session *x, const char *token)
{
    char *right = session_logout_token(op, x);
    /* In constant time: this text is compared with what a stranger may send in a link. */
    return right && crypto_equal(bytes_str(right), bytes_str(token));
}

/* ---- JSON ---- */

static void put_time(struct ww_op *op, struct js *o, const char *key, uint64_t us)
{
    js_put(&op->arena, o, key, js_text(&op->arena, timefmt_rfc3339(&op->arena, us)));
}

struct js *session_json(struct ww_op *op, const struct session *x, struct js *identity)
{
    struct arena *a = &op->arena;
    struct js *o = js_object(a), *devices = js_array(a);
    js_put(a, o, "id", js_text(a, uuid_text(a, x->id)));
    js_put(a, o, "active", js_bool(a, x->active));
    put_time(op, o, "expires_at", x->expires);
    put_time(op, o, "authenticated_at", x->authenticated);
    js_put(a, o, "authenticator_assurance_level", js_text(a, x->level == 2 ? "aal2" : "aal1"));
    js_put(a, o, "authentication_methods", js_copy(a, x->methods));
    put_time(op, o, "issued_at", x->issued);
    js_put(a, o, "identity", identity ? identity : js_null(a));
    js_push(devices, js_copy(a, x->device));
    js_put(a, o, "devices", devices);
    return o;
}
