/* Where the schemas of a document are, which URI each answers to, and what a reference means. */
#include <stdio.h>
#include <string.h>

#include "schema_int.h"

static const char metaschema_uri[] = "http://json-schema.org/draft-07/schema";

/* RFC 6901 §3: "~" and "/" within a name are escaped. */
char *schema_place_join(struct arena *a, const char *place, struct bytes key)
{
    struct buf b = BUF(a);
    buf_str(&b, place);
    buf_char(&b, '/');
    for (size_t i = 0; i < key.n; i++) {
        if (key.p[i] == '~') {
            buf_str(&b, "~0");
        } else if (key.p[i] == '/') {
            buf_str(&b, "~1");
        } else {
            buf_u8(&b, key.p[i]);
        }
    }
    return buf_text(&b);
}

/* ---- the index ---- */

/* By address: two equal texts in two places are two schemas. */
static size_t slot_of(const struct js *json, size_t slots)
{
    return (size_t)(((uintptr_t)json >> 4) * 0x9e3779b97f4a7c15u >> 20) & (slots - 1);
}

static void place_in(struct location **slots, size_t count, struct location *l)
{
    size_t i = slot_of(l->json, count);
    while (slots[i]) {
        i = (i + 1) & (count - 1);
    }
    slots[i] = l;
}

/* Four times as large: a document is indexed once, and each growth walks all of it. */
static bool grow(struct compiler *c)
{
    size_t count = c->slot_count ? c->slot_count * 4 : 64;
    struct location **slots = ARENA_ARRAY(c->a, count, struct location *);
    if (!slots) {
        return schema_compile_no_memory(c);
    }
    for (size_t i = 0; i < c->slot_count; i++) {
        if (c->slots[i]) {
            place_in(slots, count, c->slots[i]);
        }
    }
    c->slots = slots;
    c->slot_count = count;
    return true;
}

/* By the node's address: the same text at two places is two schemas. */
struct location *schema_index_find(const struct compiler *c, const struct js *json)
{
    if (c->slot_count == 0) {
        return NULL;
    }
    for (size_t i = slot_of(json, c->slot_count); c->slots[i]; i = (i + 1) & (c->slot_count - 1)) {
        if (c->slots[i]->json == json) {
            return c->slots[i];
        }
    }
    return NULL;
}

static struct location *add_location(struct compiler *c, const struct js *json, const char *place,
                                     const char *base)
{
    /* Schemas come from administrators, but also from places that administrators copy from: each bound
     * keeps a start from hanging. */
    if (c->location_count >= SCHEMA_MAX_SUBSCHEMAS) {
        schema_compile_fail(c, place, "more than %d schemas", SCHEMA_MAX_SUBSCHEMAS);
        return NULL;
    }
    if (c->location_count * 2 >= c->slot_count && !grow(c)) {
        return NULL;
    }
    struct location *l = ARENA_NEW(c->a, struct location);
    if (!l) {
        schema_compile_no_memory(c);
        return NULL;
    }
    *l = (struct location){.json = json, .place = place, .base = base};
    place_in(c->slots, c->slot_count, l);
    c->location_count++;
    return l;
}

/* The first place of a name keeps it: a schema further down cannot take the name of one that others refer
 * to. */
bool schema_index_add_uri(struct compiler *c, const char *uri, struct location *location)
{
    for (size_t i = 0; i < c->id_count; i++) {
        if (strcmp(c->ids[i].uri, uri) == 0) {
            return true;
        }
    }
    if (c->id_count == SCHEMA_MAX_IDS) {
        return schema_compile_fail(c, location->place, "more than %d $id", SCHEMA_MAX_IDS);
    }
    c->ids[c->id_count].uri = uri;
    c->ids[c->id_count++].location = location;
    return true;
}

/* A $id beside $ref says nothing; one that is only a fragment names this place and leaves the base alone. */
static bool take_id(struct compiler *c, struct location *l)
{
    const char *id = js_get_text(l->json, "$id"), *fragment = "";
    if (!id || js_get_text(l->json, "$ref")) {
        return true;
    }
    char *uri = schema_uri_resolve(c->a, l->base, id);
    char *document = uri ? schema_uri_without_fragment(c->a, uri, &fragment) : NULL;
    if (!document) {
        return schema_compile_no_memory(c);
    }
    if (id[0] != '#') {
        l->base = document;
    }
    return schema_index_add_uri(c, *fragment ? uri : document, l);
}

static bool walk_values(struct compiler *c, const struct js *container, const char *place, const char *base,
                        unsigned depth)
{
    size_t i = 0;
    for (const struct js *v = container->first; v; v = v->next, i++) {
        char number[24];
        snprintf(number, sizeof number, "%zu", i);
        struct bytes key = container->type == JS_ARRAY ? bytes_str(number) : v->key;
        if (v->type != JS_OBJECT && v->type != JS_BOOL) {
            continue;
        }
        char *inner = schema_place_join(c->a, place, key);
        if (!inner) {
            return schema_compile_no_memory(c);
        }
        if (!schema_index_walk(c, v, inner, base, depth + 1)) {
            return false;
        }
    }
    return true;
}

/* Only below keywords that hold schemas: an "enum" may contain anything that looks like one. */
static bool walk_member(struct compiler *c, const struct location *l, const struct js *member, unsigned depth)
{
    const struct keyword *k = schema_keyword_find(member->key);
    if (!k) {
        return true;
    }
    bool one = false, map = false, list = false;
    switch (k->kind) {
    case KEYWORD_SCHEMA:
        one = true;
        break;
    case KEYWORD_SCHEMA_LIST:
        list = true;
        break;
    case KEYWORD_SCHEMA_MAP:
    case KEYWORD_PROPERTIES:
    case KEYWORD_PATTERNS:
    case KEYWORD_DEPENDENCIES:
        map = true;
        break;
    case KEYWORD_ITEMS:
        list = member->type == JS_ARRAY;
        one = !list;
        break;
    case KEYWORD_REQUIRED:
    case KEYWORD_TYPE:
    case KEYWORD_COUNT:
    case KEYWORD_NUMBER:
    case KEYWORD_DIVISOR:
    case KEYWORD_BOOL:
    case KEYWORD_TEXT:
    case KEYWORD_PATTERN:
    case KEYWORD_FORMAT:
    case KEYWORD_ANY:
    case KEYWORD_ENUM:
    default:
        return true;
    }
    char *place = schema_place_join(c->a, l->place, member->key);
    if (!place) {
        return schema_compile_no_memory(c);
    }
    if (one && (member->type == JS_OBJECT || member->type == JS_BOOL)) {
        return schema_index_walk(c, member, place, l->base, depth + 1);
    }
    if ((list && member->type == JS_ARRAY) || (map && member->type == JS_OBJECT)) {
        return walk_values(c, member, place, l->base, depth + 1);
    }
    return true;
}

bool schema_index_walk(struct compiler *c, const struct js *json, const char *place, const char *base,
                       unsigned depth)
{
    /* Before the next level is entered: this walk recurses. */
    if (depth > SCHEMA_MAX_NESTING) {
        return schema_compile_fail(c, place, "nested more than %d deep", SCHEMA_MAX_NESTING);
    }
    if (schema_index_find(c, json)) {
        return true;
    }
    struct location *l = add_location(c, json, place, base);
    if (!l || !take_id(c, l)) {
        return false;
    }
    for (const struct js *m = json->type == JS_OBJECT ? json->first : NULL; m; m = m->next) {
        if (!walk_member(c, l, m, depth)) {
            return false;
        }
    }
    return true;
}

/* ---- references ---- */

/* Few: most schemas name themselves once or not at all. */
static struct location *by_uri(const struct compiler *c, const char *uri)
{
    for (size_t i = 0; i < c->id_count; i++) {
        if (strcmp(c->ids[i].uri, uri) == 0) {
            return c->ids[i].location;
        }
    }
    return NULL;
}

/* The draft-07 meta-schema and our presets are in the program: nothing is fetched. */
static struct location *add_document(struct compiler *c, const struct js *json, const char *uri)
{
    char *place = arena_printf(c->a, "%s#", uri);
    char *base = arena_strdup(c->a, uri);
    if (!place || !base) {
        schema_compile_no_memory(c);
        return NULL;
    }
    if (!schema_index_walk(c, json, place, base, 0)) {
        return NULL;
    }
    struct location *l = schema_index_find(c, json);
    return l && schema_index_add_uri(c, base, l) ? l : NULL;
}

/* A document that is at hand without the network: the metaschema, or what a test brings. */
static struct location *load_document(struct compiler *c, const char *uri)
{
    struct js *json = NULL;
    const char *why = NULL;
    if (strcmp(uri, metaschema_uri) == 0) {
        enum ww_err err = js_read(c->a, schema_document("draft-07.json"), &json, &why);
        if (err) {
            schema_compile_no_memory(c);
            return NULL;
        }
        return add_document(c, json, uri);
    }
    for (size_t i = 0; i < c->options->remote_count; i++) {
        if (strcmp(c->options->remotes[i].uri, uri) == 0) {
            json = js_copy(c->a, c->options->remotes[i].json);
            if (!json) {
                schema_compile_no_memory(c);
                return NULL;
            }
            return add_document(c, json, uri);
        }
    }
    return NULL;
}

/* "~1" before "~0" would turn "~01" into "/": both are read in one pass (RFC 6901 §4). */
static const struct js *follow_token(const struct js *at, char *token)
{
    char *to = token;
    for (const char *from = token; *from; from++) {
        if (from[0] == '~' && (from[1] == '0' || from[1] == '1')) {
            *to++ = *++from == '0' ? '~' : '/';
        } else {
            *to++ = *from;
        }
    }
    *to = '\0';
    if (at->type == JS_OBJECT) {
        return js_get(at, token);
    }
    if (at->type != JS_ARRAY || !*token || strlen(token) > 9 ||
        strspn(token, "0123456789") != strlen(token)) {
        return NULL;
    }
    size_t index = 0;
    for (const char *d = token; *d; d++) {
        index = index * 10 + (size_t)(*d - '0');
    }
    return js_at(at, index);
}

/* RFC 6901 from `from` on. What it leads to may stand under a keyword that holds no schemas: it is indexed
 * then, with the base of the nearest schema around it. */
static struct location *follow(struct compiler *c, struct location *from, const char *pointer)
{
    char *rest = NULL;
    enum ww_err err = schema_uri_decode(c->a, pointer, &rest);
    char *place = arena_printf(c->a, "%s%s", from->place, pointer);
    const struct js *at = from->json;
    const char *base = from->base;
    if (!place || err == WW_ENOMEM) {
        schema_compile_no_memory(c);
        return NULL;
    }
    if (err) {
        return NULL;
    }
    while (rest && at && *rest == '/') {
        char *token = rest + 1;
        size_t n = strcspn(token, "/");
        rest = token[n] ? token + n : NULL;
        char *copy = arena_strndup(c->a, token, n);
        if (!copy) {
            schema_compile_no_memory(c);
            return NULL;
        }
        at = follow_token(at, copy);
        struct location *near = at ? schema_index_find(c, at) : NULL;
        base = near ? near->base : base;
    }
    if (!at || (at->type != JS_OBJECT && at->type != JS_BOOL)) {
        return NULL;
    }
    return schema_index_walk(c, at, place, base, 0) ? schema_index_find(c, at) : NULL;
}

struct location *schema_index_resolve(struct compiler *c, const struct subschema *s, const char *reference)
{
    const char *fragment = "";
    char *uri = schema_uri_resolve(c->a, s->base, reference);
    char *document = uri ? schema_uri_without_fragment(c->a, uri, &fragment) : NULL;
    if (!document) {
        schema_compile_no_memory(c);
        return NULL;
    }
    struct location *l = by_uri(c, document);
    if (!l) {
        l = load_document(c, document);
    }
    if (l && *fragment == '/') {
        l = follow(c, l, fragment);
    } else if (l && *fragment) {
        l = by_uri(c, uri);
    }
    if (!l && c->err == WW_OK) {
        schema_compile_fail(c, s->place,
                            "the reference leads to nothing in this document (nothing is fetched)");
    }
    return c->err == WW_OK ? l : NULL;
}
