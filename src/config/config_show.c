/* The effective configuration, secrets hidden; what is shown can be loaded again. */
#include <string.h>

#include "config_int.h"

#define HIDDEN "<hidden>"

/* postgres://user:password@host/… → the password between the second colon and the @. Shown for bug reports
 * and terminals; from the last "@", since a password that nobody escaped may hold one. */
static char *without_password(struct arena *a, const char *url)
{
    const char *start = strstr(url, "://");
    const char *at = start ? strrchr(start, '@') : NULL;
    const char *colon = at ? strchr(start + 3, ':') : NULL;
    const char *parameter = strstr(url, "password=");

    if (colon && colon < at) {
        return arena_printf(a, "%.*s:%s%s", (int)(colon - url), url, HIDDEN, parameter ? "" : at);
    }
    if (parameter) {
        return arena_printf(a, "%.*spassword=%s", (int)(parameter - url), url, HIDDEN);
    }
    return arena_strdup(a, url);
}

/* In free subtrees (hooks with their requests) whatever may carry a credential. */
static bool is_secret_name(const char *key)
{
    static const char *const names[] = {"value", "password", "secret",        "token",         "api_key",
                                        "key",   "headers",  "authorization", "client_secret", "body"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcasecmp(names[i], key) == 0) {
            return true;
        }
    }
    return false;
}

/* By name, and everywhere below: rather too much is hidden than a token shown in a bug report. */
static struct js *hide(struct arena *a, const struct js *v)
{
    struct js *copy = NULL;

    /* An address with somebody's name in it may have a password behind that. */
    if (v->type == JS_STRING && memmem(v->string.p, v->string.n, "://", 3) &&
        memchr(v->string.p, '@', v->string.n)) {
        return js_text(a, HIDDEN);
    }
    if (v->type == JS_OBJECT) {
        copy = js_object(a);
        for (const struct js *m = v->first; copy && m; m = m->next) {
            const char *key = (const char *)m->key.p;
            js_put(a, copy, key, is_secret_name(key) ? js_text(a, HIDDEN) : hide(a, m));
        }
        return copy;
    }
    if (v->type == JS_ARRAY) {
        copy = js_array(a);
        for (const struct js *m = v->first; copy && m; m = m->next) {
            js_push(copy, hide(a, m));
        }
        return copy;
    }
    return js_copy(a, v);
}

/* As it is in effect, secrets masked: what is printed ends up in tickets and chats. */
static struct js *shown(struct arena *a, const struct config_setting *s, const struct value *v)
{
    switch (s->type) {
    case CONFIG_BOOL:
        return js_bool(a, v->boolean);
    case CONFIG_INT:
        return js_int(a, (int64_t)v->number);
    case CONFIG_LIST: {
        struct js *list = js_array(a);
        for (size_t i = 0; i < v->count; i++) {
            js_push(list, js_text(a, v->list[i]));
        }
        return list;
    }
    case CONFIG_JSON:
        return v->json ? hide(a, v->json) : NULL;
    case CONFIG_TEXT:
        if (!*v->text) {
            return NULL;
        }
        return js_text(a, strcmp(s->rule, "<dsn>") == 0 ? without_password(a, v->text) : v->text);
    case CONFIG_SIZE:
    case CONFIG_DURATION:
    default:
        return js_text(a, v->text);
    }
}

/* The values as a tree, without what is unset and has no default. */
static struct js *tree(struct arena *a, const struct config *c)
{
    struct js *root = js_object(a);
    for (size_t i = 0; root && i < config_setting_count; i++) {
        const char *parent = strstr(config_settings[i].key, ".after.");
        struct js *v = parent ? NULL : shown(a, &config_settings[i], &c->values[i]);
        if (v) { /* a setting below a free subtree is shown there */
            js_put_path(a, root, config_settings[i].key, v);
        }
    }
    return root;
}

static void indent(struct buf *b, int depth)
{
    for (int i = 0; i < depth; i++) {
        buf_str(b, "  ");
    }
}

/* Lists and free subtrees are written as JSON, which is YAML too; a key that is a plain word needs no quotes.
 */
static void write_section(struct buf *b, const struct js *section, int depth)
{
    for (const struct js *m = section->first; m; m = m->next) {
        const char *key = (const char *)m->key.p;
        indent(b, depth);
        buf_printf(b, "%s:", key);
        if (m->type == JS_OBJECT && strcmp(key, "after") != 0) {
            buf_char(b, '\n');
            write_section(b, m, depth + 1);
        } else {
            buf_char(b, ' ');
            js_write_to(b, m);
            buf_char(b, '\n');
        }
    }
}

char *config_show(struct arena *a, const struct config *c)
{
    struct buf b = BUF(a);
    struct js *root = tree(a, c);

    if (!root) {
        return NULL;
    }
    write_section(&b, root, 0);
    return buf_text(&b);
}

char *config_show_json(struct arena *a, const struct config *c)
{
    return js_write(a, tree(a, c));
}
