/* What a new password must not be (kratos.md §7): too short, too long for its hash, like the identifiers,
 * easy to guess. */
#include "cred_policy.h"

#include <string.h>

#include <zxcvbn.h>

#include "utf8.h"

enum {
    /* After NFC, as vault.md §7 has it. */
    BYTES_MAX = 1024,
    RAW_BYTES_MAX = 4 * BYTES_MAX, /* NFC makes a text shorter, by a factor of 3 at most */
    BCRYPT_BYTES_MAX = 72,
    /* Bytes of a password that zxcvbn sees, and bits that it must find in them. */
    STRENGTH_CAP = 100,
    STRENGTH_MIN_BITS = 25,
    /* Words of identifiers that zxcvbn compares with: its work grows with them. */
    WORDS_MAX = 64,
};

static const char weak_reason[] = "it is too easy to guess";
static const char derived_reason[] = "it is made from the identifier";
static const char nul_reason[] = "it contains a NUL character";
static const char form_reason[] = "it is not valid UTF-8";

#define SETTING(name) "selfservice.methods.password.config." name

struct check {
    struct ww_op *op;
    struct bytes password; /* NFC */
    const char *const *identifiers;
    size_t n;
    struct policy_refusal *out;
};

/* The reason is one of ours; neither the password nor the identifier is ever quoted. */
static enum ww_err refuse_reason(struct check *c, const char *id, const char *reason)
{
    *c->out = (struct policy_refusal){POLICY_UNUSABLE, js_object(&c->op->arena), reason};
    js_put(&c->op->arena, c->out->context, "reason", js_text(&c->op->arena, reason));
    return op_fail_field(c->op, WW_EVALIDATION, id, "password", "The password can not be used because %s.",
                         reason);
}

static enum ww_err refuse_length(struct check *c, enum policy_message message, size_t limit, size_t actual)
{
    struct arena *a = &c->op->arena;
    bool too_long = message == POLICY_LONG;
    *c->out = (struct policy_refusal){message, js_object(a), NULL};
    js_put(a, c->out->context, too_long ? "max_length" : "min_length", js_int(a, (int64_t)limit));
    js_put(a, c->out->context, "actual_length", js_int(a, (int64_t)actual));
    enum ww_err err =
        op_fail_field(c->op, WW_EVALIDATION, too_long ? "password_too_long" : "password_too_short",
                      "password", "The password must be at %s %zu characters long, but got %zu.",
                      too_long ? "most" : "least", limit, actual);
    c->op->problem.limit = limit;
    return err;
}

static enum ww_err check_length(struct check *c, const struct config *config)
{
    int64_t least = config_int(config, SETTING("min_password_length"));
    /* The least length counts code points, since it is told to people; the greatest counts bytes, since it
     * bounds work. */
    size_t points = utf8_length(c->password);
    if (least > 0 && points < (size_t)least) {
        return refuse_length(c, POLICY_SHORT, (size_t)least, points);
    }
    if (c->password.n > BYTES_MAX) {
        return refuse_length(c, POLICY_LONG, BYTES_MAX, c->password.n);
    }
    return WW_OK;
}

/* bcrypt would use only the part before byte 73 or a NUL. */
static enum ww_err check_bcrypt(struct check *c, const struct config *config)
{
    if (strcmp(config_text(config, "hashers.algorithm"), "bcrypt") != 0) {
        return WW_OK;
    }
    if (c->password.n > BCRYPT_BYTES_MAX) {
        return refuse_length(c, POLICY_LONG, BCRYPT_BYTES_MAX, c->password.n);
    }
    if (c->password.n && memchr(c->password.p, 0, c->password.n)) {
        return refuse_reason(c, "password_unusable", nul_reason);
    }
    return WW_OK;
}

static enum ww_err check_similar(struct check *c)
{
    for (size_t i = 0; i < c->n; i++) {
        bool similar;
        enum ww_err err = cred_policy_similar(c->op, c->password, c->identifiers[i], &similar);
        if (err != WW_OK) {
            return err;
        }
        if (similar) {
            *c->out = (struct policy_refusal){POLICY_SIMILAR, NULL, NULL};
            return op_fail_field(c->op, WW_EVALIDATION, "password_similar_to_identifier", "password",
                                 "The password can not be used because it is too similar to the identifier.");
        }
    }
    return WW_OK;
}

/* Before the estimate of strength: it costs less, and its reason helps more. */
static enum ww_err check_derived(struct check *c)
{
    for (size_t i = 0; i < c->n; i++) {
        bool derived;
        enum ww_err err = cred_policy_derived(c->op, c->password, c->identifiers[i], &derived);
        if (err != WW_OK) {
            return err;
        }
        if (derived) {
            return refuse_reason(c, "password_made_from_identifier", derived_reason);
        }
    }
    return WW_OK;
}

/* The identifiers and their parts, in lower case as zxcvbn wants them: "ann.lee@example.com" gives itself,
 * "ann", "lee", "example", "com". NULL-terminated; NULL when there is no memory. */
static const char **words_of(const struct check *c)
{
    /* What people join names and words of an address with. */
    static const char joiners[] = "@.-_+ ";
    struct arena *a = &c->op->arena;
    const char **words = ARENA_ARRAY(a, WORDS_MAX + 1, const char *);
    size_t n = 0;
    for (size_t i = 0; words && i < c->n; i++) {
        struct bytes lower;
        char *whole, *parts, *rest;
        if (c->identifiers[i][0] == '\0' || !utf8_valid(bytes_str(c->identifiers[i]))) {
            continue;
        }
        if (utf8_lower(a, bytes_str(c->identifiers[i]), &lower) != WW_OK ||
            !(whole = arena_strndup(a, lower.p, lower.n)) || !(parts = arena_strdup(a, whole))) {
            return NULL;
        }
        if (n < WORDS_MAX) {
            words[n++] = whole;
        }
        for (char *w = strtok_r(parts, joiners, &rest); w && n < WORDS_MAX;
             w = strtok_r(NULL, joiners, &rest)) {
            /* Shorter ones ("de", "ab") would count against passwords by chance. */
            if (strlen(w) >= 3) {
                words[n++] = w;
            }
        }
    }
    return words;
}

/* Its work grows with the square of the length: 49 µs is typical, 5 ms for 1,024 characters. A longer
 * password is as strong as its beginning. */
static enum ww_err check_strength(struct check *c)
{
    size_t n = c->password.n < STRENGTH_CAP ? c->password.n : STRENGTH_CAP;
    char *text = arena_strndup(&c->op->arena, c->password.p, n);
    const char **words = words_of(c);
    if (!text || !words) {
        return op_no_memory(c->op);
    }
    for (size_t i = 0; i < n; i++) {
        /* zxcvbn reads a C string: what follows a NUL would not count. */
        text[i] = text[i] ? text[i] : ' ';
    }
    /* Twice, first without the words: so the reason told is the right one. */
    if (ZxcvbnMatch(text, NULL, NULL) < STRENGTH_MIN_BITS) {
        return refuse_reason(c, "password_too_weak", weak_reason);
    }
    if (ZxcvbnMatch(text, words, NULL) < STRENGTH_MIN_BITS) {
        return refuse_reason(c, "password_made_from_identifier", derived_reason);
    }
    return WW_OK;
}

enum ww_err cred_password_policy_check(struct ww_op *op, const struct config *config, struct bytes password,
                                       const char *const *identifiers, size_t n, struct policy_refusal *out)
{
    struct check c = {op, {NULL, 0}, identifiers, n, out};
    enum ww_err err = WW_EINTERNAL;
    *out = (struct policy_refusal){0};
    /* Bounded before it is checked or normalised; who typed it is anybody. */
    if (password.n > RAW_BYTES_MAX) {
        return refuse_length(&c, POLICY_LONG, BYTES_MAX, password.n);
    }
    if (!utf8_valid(password)) {
        return refuse_reason(&c, "password_unusable", form_reason);
    }
    if (utf8_nfc(&op->arena, password, &c.password) != WW_OK) {
        return op_no_memory(op);
    }
    /* Kratos' order (kratos.md §7): length, likeness, then what the hash bears. Our own tests of content
     * come last, so that Kratos' messages stay as its clients know them. */
    bool look_at_content = config_bool(config, SETTING("identifier_similarity_check_enabled"));
    if ((err = check_length(&c, config)) != WW_OK ||
        (look_at_content && (err = check_similar(&c)) != WW_OK) ||
        (err = check_bcrypt(&c, config)) != WW_OK) {
        return err;
    }
    if (look_at_content && ((err = check_derived(&c)) != WW_OK || (err = check_strength(&c)) != WW_OK)) {
        return err;
    }
    return WW_OK;
}
