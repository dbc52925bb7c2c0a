/* Where identity schemas come from. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "encode.h"
#include "schema_int.h"
#include "utf8.h"

/* Bytes. base64 makes a text longer by a third; twice is enough for that and for escapes. */
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

/* ---- reading: WW_ECONFIG with a reason, or WW_ENOMEM ---- */

struct source_text {
    struct arena *a;
    struct bytes text;
    const char *why;
};

static enum ww_err bad_source(struct source_text *t, const char *why)
{
    t->why = why;
    return why ? WW_ECONFIG : WW_ENOMEM;
}

/* At most as long as its limit, whatever the file's size says: it may grow while it is read. */
static enum ww_err read_all(struct source_text *t, int fd, size_t size)
{
    char *text = arena_alloc(t->a, size + 1);
    size_t n = 0;
    if (!text) {
        return WW_ENOMEM;
    }
    while (n < size) {
        ssize_t got = read(fd, text + n, size - n);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return bad_source(t, "the file cannot be read");
        }
        n += (size_t)got;
    }
    t->text = BYTES(text, n);
    return WW_OK;
}

/* A pipe or device is refused, and not waited for. */
static enum ww_err read_path(struct source_text *t, const char *path)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    enum ww_err err = WW_EINTERNAL;
    if (fd < 0) {
        return bad_source(t, arena_printf(t->a, "%s: %s", path, strerror(errno)));
    }
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        err = bad_source(t, "not a file");
        /* Before memory is taken. */
    } else if (st.st_size > SCHEMA_MAX_TEXT) {
        err = bad_source(t, "larger than 1 MiB");
    } else {
        err = read_all(t, fd, (size_t)st.st_size);
    }
    close(fd);
    return err;
}

/* file:// with a path, relative to the configuration; what comes out is opened by the server's own rights. */
static enum ww_err read_file(struct source_text *t, const char *rest, const char *base_dir)
{
    char *path = NULL;
    enum ww_err err = schema_uri_decode(t->a, rest, &path);
    if (err) {
        return err == WW_ENOMEM ? err : bad_source(t, "the path has a broken escape");
    }
    if (path[0] != '/' && base_dir && !(path = arena_printf(t->a, "%s/%s", base_dir, path))) {
        return WW_ENOMEM;
    }
    return read_path(t, path);
}

/* preset:// names what is compiled into the program: a site needs no file to begin. */
static enum ww_err read_preset(struct source_text *t, const char *name)
{
    char *file = arena_printf(t->a, "%s.schema.json", name);
    if (!file) {
        return WW_ENOMEM;
    }
    t->text = schema_document(file);
    return t->text.p ? WW_OK : bad_source(t, "there is no such preset; there are username, email and both");
}

/* What follows the scheme, or NULL. */
static const char *behind(const char *url, const char *scheme)
{
    size_t n = strlen(scheme);
    return strncmp(url, scheme, n) == 0 ? url + n : NULL;
}

/* The places Kratos has, less the network; presets and inline texts are ours. */
static enum ww_err read_source(struct source_text *t, const char *url, const char *base_dir)
{
    const char *rest = behind(url, "file://");
    if (strlen(url) > MAX_URL) {
        return bad_source(t, "larger than 1 MiB");
    }
    if (rest) {
        return read_file(t, rest, base_dir);
    }
    if ((rest = behind(url, "preset://"))) {
        return read_preset(t, rest);
    }
    if ((rest = behind(url, "base64://"))) {
        return base64_decode(t->a, BASE64, bytes_str(rest), &t->text)
                   ? WW_OK
                   : bad_source(t, "not base64 (RFC 4648 §4, with padding)");
    }
    if ((rest = behind(url, "inline:"))) {
        t->text = bytes_str(rest);
        return WW_OK;
    }
    /* Whoever answers there would decide what an account is, anew at each start. */
    if (behind(url, "http://") || behind(url, "https://")) {
        return bad_source(t, "schemas are not fetched over the network; save it and name it with file://");
    }
    return bad_source(t, "expected file://, base64:// or preset://");
}

/* ---- a set ---- */

/* The text is kept as it was given: clients that ask for the schema get its very bytes. */
static enum ww_err keep(struct arena *a, struct identity_schema *s, const struct schema_source *from,
                        struct bytes text)
{
    s->id = arena_strdup(a, from->id);
    s->url = arena_strdup(a, from->url);
    s->text = bytes_dup(a, text);
    s->selectable = from->selectable;
    return s->id && s->url && s->text.p ? WW_OK : WW_ENOMEM;
}

/* Editors put a byte order mark before UTF-8; RFC 8259 §8.1 lets readers ignore it. */
static struct bytes without_bom(struct bytes text)
{
    bool marked = text.n >= 3 && memcmp(text.p, "\xef\xbb\xbf", 3) == 0;
    return marked ? BYTES(text.p + 3, text.n - 3) : text;
}

/* Read, parsed, compiled, walked for its form: whatever is wrong stops the start, with the schema's id. */
static enum ww_err load_one(struct ww_op *op, struct schema_set *set, const struct schema_source *from,
                            const char *base_dir)
{
    struct arena *a = &set->arena;
    struct identity_schema *s = &set->all[set->count];
    struct source_text source = {.a = a};
    struct js *json = NULL;
    const char *why = NULL;
    enum ww_err err = read_source(&source, from->url, base_dir);
    if (!err && source.text.n > SCHEMA_MAX_TEXT) {
        err = bad_source(&source, "larger than 1 MiB");
    }
    if (err) {
        return err == WW_ECONFIG ? refuse(op, from, source.why) : op_no_memory(op);
    }
    /* Within the limits of JSON from outside, as what it will be compared with. */
    err = js_read(a, without_bom(source.text), &json, &why);
    if (!err && !(err = keep(a, s, from, source.text))) {
        s->json = json;
        err = schema_identity_compile(a, s, &why);
    }
    if (err == WW_EINVAL || err == WW_EVALIDATION) {
        return refuse(op, from, why);
    }
    set->count += err == WW_OK;
    return err == WW_ENOMEM ? op_no_memory(op) : err;
}

/* The id stands in every record: it is what finds the schema again, so two of one id are refused. */
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

enum ww_err schema_set_load_list(struct ww_op *op, const struct js *list, const char *default_id,
                                 struct schema_set **out)
{
    size_t n = list && list->type == JS_ARRAY ? list->count : 0, i = 0;
    struct schema_source *sources = ARENA_ARRAY(&op->arena, n + 1, struct schema_source);
    if (!sources) {
        return op_no_memory(op);
    }
    for (const struct js *e = n ? list->first : NULL; e; e = e->next, i++) {
        sources[i] = (struct schema_source){js_get_text(e, "id"), js_get_text(e, "url"),
                                            js_get_bool(e, "selfservice_selectable", false)};
    }
    if (n == 0) { /* an embedder that says nothing gets e-mail and password */
        sources[0] = (struct schema_source){default_id, "preset://email", false};
        n = 1;
    }
    return schema_set_load(op, sources, n, default_id, NULL, out);
}

/* Programs first: their patterns are not in the arena. */
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

/* By id as configured. There are a handful. */
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
