/* JSON Patch (RFC 6902): add, remove, replace, move, copy, test. The work is bounded by the limits of reading
 * (limit.h) and by what a copy may grow to. */
#include "js_patch.h"

#include <string.h>

struct patching {
    struct arena *a;
    struct js root; /* the document stands in here, so that it can be replaced itself */
    bool lenient;
    size_t made; /* values that copies have made */
    const char *why;
};

static enum ww_err wrong(struct patching *p, const char *why)
{
    p->why = why;
    return WW_EINVAL;
}

/* ---- pointers (RFC 6901) ---- */

/* The step at *at (which stands on '/'), decoded, in the arena; moves on behind it. */
static enum ww_err read_step(struct patching *p, const char **at, struct bytes *out)
{
    struct buf b = BUF(p->a);
    const char *c = *at + 1;
    for (; *c && *c != '/'; c++) {
        if (*c != '~') {
            buf_char(&b, *c);
        } else if (c[1] == '0' || c[1] == '1') {
            buf_char(&b, *++c == '0' ? '~' : '/');
        } else {
            return wrong(p, "\"~\" in a pointer stands before 0 or 1");
        }
    }
    *at = c;
    char *text = buf_text(&b);
    *out = text ? BYTES(text, strlen(text)) : BYTES(NULL, 0);
    return text ? WW_OK : WW_ENOMEM;
}

/* An index without sign and leading zeros; "-" is the place behind the last. */
static bool read_index(const struct js *array, struct bytes step, size_t *out)
{
    size_t v = 0;
    if (step.n == 1 && step.p[0] == '-') {
        *out = array->count;
        return true;
    }
    if (step.n == 0 || step.n > 9 || (step.n > 1 && step.p[0] == '0')) {
        return false;
    }
    for (size_t i = 0; i < step.n; i++) {
        if (step.p[i] < '0' || step.p[i] > '9') {
            return false;
        }
        v = v * 10 + (size_t)(step.p[i] - '0');
    }
    *out = v;
    return true;
}

/* The link that leads to a member or element: where it hangs in its list; NULL: it is not there. */
static struct js **find_link(struct js *in, struct bytes step)
{
    size_t index = 0, i = 0;
    if (in->type == JS_ARRAY && !read_index(in, step, &index)) {
        return NULL;
    }
    for (struct js **link = &in->first; *link; link = &(*link)->next, i++) {
        if (in->type == JS_ARRAY ? i == index : bytes_equal((*link)->key, step)) {
            return link;
        }
    }
    return NULL;
}

static bool is_container(const struct js *v)
{
    return v->type == JS_OBJECT || v->type == JS_ARRAY;
}

/* Where a pointer leads: its last step, and what that is a step in. */
struct target {
    struct js *in;
    struct bytes step;
};

static enum ww_err find_target(struct patching *p, const char *pointer, struct target *out)
{
    size_t depth = 0;
    if (!pointer || (*pointer && *pointer != '/') || strlen(pointer) > JS_POINTER_MOST) {
        return wrong(p, "a pointer is a text that is empty or begins with \"/\"");
    }
    *out = (struct target){&p->root, BYTES("document", 8)};
    while (*pointer) {
        struct js **link = find_link(out->in, out->step);
        struct js *next = link ? *link : NULL;
        bool missing = !next || next->type == JS_NULL; /* metadata that nobody has set is null */
        if (p->lenient && missing && out->in->type == JS_OBJECT) {
            next = js_put(p->a, out->in, (const char *)out->step.p, js_object(p->a));
            if (!next) {
                return WW_ENOMEM;
            }
        }
        if (!next || !is_container(next)) {
            return wrong(p, "there is no such place");
        }
        if (++depth > LIMIT_JSON_DEPTH) {
            return wrong(p, "a pointer has too many steps");
        }
        out->in = next;
        enum ww_err err = read_step(p, &pointer, &out->step);
        if (err) {
            return err;
        }
    }
    return WW_OK;
}

/* ---- what operations are made of ---- */

/* Takes a member or element out of its list. */
static void unlink_at(struct js *in, struct js **link)
{
    struct js *gone = *link;
    *link = gone->next;
    in->count--;
    if (in->last == gone) {
        in->last = in->first;
        while (in->last && in->last->next) {
            in->last = in->last->next;
        }
    }
}

static enum ww_err insert(struct patching *p, struct js *in, struct bytes step, struct js *value)
{
    size_t index;
    if (in->type == JS_OBJECT) {
        return js_put(p->a, in, (const char *)step.p, value) ? WW_OK : WW_ENOMEM;
    }
    if (!read_index(in, step, &index) || index > in->count) {
        return wrong(p, "there is no such place in the array");
    }
    if (index == in->count) {
        return js_push(in, value) ? WW_OK : WW_ENOMEM;
    }
    struct js **link = &in->first;
    while (index--) {
        link = &(*link)->next;
    }
    value->next = *link;
    *link = value;
    in->count++;
    return WW_OK;
}

static size_t nodes_of(const struct js *v)
{
    size_t n = 1;
    for (const struct js *c = v->first; is_container(v) && c; c = c->next) {
        n += nodes_of(c);
    }
    return n;
}

/* Copies double what is there: without a limit a short patch would make a document without end. */
static enum ww_err copy(struct patching *p, const struct js *from, struct js **out)
{
    if (!from) {
        return wrong(p, "the operation lacks its value");
    }
    p->made += nodes_of(from);
    if (p->made > LIMIT_JSON_NODES) {
        return wrong(p, "the patch makes too many values");
    }
    *out = js_copy(p->a, from);
    return js_whole(*out) ? WW_OK : WW_ENOMEM;
}

static enum ww_err add_at(struct patching *p, const char *pointer, struct js *value)
{
    struct target t;
    enum ww_err err = find_target(p, pointer, &t);
    return err ? err : insert(p, t.in, t.step, value);
}

static enum ww_err find_at(struct patching *p, const char *pointer, struct target *t, struct js ***link)
{
    bool lenient = p->lenient;
    p->lenient = false; /* what is looked for is not made */
    enum ww_err err = find_target(p, pointer, t);
    p->lenient = lenient;
    *link = err ? NULL : find_link(t->in, t->step);
    return err || *link ? err : wrong(p, "there is no such value");
}

static enum ww_err take_at(struct patching *p, const char *pointer, struct js **out)
{
    struct target t;
    struct js **link;
    enum ww_err err = find_at(p, pointer, &t, &link);
    if (err || t.in == &p->root) {
        return err ? err : wrong(p, "the document itself cannot be removed");
    }
    *out = *link;
    unlink_at(t.in, link);
    (*out)->next = NULL;
    return WW_OK;
}

/* ---- operations ---- */

static enum ww_err op_add(struct patching *p, const struct js *o, const char *path)
{
    struct js *value = NULL;
    enum ww_err err = copy(p, js_get(o, "value"), &value);
    return err ? err : add_at(p, path, value);
}

static enum ww_err op_remove(struct patching *p, const struct js *o, const char *path)
{
    struct js *gone;
    (void)o;
    return take_at(p, path, &gone);
}

static enum ww_err op_replace(struct patching *p, const struct js *o, const char *path)
{
    struct js *value = NULL, **link;
    struct target t;
    enum ww_err err = copy(p, js_get(o, "value"), &value);
    if (err) {
        return err;
    }
    err = find_at(p, path, &t, &link);
    if (err == WW_EINVAL && p->lenient) {
        return add_at(p, path, value);
    }
    if (err) {
        return err;
    }
    /* In its place: an array keeps its order. */
    value->next = (*link)->next;
    value->key = (*link)->key;
    if (t.in->last == *link) {
        t.in->last = value;
    }
    *link = value;
    return WW_OK;
}

static enum ww_err op_move(struct patching *p, const struct js *o, const char *path)
{
    const char *from = js_get_text(o, "from");
    struct js *value;
    size_t n = from ? strlen(from) : 0;
    /* RFC 6902 §4.4: into itself it cannot go. */
    if (from && path && strncmp(path, from, n) == 0 && path[n] == '/') {
        return wrong(p, "a value cannot be moved into itself");
    }
    enum ww_err err = take_at(p, from, &value);
    return err ? err : add_at(p, path, value);
}

static enum ww_err op_copy(struct patching *p, const struct js *o, const char *path)
{
    struct js **link, *value = NULL;
    struct target t;
    enum ww_err err = find_at(p, js_get_text(o, "from"), &t, &link);
    if (err || (err = copy(p, *link, &value))) {
        return err;
    }
    return add_at(p, path, value);
}

static enum ww_err op_test(struct patching *p, const struct js *o, const char *path)
{
    struct js **link;
    struct target t;
    const struct js *value = js_get(o, "value");
    enum ww_err err = find_at(p, path, &t, &link);
    if (err) {
        return err;
    }
    return value && js_equal(*link, value) ? WW_OK : wrong(p, "the value is not the one that is tested for");
}

static const struct {
    const char *name;
    enum ww_err (*apply)(struct patching *p, const struct js *o, const char *path);
} operations[] = {{"add", op_add},   {"remove", op_remove}, {"replace", op_replace},
                  {"move", op_move}, {"copy", op_copy},     {"test", op_test}};

static enum ww_err apply(struct patching *p, const struct js *o)
{
    const char *name = js_get_text(o, "op"), *path = js_get_text(o, "path");
    if (!name || !path) {
        return wrong(p, "an operation is an object with \"op\" and \"path\"");
    }
    for (size_t i = 0; i < sizeof operations / sizeof operations[0]; i++) {
        if (strcmp(operations[i].name, name) == 0) {
            return operations[i].apply(p, o, path);
        }
    }
    return wrong(p, "there is no such operation");
}

enum ww_err js_patch(struct arena *a, const struct js *document, const struct js *patch, bool lenient,
                     struct js **out, const char **why)
{
    struct patching p = {.a = a, .root = {.type = JS_OBJECT}, .lenient = lenient};
    size_t i = 0;
    *out = NULL;
    *why = NULL;
    if (!patch || patch->type != JS_ARRAY || patch->count > JS_PATCH_MOST) {
        *why = "a patch is an array of at most 1000 operations";
        return WW_EINVAL;
    }
    if (!js_put(a, &p.root, "document", js_copy(a, document))) {
        return WW_ENOMEM;
    }
    for (const struct js *o = patch->first; o; o = o->next, i++) {
        enum ww_err err = apply(&p, o);
        if (err) {
            *why = err == WW_EINVAL ? arena_printf(a, "operation %zu: %s", i, p.why) : NULL;
            return err == WW_EINVAL && *why ? WW_EINVAL : WW_ENOMEM;
        }
    }
    *out = js_get(&p.root, "document");
    if (js_depth(*out) > LIMIT_JSON_DEPTH) {
        *why = "the patched document is nested too deeply";
        return WW_EINVAL;
    }
    return js_whole(*out) ? WW_OK : WW_ENOMEM;
}
