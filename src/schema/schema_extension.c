/* The keywords ory.sh/kratos (kratos.md §5.3) and watchword of an identity schema. */
#include <string.h>

#include "schema_int.h"

/* What may stand in them, by dotted path; objects on the way are those whose names begin a path. A member is
 * a flag that sets its mark, or "via", whose two values set one mark each. */
static const struct extension_member {
    const char *path;
    unsigned flag, email, sms;
} kratos_members[] = {
    {"credentials.password.identifier", MARK_PASSWORD_IDENTIFIER, 0, 0},
    {"credentials.webauthn.identifier", MARK_WEBAUTHN_IDENTIFIER, 0, 0},
    {"credentials.passkey.display_name", MARK_PASSKEY_NAME, 0, 0},
    {"credentials.totp.account_name", MARK_TOTP_NAME, 0, 0},
    {"verification.via", 0, MARK_VERIFY_EMAIL, MARK_VERIFY_SMS},
    {"recovery.via", 0, MARK_RECOVER_EMAIL, MARK_RECOVER_SMS},
};

struct extension {
    struct compiler *c;
    struct subschema *s;
    const char *keyword;
    bool code_identifier;
    const char *code_via;
};

/* Told at the start, with the place: what a mark means must not depend on whether anybody reads the log. */
static bool refuse(struct extension *e, const char *path, const char *reason)
{
    char *place = schema_place_join(e->c->a, e->s->place, bytes_str(e->keyword));
    if (!place) {
        return schema_compile_no_memory(e->c);
    }
    return schema_compile_fail(e->c, place, "%s: %s", path, reason);
}

/* "email" or "phone", Kratos' two ways to reach somebody. */
static bool take_via(struct extension *e, const char *path, const struct js *v, const char **out)
{
    *out = NULL;
    if (v->type == JS_STRING && bytes_equal(v->string, bytes_str("email"))) {
        *out = "email";
    } else if (v->type == JS_STRING && bytes_equal(v->string, bytes_str("sms"))) {
        *out = "sms";
    }
    return *out ? true : refuse(e, path, "expected \"email\" or \"sms\"");
}

/* true marks the field; false is as absent, as Kratos has it. */
static bool take_flag(struct extension *e, const char *path, const struct js *v, unsigned mark)
{
    if (v->type != JS_BOOL) {
        return refuse(e, path, "expected true or false");
    }
    e->s->marks |= v->boolean ? mark : 0;
    return true;
}

static bool take_listed(struct extension *e, const struct extension_member *m, const struct js *v)
{
    const char *via = NULL;
    if (m->flag) {
        return take_flag(e, m->path, v, m->flag);
    }
    if (!take_via(e, m->path, v, &via)) {
        return false;
    }
    e->s->marks |= via[0] == 'e' ? m->email : m->sms;
    return true;
}

/* Only what is in the table: an extension that nobody knows would promise what nobody does. */
static bool take_leaf(struct extension *e, const char *path, const struct js *v)
{
    for (size_t i = 0; i < sizeof kratos_members / sizeof kratos_members[0]; i++) {
        if (strcmp(path, kratos_members[i].path) == 0) {
            return take_listed(e, &kratos_members[i], v);
        }
    }
    if (strcmp(path, "credentials.code.identifier") == 0) {
        e->code_identifier = v->type == JS_BOOL && v->boolean;
        return v->type == JS_BOOL || refuse(e, path, "expected true or false");
    }
    if (strcmp(path, "credentials.code.via") == 0) {
        return take_via(e, path, v, &e->code_via);
    }
    if (strcmp(path, "organizations.matcher") == 0) {
        return (v->type == JS_STRING && bytes_equal(v->string, bytes_str("email_domain"))) ||
               refuse(e, path, "expected \"email_domain\"");
    }
    /* Refused: a misspelled "identifer" would make accounts that nobody can sign in to. */
    return refuse(e, path, "not known");
}

static bool is_object_path(const char *path)
{
    static const char *const objects[] = {
        "credentials",      "credentials.password", "credentials.webauthn", "credentials.passkey",
        "credentials.totp", "credentials.code",     "verification",         "recovery",
        "organizations"};
    for (size_t i = 0; i < sizeof objects / sizeof objects[0]; i++) {
        if (strcmp(path, objects[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* Three levels at most: is_object_path knows none deeper. */
static bool take_object(struct extension *e, const char *path, const struct js *o)
{
    if (o->type != JS_OBJECT) {
        return refuse(e, *path ? path : "the keyword", "expected an object");
    }
    for (const struct js *m = o->first; m; m = m->next) {
        char *inner = arena_printf(e->c->a, "%s%s%s", path, *path ? "." : "", (const char *)m->key.p);
        if (!inner) {
            return schema_compile_no_memory(e->c);
        }
        if (!(is_object_path(inner) ? take_object(e, inner, m) : take_leaf(e, inner, m))) {
            return false;
        }
    }
    return true;
}

/* Our own marks beside Kratos', under a name of their own, so that a schema works in both. */
static bool take_watchword(struct extension *e, const struct js *o)
{
    e->keyword = "watchword";
    if (o->type != JS_OBJECT) {
        return refuse(e, "the keyword", "expected an object");
    }
    for (const struct js *m = o->first; m; m = m->next) {
        if (bytes_equal(m->key, bytes_str("searchable"))) {
            if (!take_flag(e, "searchable", m, MARK_SEARCHABLE)) {
                return false;
            }
        } else if (bytes_equal(m->key, bytes_str("sealed"))) {
            /* "sealed" promises that only the person can read a trait. Until that is true it must not be
             * accepted in silence. */
            if (m->type != JS_BOOL || m->boolean) {
                return refuse(e, "sealed",
                              m->type == JS_BOOL ? "sealed traits are not supported yet"
                                                 : "expected true or false");
            }
        } else {
            return refuse(e, (const char *)m->key.p, "not known");
        }
    }
    return true;
}

/* An address by SMS has no form of its own to be checked by, so the schema must give it one. */
static bool formats_fit(struct extension *e)
{
    if ((e->s->marks & MARK_VERIFY_SMS) && !e->s->format_name) {
        e->keyword = "ory.sh/kratos";
        return refuse(e, "verification.via",
                      "a format is required for sms; if there should be none, write \"no-validate\"");
    }
    return true;
}

bool schema_extension_compile(struct compiler *c, struct subschema *s)
{
    struct extension e = {.c = c, .s = s, .keyword = "ory.sh/kratos"};
    const struct js *kratos = js_get(s->json, e.keyword), *own = js_get(s->json, "watchword");
    s->disabled_field = js_get_bool(s->json, "disableFormField", false);
    if (kratos && !take_object(&e, "", kratos)) {
        return false;
    }
    if (e.code_identifier) {
        bool sms = e.code_via ? e.code_via[0] == 's' : s->format_name && strcmp(s->format_name, "tel") == 0;
        s->marks |= sms ? MARK_CODE_SMS : MARK_CODE_EMAIL;
    }
    return formats_fit(&e) && (!own || take_watchword(&e, own));
}

/* Where the schema names another format, that one counts and Kratos checks no more. */
bool schema_extension_needs_email(const struct subschema *s)
{
    return (s->marks & (MARK_VERIFY_EMAIL | MARK_RECOVER_EMAIL)) &&
           (!s->format_name || strcmp(s->format_name, "email") == 0);
}
