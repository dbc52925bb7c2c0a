/* Operation (include/watchword/admin.h), and what is done to an identity without a body. */
#include "account_restore.h"
#include "api_int.h"
#include "sha256.h"
#include "utf8.h"
#include "watchword/admin.h"

/* ---- identities ---- */

enum ww_err ww_admin_identity_delete(struct ww_op *op, const char *id)
{
    API_CALL(op);
    struct uuid uuid;
    enum ww_err err = api_identity_id(op, id, &uuid);
    return err ? err : account_admin_delete(op, service_of(op), &uuid);
}

enum ww_err ww_admin_credentials_delete(struct ww_op *op, const char *id, const char *type)
{
    API_CALL(op);
    struct service *s = service_of(op);
    struct uuid uuid;
    struct record *r;
    enum ww_err err = api_identity_id(op, id, &uuid);
    if (err || (err = api_text(op, type, "type")) || (err = account_admin_get(op, s, &uuid, &r)) ||
        (err = account_admin_delete_credentials(op, s, &uuid, type)) != WW_ENOTFOUND) {
        return err;
    }
    /* Codes are made of the schema's marks: there is no credential to delete. */
    if (strcmp(type, "code") == 0 &&
        js_path(api_identity_json(op, r, IDENTITY_ADMIN_WITH_CREDENTIALS), "credentials.code")) {
        return op_fail(op, WW_EINVAL, "credential_stays", "Credentials type code cannot be deleted.");
    }
    const char *name = utf8_clean(&op->arena, type, LIMIT_ECHO);
    return name ? op_fail(op, WW_ENOTFOUND, "credential_not_found",
                          "You tried to remove a %s but this user have no %s set up.", name, name)
                : op_no_memory(op);
}

/* Any password that this opens for an administrator would open the vault for them: so it opens none (vault.md
 * §10). */
enum ww_err ww_admin_password_set(struct ww_op *op, const char *id, const char *password,
                                  size_t password_length)
{
    API_CALL(op);
    struct account_refusal why;
    struct uuid uuid;
    struct bytes typed;
    enum ww_err err = api_identity_id(op, id, &uuid);
    if (err || (err = api_password(op, password, password_length, &typed))) {
        return err;
    }
    return api_refused(op, account_admin_set_password(op, service_of(op), &uuid, typed, &why), &why);
}

/* ---- operation ---- */

enum ww_err ww_ping(struct ww_op *op)
{
    API_CALL(op);
    return store_ping(op, service_of(op)->store);
}

const char *ww_config_revision(struct ww_op *op)
{
    API_CALL(op);
    const struct config *config = service_of(op)->config;
    const char *revision = config_text(config, "revision");
    uint8_t digest[SHA256_BYTES];
    char hex[2 * SHA256_BYTES + 1];
    if (*revision) {
        return arena_strdup(&op->arena, revision);
    }
    char *text = config_show(&op->arena, config);
    if (!text) {
        return NULL;
    }
    crypto_sha256(digest, bytes_str(text));
    hex_encode(hex, digest, sizeof digest);
    return arena_strdup(&op->arena, hex);
}

enum ww_err ww_maintain(struct ww_op *op)
{
    API_CALL(op);
    return account_maintain(op, service_of(op));
}

enum ww_err ww_check(struct ww_op *op, void (*tell)(void *context, const char *line),
                     void (*step)(void *context, size_t done, size_t total), void *context,
                     struct ww_check_report *out)
{
    API_CALL(op);
    struct account_check_report r;
    enum ww_err err = api_check_size(op, "ww_check_report", out);
    if (err) {
        return err;
    }
    err = account_check(op, service_of(op), &(struct account_checker){tell, step, context}, &r);
    /* Also where the walk broke off: how far it came is worth knowing. */
    api_give(out, &(struct ww_check_report){sizeof *out, r.accounts, r.credentials, r.sessions, r.flows,
                                            r.epochs, r.events, r.problems});
    return err;
}

/* The caller's step, behind one of ours that makes public structs of the hash's own. */
static uint64_t beyond(int64_t rows, int64_t named)
{
    return rows > named ? (uint64_t)(rows - named) : 0;
}

enum ww_err ww_check_own(struct ww_op *op, struct ww_session *session, struct ww_own_rows *out)
{
    API_CALL(op);
    struct account_own r;
    enum ww_err err = api_check_size(op, "ww_own_rows", out);
    if (err || (err = account_check_own(op, service_of(op), api_session(op, session), &r))) {
        return err;
    }
    /* Which of the rows belong to a vault that waits, only that one says. */
    api_give(out, &(struct ww_own_rows){sizeof *out, r.items, r.shares,
                                        r.waiting ? 0 : beyond(r.rows, r.rows_named),
                                        r.waiting ? 0 : beyond(r.share_rows, (int64_t)r.shares)});
    return WW_OK;
}

struct calibration {
    void (*step)(void *context, const struct ww_hash_cost *tried);
    void *context;
};

static struct ww_hash_cost cost_of(const struct pwhash_params *p, uint64_t took_us)
{
    return (struct ww_hash_cost){sizeof(struct ww_hash_cost), p->memory_kib, p->iterations, took_us};
}

static void calibration_step(void *context, const struct pwhash_params *tried, uint64_t took_us)
{
    const struct calibration *c = context;
    if (c->step) {
        struct ww_hash_cost cost = cost_of(tried, took_us);
        c->step(c->context, &cost);
    }
}

/* Without a site: an operation of its own, so that the memory it measured with is freed. */
enum ww_err ww_hash_calibrate(uint64_t target_us, uint32_t most_kib,
                              void (*step)(void *context, const struct ww_hash_cost *tried), void *context,
                              struct ww_hash_cost *out)
{
    struct calibration c = {step, context};
    struct pwhash_params best = {0};
    struct ww_op op;
    uint64_t took_us = 0;
    crypto_init();
    op_init(&op, NULL, NULL);
    enum ww_err err = api_check_size(&op, "ww_hash_cost", out);
    if (!err) {
        err = pwhash_calibrate(&op, target_us, most_kib, calibration_step, &c, &best, &took_us);
        struct ww_hash_cost cost = cost_of(&best, took_us);
        api_give(out, &cost);
    }
    op_free(&op);
    return err;
}

enum ww_err ww_restore_accept(struct ww_op *op, bool all,
                              void (*step)(void *context, size_t done, size_t total), void *context,
                              struct ww_restored *out)
{
    API_CALL(op);
    struct account_restore r = {.all = all};
    enum ww_err err = api_check_size(op, "ww_restored", out);
    if (err) {
        return err;
    }
    err = account_restore_accept(op, service_of(op), &(struct account_checker){NULL, step, context}, &r);
    api_give(out, &(struct ww_restored){sizeof *out, r.accounts, r.restored, r.deleted, r.damaged, r.line});
    return err;
}
