/* Identities on the admin port, as Kratos' administration API has them (kratos.md §§1.2, 1.3, 5.2): one, and
 * what changes one. Lists: handle_identity_list.c. */
#include <string.h>

#include "admin_parts.h"
#include "handlers.h"
#include "http_error.h"
#include "urlform.h"

void admin_answer_json(struct route_call *c, int status, const char *json)
{
    dispatch_answer_text(c->r, status, "application/json; charset=utf-8", json);
}

static bool is_among(const char *id, const char *const *list)
{
    while (*list && strcmp(*list, id) != 0) {
        list++;
    }
    return *list != NULL;
}

/* What Kratos' decoder says stands in `message`, alone; all other refusals in `reason`. */
static struct js_error invalid(const struct ww_problem *p)
{
    static const char *const decoder[] = {"field_unknown", "field_type", "json_invalid", "json_not_object",
                                          NULL};
    struct js_error e = {.status = 400};
    if (strcmp(p->id, "patch_invalid") == 0) {
        e.message = p->text;
        e.reason = "An error occured when applying the JSON patch"; /* the spelling is Kratos' */
    } else if (is_among(p->id, decoder)) {
        e.message = p->text;
    } else {
        e.reason = p->text;
    }
    return e;
}

void admin_answer_refused(struct route_call *c, enum ww_err err)
{
    const struct ww_problem *p = ww_op_problem(c->op);
    struct js_error e;
    if (err == WW_ENOTFOUND) {
        bool credential = strcmp(p->id, "credential_not_found") == 0;
        e = credential ? (struct js_error){.status = 404, .reason = p->text}
                       : (struct js_error){.status = 404, .message = "Unable to locate the resource"};
    } else if (err == WW_ECONFLICT) {
        e = (struct js_error){.status = 409,
                              .reason = "This identity conflicts with another identity that already exists."};
    } else if (err == WW_EINVAL || err == WW_EVALIDATION || err == WW_EUNSUPPORTED) {
        e = invalid(p);
    } else {
        answer_problem(c, err);
        return;
    }
    http_error_answer(c->r, e);
}

/* 200 with json, or the refusal. */
static void answer(struct route_call *c, enum ww_err err, const char *json)
{
    if (err) {
        admin_answer_refused(c, err);
    } else {
        admin_answer_json(c, 200, json);
    }
}

bool admin_read_query(struct route_call *c, struct own_query *out)
{
    const char *why;
    if (urlform_read(c->arena, bytes_str(http_query(c->r)), &out->pairs, &out->count, &why) == WW_OK) {
        return true;
    }
    http_error_answer(c->r, (struct js_error){.status = 400, .reason = why});
    return false;
}

/* ---- one ---- */

void handle_identity_create(struct route_call *c)
{
    const char *json, *id;
    size_t n = 0;
    const uint8_t *body = http_body(c->r, &n);
    enum ww_err err = ww_admin_identity_create(c->op, (const char *)body, n, &json, &id);
    if (err) {
        admin_answer_refused(c, err);
        return;
    }
    /* The configured address, not the Host that was asked for. */
    size_t base = strlen(c->site->admin_url);
    while (base > 0 && c->site->admin_url[base - 1] == '/') {
        base--;
    }
    char *url = arena_printf(c->arena, "%.*s/identities/%s", (int)base, c->site->admin_url, id);
    if (url) {
        http_answer_header(c->r, "Location", url);
    }
    admin_answer_json(c, 201, json);
}

bool admin_read_repeated(struct route_call *c, const struct own_query *q, const char *name,
                         const char *const **out, size_t *count)
{
    const char **list = ARENA_ARRAY(c->arena, q->count, const char *);
    *count = 0;
    *out = list;
    if (!list) {
        http_error_answer(c->r, (struct js_error){.status = 503});
        return false;
    }
    for (size_t i = 0; i < q->count; i++) {
        if (strcmp(q->pairs[i].name, name) == 0) {
            list[(*count)++] = q->pairs[i].value;
        }
    }
    return true;
}

static void look(struct route_call *c, struct ww_identity_lookup *by)
{
    struct own_query q;
    const char *json;
    by->size = sizeof *by;
    if (admin_read_query(c, &q) &&
        admin_read_repeated(c, &q, "include_credential", &by->include, &by->include_count)) {
        enum ww_err err = ww_admin_identity_look(c->op, by, &json);
        answer(c, err, json);
    }
}

void handle_identity_get(struct route_call *c)
{
    look(c, &(struct ww_identity_lookup){.id = c->id});
}

void handle_identity_external(struct route_call *c)
{
    look(c, &(struct ww_identity_lookup){.external_id = c->id});
}

/* A name that somebody else has is told by the unique index here, and Kratos says so (kratos.md §5.2). */
static void answer_changed(struct route_call *c, enum ww_err err, const char *json)
{
    if (err == WW_ECONFLICT) {
        http_error_answer(
            c->r, (struct js_error){.status = 409,
                                    .message = "Unable to insert or update resource because a resource with "
                                               "that value exists already"});
        return;
    }
    answer(c, err, json);
}

void handle_identity_update(struct route_call *c)
{
    const char *json;
    size_t n = 0;
    const uint8_t *body = http_body(c->r, &n);
    enum ww_err err = ww_admin_identity_update(c->op, c->id, (const char *)body, n, &json);
    answer_changed(c, err, json);
}

void handle_identity_patch(struct route_call *c)
{
    const char *json;
    size_t n = 0;
    const uint8_t *body = http_body(c->r, &n);
    enum ww_err err = ww_admin_identity_patch(c->op, c->id, (const char *)body, n, &json);
    answer_changed(c, err, json);
}

void handle_identity_batch(struct route_call *c)
{
    const char *json;
    size_t n = 0;
    const uint8_t *body = http_body(c->r, &n);
    enum ww_err err = ww_admin_identity_batch(c->op, (const char *)body, n, &json);
    answer(c, err, json);
}

static void answer_gone(struct route_call *c, enum ww_err err)
{
    if (err) {
        admin_answer_refused(c, err);
    } else {
        http_answer(c->r, 204, NULL, 0);
    }
}

void handle_identity_delete(struct route_call *c)
{
    answer_gone(c, ww_admin_identity_delete(c->op, c->id));
}

void handle_credentials_delete(struct route_call *c)
{
    answer_gone(c, ww_admin_credentials_delete(c->op, c->id, c->id_below));
}
