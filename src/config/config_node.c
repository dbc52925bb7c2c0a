/* The tree that a file is read into: every node knows where it was written. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config_int.h"

struct node *config_node_new(struct arena *a, enum node_kind kind, const char *source, unsigned line)
{
    struct node *n = ARENA_NEW(a, struct node);
    /* The source is kept by pointer: it lives in the configuration's arena. */
    if (n) {
        n->kind = kind;
        n->source = source;
        n->line = line;
    }
    return n;
}

void config_node_append(struct node *parent, struct node *child)
{
    child->next = NULL;
    if (parent->last) {
        parent->last->next = child;
    } else {
        parent->first = child;
    }
    parent->last = child;
    parent->count++;
}

struct node *config_node_get(const struct node *map, const char *key)
{
    if (!map || map->kind != NODE_MAP) {
        return NULL;
    }
    for (struct node *n = map->first; n; n = n->next) {
        if (strcmp(n->key, key) == 0) {
            return n;
        }
    }
    return NULL;
}

bool config_node_is_nothing(const struct node *n)
{
    return n->kind == NODE_PLAIN &&
           (!*n->text || strcmp(n->text, "~") == 0 || strcasecmp(n->text, "null") == 0);
}

/* Keeps the place among its brothers. */
static void node_replace(struct node *old, const struct node *by)
{
    struct node *next = old->next;
    const char *key = old->key;
    *old = *by;
    old->next = next;
    old->key = key;
}

/* Sections are joined, anything else is replaced whole: a list of the second file is not added to that of
 * the first. */
void config_node_merge(struct node *base, struct node *over)
{
    struct node *next = NULL;

    for (struct node *n = over->first; n; n = next) {
        next = n->next;
        struct node *there = config_node_get(base, n->key);
        if (!there) {
            config_node_append(base, n);
        } else if (there->kind == NODE_MAP && n->kind == NODE_MAP) {
            config_node_merge(there, n);
        } else {
            node_replace(there, n);
        }
    }
}

/* The section of that name in at, made when it is not there; NULL where it is no section, or no memory. */
static struct node *step_into(struct arena *a, struct node *at, char *key, const struct node *like)
{
    struct node *child = config_node_get(at, key);
    if (!child) {
        child = config_node_new(a, NODE_MAP, like->source, like->line);
        if (child) {
            child->key = key;
            config_node_append(at, child);
        }
    } else if (config_node_is_nothing(child)) { /* "section:" with nothing in it */
        child->kind = NODE_MAP;
    }
    return child && child->kind == NODE_MAP ? child : NULL;
}

/* One value over what files said, at its place in the tree: it is then checked as if it had stood in a
 * file. */
bool config_node_put_path(struct arena *a, struct node *root, const char *path, struct node *value)
{
    struct node *at = root;

    for (const char *dot = strchr(path, '.'); dot && at; dot = strchr(path, '.')) {
        char *key = arena_strndup(a, path, (size_t)(dot - path));
        at = key ? step_into(a, at, key, value) : NULL;
        path = dot + 1;
    }
    value->key = arena_strdup(a, path);
    if (!at || !value->key) {
        return false;
    }
    struct node *there = config_node_get(at, value->key);
    if (there) {
        node_replace(there, value);
    } else {
        config_node_append(at, value);
    }
    return true;
}

/* As YAML 1.2's core schema has it, without hexadecimal, octal and infinities: nobody needs them here, and
 * "0o17" stays a text. */
static bool looks_like_number(const char *text)
{
    size_t digits = strspn(text, "0123456789+-.eE");
    return text[digits] == 0 && strpbrk(text, "0123456789") && !strchr("eE", text[0]);
}

/* As YAML's core schema reads plain words; what is in quotes is a text, whatever it looks like. For free
 * subtrees alone: a setting's type decides how its value is read. */
static struct js *plain_to_js(struct arena *a, const char *text)
{
    char *end = NULL;

    if (strcmp(text, "true") == 0 || strcmp(text, "True") == 0 || strcmp(text, "TRUE") == 0) {
        return js_bool(a, true);
    }
    if (strcmp(text, "false") == 0 || strcmp(text, "False") == 0 || strcmp(text, "FALSE") == 0) {
        return js_bool(a, false);
    }
    if (looks_like_number(text)) {
        errno = 0;
        long long integer = strtoll(text, &end, 10);
        if (!*end && errno == 0) {
            return js_int(a, integer);
        }
        errno = 0;
        double real = strtod(text, &end);
        if (!*end && errno == 0) {
            return js_real(a, real);
        }
    }
    return js_text(a, text);
}

struct js *config_node_to_js(struct arena *a, const struct node *n)
{
    switch (n->kind) {
    case NODE_LIST: {
        struct js *array = js_array(a);
        for (const struct node *child = n->first; array && child; child = child->next) {
            if (!js_push(array, config_node_to_js(a, child))) {
                return NULL;
            }
        }
        return array;
    }
    case NODE_MAP: {
        struct js *object = js_object(a);
        for (const struct node *child = n->first; object && child; child = child->next) {
            if (!js_put(a, object, child->key, config_node_to_js(a, child))) {
                return NULL;
            }
        }
        return object;
    }
    case NODE_PLAIN:
        return config_node_is_nothing(n) ? js_null(a) : plain_to_js(a, n->text);
    case NODE_QUOTED:
    /* From a pair or the environment, where there are no quotes: a text, unless the setting's type says more.
     */
    case NODE_GIVEN:
    default:
        return js_text(a, n->text);
    }
}
