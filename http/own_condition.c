/* Conditions and entity tags (RFC 9110 §§8.8.3, 13), bytes as they are stored, and page tokens that are names
 * (own-api.md, "Items"). */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "encode.h"
#include "handlers.h"
#include "own_parts.h"

/* Bytes of a name, and of one in base64url without padding. */
enum { NAME_MOST = 1024, TOKEN_MOST = (NAME_MOST * 4 + 2) / 3 };

bool own_read_name_token(struct route_call *c, const struct own_query *q, const char **after)
{
    const char *token;
    struct bytes name;
    *after = NULL;
    if (!own_read_parameter(c, q, "page_token", TOKEN_MOST, &token)) {
        return false;
    }
    if (!token) {
        return true;
    }
    if (!base64_decode(c->arena, BASE64_URL, bytes_str(token), &name) || memchr(name.p, 0, name.n)) {
        own_refuse(c, "page_token_invalid", "page_token", "the page token is not one of ours");
        return false;
    }
    *after = arena_strndup(c->arena, name.p, name.n);
    return *after != NULL;
}

/* The next entity tag of a list. *version 0: not one that we give out. False at the end and, with *bad set,
 * for what is no entity tag. */
static bool next_tag(const char **at, bool *weak, uint64_t *version, bool *bad)
{
    const char *s = *at + strspn(*at, " \t,");
    char *end;
    if (*s == 0) {
        return false;
    }
    *weak = s[0] == 'W' && s[1] == '/';
    s += *weak ? 2 : 0;
    const char *close = *s == '"' ? strchr(s + 1, '"') : NULL;
    if (!close) {
        *bad = true;
        return false;
    }
    /* At most 19 digits, so no overflow; without a leading zero, so that each version has one spelling. */
    bool digits = s[1] >= '1' && s[1] <= '9' && close - s <= 20;
    *version = digits ? strtoull(s + 1, &end, 10) : 0;
    if (!digits || end != close) {
        *version = 0;
    }
    *at = close + 1;
    return true;
}

/* 400, not ignored: a condition that is passed over writes over what it was to protect. */
static bool refuse_condition(struct route_call *c, const char *header)
{
    own_refuse(c, "condition_invalid", header,
               arena_printf(c->arena, "%s is not a condition that this call knows", header));
    return false;
}

/* The version of a header that holds one entity tag; one that is not ours, or weak, matches no version. */
static bool read_one_tag(const char *text, uint64_t *version)
{
    bool weak, more_weak, bad = false;
    uint64_t more;
    if (!next_tag(&text, &weak, version, &bad) || next_tag(&text, &more_weak, &more, &bad) || bad) {
        return false;
    }
    if (weak || *version == 0) {
        /* RFC 9110 §13.1.1: If-Match compares strongly. No version is ever this number. */
        *version = UINT64_MAX;
    }
    return true;
}

/* RFC 9110 §13.1: If-Match with a version, or If-None-Match: *; nothing weak, no lists. */
bool own_read_condition(struct route_call *c, struct ww_item_condition *out)
{
    const char *match = http_header(c->r, "If-Match"), *none = http_header(c->r, "If-None-Match");
    *out = (struct ww_item_condition){.size = sizeof *out, .if_absent = none != NULL};
    if (match && (http_header_count(c->r, "If-Match") > 1 || !read_one_tag(match, &out->if_version))) {
        return refuse_condition(c, "If-Match");
    }
    if (none && strcmp(none, "*") != 0) {
        return refuse_condition(c, "If-None-Match");
    }
    return true;
}

/* For 304: whoever has this version already gets no bytes, and nothing is opened for it. */
bool own_is_known(struct route_call *c, uint64_t version)
{
    const char *none = http_header(c->r, "If-None-Match");
    bool weak, bad = false;
    uint64_t v;
    if (none && strcmp(none, "*") == 0) {
        return true;
    }
    while (none && next_tag(&none, &weak, &v, &bad)) {
        if (v == version) {
            return true;
        }
    }
    return false;
}

/* The version, quoted: strong, since each write has another. */
void own_put_etag(struct route_call *c, uint64_t version)
{
    char tag[24];
    snprintf(tag, sizeof tag, "\"%" PRIu64 "\"", version);
    http_answer_header(c->r, "ETag", tag);
}

void own_answer_written(struct route_call *c, enum ww_err err, const struct ww_item_result *result)
{
    if (err) {
        answer_problem(c, err);
        return;
    }
    own_put_etag(c, result->version);
    http_answer(c->r, result->created ? 201 : 204, NULL, 0);
}

void own_answer_gone(struct route_call *c, enum ww_err err)
{
    if (err) {
        answer_problem(c, err);
    } else {
        http_answer(c->r, 204, NULL, 0);
    }
}

void own_answer_bytes(struct route_call *c, uint64_t version, const void *value, size_t n)
{
    own_put_etag(c, version);
    /* Whatever the bytes are: an item with a page in it must never run as one of ours. */
    http_answer_header(c->r, "Content-Type", "application/octet-stream");
    http_answer_header(c->r, "Content-Disposition", "attachment");
    http_answer(c->r, 200, value, n);
}
