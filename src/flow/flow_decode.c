#include "flow_decode.h"

#include <string.h>

/* ---- forms ---- */

static bool is_one_of(struct bytes text, const char *const *words)
{
    for (; *words; words++) {
        if (bytes_equal(text, bytes_str(*words))) {
            return true;
        }
    }
    return false;
}

/* The spellings that Go's strconv.ParseBool knows, as Kratos does. */
static struct js *boolean_value(struct arena *a, struct bytes text)
{
    static const char *const yes[] = {"1", "t", "T", "TRUE", "true", "True", NULL};
    static const char *const no[] = {"0", "f", "F", "FALSE", "false", "False", NULL};

    if (is_one_of(text, yes) || is_one_of(text, no)) {
        return js_bool(a, is_one_of(text, yes));
    }
    return js_string(a, text);
}

static struct js *number_value(struct arena *a, const struct schema_trait *t, struct bytes text)
{
    struct js *v = NULL;
    const char *why;

    if (js_read(a, text, &v, &why) == WW_OK &&
        (v->type == JS_INT || (v->type == JS_REAL && strcmp(t->type, "number") == 0))) {
        return v;
    }
    return js_string(a, text);
}

struct js *flow_form_value(struct arena *a, const struct schema_trait *t, struct bytes text)
{
    bool boolean = strcmp(t->type, "boolean") == 0;
    bool number = strcmp(t->type, "number") == 0 || strcmp(t->type, "integer") == 0;

    if (text.n == 0) { /* dropped, so that a required text counts as missing */
        if (!t->required || (!boolean && !number)) {
            return NULL;
        }
        return boolean ? js_bool(a, false) : js_int(a, 0);
    }
    return boolean ? boolean_value(a, text) : number ? number_value(a, t, text) : js_string(a, text);
}

static struct bytes pair_value(const struct ww_pair *p)
{
    return BYTES(p->value, p->length);
}

/* A list takes all values of its name, a truth the last (an unchecked box has a hidden field before it), all
 * else the first. */
static void form_trait(struct arena *a, const struct ww_flow_request *in, const struct schema_trait *t,
                       struct js *traits)
{
    char *name = arena_printf(a, "traits.%s", t->path);
    bool list = strcmp(t->type, "array") == 0, boolean = strcmp(t->type, "boolean") == 0, found = false;
    struct js *values = list ? js_array(a) : NULL, *value = NULL;

    for (size_t i = 0; name && i < in->form_count; i++) {
        if (strcmp(in->form[i].name, name) != 0) {
            continue;
        }
        if (list && in->form[i].length > 0) {
            js_push(values, js_string(a, pair_value(&in->form[i])));
        } else if (!list && (boolean || !found)) {
            value = flow_form_value(a, t, pair_value(&in->form[i]));
        }
        found = true;
    }
    if (found && list && values && values->count > 0) {
        value = values;
    }
    if (value) {
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
    const struct ww_pair *whole = form_pair(in, "traits");

    *out = js_object(a);
    if (whole && whole->length > 0) {
        enum ww_err err = js_read(a, pair_value(whole), out, why);
        if (err || (*out)->type != JS_OBJECT) {
            *why = "Unable to decode the form field \"traits\" as a JSON object.";
            return err ? err : WW_EINVAL;
        }
    }
    for (const struct schema_trait *t = schema ? schema->traits : NULL; t; t = t->next) {
        form_trait(a, in, t, *out);
    }
    return *out ? WW_OK : WW_ENOMEM;
}

static const char *form_text(const struct ww_flow_request *in, const char *name)
{
    const struct ww_pair *p = form_pair(in, name);
    return p && strlen(p->value) == p->length ? p->value : "";
}

static enum ww_err decode_form(struct arena *a, const struct ww_flow_request *in,
                               const struct identity_schema *schema, struct flow_payload *out,
                               const char **why)
{
    const struct ww_pair *token = form_pair(in, "csrf_token"), *password = form_pair(in, "password");
    const struct ww_pair *transient = form_pair(in, "transient_payload");
    struct js *payload = NULL;
    const char *ignored;

    out->method = form_text(in, "method");
    out->screen = form_text(in, "screen");
    out->csrf_token = token ? token->value : NULL;
    out->identifier = form_text(in, "identifier");
    if (!out->identifier[0]) {
        out->identifier = form_text(in, "password_identifier");
    }
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

static enum ww_err json_traits(struct arena *a, const struct js *root, struct js **out, const char **why)
{
    const struct js *traits = js_get(root, "traits");

    if (traits && traits->type != JS_OBJECT) {
        *why = "Expected the member \"traits\" to be a JSON object.";
        return WW_EINVAL;
    }
    *out = traits ? js_copy(a, traits) : js_object(a);
    for (const struct js *m = root->first; m; m = m->next) {
        if (m->key.n > 7 && memcmp(m->key.p, "traits.", 7) == 0) {
            js_put_path(a, *out, (const char *)m->key.p + 7, js_copy(a, m));
        }
    }
    return *out ? WW_OK : WW_ENOMEM;
}

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

static enum ww_err decode_json(struct arena *a, const struct ww_flow_request *in, struct flow_payload *out,
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
    const struct js *password = js_get(root, "password");
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
    return json_traits(a, root, &out->traits, why);
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
        if (!inner) {
            inner = js_put(a, value, key, js_object(a));
        }
        if (inner) {
            default_objects(a, p, inner);
        }
    }
}

enum ww_err flow_decode(struct arena *a, const struct ww_flow_request *in,
                        const struct identity_schema *schema, struct flow_payload *out, const char **why)
{
    enum ww_err err = WW_EINVAL;

    *out = (struct flow_payload){.method = "", .screen = "", .identifier = ""};
    *why = "";
    switch (in->body) {
    case WW_BODY_FORM:
        err = decode_form(a, in, schema, out, why);
        break;
    case WW_BODY_JSON:
        err = decode_json(a, in, out, why);
        break;
    case WW_BODY_NONE:
    case WW_BODY_REFUSED:
    default:
        *why = in->body_refusal ? in->body_refusal : "There is no request body.";
        break;
    }
    if (err == WW_OK && schema) {
        default_objects(a, js_path(schema->json, "properties.traits"), out->traits);
    }
    return err;
}
