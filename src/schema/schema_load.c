/* Where identity schemas come from. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "encode.h"
#include "schema_internal.h"
#include "utf8.h"

enum { MAX_ID = 255, MAX_URL = 2 * SCHEMA_MAX_TEXT, SHOWN_URL = 200 };

struct schema_set {
    struct arena arena;
    struct identity_schema *all;
    size_t count;
    const struct identity_schema *standard;
};

struct bytes schema_document(const char *name)
{
    for (const struct schema_document *d = schema_documents; d->name; d++) {
        if (strcmp(d->name, name) == 0) {
            return BYTES(d->text, d->size);
        }
    }
    return BYTES(NULL, 0);
}

/* base64 and inline URLs are as long as the schema: only their beginning is named. */
static enum ww_err refuse(struct ww_op *op, const struct schema_source *from, const char *reason)
{
    size_t n = strlen(from->url);
    bool whole = n <= SHOWN_URL;
    return op_fail_field(op, WW_ECONFIG, "schema_invalid", "identity.schemas", "schema \"%s\" (%.*s%s): %s",
                         from->id, whole ? (int)n : 40, from->url, whole ? "" : "…", reason);
}

/* ---- reading ---- */

static char *file_path(struct arena *a, const char *url, const char *base_dir)
{
    char *path = uri_decode(a, url + strlen("file://"));
    if (!path || path[0] == '/' || !base_dir) {
        return path;
    }
    return arena_printf(a, "%s/%s", base_dir, path);
}

static const char *read_all(struct arena *a, int fd, size_t size, struct bytes *out)
{
    char *text = arena_alloc(a, size + 1);
    size_t n = 0;
    if (!text) {
        return "out of memory";
    }
    while (n < size) {
        ssize_t got = read(fd, text + n, size - n);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return "the file cannot be read";
        }
        n += (size_t)got;
    }
    *out = BYTES(text, n);
    return NULL;
}

/* NULL, or why not. A pipe or device is not waited for. */
static const char *read_file(struct arena *a, const char *path, struct bytes *out)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) {
        const char *why = arena_printf(a, "%s: %s", path, strerror(errno));
        return why ? why : "out of memory";
    }
    const char *why = NULL;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        why = "not a file";
    } else if (st.st_size > SCHEMA_MAX_TEXT) {
        why = "larger than 1 MiB";
    } else {
        why = read_all(a, fd, (size_t)st.st_size, out);
    }
    close(fd);
    return why;
}

static const char *decode_base64(struct arena *a, const char *text, struct bytes *out)
{
    if (!base64_decode(a, BASE64, bytes_str(text), out)) {
        return "not base64 (RFC 4648 §4, with padding)";
    }
    return NULL;
}

static const char *read_preset(struct arena *a, const char *name, struct bytes *out)
{
    char *file = arena_printf(a, "%s.schema.json", name);
    if (!file) {
        return "out of memory";
    }
    *out = schema_document(file);
    return out->p ? NULL : "there is no such preset; there are username, email and both";
}

static bool begins(const char *url, const char *scheme)
{
    return strncmp(url, scheme, strlen(scheme)) == 0;
}

static const char *read_source(struct arena *a, const struct schema_source *from, const char *base_dir,
                               struct bytes *out)
{
    const char *url = from->url;
    if (begins(url, "file://")) {
        char *path = file_path(a, url, base_dir);
        return path ? read_file(a, path, out) : "the path has a broken escape";
    }
    if (begins(url, "base64://")) {
        return decode_base64(a, url + strlen("base64://"), out);
    }
    if (begins(url, "preset://")) {
        return read_preset(a, url + strlen("preset://"), out);
    }
    if (begins(url, "inline:")) {
        *out = bytes_str(url + strlen("inline:"));
        return NULL;
    }
    if (begins(url, "http://") || begins(url, "https://")) {
        return "schemas are not fetched over the network; save it and name it with file://";
    }
    return "expected file://, base64:// or preset://";
}

/* ---- a set ---- */

static enum ww_err load_one(struct ww_op *op, struct schema_set *set, const struct schema_source *from,
                            const char *base_dir)
{
    struct arena *a = &set->arena;
    struct identity_schema *s = &set->all[set->count];
    struct js *json = NULL;
    const char *why =
        strlen(from->url) > MAX_URL ? "larger than 1 MiB" : read_source(a, from, base_dir, &s->text);
    if (!why && s->text.n > SCHEMA_MAX_TEXT) {
        why = "larger than 1 MiB";
    }
    if (why) {
        return refuse(op, from, why);
    }
    enum ww_err err = js_read(a, s->text, &json, &why);
    if (err == WW_EINVAL) {
        return refuse(op, from, why);
    }
    s->id = arena_strdup(a, from->id);
    s->url = arena_strdup(a, from->url);
    s->text = bytes_dup(a, s->text);
    s->json = json;
    s->selectable = from->selectable;
    if (err || !s->id || !s->url || !s->text.p) {
        return op_no_memory(op);
    }
    err = identity_schema_compile(a, s, &why);
    if (err == WW_EVALIDATION) {
        return refuse(op, from, why);
    }
    set->count += err == WW_OK;
    return err == WW_ENOMEM ? op_no_memory(op) : err;
}

static enum ww_err check_id(struct ww_op *op, const struct schema_set *set, const struct schema_source *from)
{
    size_t n = strlen(from->id);
    if (n == 0 || n > MAX_ID || !utf8_valid(bytes_str(from->id))) {
        return op_fail_field(op, WW_ECONFIG, "schema_invalid", "identity.schemas",
                             "the id of a schema is 1 to %d bytes of UTF-8", MAX_ID);
    }
    if (schema_find(set, from->id)) {
        return refuse(op, from, "another schema has the same id");
    }
    return WW_OK;
}

static enum ww_err load_all(struct ww_op *op, struct schema_set *set, const struct schema_source *sources,
                            size_t n, const char *base_dir)
{
    set->all = ARENA_ARRAY(&set->arena, n, struct identity_schema);
    if (!set->all) {
        return op_no_memory(op);
    }
    for (size_t i = 0; i < n; i++) {
        enum ww_err err = check_id(op, set, &sources[i]);
        if (err || (err = load_one(op, set, &sources[i], base_dir))) {
            return err;
        }
    }
    return WW_OK;
}

enum ww_err schema_set_load(struct ww_op *op, const struct schema_source *sources, size_t n,
                            const char *default_id, const char *base_dir, struct schema_set **out)
{
    *out = NULL;
    struct schema_set *set = calloc(1, sizeof *set);
    if (!set) {
        return op_no_memory(op);
    }
    set->arena.env = op->env;
    enum ww_err err = load_all(op, set, sources, n, base_dir);
    if (!err) {
        set->standard = schema_find(set, default_id);
        if (!set->standard) {
            err = op_fail_field(op, WW_ECONFIG, "schema_invalid", "identity.default_schema_id",
                                "no schema in identity.schemas has the id \"%s\"", default_id);
        }
    }
    if (err) {
        schema_set_free(set);
        return err;
    }
    *out = set;
    return WW_OK;
}

void schema_set_free(struct schema_set *s)
{
    if (!s) {
        return;
    }
    for (size_t i = 0; i < s->count; i++) {
        schema_program_free(s->all[i].program);
    }
    arena_free(&s->arena);
    free(s);
}

const struct identity_schema *schema_default(const struct schema_set *s)
{
    return s->standard;
}

const struct identity_schema *schema_find(const struct schema_set *s, const char *id)
{
    for (size_t i = 0; i < s->count; i++) {
        if (strcmp(s->all[i].id, id) == 0) {
            return &s->all[i];
        }
    }
    return NULL;
}

size_t schema_count(const struct schema_set *s)
{
    return s->count;
}

const struct identity_schema *schema_at(const struct schema_set *s, size_t i)
{
    return i < s->count ? &s->all[i] : NULL;
}
