/* A flow as a page: its name, its forms by group, what is told at the top (kratos.md §2.1, §3). */
#include "flow_view_int.h"

static bool is_error(const struct js *message)
{
    const char *type = js_get_text(message, "type");
    return type && strcmp(type, "error") == 0;
}

/* "next" on the keyboard of a telephone for all fields but the last. */
static void set_enter_keys(struct view *v, struct js *form)
{
    struct js *fields = js_get(form, "fields");
    for (struct js *f = fields ? fields->first : NULL; f && f->next; f = f->next) {
        js_put(v->a, f, "enterkeyhint", js_text(v->a, "next"));
    }
}

/* ---- groups ---- */

/* How the nodes of a group are drawn on pages that have a form for each, in the order of the page. What has
 * no row is drawn behind them, under the group's own name. */
static const struct view_group {
    const char *group;
    const char *partial;                /* the flag of the template's part that draws it (settings.html) */
    const char *heading, *intro, *save; /* of the catalogue */
    bool username;                      /* has a password field: the sign-in name stands beside it */
} groups[] = {
    {"profile", "is_form", "settings.profile", NULL, "button.save_profile", false},
    {"password", "is_form", "settings.password", "settings.password_intro", "button.save_password", true},
};
enum { GROUPS = sizeof groups / sizeof groups[0] };

/* From the table of groups, so that a factor that is added needs a row there and no line here. */
static const struct view_group *find_group(const char *name)
{
    for (size_t i = 0; i < GROUPS; i++) {
        if (strcmp(groups[i].group, name) == 0) {
            return &groups[i];
        }
    }
    return NULL;
}

const char *flow_view_save_key(const char *group)
{
    const struct view_group *row = find_group(group);
    return row ? row->save : NULL;
}

const char *flow_view_group_at(size_t i)
{
    return i < GROUPS ? groups[i].group : NULL;
}

/* ---- forms ---- */

/* A form of all nodes of a group and of the group "default"; NULL: of all nodes. NULL when the group has no
 * button. */
static struct js *make_form(struct view *v, const char *group)
{
    const char *action = js_get_text(js_get(v->flow, "ui"), "action");
    struct js *form = view_form(v->a, action ? action : "", NULL);
    bool any = false;
    for (const struct js *n = v->nodes ? v->nodes->first : NULL; n; n = n->next) {
        bool own = !group || strcmp(flow_field_group(n), group) == 0;
        if (flow_field_is_input(n) && (own || strcmp(flow_field_group(n), "default") == 0)) {
            flow_field_add(v, form, n);
            any = any || (own && flow_field_is(n, "type", "submit"));
        }
    }
    set_enter_keys(v, form);
    return any ? form : NULL;
}

/* A form for each group of settings: to save one sends nothing of the others. */
static void add_group(struct view *v, const char *name, bool heading)
{
    const struct view_group *row = find_group(name);
    struct js *form = make_form(v, name);
    if (!form) {
        return;
    }
    view_flag(v->a, form, row ? row->partial : "is_form");
    if (heading) {
        const char *text = row ? flow_words(v, row->heading, NULL) : flow_words_own_name(v, name);
        js_put(v->a, form, "heading", js_text(v->a, text));
    }
    if (row && row->username && v->options->username) {
        js_put(v->a, form, "username", js_text(v->a, v->options->username));
    }
    view_add_form(v->a, v->model, form);
}

/* Those of the table in its order, then the others in the flow's. */
static void add_all_groups(struct view *v)
{
    const char *last = "default";
    for (size_t i = 0; i < GROUPS; i++) {
        add_group(v, groups[i].group, true);
    }
    for (const struct js *n = v->nodes ? v->nodes->first : NULL; n; n = n->next) {
        const char *name = flow_field_group(n);
        if (strcmp(name, last) != 0 && strcmp(name, "default") != 0 && !find_group(name)) {
            add_group(v, name, true);
            last = name;
        }
    }
}

/* What "Change" sends: back to the first step of a registration, or to another sign-in name. Hidden values
 * go along, so that what was typed in the first step is still there. */
static void add_change(struct view *v)
{
    const char *action = js_get_text(js_get(v->flow, "ui"), "action");
    bool second = flow_view_is_second_step(v);
    struct js *form = view_form(v->a, second && action ? action : v->options->rename, NULL);
    for (const struct js *n = v->nodes ? v->nodes->first : NULL; n; n = n->next) {
        if (flow_field_is_input(n) && flow_field_is(n, "type", "hidden")) {
            flow_field_hide(v, form, n);
        }
    }
    if (second) {
        view_hidden(v->a, form, "method", "profile");
        view_hidden(v->a, form, "screen", "previous");
    }
    js_put(v->a, v->model, "change", form);
}

/* Sign-in and registration are one form: what is typed goes along whichever button is pressed. */
static void add_whole(struct view *v)
{
    struct js *form = make_form(v, NULL);
    if (!form) {
        return;
    }
    js_put(v->a, form, "id", js_text(v->a, "flow"));
    if (v->options->again) {
        view_cancel(v->a, form, v->options->back, flow_words(v, "cancel", NULL));
    }
    view_add_form(v->a, v->model, form);
    if (js_get(form, "given") && !v->options->again) {
        add_change(v);
    }
}

/* ---- the page as a whole ---- */

/* Which group the form that was sent belongs to, for what is told at the top. */
static const char *used_group(const struct js *flow)
{
    const char *active = js_get_text(flow, "active");
    const struct js *nodes = js_get(js_get(flow, "ui"), "nodes");
    if (active && find_group(active)) {
        return active;
    }
    for (const struct js *n = nodes ? nodes->first : NULL; n; n = n->next) {
        const struct js *messages = js_get(n, "messages");
        if (messages && messages->count > 0) {
            return find_group(flow_field_group(n)) ? flow_field_group(n) : "profile";
        }
    }
    return NULL;
}

/* Where the cursor begins. Nothing is focussed on a page that shows an error: its message is read first. */
static struct js *first_field(struct view *v)
{
    const struct js *forms = js_get(v->model, "forms");
    return js_at(js_get(js_at(forms, 0), "fields"), 0);
}

/* What was done by name ("Your password was changed"), not that something was saved. */
static void add_done(struct view *v, const struct js *message)
{
    const char *used = used_group(v->flow);
    const char *text =
        used ? flow_words(v, arena_printf(v->a, "told.%s", used), NULL)
             : flow_words_keyed(v, "told", js_get_int(message, "id", 0), NULL, js_get(message, "context"));
    js_put(v->a, v->model, "done", js_text(v->a, text ? text : js_get_text(message, "text")));
}

static void add_notice(struct view *v, const char *text)
{
    if (text && *text) {
        struct js *o = js_object(v->a);
        struct js *list = js_get(v->model, "notes_told");
        js_put(v->a, o, "text", js_text(v->a, text));
        js_push(list ? list : js_put(v->a, v->model, "notes_told", js_array(v->a)), o);
    }
}

/* By the id, never by its text: the words are ours, the number is Kratos'. */
static void add_message(struct view *v, const struct js *message)
{
    int64_t id = js_get_int(message, "id", 0);
    const char *type = js_get_text(message, "type");
    /* Kratos' messages of an expired flow (kratos.md §3.4): the form is fresh, so this is a notice and no
     * mistake of anybody's. */
    bool expired = id == 4010001 || id == 4040001 || id == 4050001;
    if (is_error(message) && !expired) {
        /* Wrong credentials, a name that is taken: neither is at a field, and the link leads to the first. */
        struct js *field = id == 4000006 || id == 4000007 || id == 4000028 ? first_field(v) : NULL;
        view_error(v->a, v->model, NULL, flow_words_message(v, message, NULL, NULL));
        struct js *errors = js_get(js_get(v->model, "summary"), "errors");
        if (field && errors && errors->last) {
            js_put(v->a, errors->last, "href",
                   js_text(v->a, arena_printf(v->a, "#%s", js_get_text(field, "id"))));
        }
    } else if (type && strcmp(type, "success") == 0) {
        add_done(v, message);
    } else {
        const char *own =
            flow_words_keyed(v, expired ? "error" : "told", id, NULL, js_get(message, "context"));
        add_notice(v, own ? own : js_get_text(message, "text"));
    }
}

static void put_words(struct view *v, const char *key, const char *text_key)
{
    if (text_key) {
        js_put(v->a, v->model, key, js_text(v->a, flow_words(v, text_key, NULL)));
    }
}

/* The heading says which of three it is: signing in, proving it again, or a second factor. */
static void name_login(struct view *v)
{
    const char *aal = js_get_text(v->flow, "requested_aal");
    bool second = aal && strcmp(aal, "aal2") == 0;
    put_words(v, "title", v->options->again ? "login.again" : second ? "login.second" : "login.title");
    put_words(v, "intro", v->options->again ? "login.again_intro" : NULL);
    if (!v->options->again) {
        put_words(v, "help", "login.help");
        put_words(v, "help_text", "login.help_text");
        if (v->options->recover) {
            js_put(v->a, v->model, "recover", js_text(v->a, v->options->recover));
        }
    }
}

/* The step is told where there are two, so that nobody wonders what else will be asked. */
static void name_registration(struct view *v)
{
    bool second = flow_view_is_second_step(v), password = flow_field_find(v->nodes, "password", NULL);
    put_words(v, "title", second ? "registration.password" : "registration.title");
    put_words(v, "step", second ? "registration.step_2" : password ? NULL : "registration.step_1");
    put_words(v, "intro", password ? "registration.password_intro" : NULL);
}

static void name_settings(struct view *v)
{
    const struct view_group *row = v->options->group ? find_group(v->options->group) : NULL;
    put_words(v, "title", row ? row->heading : "settings.title");
    put_words(v, "intro", row ? row->intro : NULL);
}

/* From the flow's tree to a page's model, without HTML: templates draw it. */
void flow_view(struct arena *a, const struct js *flow, const struct flow_view_options *options,
               struct js *model)
{
    static void (*const names[])(struct view * v) = {
        [VIEW_LOGIN] = name_login, [VIEW_REGISTRATION] = name_registration, [VIEW_SETTINGS] = name_settings};
    const struct js *ui = js_get(flow, "ui"), *messages = js_get(ui, "messages");
    struct view v = {.a = a, .options = options, .flow = flow, .nodes = js_get(ui, "nodes"), .model = model};
    names[options->kind](&v);
    if (options->kind != VIEW_SETTINGS) {
        add_whole(&v);
    } else if (options->group) {
        add_group(&v, options->group, false);
    } else {
        add_all_groups(&v);
    }
    for (const struct js *m = messages ? messages->first : NULL; m; m = m->next) {
        add_message(&v, m);
    }
}
