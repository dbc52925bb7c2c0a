/* Runs a compiled schema over a document, with a limit on the work. */
#include <stdio.h>
#include <string.h>

#include "schema_int.h"

/* One budget for the whole value: schemas that branch over values that branch multiply, and only a sum
 * bounds them. */
bool schema_check_spend(struct check *c, size_t n)
{
    if (n >= c->budget) {
        c->budget = 0;
        c->exhausted = true;
        return false;
    }
    c->budget -= (uint32_t)n;
    return true;
}

const char *schema_check_text(struct check *c, const char *text)
{
    c->no_memory |= !text;
    return text ? text : "";
}

bool schema_check_quietly(struct check *c, const struct subschema *s, const struct js *v)
{
    struct causes none = {0};
    /* No texts, no causes: under "not", "anyOf" and "if" most answers are thrown away. */
    c->quiet++;
    bool valid = schema_check_value(c, s, v, NULL, &none);
    c->quiet--;
    return valid;
}

/* ---- any type ---- */

/* An integer is any number without a fraction, however it was written. Bits, since a schema may allow
 * several. */
static bool type_matches(const struct subschema *s, const struct js *v)
{
    return s->types == 0 || (s->types & schema_type_of(v)) ||
           ((s->types & TYPE_INTEGER) && js_is_number(v) && js_number_is_integer(v));
}

static void type_failed(struct check *c, const struct subschema *s, const struct js *v, const struct spot *at,
                        struct causes *out)
{
    if (!schema_leaf_wanted(c, out)) {
        return;
    }
    struct buf names = BUF(c->a);
    for (const struct js *name = s->type_names->first; name; name = name->next) {
        buf_str(&names, name == s->type_names->first ? "" : " or ");
        buf_bytes(&names, name->string);
    }
    struct js *context = js_object(c->a);
    js_put(c->a, context, "allowed_types", js_copy(c->a, s->type_names));
    js_put(c->a, context, "actual_type", js_text(c->a, schema_type_name(schema_type_of(v))));
    const char *text = buf_text(&names);
    schema_leaf_add(c, out, s, at, "type", context, "expected %s, but got %s", schema_check_text(c, text),
                    schema_type_name(schema_type_of(v)));
}

static bool equal(struct check *c, const struct js *a, const struct js *b)
{
    /* Objects in another order are compared member by member: quadratic, and paid so. */
    return schema_check_spend(c, 1 + a->count * a->count / 64) && js_equal(a, b);
}

static bool is_container(const struct js *v)
{
    return v->type == JS_ARRAY || v->type == JS_OBJECT;
}

static void check_constant(struct check *c, const struct subschema *s, const struct js *v,
                           const struct spot *at, struct causes *out)
{
    if (equal(c, v, s->constant) || !schema_leaf_wanted(c, out)) {
        return;
    }
    struct js *context = js_object(c->a);
    if (is_container(s->constant)) {
        schema_leaf_add(c, out, s, at, "const", context, "const failed");
        return;
    }
    const char *expected = schema_go_value(c->a, s->constant);
    js_put(c->a, context, "expected", js_text(c->a, expected));
    schema_leaf_add(c, out, s, at, "const", context, "value must be %s", schema_check_text(c, expected));
}

static const char *enumeration_text(struct check *c, const struct js *list)
{
    struct buf b = BUF(c->a);
    buf_str(&b, list->count == 1 ? "value must be " : "value must be one of ");
    for (const struct js *v = list->first; v; v = v->next) {
        if (is_container(v)) {
            return "enum failed";
        }
        buf_str(&b, v == list->first ? "" : ", ");
        buf_str(&b, schema_check_text(c, schema_go_value(c->a, v)));
    }
    return schema_check_text(c, buf_text(&b));
}

static void check_enumeration(struct check *c, const struct subschema *s, const struct js *v,
                              const struct spot *at, struct causes *out)
{
    for (const struct js *one = s->enumeration->first; one; one = one->next) {
        if (equal(c, v, one)) {
            return;
        }
    }
    if (schema_leaf_wanted(c, out)) {
        schema_leaf_add(c, out, s, at, "enum", NULL, "%s", enumeration_text(c, s->enumeration));
    }
}

/* Formats that need a library or a pattern cost as much as one. */
static bool format_holds(struct check *c, const struct format *format, struct bytes text)
{
    if (!schema_check_spend(c, 1 + text.n / 16)) {
        return false;
    }
    if (format->plain) {
        return format->plain(text);
    }
    enum ww_err err = schema_check_spend(c, REGEX_COST) ? format->full(c->a, text) : WW_EVALIDATION;
    c->no_memory |= err == WW_ENOMEM;
    return err == WW_OK;
}

static void format_failed(struct check *c, const struct subschema *s, const struct js *v,
                          const struct spot *at, const char *format, struct causes *out)
{
    if (!schema_leaf_wanted(c, out)) {
        return;
    }
    const char *value = schema_go_value(c->a, v);
    struct js *context = NULL;
    if (!value) {
        c->no_memory = true;
        return;
    }
    if (strcmp(format, "email") == 0 || strcmp(format, "tel") == 0) {
        context = js_object(c->a);
        js_put(c->a, context, "value", v->type == JS_STRING ? js_copy(c->a, v) : js_text(c->a, value));
    }
    struct schema_failure *leaf =
        schema_leaf_add(c, out, s, at, "format", context, "%s is not valid \"%s\"", value, format);
    if (leaf) {
        leaf->format = format;
    }
}

/* The marks for addresses check the value as an e-mail address themselves, after the format. What the format
 * said already is said again in the tree only, as Kratos does. */
static void check_marks(struct check *c, const struct subschema *s, const struct js *v, const struct spot *at,
                        struct causes *out)
{
    const struct format *email = schema_format_find("email");
    if (!schema_extension_needs_email(s) || (v->type == JS_STRING && format_holds(c, email, v->string))) {
        return;
    }
    bool said = s->format == email && v->type == JS_STRING;
    if (!said || c->quiet) {
        format_failed(c, s, v, at, "email", out);
        return;
    }
    const char *value = schema_go_value(c->a, v);
    schema_cause_add(c, out, s, at, "format", "%s is not valid \"email\"", schema_check_text(c, value));
}

/* ---- schemas that apply to the same value ---- */

/* Every branch is checked even after one has failed: people see all that is wrong at once. */
static void check_all_of(struct check *c, const struct subschema *s, const struct js *v,
                         const struct spot *at, struct causes *out)
{
    for (size_t i = 0; i < s->all_of.n; i++) {
        struct causes inner = {0};
        char place[32];
        if (!schema_check_value(c, s->all_of.at[i], v, at, &inner)) {
            snprintf(place, sizeof place, "allOf/%zu", i);
            schema_causes_adopt(schema_cause_add(c, out, s, at, place, "allOf failed"), &inner);
        }
    }
}

/* The branches are tried without causes first; only when none will do are they asked why. */
static void none_failed(struct check *c, const struct subschema *s, const struct schema_list *branches,
                        const struct js *v, const struct spot *at, const char *keyword, struct causes *out)
{
    struct causes inner = {0};
    for (size_t i = 0; i < branches->n && !c->quiet; i++) {
        (void)schema_check_value(c, branches->at[i], v, at, &inner);
    }
    schema_causes_adopt(schema_cause_add(c, out, s, at, keyword, "%s failed", keyword), &inner);
}

static void check_any_of(struct check *c, const struct subschema *s, const struct js *v,
                         const struct spot *at, struct causes *out)
{
    for (size_t i = 0; i < s->any_of.n; i++) {
        if (schema_check_quietly(c, s->any_of.at[i], v)) {
            return;
        }
    }
    none_failed(c, s, &s->any_of, v, at, "anyOf", out);
}

/* Stops at the second that holds: more would not change the answer. */
static void check_one_of(struct check *c, const struct subschema *s, const struct js *v,
                         const struct spot *at, struct causes *out)
{
    size_t found = 0, first = 0;
    for (size_t i = 0; i < s->one_of.n; i++) {
        if (!schema_check_quietly(c, s->one_of.at[i], v)) {
            continue;
        }
        if (found++ == 0) {
            first = i;
            continue;
        }
        schema_leaf_add(c, out, s, at, "oneOf", NULL, "valid against schemas at indexes %zu and %zu", first,
                        i);
        return;
    }
    if (found == 0) {
        none_failed(c, s, &s->one_of, v, at, "oneOf", out);
    }
}

static void check_condition(struct check *c, const struct subschema *s, const struct js *v,
                            const struct spot *at, struct causes *out)
{
    bool holds = schema_check_quietly(c, s->condition, v);
    const struct subschema *next = holds ? s->consequence : s->alternative;
    struct causes inner = {0};
    if (next && !schema_check_value(c, next, v, at, &inner)) {
        schema_causes_adopt(schema_cause_add(c, out, s, at, holds ? "then" : "else",
                                             holds ? "if-then failed" : "if-else failed"),
                            &inner);
    }
}

static void check_applied(struct check *c, const struct subschema *s, const struct js *v,
                          const struct spot *at, struct causes *out)
{
    if (s->negated && schema_check_quietly(c, s->negated, v)) {
        schema_leaf_add(c, out, s, at, "not", NULL, "not failed");
    }
    check_all_of(c, s, v, at, out);
    if (s->any_of.n > 0) {
        check_any_of(c, s, v, at, out);
    }
    if (s->one_of.n > 0) {
        check_one_of(c, s, v, at, out);
    }
    if (s->condition) {
        check_condition(c, s, v, at, out);
    }
}

/* ---- one value ---- */

static void check_keywords(struct check *c, const struct subschema *s, const struct js *v,
                           const struct spot *at, struct causes *out)
{
    if (s->constant) {
        check_constant(c, s, v, at, out);
    }
    if (s->enumeration) {
        check_enumeration(c, s, v, at, out);
    }
    if (s->format && v->type == JS_STRING && !format_holds(c, s->format, v->string)) {
        format_failed(c, s, v, at, s->format->name, out);
    }
    check_applied(c, s, v, at, out);
    if (v->type == JS_OBJECT) {
        schema_check_object(c, s, v, at, out);
    } else if (v->type == JS_ARRAY) {
        schema_check_array(c, s, v, at, out);
    } else if (v->type == JS_STRING) {
        schema_check_string(c, s, v, at, out);
    } else if (js_is_number(v)) {
        schema_check_number(c, s, v, at, out);
    }
    check_marks(c, s, v, at, out);
}

static void check_reference(struct check *c, const struct subschema *s, const struct js *v,
                            const struct spot *at, struct causes *out)
{
    struct causes inner = {0};
    if (!schema_check_value(c, s->ref, v, at, &inner)) {
        const char *quoted = schema_go_quote(c->a, bytes_str(s->ref->place));
        schema_causes_adopt(
            schema_cause_add(c, out, s, at, "$ref", "doesn't validate with %s", schema_check_text(c, quoted)),
            &inner);
    }
}

static void check_one(struct check *c, const struct subschema *s, const struct js *v, const struct spot *at,
                      struct causes *out)
{
    /* The schema `false`. */
    if (s->never) {
        schema_leaf_add(c, out, s, at, "", NULL, "always fail");
    } else if (s->ref) {
        check_reference(c, s, v, at, out);
    } else if (!type_matches(s, v)) {
        type_failed(c, s, v, at, out);
    } else {
        check_keywords(c, s, v, at, out);
    }
}

bool schema_check_value(struct check *c, const struct subschema *s, const struct js *v, const struct spot *at,
                        struct causes *out)
{
    struct causes own = {0};
    /* The recursion is as deep as value and schema together. */
    if (c->depth >= SCHEMA_MAX_DEPTH) {
        c->exhausted = true;
        c->budget = 0;
    }
    if (!schema_check_spend(c, 1) || c->no_memory) {
        out->count++;
        return false;
    }
    c->depth++;
    check_one(c, s, v, at, &own);
    c->depth--;
    if (own.count > 1 && own.first && !c->quiet) {
        schema_causes_adopt(schema_cause_add(c, out, s, at, "", "validation failed"), &own);
    } else if (own.count > 0) {
        schema_causes_move(out, &own);
    }
    return own.count == 0;
}

enum ww_err schema_validate(struct arena *a, const struct schema_program *p, const struct js *instance,
                            struct schema_failure **out)
{
    struct check c = {.a = a, .budget = SCHEMA_BUDGET};
    struct causes causes = {0};
    *out = NULL;
    bool valid = schema_check_value(&c, p->root, instance, NULL, &causes);
    if (c.no_memory) {
        return WW_ENOMEM;
    }
    /* Never valid without an answer: the value might be what the schema forbids. */
    if (c.exhausted || (c.limited && valid)) {
        causes = (struct causes){0};
        c.leaves = 0;
        schema_leaf_add(&c, &causes, p->root, NULL, "", NULL, "the value is too complex to be checked");
    } else if (valid) {
        return WW_OK;
    }
    *out = schema_causes_leaves(&causes);
    return c.no_memory || !*out ? WW_ENOMEM : WW_EVALIDATION;
}
