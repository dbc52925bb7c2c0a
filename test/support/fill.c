#include "fill.h"

#include <stdio.h>
#include <string.h>

#include "account_int.h"

enum { AT_ONCE = 500 };

static enum ww_err draft(const struct fill *f, size_t number, const struct identity_schema **schema,
                         struct record **r)
{
    struct arena *a = &f->op->arena;
    struct js *traits = js_object(a);
    char address[100];
    snprintf(address, sizeof address, "%s%zu@example.org", f->name, number);
    js_put(a, traits, "email", js_text(a, address));
    enum ww_err err = account_schema(f->op, f->service, NULL, schema);
    return err ? err : account_draft(f->op, *schema, traits, true, r);
}

static enum ww_err issue(const struct fill *f, struct record *r, struct key *root)
{
    struct authn *a;
    struct session *x;
    enum ww_err err = cred_enrolled(f->op, r, CRED_PASSWORD, root, &a);
    err = err ? err : session_issue(f->op, f->service->store, &f->service->sessions, a, SESSION_TOKEN, &x);
    if (!err && f->made) {
        f->made(f->context, x);
    }
    return err;
}

static enum ww_err one(const struct fill *f, size_t number, const struct cred_ready *password)
{
    const struct identity_schema *schema;
    struct record *r;
    struct key *root;
    enum ww_err err = draft(f, number, &schema, &r);
    if (err || (err = account_insert(f->op, f->service, schema, r, password, &root)) ||
        (err =
             account_tell(f->op, f->service, &(struct audit_event){.kind = AUDIT_REGISTERED, .record = r}))) {
        return err;
    }
    return f->with_session ? issue(f, r, root) : WW_OK;
}

static enum ww_err piece_of_accounts(const struct fill *f, size_t first, size_t count,
                                     const struct cred_ready *password)
{
    enum ww_err err = store_tx_begin(f->op, f->service->store, DB_WRITE);
    if (err) {
        return err;
    }
    for (size_t i = 0; !err && i < count; i++) {
        err = one(f, first + i, password);
    }
    return err ? store_tx_abort(f->op, err) : store_tx_commit(f->op);
}

enum ww_err fill_accounts(const struct fill *f, size_t first, size_t count)
{
    struct cred_ready password;
    struct cred_context credentials = account_credentials(f->service);
    struct bytes normal;
    enum ww_err err = cred_password_normalize(f->op, bytes_str(f->password), &normal);
    if (err || (err = cred_prepare(f->op, &credentials, CRED_PASSWORD, normal, &password))) {
        return err;
    }
    for (size_t done = 0; !err && done < count; done += AT_ONCE) {
        size_t n = count - done < AT_ONCE ? count - done : AT_ONCE;
        struct op_piece piece;
        op_piece_begin(f->op, &piece);
        err = op_piece_end(f->op, &piece, piece_of_accounts(f, first + done, n, &password));
    }
    return err;
}

static enum ww_err piece_of_sessions(const struct fill *f, struct record *r, size_t count)
{
    enum ww_err err = store_tx_begin(f->op, f->service->store, DB_WRITE);
    if (err) {
        return err;
    }
    for (size_t i = 0; !err && i < count; i++) {
        err = issue(f, r, NULL);
    }
    return err ? store_tx_abort(f->op, err) : store_tx_commit(f->op);
}

enum ww_err fill_sessions(const struct fill *f, struct record *r, size_t count)
{
    enum ww_err err = WW_OK;
    for (size_t done = 0; !err && done < count; done += AT_ONCE) {
        struct op_piece piece;
        op_piece_begin(f->op, &piece);
        err = op_piece_end(f->op, &piece,
                           piece_of_sessions(f, r, count - done < AT_ONCE ? count - done : AT_ONCE));
    }
    return err;
}
