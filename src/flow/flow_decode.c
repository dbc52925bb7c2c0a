/* What was submitted, as one object: forms by the types that the schema gives, JSON as it is (docs/kratos.md
 * §2.4). Every text is held against its limit here, before anything else sees it. */
#include "flow_decode.h"

#include <stdlib.h>
#include <string.h>

#include "utf8.h"

/* ---- forms ---- */

/* With its length: a value may hold a NUL, and what is read must be all that was sent. */
static struct bytes pair_value(const struct ww_pair *p)
{
    return BYTES(p->value, p->length);
}

/* The fields sorted by name; of one name in their order. Sorted once, so that each trait finds its fields
 * by halving: fields times traits would be work that a stranger chooses. */
struct form {
    const struct ww_pair **pairs;
    size_t count;
};

/* By address where names are alike: qsort is not stable, and the first or last of a name counts. */
static int by_name(const void *x, const void *y)
{
    const struct ww_pair *const *a = x, *const *b = y;
    int order = strcmp((*a)->name, (*b)->name);
    return order ? order : (*a > *b) - (*a < *b);
}

static bool sort_form(struct arena *a, const struct ww_flow_request *in, struct form *out)
{
    *out = (struct form){ARENA_ARRAY(a, in->form_count, const struct ww_pair *), in->form_count};
    for (size_t i = 0; out->pairs && i < in->form_count; i++) {
        out->pairs[i] = &in->form[i];
    }
    if (out->pairs) {
        qsort(out->pairs, out->count, sizeof(const struct ww_pair *), by_name);
    }
    return out->pairs != NULL;
}

/* The first place whose name is not before this one. */
static size_t form_place(const struct form *form, const char *name)
{
    size_t low = 0, high = form->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (strcmp(form->pairs[middle]->name, name) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* Of one name the first value counts, of a truth the last (form_single). */
static bool counts(const struct form *form, size_t i, const struct js *value)
{
    size_t other = value && value->type == JS_BOOL ? i + 1 : i - 1;
    return value && (other >= form->count || strcmp(form->pairs[other]->name, form->pairs[i]->name) != 0);
}

/* Lists within elements are there before what is in them: js_set_fields makes objects of what it does not
 * know.
 */
static bool set_elements(struct arena *a, const struct schema_trait *t, struct js *list,
                         struct js_field *fields, size_t n)
{
    struct schema_trait ignored;
    uint64_t lists;
    size_t all = n, inner = 0;
    for (size_t i = 0; i < n; i++) {
        schema_element(t, fields[i].path, &ignored, &lists);
        inner += (size_t)__builtin_popcountll(lists);
    }
    struct js_field *every = inner ? ARENA_ARRAY(a, n + inner, struct js_field) : fields;
    if (every && inner) {
        memcpy(every, fields, n * sizeof *every);
    }
    for (size_t i = 0; every && inner && i < n; i++) {
        const char *end = fields[i].path;
        schema_element(t, end, &ignored, &lists);
        for (; lists; lists >>= 1) {
            end += strcspn(end, ".");
            char *path = lists & 1 ? arena_strndup(a, fields[i].path, (size_t)(end - fields[i].path)) : NULL;
            if (lists & 1) {
                every[all++] = (struct js_field){path, path ? js_array(a) : NULL, 0};
            }
            end++;
        }
    }
    return every && js_set_fields(a, list, every, all);
}

/* All values of the name, then those by index ("traits.emails.0", "traits.lines.0.price"). */
static struct js *form_list(struct arena *a, const struct form *form, const struct schema_trait *t,
                            const char *name)
{
    struct js_field *fields = ARENA_ARRAY(a, form->count, struct js_field);
    struct js *list = js_array(a), *indexed = js_array(a), *next;
    size_t n = 0, length = strlen(name);

    for (size_t i = form_place(form, name); fields && i < form->count; i++) {
        const struct ww_pair *p = form->pairs[i];
        if (strcmp(p->name, name) == 0) {
            struct js *v = flow_form_element(a, t, "0", pair_value(p));
            if (v) {
                js_push(list, v);
            }
        } else if (strncmp(p->name, name, length) != 0) {
            break;
        } else if (p->name[length] == '.') {
            /* "traits.emails.0": behind the list's name and its dot stands the index. */
            struct js *v = flow_form_element(a, t, p->name + length + 1, pair_value(p));
            if (counts(form, i, v)) {
                fields[n++] = (struct js_field){p->name + length + 1, v, 0};
            }
        }
    }
    if (!fields || !list || !indexed || !set_elements(a, t, indexed, fields, n)) {
        return NULL;
    }
    for (struct js *v = indexed->first; v; v = next) {
        next = v->next;
        js_push(list, v);
    }
    return list;
}

/* A truth takes the last value (an unchecked box has a hidden field before it), all else the first. */
static struct js *form_single(struct arena *a, const struct form *form, const struct schema_trait *t,
                              const char *name)
{
    size_t first = form_place(form, name), last = first;

    while (last < form->count && strcmp(form->pairs[last]->name, name) == 0) {
        last++;
    }
    if (first == last) {
        return NULL;
    }
    size_t taken = strcmp(t->type, "boolean") == 0 ? last - 1 : first;
    return flow_form_value(a, t, pair_value(form->pairs[taken]));
}

static void form_trait(struct arena *a, const struct form *form, const struct schema_trait *t,
                       struct js *traits)
{
    char *name = arena_printf(a, "traits.%s", t->path);
    bool list = strcmp(t->type, "array") == 0;
    struct js *value = !name ? NULL : list ? form_list(a, form, t, name) : form_single(a, form, t, name);

    /* An empty list is as one that was not sent: the flow of settings keeps what there was
     * (docs/DECISIONS.md). */
    if (value && (!list || value->count > 0)) {
        js_put_path(a, traits, t->path, value);
    }
}

static const struct ww_pair *form_pair(const struct ww_flow_request *in, const char *name)
{
    for (size_t i = 0; i < in->form_count; i++) {
        if (strcmp(in->form[i].name, name) == 0) {
            return &in->form[i];
        }
    }
    return NULL;
}

static enum ww_err form_traits(struct arena *a, const struct ww_flow_request *in,
                               const struct identity_schema *schema, struct js **out, const char **why)
{
    /* Clients may send the traits as one field of JSON; single fields then come on top of it. */
    const struct ww_pair *whole = form_pair(in, "traits");
    struct form form;

    *out = js_object(a);
    if (whole && whole->length > 0) {
        enum ww_err err = js_read(a, pair_value(whole), out, why);
        if (err || (*out)->type != JS_OBJECT) {
            *why = "Unable to decode the form field \"traits\" as a JSON object.";
            return err ? err : WW_EINVAL;
        }
    }
    if (!sort_form(a, in, &form)) {
        return WW_ENOMEM;
    }
    for (const struct schema_trait *t = schema ? schema->traits : NULL; t; t = t->next) {
        form_trait(a, &form, t, *out);
    }
    return *out ? WW_OK : WW_ENOMEM;
}

static const char *form_text(const struct ww_flow_request *in, const char *name)
{
    const struct ww_pair *p = form_pair(in, name);
    /* A text with a NUL in it is none, and not the part before it. */
    return p && strlen(p->value) == p->length ? p->value : "";
}

static enum ww_err decode_form(struct arena *a, const struct ww_flow_request *in,
                               const struct identity_schema *schema, struct flow_payload *out,
                               const char **why)
{
    /* The first of a name counts, here as in the CSRF check: two that differ cannot mean one thing to the one
     * and another to the other. */
    const struct ww_pair *token = form_pair(in, "csrf_token"), *password = form_pair(in, "password");
    const struct ww_pair *transient = form_pair(in, "transient_payload");
    struct js *payload = NULL;
    const char *ignored;

    out->method = form_text(in, "method");
    out->screen = form_text(in, "screen");
    out->csrf_token = token ? token->value : NULL;
    out->identifier = form_text(in, "identifier");
    /* The name of the field in Kratos before 1.0, which older pages still send. */
    if (!out->identifier[0]) {
        out->identifier = form_text(in, "password_identifier");
    }
    /* With its length, as it was sent: what a password may hold is for its own checks to say. */
    if (password && password->length > 0) {
        out->password = pair_value(password);
    }
    if (transient && js_read(a, pair_value(transient), &payload, &ignored) == WW_OK) {
        out->transient_payload = payload;
    }
    return form_traits(a, in, schema, &out->traits, why);
}

/* ---- JSON ---- */

/* A member as a text; numbers and truths are written out, as Kratos' decoder does. */
static const char *json_text(struct arena *a, const struct js *root, const char *key)
{
    const struct js *v = js_get(root, key);
    const char *text = js_get_text(root, key);

    if (!text && v && (v->type == JS_INT || v->type == JS_REAL || v->type == JS_BOOL)) {
        text = js_write(a, v);
    }
    return text ? text : "";
}

/* A list that was sent by indexes alone is there before its elements are set. */
static void prepare_lists(struct arena *a, const struct js_field *fields, size_t n,
                          const struct identity_schema *schema, struct js *traits)
{
    for (const struct schema_trait *t = schema ? schema->traits : NULL; t; t = t->next) {
        size_t length = strlen(t->path);
        bool list = strcmp(t->type, "array") == 0 && !js_path(traits, t->path);
        for (size_t i = 0; list && i < n; i++) {
            if (strncmp(fields[i].path, t->path, length) == 0 && fields[i].path[length] == '.') {
                js_put_path(a, traits, t->path, js_array(a));
                break;
            }
        }
    }
}

/* Nobody is called so: said by name, as where it is registered, instead of "missing". */
static bool names_with_nul(const struct js *root)
{
    const struct js *v = js_get(root, "identifier");
    return v && v->type == JS_STRING && strlen((const char *)v->string.p) != v->string.n;
}

/* A JSON body may have "traits" as an object, or "traits.email" as members of the body, or both, as Kratos
 * takes it. */
static enum ww_err json_traits(struct arena *a, struct js *root, const struct identity_schema *schema,
                               struct js **out, const char **why)
{
    struct js *traits = js_get(root, "traits"), *next;
    struct js_field *fields = ARENA_ARRAY(a, root->count, struct js_field);
    size_t n = 0;

    if (traits && traits->type != JS_OBJECT) {
        *why = "Expected the member \"traits\" to be a JSON object.";
        return WW_EINVAL;
    }
    *out = traits ? traits : js_object(a);
    for (struct js *m = root->first; fields && *out && m; m = next) {
        next = m->next;
        /* Taken out of the body when they are set: a node stands in one tree only, hence `next` before. */
        if (m->key.n > 7 && memcmp(m->key.p, "traits.", 7) == 0) {
            fields[n++] = (struct js_field){(const char *)m->key.p + 7, m, 0};
        }
    }
    if (!fields || !*out) {
        return WW_ENOMEM;
    }
    /* Each is looked for by name below; members that are no fields cost one pass. */
    if (n > LIMIT_FIELDS) {
        *why = "There are too many fields.";
        return WW_EINVAL;
    }
    prepare_lists(a, fields, n, schema, *out);
    if (!js_set_fields(a, *out, fields, n)) {
        *why = "A field is nested too deeply.";
        return WW_EINVAL;
    }
    return WW_OK;
}

/* As the name of gjson's type, which stands in Kratos' message. */
static const char *kind_of(const struct js *v)
{
    switch (v->type) {
    case JS_NULL:
        return "Null";
    case JS_BOOL:
        return v->boolean ? "True" : "False";
    case JS_INT:
    case JS_REAL:
        return "Number";
    case JS_STRING:
        return "String";
    case JS_ARRAY:
    case JS_OBJECT:
    default:
        return "JSON";
    }
}

static enum ww_err decode_json(struct arena *a, const struct ww_flow_request *in,
                               const struct identity_schema *schema, struct flow_payload *out,
                               const char **why)
{
    struct js *root;
    const char *ignored;

    enum ww_err err = js_read(a, BYTES(in->json_text, in->json_length), &root, &ignored);
    if (err) {
        *why = "Unable to decode form as JSON.";
        return err;
    }
    if (root->type != JS_OBJECT) {
        *why =
            arena_printf(a, "Expected JSON sent in request body to be an object but got: %s", kind_of(root));
        return *why ? WW_EINVAL : WW_ENOMEM;
    }
    if (names_with_nul(root)) {
        out->field = "identifier";
        *why = "a name or address holds no control characters";
        return WW_EINVAL;
    }
    /* Numbers are no password, though json_text would write them out: 1e3 and 1000 would be two. */
    const struct js *password = js_get(root, "password");
    out->members = root;
    out->method = json_text(a, root, "method");
    out->screen = json_text(a, root, "screen");
    out->csrf_token = js_get_text(root, "csrf_token");
    out->identifier = json_text(a, root, "identifier");
    if (!out->identifier[0]) {
        out->identifier = json_text(a, root, "password_identifier");
    }
    if (password && password->type == JS_STRING && password->string.n > 0) {
        out->password = password->string;
    }
    out->transient_payload = js_get(root, "transient_payload");
    return json_traits(a, root, schema, &out->traits, why);
}

/* ---- both ---- */

/* Every object that the schema describes is there, if empty: Kratos' decoder makes them, and rules such as
 * `required` inside them count then. */
static void default_objects(struct arena *a, const struct js *schema, struct js *value)
{
    const struct js *properties = js_get(schema, "properties");

    for (const struct js *p = properties ? properties->first : NULL; p; p = p->next) {
        const char *type = js_get_text(p, "type"), *key = (const char *)p->key.p;
        if (!type || strcmp(type, "object") != 0 || value->type != JS_OBJECT) {
            continue;
        }
        struct js *inner = js_get(value, key);
        /* For want of memory it stays absent, and `required` refuses the form: never accepted for less. */
        if (!inner) {
            inner = js_put(a, value, key, js_object(a));
        }
        if (inner) {
            default_objects(a, p, inner);
        }
    }
}

const char *flow_decode_text(struct arena *a, const struct ww_flow_request *in, const struct flow_payload *p,
                             const char *name)
{
    return p->members ? json_text(a, p->members, name) : form_text(in, name);
}

/* ---- limits ---- */

/* The limit is told, not the length: how much was sent its sender knows. */
static enum ww_err refuse_long(struct arena *a, struct flow_payload *out, const char *field, size_t most,
                               const char **why)
{
    out->field = field;
    *why = arena_printf(a, "This is longer than %zu bytes.", most);
    return field && *why ? WW_EINVAL : WW_ENOMEM;
}

/* What names an account is shorter than other texts; a list of them is looked at element by element. */
static bool long_identifier(const struct schema_trait *t, const struct js *v)
{
    bool found = v && v->type == JS_STRING && v->string.n > LIMIT_IDENTIFIER;

    for (const struct js *e = v && v->type == JS_ARRAY ? v->first : NULL; e && !found; e = e->next) {
        found = e->type == JS_STRING && e->string.n > LIMIT_IDENTIFIER;
    }
    /* Marked as anything else than searchable: it is something to sign in, verify or recover with. */
    return found && (t->marks & ~(unsigned)MARK_SEARCHABLE);
}

/* Before traits are normalised, compared, stored or shown. The field is named, its content is not
 * repeated. */
static enum ww_err check_limits(struct arena *a, const struct identity_schema *schema,
                                struct flow_payload *out, const char **why)
{
    if (strlen(out->identifier) > LIMIT_IDENTIFIER) {
        out->identifier = "";
        return refuse_long(a, out, "identifier", LIMIT_IDENTIFIER, why);
    }
    for (const struct schema_trait *t = schema ? schema->traits : NULL; t; t = t->next) {
        if (long_identifier(t, js_path(out->traits, t->path))) {
            return refuse_long(a, out, arena_printf(a, "traits.%s", t->path), LIMIT_IDENTIFIER, why);
        }
    }
    const char *field = js_long_text(a, out->traits, "traits", LIMIT_TRAIT_TEXT, LIMIT_IDENTIFIER);
    if (field) {
        return refuse_long(a, out, field, LIMIT_TRAIT_TEXT, why);
    }
    /* Fields by dotted names nest too, so that js_read's limit does not cover them. */
    if (js_depth(out->traits) >= LIMIT_JSON_DEPTH) {
        *why = "A field is nested too deeply.";
        return WW_EINVAL;
    }
    return WW_OK;
}

enum ww_err flow_decode(struct arena *a, const struct ww_flow_request *in,
                        const struct identity_schema *schema, struct flow_payload *out, const char **why)
{
    enum ww_err err = WW_EINVAL;

    *out = (struct flow_payload){.method = "", .screen = "", .identifier = ""};
    *why = "";
    /* Before the first look at any of them. */
    if (in->form_count > LIMIT_FIELDS) {
        *why = "There are too many fields.";
        return WW_EINVAL;
    }
    switch (in->body) {
    case WW_BODY_FORM:
        err = decode_form(a, in, schema, out, why);
        break;
    case WW_BODY_JSON:
        err = decode_json(a, in, schema, out, why);
        break;
    case WW_BODY_NONE:
    case WW_BODY_REFUSED:
    default:
        *why = in->body_refusal ? in->body_refusal : "There is no request body.";
        break;
    }
    if (err == WW_OK) {
        err = check_limits(a, schema, out, why);
    }
    if (err) {
        out->traits = NULL; /* what is refused is not shown again */
    } else if (schema) {
        default_objects(a, js_path(schema->json, "properties.traits"), out->traits);
    }
    return err;
}
