/* YAML, and JSON with it, by libyaml: one document of maps, lists and texts, within limits. */
#include <string.h>

#include <yaml.h>

#include "config_int.h"
#include "utf8.h"

/* A reading: whose memory, which file, and how many values there were so far. */
struct yaml {
    struct ww_op *op;
    struct arena *arena;
    const char *source;
    yaml_parser_t parser;
    size_t nodes;
};

/* What is kept of libyaml's event; text in the arena. */
struct event {
    yaml_event_type_t type;
    unsigned line;
    bool plain;
    const char *text;
};

/* With the line: a file is mended by going there. */
static enum ww_err refuse(struct yaml *y, size_t line, const char *reason)
{
    return op_fail(y->op, WW_ECONFIG, "config_bad", "%s:%zu: %s", y->source, line, reason);
}

static enum ww_err refuse_syntax(struct yaml *y)
{
    const yaml_parser_t *p = &y->parser;
    /* The one error that is not the file's. */
    if (p->error == YAML_MEMORY_ERROR) {
        return op_no_memory(y->op);
    }
    /* libyaml's reasons are constants: they quote nothing of the file. */
    return op_fail(y->op, WW_ECONFIG, "config_bad", "%s:%zu: not valid YAML: %s", y->source,
                   p->problem_mark.line + 1, p->problem ? p->problem : "unreadable");
}

/* Anchors and aliases can make a small file huge, tags can ask for types that nobody checks: neither is
 * needed in a configuration. */
static const char *forbidden(const yaml_event_t *e)
{
    const yaml_char_t *anchor = NULL, *tag = NULL;

    switch (e->type) {
    case YAML_ALIAS_EVENT:
        return "aliases (*) are not supported: write the value out";
    case YAML_SCALAR_EVENT:
        anchor = e->data.scalar.anchor;
        tag = e->data.scalar.tag;
        break;
    case YAML_SEQUENCE_START_EVENT:
        anchor = e->data.sequence_start.anchor;
        tag = e->data.sequence_start.tag;
        break;
    case YAML_MAPPING_START_EVENT:
        anchor = e->data.mapping_start.anchor;
        tag = e->data.mapping_start.tag;
        break;
    case YAML_NO_EVENT:
    case YAML_STREAM_START_EVENT:
    case YAML_STREAM_END_EVENT:
    case YAML_DOCUMENT_START_EVENT:
    case YAML_DOCUMENT_END_EVENT:
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
    default:
        break;
    }
    return anchor ? "anchors (&) are not supported" : tag ? "tags (!) are not supported" : NULL;
}

/* An event of libyaml as ours; its text is checked before anything keeps it. */
static enum ww_err take(struct yaml *y, const yaml_event_t *e, struct event *out)
{
    const char *reason = forbidden(e);

    *out = (struct event){.type = e->type, .line = (unsigned)e->start_mark.line + 1};
    if (reason) {
        return refuse(y, out->line, reason);
    }
    if (e->type == YAML_SCALAR_EVENT) {
        struct bytes text = BYTES(e->data.scalar.value, e->data.scalar.length);
        /* "\0" in quotes is legal YAML: as a C string the setting would end there, unseen. */
        if (memchr(text.p, 0, text.n)) {
            return refuse(y, out->line, "NUL is not allowed in a text");
        }
        out->plain = e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
        out->text = arena_strndup(y->arena, text.p, text.n);
        return out->text ? WW_OK : op_no_memory(y->op);
    }
    return WW_OK;
}

/* libyaml's own event is freed at once; its text is copied into the arena. */
static enum ww_err next(struct yaml *y, struct event *out)
{
    yaml_event_t e;

    if (!yaml_parser_parse(&y->parser, &e)) {
        return refuse_syntax(y);
    }
    enum ww_err err = take(y, &e, out);
    yaml_event_delete(&e);
    return err;
}

static enum ww_err read_node(struct yaml *y, const struct event *e, int depth, struct node **out);

static enum ww_err read_list(struct yaml *y, struct node *list, int depth)
{
    for (;;) {
        struct event e;
        struct node *child = NULL;
        enum ww_err err = next(y, &e);
        if (err != WW_OK || e.type == YAML_SEQUENCE_END_EVENT) {
            return err;
        }
        err = read_node(y, &e, depth + 1, &child);
        if (err != WW_OK) {
            return err;
        }
        config_node_append(list, child);
    }
}

/* Keys in the order of the file, so that messages and merges follow it. */
static enum ww_err read_map(struct yaml *y, struct node *map, int depth)
{
    for (;;) {
        struct event key, value;
        struct node *child = NULL;
        enum ww_err err = next(y, &key);
        if (err != WW_OK || key.type == YAML_MAPPING_END_EVENT) {
            return err;
        }
        /* YAML allows maps as keys; nothing here has a name for such. */
        if (key.type != YAML_SCALAR_EVENT) {
            return refuse(y, key.line, "a key must be a word");
        }
        if (map->count >= CONFIG_MAP_MOST) { /* each is compared with all before it */
            return refuse(y, key.line, "too many keys in one section");
        }
        const struct node *before = config_node_get(map, key.text);
        /* YAML lets the last one win: an override that somebody forgot further up would hold unseen. */
        if (before) {
            return op_fail(y->op, WW_ECONFIG, "config_bad", "%s:%u: %.64s: duplicate key, first on line %u",
                           y->source, key.line, key.text, before->line);
        }
        err = next(y, &value);
        if (err == WW_OK) {
            err = read_node(y, &value, depth + 1, &child);
        }
        if (err != WW_OK) {
            return err;
        }
        child->key = key.text;
        child->line = key.line;
        config_node_append(map, child);
    }
}

/* Recursion is bounded by CONFIG_DEPTH_MOST. */
static enum ww_err read_node(struct yaml *y, const struct event *e, int depth, struct node **out)
{
    enum node_kind kind = e->type == YAML_SCALAR_EVENT           ? (e->plain ? NODE_PLAIN : NODE_QUOTED)
                          : e->type == YAML_SEQUENCE_START_EVENT ? NODE_LIST
                                                                 : NODE_MAP;

    if (depth > CONFIG_DEPTH_MOST) {
        return refuse(y, e->line, "nested too deeply");
    }
    /* Counted over the whole file, since depth and width alone multiply. */
    if (++y->nodes > CONFIG_NODES_MOST) {
        return refuse(y, e->line, "too many values");
    }
    struct node *n = config_node_new(y->arena, kind, y->source, e->line);
    if (!n) {
        return op_no_memory(y->op);
    }
    n->text = e->text;
    *out = n;
    return kind == NODE_LIST ? read_list(y, n, depth) : kind == NODE_MAP ? read_map(y, n, depth) : WW_OK;
}

/* Stream start, document start, the value, document end, stream end: one document and no more. */
static enum ww_err read_document(struct yaml *y, struct node **out)
{
    struct event e;
    enum ww_err err = next(y, &e);

    if (err == WW_OK) {
        err = next(y, &e);
    }
    if (err != WW_OK) {
        return err;
    }
    if (e.type == YAML_STREAM_END_EVENT) { /* nothing but comments */
        *out = config_node_new(y->arena, NODE_MAP, y->source, 1);
        return *out ? WW_OK : op_no_memory(y->op);
    }
    err = next(y, &e);
    if (err == WW_OK) {
        err = read_node(y, &e, 0, out);
    }
    if (err == WW_OK) {
        err = next(y, &e);
    }
    if (err == WW_OK) {
        err = next(y, &e);
    }
    if (err == WW_OK && e.type != YAML_STREAM_END_EVENT) {
        return refuse(y, e.line, "several documents in one file are not supported");
    }
    return err;
}

enum ww_err config_yaml_read(struct ww_op *op, struct arena *a, const char *source, struct bytes text,
                             struct node **out)
{
    struct yaml y = {.op = op, .arena = a, .source = source};

    *out = NULL;
    if (text.n > CONFIG_FILE_MOST) {
        return op_fail(op, WW_ECONFIG, "config_bad", "%s: longer than %d bytes", source, CONFIG_FILE_MOST);
    }
    if (text.n >= 3 &&
        memcmp(text.p, "\xef\xbb\xbf", 3) == 0) { /* a byte order mark, as some editors write it */
        text = BYTES(text.p + 3, text.n - 3);
    }
    /* Before libyaml, which would guess an encoding from the first bytes. */
    if (!utf8_valid(text)) {
        return op_fail(op, WW_ECONFIG, "config_bad", "%s: not valid UTF-8", source);
    }
    if (!yaml_parser_initialize(&y.parser)) {
        return op_no_memory(op);
    }
    yaml_parser_set_encoding(&y.parser, YAML_UTF8_ENCODING);
    /* From memory, with its length: libyaml opens no files. */
    yaml_parser_set_input_string(&y.parser, text.p, text.n);
    enum ww_err err = read_document(&y, out);
    yaml_parser_delete(&y.parser);
    return err;
}
