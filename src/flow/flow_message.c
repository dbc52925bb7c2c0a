/* Kratos' messages: ids, texts and contexts, a row each (kratos.md §3.4). */
#include "flow_message.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* In a text, {key} is a value: a string or number as it is, a list joined with " or "; {key|q} is quoted and
 * escaped; {key|m} is a number with two decimals. `context` names the values that clients get, separated by
 * blanks: they render texts of their own from id and context, so names and types are part of the contract. */
struct message {
    int id;
    char type; /* i info, e error, s success */
    const char *text, *context;
};

/* Word for word as Kratos writes them, mistakes included: translations of clients are keyed by id, tests by
 * text. */
static const struct message messages[] = {
    {MSG_LOGIN_SIGN_IN, 'i', "Sign in", ""},
    {MSG_LOGIN_REFRESH, 'i', "Please confirm this action by verifying that it is you.", ""},
    {MSG_LOGIN_SECOND_FACTOR, 'i', "Please complete the second authentication challenge.", ""},
    {MSG_LOGIN_WITH_PASSWORD, 'i', "Sign in with password", ""},
    {MSG_REGISTRATION_SIGN_UP, 'i', "Sign up", ""},
    {MSG_REGISTRATION_BACK, 'i', "Back", ""},
    {MSG_REGISTRATION_CHOOSE_CREDENTIAL, 'i', "Please choose a credential to authenticate yourself with.",
     ""},
    {MSG_SETTINGS_SAVED, 's', "Your changes have been saved!", ""},
    {MSG_LABEL_PASSWORD, 'i', "Password", ""},
    {MSG_LABEL_TITLE, 'i', "{title}", "title name"},
    {MSG_LABEL_SAVE, 'i', "Save", ""},
    {MSG_LABEL_ID, 'i', "ID", ""},
    {MSG_LABEL_CONTINUE, 'i', "Continue", ""},
    {MSG_GENERIC, 'e', "{reason}", "reason"},
    {MSG_REQUIRED, 'e', "Property {property} is missing.", "property"},
    {MSG_MIN_LENGTH, 'e', "length must be >= {min_length}, but got {actual_length}",
     "min_length actual_length"},
    {MSG_PATTERN, 'e', "does not match pattern {pattern|q}", "pattern"},
    {MSG_PASSWORD_POLICY, 'e', "The password can not be used because {reason}.", "reason"},
    {MSG_WRONG_CREDENTIALS, 'e',
     "The provided credentials are invalid, check for spelling mistakes in your password or username, email "
     "address, or phone number.",
     ""},
    {MSG_DUPLICATE, 'e', "An account with the same identifier (email, phone, username, ...) exists already.",
     ""},
    {MSG_NO_IDENTIFIER, 'e',
     "Could not find any login identifiers. Did you forget to set them? This could also be caused by a "
     "server "
     "misconfiguration.",
     ""},
    {MSG_ADDRESS_NOT_VERIFIED, 'e', "Account not active yet. Did you forget to verify your email address?",
     ""},
    {MSG_MAX_LENGTH, 'e', "length must be <= {max_length}, but got {actual_length}",
     "max_length actual_length"},
    {MSG_MINIMUM, 'e', "must be >= {minimum} but found {actual}", "minimum actual"},
    {MSG_EXCLUSIVE_MINIMUM, 'e', "must be > {minimum} but found {actual}", "minimum actual"},
    {MSG_MAXIMUM, 'e', "must be <= {maximum} but found {actual}", "maximum actual"},
    {MSG_EXCLUSIVE_MAXIMUM, 'e', "must be < {maximum} but found {actual}", "maximum actual"},
    {MSG_MULTIPLE_OF, 'e', "{actual} not multipleOf {base}", "base actual"},
    {MSG_MAX_ITEMS, 'e', "maximum {max_items} items allowed, but found {actual_items} items",
     "max_items actual_items"},
    {MSG_MIN_ITEMS, 'e', "minimum {min_items} items allowed, but found {actual_items} items",
     "min_items actual_items"},
    {MSG_UNIQUE_ITEMS, 'e', "items at index {index_a} and {index_b} are equal", "index_a index_b"},
    {MSG_WRONG_TYPE, 'e', "expected {allowed_types}, but got {actual_type}", "allowed_types actual_type"},
    {MSG_DUPLICATE_WITH_HINTS, 'e',
     "You tried signing in with {credential_identifier_hint} which is already in use by another account. You "
     "can "
     "sign in using your password.",
     "available_credential_types available_oidc_providers credential_identifier_hint"},
    {MSG_CONST, 'e', "must be equal to constant {expected}", "expected"},
    {MSG_PASSWORD_SIMILAR, 'e', "The password can not be used because it is too similar to the identifier.",
     ""},
    {MSG_PASSWORD_SHORT, 'e',
     "The password must be at least {min_length} characters long, but got {actual_length}.",
     "min_length actual_length"},
    {MSG_PASSWORD_LONG, 'e',
     "The password must be at most {max_length} characters long, but got {actual_length}.",
     "max_length actual_length"},
    {MSG_PASSWORD_BREACHED, 'e', "The password has been found in data breaches and must no longer be used.",
     "breaches"},
    {MSG_NO_LOGIN_METHOD, 'e', "This account does not exist or has no login method configured.", ""},
    {MSG_PASSWORD_UNCHANGED, 'e', "The new password must be different from the old password.", ""},
    {MSG_EMAIL_ADDRESS, 'e', "Enter a valid email address", "value"},
    {MSG_PHONE_NUMBER, 'e', "Enter a valid phone number", "value"},
    {MSG_LOGIN_EXPIRED, 'e', "The login flow expired {minutes|m} minutes ago, please try again.",
     "expired_at expired_at_unix"},
    {MSG_LOGIN_NO_STRATEGY, 'e',
     "Could not find a strategy to log you in with. Did you fill out the form correctly?", ""},
    {MSG_REGISTRATION_NO_STRATEGY, 'e',
     "Could not find a strategy to sign you up with. Did you fill out the form correctly?", ""},
    {MSG_SETTINGS_NO_STRATEGY, 'e',
     "Could not find a strategy to update your settings. Did you fill out the form correctly?", ""},
    {MSG_REGISTRATION_EXPIRED, 'e',
     "The registration flow expired {minutes|m} minutes ago, please try again.",
     "expired_at expired_at_unix"},
    {MSG_SETTINGS_EXPIRED, 'e', "The settings flow expired {minutes|m} minutes ago, please try again.",
     "expired_at expired_at_unix"},
};

static const struct message *find(int id)
{
    for (size_t i = 0; i < sizeof messages / sizeof messages[0]; i++) {
        if (messages[i].id == id) {
            return &messages[i];
        }
    }
    return NULL;
}

bool flow_message_known(int id)
{
    return find(id) != NULL;
}

/* Values may be what somebody typed: they are text in JSON, and whoever draws the page escapes them. */
static void add_value(struct buf *b, const struct js *v, char form)
{
    if (!v) {
        return;
    }
    /* "%.2f" as Go writes minutes. */
    if (form == 'm' && (v->type == JS_REAL || v->type == JS_INT)) {
        buf_printf(b, "%.2f", v->type == JS_REAL ? v->real : (double)v->integer);
    } else if (v->type == JS_STRING && form != 'q') {
        buf_bytes(b, v->string);
    } else if (v->type == JS_ARRAY) {
        for (const struct js *e = v->first; e; e = e->next) {
            add_value(b, e, 0);
            buf_str(b, e->next ? " or " : "");
        }
    } else {
        /* Numbers as they were typed, and quoted texts with JSON's escapes. */
        js_write_to(b, v);
    }
}

static struct js *text_of(struct arena *a, const char *template, const struct js *values)
{
    struct buf b = BUF(a);

    for (const char *p = template; *p;) {
        const char *end = *p == '{' ? strchr(p, '}') : NULL;
        if (!end) {
            buf_char(&b, *p++);
            continue;
        }
        /* Templates are constants of this file: a "{" without its "}" would be a mistake, and stays as it is.
         */
        const char *bar = memchr(p, '|', (size_t)(end - p));
        char *key = arena_strndup(a, p + 1, (size_t)((bar ? bar : end) - p - 1));
        add_value(&b, key ? js_get(values, key) : NULL, bar ? bar[1] : 0);
        p = end + 1;
    }
    struct bytes text = buf_done(&b);
    return text.p || text.n == 0 ? js_string(a, text) : NULL;
}

/* Only what the row names goes out: a value that was needed for the text alone stays here. */
static struct js *context_of(struct arena *a, const char *names, const struct js *values)
{
    struct js *context = js_object(a);

    while (*names) {
        size_t n = strcspn(names, " ");
        char *key = arena_strndup(a, names, n);
        const struct js *v = key ? js_get(values, key) : NULL;
        if (v) {
            js_put(a, context, key, js_copy(a, v));
        }
        names += n + (names[n] == ' ');
    }
    return context;
}

struct js *flow_message(struct arena *a, int id, const struct js *values)
{
    const struct message *m = find(id);
    /* An id that the table lacks is a mistake of ours (flow_message_known asks first where it may come
     * from elsewhere). */
    if (!m) {
        abort();
    }
    struct js *out = js_object(a);
    js_put(a, out, "id", js_int(a, id));
    js_put(a, out, "text", text_of(a, m->text, values));
    js_put(a, out, "type", js_text(a, m->type == 'i' ? "info" : m->type == 's' ? "success" : "error"));
    if (m->context[0]) {
        js_put(a, out, "context", context_of(a, m->context, values));
    }
    return out;
}

struct js *flow_message_with(struct arena *a, int id, const char *key, const char *value)
{
    struct js *values = js_object(a);
    js_put(a, values, key, js_text(a, value));
    return flow_message(a, id, values);
}
