/* The forms in which Kratos takes a data source name, and which of their parameters mean something here. */
#include <string.h>

#include "db_driver.h"

enum { DSN_LONGEST = 4096, CONNECTIONS_MOST = 1000 };

/* Of Kratos' connection pool (and its SQLite driver): no business of libpq's. */
static const char *const pool_parameters[] = {
    "max_conns", "max_idle_conns", "max_conn_lifetime", "max_conn_idle_time", "_fk", "mode", "cache",
};

/* None of these texts may show the dsn: it can hold a password. */
static enum ww_err refuse(struct ww_op *op, const char *why)
{
    return op_fail_field(op, WW_ECONFIG, "db_dsn", "dsn", "dsn: %s", why);
}

static bool pair_is(struct bytes pair, const char *name)
{
    size_t n = strlen(name);
    /* By the whole name: "mode" is not the beginning of "model". */
    return pair.n >= n && memcmp(pair.p, name, n) == 0 && (pair.n == n || pair.p[n] == '=');
}

static bool value_is(struct bytes pair, const char *value)
{
    const uint8_t *equals = memchr(pair.p, '=', pair.n);
    size_t n = equals ? pair.n - (size_t)(equals + 1 - pair.p) : 0;
    return equals && n == strlen(value) && memcmp(equals + 1, value, n) == 0;
}

static bool of_the_pool(struct bytes pair)
{
    for (size_t i = 0; i < sizeof pool_parameters / sizeof pool_parameters[0]; i++) {
        if (pair_is(pair, pool_parameters[i])) {
            return true;
        }
    }
    return pair.n > 0 && pair.p[0] == '_'; /* all other parameters of Kratos' SQLite driver */
}

static enum ww_err read_connections(struct ww_op *op, struct bytes pair, unsigned *out)
{
    unsigned value = 0;
    size_t i = strlen("max_conns=");
    /* Four digits at the most, so that nothing can overflow below. */
    bool good = pair.n > i && pair.n <= i + 4;
    for (; good && i < pair.n; i++) {
        good = pair.p[i] >= '0' && pair.p[i] <= '9';
        value = value * 10 + (unsigned)(pair.p[i] - '0');
    }
    if (!good || value > CONNECTIONS_MOST) {
        return refuse(op, "max_conns must be a number up to 1000");
    }
    *out = value;
    return WW_OK;
}

/* Acts on the parameters behind the question mark; what is not the pool's goes to `rest`, "&" between. */
static enum ww_err read_parameters(struct ww_op *op, struct dsn *dsn, const char *query, struct buf *rest,
                                   bool *memory)
{
    while (query && *query) {
        struct bytes pair = BYTES(query, strcspn(query, "&"));
        query += pair.n + (query[pair.n] == '&');
        /* The one parameter of the pool that means something here. All others are taken off, since libpq
         * refuses what it does not know and a Kratos file must keep working. */
        if (pair_is(pair, "max_conns")) {
            enum ww_err err = read_connections(op, pair, &dsn->connections);
            if (err != WW_OK) {
                return err;
            }
        } else if (pair_is(pair, "mode") && dsn->kind == DSN_SQLITE) {
            *memory = *memory || value_is(pair, "memory");
            dsn->must_exist = value_is(pair, "rw");
            /* Refused at the start: sessions, counters and the audit log are written by every sign-in. */
            if (value_is(pair, "ro")) {
                return refuse(op, "mode=ro: a database that is only read is not supported");
            }
        }
        if (pair.n > 0 && !of_the_pool(pair)) {
            if (rest->n > 0) {
                buf_char(rest, '&');
            }
            buf_bytes(rest, pair);
        }
    }
    return WW_OK;
}

/* As Kratos writes it: "sqlite://path", "sqlite:path", with "file:" before the path or without. A path is
 * taken as it stands, without escapes. */
static enum ww_err parse_sqlite(struct ww_op *op, const char *text, struct dsn *out)
{
    struct buf ignored = BUF(&op->arena);
    bool memory = false;
    out->kind = DSN_SQLITE;
    if (strncmp(text, "//", 2) == 0) {
        text += 2;
    }
    if (strncmp(text, "file:", 5) == 0) {
        text += 5;
    }
    size_t n = strcspn(text, "?");
    enum ww_err err = read_parameters(op, out, text[n] ? text + n + 1 : NULL, &ignored, &memory);
    if (err != WW_OK) {
        return err;
    }
    char *path = arena_strndup(&op->arena, text, n);
    if (!path) {
        return op_no_memory(op);
    }
    if (memory || strcmp(path, ":memory:") == 0) {
        out->kind = DSN_MEMORY;
        return WW_OK;
    }
    if (n == 0) {
        return refuse(op, "sqlite: needs the path of a file");
    }
    out->location = path;
    return WW_OK;
}

/* Given to libpq nearly as it is: escapes, several hosts and TLS are its part. */
static enum ww_err parse_postgres(struct ww_op *op, const char *text, struct dsn *out)
{
    struct buf uri = BUF(&op->arena), rest = BUF(&op->arena);
    bool memory = false;
    size_t n = strcspn(text, "?");
    out->kind = DSN_POSTGRES;
    enum ww_err err = read_parameters(op, out, text[n] ? text + n + 1 : NULL, &rest, &memory);
    if (err != WW_OK) {
        return err;
    }
    buf_add(&uri, text, n);
    if (rest.n > 0) {
        buf_char(&uri, '?');
        buf_add(&uri, rest.p, rest.n);
    }
    out->location = rest.failed ? NULL : buf_text(&uri);
    return out->location ? WW_OK : op_no_memory(op);
}

static const struct {
    const char *scheme;
    enum ww_err (*parse)(struct ww_op *op, const char *text, struct dsn *out);
    bool whole; /* the parser wants the scheme too */
} schemes[] = {
    {"sqlite:", parse_sqlite, false},
    {"sqlite3:", parse_sqlite, false},
    {"postgres://", parse_postgres, true},
    {"postgresql://", parse_postgres, true},
};

enum ww_err db_dsn_parse(struct ww_op *op, const char *text, struct dsn *out)
{
    *out = (struct dsn){.kind = DSN_MEMORY};
    if (!text || !*text) {
        return refuse(op, "is missing");
    }
    /* Bytes. */
    if (strlen(text) > DSN_LONGEST) {
        return refuse(op, "is longer than 4096 bytes");
    }
    if (strcmp(text, "memory") == 0) {
        return WW_OK;
    }
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++) {
        size_t n = strlen(schemes[i].scheme);
        if (strncmp(text, schemes[i].scheme, n) == 0) {
            return schemes[i].parse(op, schemes[i].whole ? text : text + n, out);
        }
    }
    return refuse(op, "must be \"memory\", or begin with sqlite: or postgres://");
}

enum ww_err db_file_of(struct ww_op *op, const char *dsn, const char **path)
{
    struct dsn parsed;
    enum ww_err err = db_dsn_parse(op, dsn, &parsed);
    *path = !err && parsed.kind == DSN_SQLITE ? parsed.location : NULL;
    return err;
}
