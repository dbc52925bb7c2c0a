/* The form of a sign-in: all at once, the name first, again by the same person, or a second factor. */
#include <string.h>

#include "flow_method.h"

static bool identifier_first(const struct call *c)
{
    return strcmp(config_text(c->s->config, "selfservice.flows.login.style"), "identifier_first") == 0;
}

bool flow_login_is_refresh(const struct flow *f)
{
    return js_get_bool(f->wire, "refresh", false);
}

/* The title of the one trait that is an identifier; "ID" when there is none, several, or a list. */
static struct js *identifier_label(struct call *c)
{
    const struct schema_trait *only = NULL;
    struct js *values = js_object(c->a);
    size_t n = 0;

    for (const struct schema_trait *t = c->schema->traits; t; t = t->next) {
        if (t->marks & MARK_PASSWORD_IDENTIFIER) {
            only = t;
            n++;
        }
    }
    if (n != 1 || !only->title || strcmp(only->type, "array") == 0) {
        return flow_message(c->a, MSG_LABEL_ID, NULL);
    }
    js_put(c->a, values, "title", js_text(c->a, only->title));
    js_put(c->a, values, "name", js_text(c->a, arena_printf(c->a, "traits.%s", only->path)));
    return flow_message(c->a, MSG_LABEL_TITLE, values);
}

enum { HINT_MOST = 1024 }; /* bytes, as of any identifier */

/* What somebody typed already on another page. */
static const char *login_hint(const struct call *c)
{
    const char *hint = flow_call_query(c, "login_hint");
    return hint && strlen(hint) <= HINT_MOST ? hint : "";
}

static void add_identifier(struct call *c, struct js *nodes)
{
    bool first = identifier_first(c);

    js_push(nodes, flow_node(c->a, &(struct flow_input){.name = "identifier",
                                                        .type = "text",
                                                        .group = first ? "identifier_first" : "default",
                                                        .value = js_text(c->a, login_hint(c)),
                                                        .required = true,
                                                        .autocomplete = first ? "username webauthn" : NULL,
                                                        .label = identifier_label(c)}));
}

static enum ww_err build_refresh(struct call *c, struct flow *f)
{
    struct js *nodes = flow_nodes(f);
    const char **identifiers;
    size_t n;
    enum ww_err err = identity_identifiers(c->op, c->session->record, &identifiers, &n);

    if (err) {
        return err;
    }
    js_push(nodes, flow_node(c->a, &(struct flow_input){.name = "identifier",
                                                        .type = "hidden",
                                                        .group = "default",
                                                        .value = js_text(c->a, n ? identifiers[0] : "")}));
    flow_ui_add_message(c->a, f->ui, flow_message(c->a, MSG_LOGIN_REFRESH, NULL));
    flow_set_stage(c, f, STAGE_CREDENTIALS);
    return flow_methods_build(c, f);
}

static enum ww_err build_first_factor(struct call *c, struct flow *f)
{
    flow_set_stage(c, f, identifier_first(c) ? STAGE_IDENTIFIER : STAGE_CREDENTIALS);
    if (flow_methods_ask_name(c, f->stage)) {
        add_identifier(c, flow_nodes(f));
    }
    return flow_methods_build(c, f);
}

/* Members in the order that Kratos' type has, which recorded exchanges are compared with. */
static void put_login_members(struct call *c, struct flow *f, bool refresh, bool second)
{
    js_put(c->a, f->wire, "organization_id", js_null(c->a));
    js_put(c->a, f->wire, "created_at", js_copy(c->a, js_get(f->wire, "issued_at")));
    js_put(c->a, f->wire, "updated_at", js_copy(c->a, js_get(f->wire, "issued_at")));
    js_put(c->a, f->wire, "refresh", js_bool(c->a, refresh));
    js_put(c->a, f->wire, "requested_aal", js_text(c->a, second ? "aal2" : "aal1"));
    js_put(c->a, f->wire, "state", js_text(c->a, "choose_method"));
}

/* A native flow that has nothing but the token has no nodes at all; kratos.md §2.5. */
enum ww_err flow_login_build(struct call *c, struct flow *f)
{
    /* Both count only beside a session: without one there is nobody to ask again. A flow that replaces an
     * expired one (c->flow) goes on as what that was. */
    const char *wanted = flow_call_query(c, "refresh"), *aal = flow_call_query(c, "aal");
    bool refresh =
        c->session && (c->flow ? flow_login_is_refresh(c->flow) : wanted && strcmp(wanted, "true") == 0);
    /* What the query asks for is a wish; what a session may see is decided by its level alone. */
    bool second = c->session && aal && strcmp(aal, "aal2") == 0;
    enum ww_err err = WW_OK;

    put_login_members(c, f, refresh, second);
    if (second) {
        flow_ui_add_message(c->a, f->ui, flow_message(c->a, MSG_LOGIN_SECOND_FACTOR, NULL));
        flow_set_stage(c, f, STAGE_SECOND_FACTOR);
        err = flow_methods_build(c, f);
    } else if (refresh) {
        err = build_refresh(c, f);
    } else {
        err = build_first_factor(c, f);
    }
    /* Go writes an empty slice that was never made as null. */
    if (f->api && flow_nodes(f)->count == 0) {
        js_put(c->a, f->ui, "nodes", js_null(c->a));
    } else {
        js_push(flow_nodes(f), flow_node_csrf(c->a, flow_csrf_token(c, f->api)));
    }
    return err;
}
