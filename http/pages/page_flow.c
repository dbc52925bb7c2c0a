/* Pages over self-service flows. Their forms go straight to the flows' own routes. */
#include <string.h>

#include "page.h"

/* What the pages of one kind of flow are made from. */
struct flow_page {
    enum flow_view_kind view;
    enum ww_flow_action init, fetch;
    const char *name; /* in addresses */
};

static const struct flow_page login = {VIEW_LOGIN, WW_LOGIN_INIT, WW_LOGIN_FETCH, "login"};
static const struct flow_page registration = {VIEW_REGISTRATION, WW_REGISTRATION_INIT, WW_REGISTRATION_FETCH,
                                              "registration"};
static const struct flow_page settings = {VIEW_SETTINGS, WW_SETTINGS_INIT, WW_SETTINGS_FETCH, "settings"};

/* A flow that has expired, or is of another browser: a fresh one costs its owner a click. */
static void start_anew(struct page *p, const struct flow_page *kind)
{
    page_go(p, arena_printf(p->a, "%sself-service/%s/browser", p->site->base, kind->name));
}

static const char *error_id(const struct js *body)
{
    const char *id = js_get_text(js_get(body, "error"), "id");
    return id ? id : "";
}

/* Refusals that a page can answer better than an error page does. "redirect_browser_to" is the flow's own,
 * made of configured addresses (kratos.md §0.2). */
static void show_refused(struct page *p, const struct ww_flow_answer *out, const struct js *body)
{
    const char *id = error_id(body), *elsewhere = js_get_text(body, "redirect_browser_to");
    if (strcmp(id, "session_already_available") == 0) {
        page_done(p, "", NULL);
    } else if (elsewhere) {
        page_go(p, elsewhere);
    } else if (out->status == 401) {
        page_sign_in_first(p, false, NULL);
    } else if (strcmp(id, "self_service_flow_disabled") == 0) {
        page_put_text(p, "title", page_text(p, "error.registration_title"));
        page_say(p, page_text(p, "error.registration_text"));
        page_next(p, page_path(p, ""), "error.start");
        page_show(p, 403, "message.html");
    } else {
        page_refused(p, out->status == 429 ? WW_ETHROTTLED : out->status == 503 ? WW_EBUSY : WW_EINTERNAL);
    }
}

static void add_notice(struct page *p, const char *key)
{
    struct js *list = js_put(p->a, p->model, "notes_told", js_array(p->a)), *o = js_object(p->a);
    js_put(p->a, o, "text", js_text(p->a, page_text(p, key)));
    js_push(list, o);
}

/* The flow of ?flow=, or a fresh one with the reason when that one is gone. False: answered. */
static bool fetch(struct page *p, const struct flow_page *kind, struct js **flow)
{
    const char *id = page_query(p, "flow"), *return_to;
    struct ww_flow_answer out = {.size = sizeof out};
    if (!id) {
        start_anew(p, kind);
        return false;
    }
    if (!page_ask(p, kind->fetch, "id", id, &out, flow)) {
        return false;
    }
    if (out.status == 200) {
        return true;
    }
    /* Gone, expired, or of another browser: an old address in a bookmark leads to a new form, and tells
     * nothing of the old one. */
    if (out.status != 403 && out.status != 404 && out.status != 410) {
        show_refused(p, &out, *flow);
        return false;
    }
    return_to = js_get_text(js_path(*flow, "error.details"), "return_to");
    if (!page_ask(p, kind->init, "return_to", return_to, &out, flow)) {
        return false;
    }
    if (out.status != 200) {
        show_refused(p, &out, *flow);
        return false;
    }
    add_notice(p, "expired");
    return true;
}

/* Where somebody wants to go afterwards survives the change from sign-in to registration. */
static const char *with_return_to(struct page *p, const char *path, const struct js *flow)
{
    const char *return_to = js_get_text(flow, "return_to");
    struct buf b = BUF(p->a);
    buf_str(&b, path ? path : "");
    if (return_to) {
        buf_str(&b, "?return_to=");
        urlform_percent_encode(&b, bytes_str(return_to));
    }
    const char *url = buf_text(&b);
    return url ? url : "";
}

/* The page that carries a sign-in name along to a fresh sign-in. */
static const char *to_login(struct page *p, const struct js *flow)
{
    return with_return_to(p, page_path(p, "to-login"), flow);
}

/* Who does not want to confirm a sign-in goes back to the account. */
static const char *back_from(struct page *p, const struct js *flow)
{
    (void)flow;
    return page_path(p, "");
}

/* Into each form of the page: what is typed there must not be lost. */
static void put_tickets(struct page *p)
{
    const struct js *forms = js_get(p->model, "forms");
    for (struct js *form = forms ? forms->first : NULL; form; form = form->next) {
        page_put_ticket(p, form);
    }
}

/* With what was typed before a sign-in came between; secrets are never among it. */
static void show_typed(struct page *p, const struct flow_page *kind, const struct js *flow, const char *group,
                       const struct js *typed)
{
    struct flow_view_options options = {
        .kind = kind->view,
        .group = group,
        .least = ww_setting_int(p->c->site->ww, "selfservice.methods.password.config.min_password_length"),
        .sign_in = p->sign_in,
        .words = p->words,
        .username = page_sign_in_name(p),
        .again = kind->view == VIEW_LOGIN && js_get_bool(flow, "refresh", false),
        .back = back_from(p, flow),
        .recover = page_path(p, "recover"),
        .rename = to_login(p, flow),
        .typed = typed};
    flow_view(p->a, flow, &options, p->model);
    if (kind->view == VIEW_SETTINGS) {
        put_tickets(p);
    }
    page_show(p, 200, kind->view == VIEW_SETTINGS ? "settings.html" : "flow.html");
}

static void show_flow(struct page *p, const struct flow_page *kind, const struct js *flow, const char *group)
{
    show_typed(p, kind, flow, group, NULL);
}

/* For whoever comes with a form that waits: a line says that nothing is lost. */
void handle_page_login(struct route_call *c)
{
    struct page p;
    struct js *flow;
    if (!page_open(&p, c, NULL) || !fetch(&p, &login, &flow)) {
        return;
    }
    if (page_is_waiting(&p, js_get_text(flow, "return_to"))) {
        add_notice(&p, "kept.sign_in");
    }
    if (!js_get_bool(flow, "refresh", false) &&
        ww_setting_bool(c->site->ww, "selfservice.flows.registration.enabled")) {
        const char *path = arena_printf(p.a, "%sself-service/registration/browser", p.site->root);
        page_other(&p, "login.ask", "login.other", "href", with_return_to(&p, path, flow));
    }
    show_flow(&p, &login, flow, NULL);
}

/* ---- the browser's Back button: to the first step, filled in ---- */

static bool has_field(const struct js *flow, const char *wanted)
{
    const struct js *nodes = js_path(flow, "ui.nodes");
    for (const struct js *n = nodes ? nodes->first : NULL; n; n = n->next) {
        const char *name = js_get_text(js_get(n, "attributes"), "name");
        if (name && strcmp(name, wanted) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_second_step(const struct js *flow)
{
    return has_field(flow, "screen");
}

/* Told from the nodes alone: a page that draws flows needs no configuration. */
static bool is_first_of_two(const struct js *flow)
{
    return !has_field(flow, "screen") && !has_field(flow, "password");
}

/* What stood in the fields goes to the fresh flow, texts and truths alike. */
static struct js *typed_traits(struct page *p, const struct js *flow)
{
    const struct js *nodes = js_path(flow, "ui.nodes");
    struct js *list = js_array(p->a);
    for (const struct js *n = nodes ? nodes->first : NULL; n; n = n->next) {
        const struct js *value = js_path(n, "attributes.value");
        const char *name = js_get_text(js_get(n, "attributes"), "name");
        if (name && value && strncmp(name, "traits.", 7) == 0) {
            struct js *o = js_object(p->a);
            js_put(p->a, o, "name", js_text(p->a, name));
            js_put(p->a, o, "value", js_copy(p->a, value));
            js_push(list, o);
        }
    }
    return list;
}

/* The address of the first step, when the flow is at its second: a fresh flow with what was typed. */
static bool begin_again(struct page *p, struct js **flow, struct js **typed)
{
    struct ww_flow_answer out = {.size = sizeof out};
    *typed = typed_traits(p, *flow);
    if (!page_ask(p, registration.init, "return_to", js_get_text(*flow, "return_to"), &out, flow)) {
        return false;
    }
    if (out.status != 200) {
        show_refused(p, &out, *flow);
    }
    return out.status == 200;
}

/* Two steps have two addresses, so that Back leads to the first (docs/DECISIONS.md). */
void handle_page_registration(struct route_call *c)
{
    struct page p;
    struct js *flow, *typed = NULL;
    if (!page_open(&p, c, NULL) || !fetch(&p, &registration, &flow)) {
        return;
    }
    const char *step = page_query(&p, "step");
    bool wants_second = step && strcmp(step, "2") == 0, second = is_second_step(flow);
    if (second && !wants_second && !begin_again(&p, &flow, &typed)) {
        return;
    }
    if (!second && wants_second && is_first_of_two(flow)) {
        page_go(&p,
                arena_printf(p.a, "%sui/registration?flow=%s&step=1", p.site->base, page_query(&p, "flow")));
        return;
    }
    page_other(&p, "registration.ask", "registration.other", "action", to_login(&p, flow));
    show_typed(&p, &registration, flow, NULL, typed);
}

/* What was typed at another page as a sign-in name, whatever the field was called there. It goes into a
 * form of its own by POST: an address of somebody never stands in a URL. */
static const char *typed_name(struct page *p)
{
    const char *name = page_sent(p, "identifier");
    for (const struct js *t = p->sign_in ? p->sign_in->first : NULL; t && !name[0]; t = t->next) {
        name = page_sent(p, js_get_text(t, "name"));
    }
    return name;
}

/* By POST: a name that was typed stands in no address and no log. */
void handle_page_to_login(struct route_call *c)
{
    struct page p;
    struct ww_flow_answer out = {.size = sizeof out};
    struct js *flow;
    if (!page_open(&p, c, NULL)) {
        return;
    }
    const struct ww_pair query[] = {{"return_to", page_query(&p, "return_to"), 0},
                                    {"login_hint", typed_name(&p), 0}};
    if (!page_ask_with(&p, WW_LOGIN_INIT, query, 2, &out, &flow)) {
        return;
    }
    const char *id = js_get_text(flow, "id");
    if (out.status != 200 || !id) {
        show_refused(&p, &out, flow);
    } else {
        page_go(&p, arena_printf(p.a, "%sui/login?flow=%s", p.site->base, id));
    }
}

/* Which page of one group a flow was begun on: they put themselves in as the address to return to. Kept in
 * return_to, so that no page has state beside its flow. */
static const char *begun_on(struct page *p, const struct js *flow)
{
    const char *return_to = js_get_text(flow, "return_to"), *group;
    for (size_t i = 0; return_to && (group = flow_view_group_at(i)); i++) {
        const char *url = page_url(p, group);
        if (url && strncmp(return_to, url, strlen(url)) == 0) {
            return group;
        }
    }
    return NULL;
}

static enum page_section section_of(const char *group)
{
    return group && strcmp(group, "password") == 0 ? SECTION_PASSWORD : SECTION_PROFILE;
}

void handle_page_settings(struct route_call *c)
{
    struct page p;
    struct js *flow;
    if (!page_open_account(&p, c, SECTION_PROFILE, NULL) || !fetch(&p, &settings, &flow)) {
        return;
    }
    const char *group = begun_on(&p, flow);
    page_here(&p, section_of(group));
    show_flow(&p, &settings, flow, group);
}

static void show_group(struct page *p, const char *group, const struct js *typed)
{
    struct ww_flow_answer out = {.size = sizeof out};
    struct js *flow;
    char *return_to = arena_printf(p->a, "%sui/%s", p->site->base, group);
    if (!page_ask(p, WW_SETTINGS_INIT, "return_to", return_to, &out, &flow)) {
        return;
    }
    if (out.status != 200) {
        show_refused(p, &out, flow);
        return;
    }
    show_typed(p, &settings, flow, group, typed);
}

/* After a sign-in: the fields as they were sent, not saved until their owner says so. */
void page_profile_typed(struct page *p, const struct js *fields)
{
    page_here(p, SECTION_PROFILE);
    add_notice(p, "kept.profile");
    show_group(p, "profile", fields);
}

void handle_page_profile(struct route_call *c)
{
    struct page p;
    if (page_open_account(&p, c, SECTION_PROFILE, NULL)) {
        show_group(&p, "profile", NULL);
    }
}

void handle_page_password(struct route_call *c)
{
    struct page p;
    if (page_open_account(&p, c, SECTION_PASSWORD, NULL)) {
        show_group(&p, "password", NULL);
    }
}

/* ---- errors that flows were left with ---- */

static const struct {
    const char *id, *title, *text;
} known_errors[] = {
    {"security_csrf_violation", "error.csrf_title", "error.csrf_text"},
    {"self_service_flow_return_to_forbidden", "error.return_title", "error.return_text"},
    {"self_service_flow_disabled", "error.registration_title", "error.registration_text"},
    {"identity_disabled", "error.disabled_title", "error.disabled_text"},
    {"throttled", "throttled.title", "error.unavailable"},
};

/* Words of ours for what is known; Kratos' own reasons are for programmers. */
void handle_page_error(struct route_call *c)
{
    struct page p;
    struct ww_flow_answer out = {.size = sizeof out};
    struct js *body;
    const char *title = "error.title", *text = "error.text";
    if (!page_open(&p, c, NULL) || !page_ask(&p, WW_ERROR_FETCH, "id", page_query(&p, "id"), &out, &body)) {
        return;
    }
    for (size_t i = 0; i < sizeof known_errors / sizeof known_errors[0]; i++) {
        if (strcmp(error_id(body), known_errors[i].id) == 0) {
            title = known_errors[i].title;
            text = known_errors[i].text;
        }
    }
    /* A form whose flow was swept a day after its end: of what was typed there is nothing left to show. */
    if (js_get_int(js_get(body, "error"), "code", 0) == 404 && out.status == 200) {
        title = "error.gone_title";
        text = "error.gone_text";
    }
    page_put_text(&p, "title", page_text(&p, title));
    page_say(&p, page_text(&p, text));
    page_next(&p, page_path(&p, ""), "error.start");
    if (out.status == 200) {
        page_put_text(&p, "reference", js_get_text(body, "id"));
    }
    page_show(&p, 200, "message.html");
}
