/* Opening and closing; operations; settings. The one place where all parts are put together. */
#include "api_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "config_keys.h"
#include "limit.h"
#include "utf8.h"

const char *ww_version(void)
{
    return WATCHWORD_VERSION;
}

uint32_t ww_version_number(void)
{
    return WW_VERSION_NUMBER;
}

/* ---- opening, step by step; each takes what it needs from ww and leaves what it made there ---- */

/* One order for all callers: default, files, environment, settings; the nearer to the caller, the stronger.
 */
static enum ww_err load_config(struct ww_op *op, const struct ww_options *o, struct ww *ww)
{
    const struct config_sources from = {.files = o->config_files,
                                        .file_count = o->config_file_count,
                                        .environment = o->environment,
                                        .pairs = o->settings,
                                        .pair_count = o->setting_count,
                                        .dev = o->dev};
    return config_combine(op, &from, &ww->config);
}

/* Read before the store is opened: a schema that is wrong is found before anything is migrated. */
static enum ww_err load_schemas(struct ww_op *op, struct ww *ww)
{
    return schema_set_load_list(op, config_json(ww->config, "identity.schemas"),
                                config_text(ww->config, "identity.default_schema_id"), &ww->service.schemas);
}

/* A place by default that cannot be used, as where the key is mounted read-only, is worth a warning; one that
 * was chosen, or has a witness already, must be usable. */
static enum ww_err guard_store(struct ww_op *op, const struct ww_options *o, struct ww *ww,
                               const char *database_path)
{
    const char *path, *note = NULL;
    bool chosen;
    enum ww_err err = config_witness_file(op, ww->config, database_path, &path, &chosen);
    if (err || !path) {
        return err;
    }
    const enum store_guard how = o->restore == WW_RESTORE_ACCEPT ? STORE_ACCEPT
                                 : o->restore == WW_RESTORE_LOOK ? STORE_LOOK
                                 : o->reindex                    ? STORE_ALONE
                                                                 : STORE_REFUSE;
    err = store_guard(op, ww->service.store, path, how, &note);
    if (err == WW_ECONFIG && !chosen && access(path, F_OK) != 0) {
        note = arena_printf(&op->arena,
                            "%s: a database that is put back to an earlier moment is not noticed; set "
                            "watchword.witness_file",
                            op->problem.text);
        err = WW_OK;
    }
    if (note) {
        config_warning_add(ww->config, note);
    }
    return err;
}

/* The one moment at which the server key is in the operation's memory. */
/* Where there is no witness that would say so: SQLite knows who has its file open. */
static enum ww_err refuse_company(struct ww_op *op, const char *dsn)
{
    const char *path;
    bool in_use = false;
    enum ww_err err = db_file_of(op, dsn, &path);
    if (!err && path) {
        err = db_file_in_use(op, path, &in_use);
    }
    return err || !in_use ? err
                          : op_fail(op, WW_EBUSY, "database_in_use",
                                    "something has the database %s open: stop every server first", path);
}

static enum ww_err open_store(struct ww_op *op, const struct ww_options *o, struct ww *ww)
{
    /* In the operation's arena, which is wiped: the ring keeps copies in guarded memory
     * (src/crypto/secret.c). */
    struct key *keys = ARENA_ARRAY(&op->arena, KEYRING_MAX, struct key);
    struct db_options options = {.dsn = config_text(ww->config, "dsn")};
    struct keyring *keyring;
    struct db *db;
    size_t n = 0;
    if (!keys) {
        return op_no_memory(op);
    }
    enum ww_err err = o->reindex ? refuse_company(op, options.dsn) : WW_OK;
    if (err || (err = db_open(op, &options, &db))) {
        return err;
    }
    /* The key's place is compared with the database's own: one backup must not hold both (vault.md §4). */
    if ((err = config_server_keys(op, ww->config, db_path(db), keys, KEYRING_MAX, &n)) ||
        (err = keyring_new(op, keys, n, &keyring))) {
        db_close(db);
        return err;
    }
    const char *path = db_path(db) ? arena_strdup(&op->arena, db_path(db)) : NULL;
    /* Database and ring belong to the store from here on, also when this fails. */
    err = store_open(op, db, keyring, !o->no_migrate, &ww->service.store);
    if (!err && store_is_moving(ww->service.store) && !o->reindex) {
        return op_fail(op, WW_EFOREIGN, "reindex_unfinished",
                       "the database is being reindexed: run `watchword reindex` to its end");
    }
    return err ? err : guard_store(op, o, ww, path);
}

/* In KiB, as Argon2 counts; the setting is in bytes. */
static struct pwhash_params hash_params(const struct config *c)
{
    struct pwhash_params p = {.algorithm = PWHASH_ARGON2ID};
    /* The setting knows two words, which config has checked. */
    if (strcmp(config_text(c, "hashers.algorithm"), "bcrypt") == 0) {
        p.algorithm = PWHASH_BCRYPT;
    }
    p.memory_kib = (uint32_t)(config_int(c, "hashers.argon2.memory") / 1024);
    /* RFC 9106 §3.1; config has warned. */
    p.memory_kib = p.memory_kib < 8 ? 8 : p.memory_kib;
    p.iterations = (uint32_t)config_int(c, "hashers.argon2.iterations");
    p.cost = (uint32_t)config_int(c, "hashers.bcrypt.cost");
    /* The floor is OWASP's; under --dev tests may hash for less. */
    if (!config_dev(c)) {
        pwhash_raise_to_floor(&p); /* config has warned */
    }
    return p;
}

/* Durations in µs, memory in bytes. */
static enum ww_err make_service(struct ww_op *op, struct ww *ww)
{
    const struct config *c = ww->config;
    struct service *s = &ww->service;
    struct pwhash_limits limits = {
        .memory_budget = (uint64_t)config_int(c, "watchword.hash.memory_budget"),
        .workers = (unsigned)config_int(c, "watchword.hash.workers"),
    };
    s->config = c;
    s->hashing = hash_params(c);
    s->cryptoperiod = config_duration(c, "watchword.vault.cryptoperiod");
    s->waiting = config_duration(c, "watchword.vault.waiting");
    /* How old a sign-in may be for changes that a thief of a session would make. */
    s->privileged_age = config_duration(c, "selfservice.flows.settings.privileged_session_max_age");
    s->sessions.lifespan = config_duration(c, "session.lifespan");
    s->sessions.most = (size_t)config_int(c, "watchword.session.most");
    s->sessions.idle = config_duration(c, "watchword.session.idle");
    /* What lives longer than an operation is made last: it is what has to be freed where a step fails. */
    enum ww_err err = session_seen_new(&s->sessions.seen);
    if (err || (err = vault_listings_new(&s->listings)) || (err = pwhash_pool_new(op, &limits, &s->pool))) {
        return err;
    }
    return throttle_new(op, c, s->store, &s->throttle);
}

/* The structs that were handed in, in full. */
static enum ww_err take_options(struct ww_op *op, const struct ww_options *from, struct ww_options *out,
                                struct ww *ww)
{
    enum ww_err err = API_TAKE(op, ww_options, from, out);
    /* Copied, so that the caller's may be on its stack. */
    ww->reindex = !err && out->reindex;
    return err || !out->env ? err : API_TAKE(op, ww_env, out->env, &ww->env);
}

enum ww_err ww_open(const struct ww_options *options, struct ww **out, char *why, size_t size)
{
    struct ww_options o;
    struct ww_op op;
    struct ww *ww = calloc(1, sizeof *ww);
    enum ww_err err = WW_EINTERNAL;
    *out = NULL;
    if (!ww) {
        return WW_ENOMEM;
    }
    /* Who opened it: a child after fork() is told from its parent by it. */
    ww->pid = getpid();
    crypto_init();
    op_init(&op, &ww->env, ww);
    if ((err = take_options(&op, options, &o, ww)) || (err = load_config(&op, &o, ww)) ||
        (err = load_schemas(&op, ww)) || (err = open_store(&op, &o, ww)) || (err = make_service(&op, ww))) {
        /* A text, since there is no operation to ask: it names the setting, and holds neither keys nor the
         * dsn. */
        if (why && size) {
            snprintf(why, size, "%s%s%s", op.problem.field ? op.problem.field : "",
                     op.problem.field ? ": " : "", op.problem.text ? op.problem.text : ww_err_text(err));
        }
        /* Frees as much as there is: each step left in ww what it had made. */
        ww_close(ww);
    } else {
        *out = ww;
    }
    op_free(&op);
    return err;
}

void ww_close(struct ww *ww)
{
    if (!ww ||
        api_is_forked(ww)) { /* closing in a child would drop the parent's locks on the store's files */
        return;
    }
    throttle_free(ww->service.throttle);
    pwhash_pool_free(ww->service.pool);
    session_seen_free(ww->service.sessions.seen);
    vault_listings_free(ww->service.listings);
    store_close(ww->service.store);
    schema_set_free(ww->service.schemas);
    config_free(ww->config);
    free(ww);
}

/* From the configuration alone: no answer is ever put together from a Host header. */
const char *api_public_url(const struct ww *ww)
{
    return config_text(ww->config, "serve.public.base_url");
}

/* ---- operations ---- */

/* Every text about the client comes in here: it is UTF-8 of bounded length from now on. */
static bool take_client(struct ww_op *op, const struct ww_client *from)
{
    const struct {
        const char *text;
        size_t most;
        const char **to;
    } texts[] = {
        {from->address, LIMIT_CLIENT_ADDRESS, &op->client.address},
        {from->user_agent, LIMIT_USER_AGENT, &op->client.user_agent},
        {from->location, LIMIT_LOCATION, &op->client.location},
        {from->request_id, LIMIT_REQUEST_ID, &op->client.request_id},
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        /* They reach logs, events and pages: bytes that are no UTF-8 become U+FFFD, what is too long is cut.
         */
        *texts[i].to = utf8_clean(&op->arena, texts[i].text, texts[i].most);
        if (!*texts[i].to) {
            return false;
        }
    }
    return true;
}

static enum ww_err begin(struct ww_op *op, const struct ww_client *client)
{
    struct ww_client c;
    if (api_is_forked(op->ww)) {
        return WW_EFORKED;
    }
    enum ww_err err = client ? API_TAKE(op, ww_client, client, &c) : WW_OK;
    /* Never on without the address: limits are counted by it. */
    return err || !client || take_client(op, &c) ? err : WW_ENOMEM;
}

/* Everything that a request needs of memory is in the operation, and is wiped with it. */
enum ww_err ww_op_begin(struct ww *ww, const struct ww_client *client, struct ww_op **out)
{
    /* Not from an arena: it holds one. */
    struct ww_op *op = calloc(1, sizeof *op);
    *out = NULL;
    if (!op) {
        return WW_ENOMEM;
    }
    op_init(op, &ww->env, ww);
    enum ww_err err = begin(op, client);
    if (err) {
        ww_op_end(op);
    } else {
        *out = op;
    }
    return err;
}

void ww_op_end(struct ww_op *op)
{
    if (!op) {
        return;
    }
    if (!api_is_forked(op->ww)) {        /* the connection is the parent's */
        (void)store_tx_abort(op, WW_OK); /* one that is open still: of a failure midway */
    }
    op_free(op);
    free(op);
}

const struct ww_problem *ww_op_problem(struct ww_op *op)
{
    /* Never NULL, so that bindings need not ask; its texts live as long as the operation. */
    const struct op_problem *p = &op->problem;
    op->told =
        (struct ww_problem){sizeof op->told, p->err,  p->id ? p->id : "", p->field, p->text ? p->text : "",
                            p->retry_after,  p->limit};
    return &op->told;
}

/* ---- what the other files share ---- */

enum ww_err api_json(struct ww_op *op, const struct js *v, const char **out)
{
    *out = js_write(&op->arena, v);
    return *out ? WW_OK : op_no_memory(op);
}

/* Limits of depth, values and numbers are js_read's (docs/SECURITY.md, "What may be sent"). */
enum ww_err api_read_object(struct ww_op *op, struct bytes text, const char *field, struct js **out)
{
    const char *why;
    enum ww_err err = js_read(&op->arena, text, out, &why);
    if (err == WW_ENOMEM) {
        return op_no_memory(op);
    }
    if (err) {
        return op_fail_field(op, err, "json_invalid", field, "%s", why);
    }
    return (*out)->type == JS_OBJECT
               ? WW_OK
               : op_fail_field(op, WW_EINVAL, "json_not_object", field, "a JSON object is expected");
}

/* An empty text is one, and judged where it is used. */
enum ww_err api_text(struct ww_op *op, const char *text, const char *field)
{
    return text ? WW_OK : op_fail_field(op, WW_EINVAL, "argument_missing", field, "this may not be NULL");
}

enum ww_err api_refused(struct ww_op *op, enum ww_err err, const struct account_refusal *why)
{
    const struct schema_failure *f = why->failures;
    if (err != WW_EVALIDATION || !f) {
        return err;
    }
    /* The first failure alone: one sentence for one mistake. Behind the pointer's first slash:
     * "traits/email". */
    const char *field = f->instance && *f->instance ? f->instance + 1 : "traits";
    if (f->format) { /* the validator's text quotes what was typed */
        return op_fail_field(op, err, "traits_invalid", field, "this is not a valid %s", f->format);
    }
    return op_fail_field(op, err, "traits_invalid", field, "%s", f->text);
}
