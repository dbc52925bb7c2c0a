/* The one form of an identifier, vault.md §6: names that people take for the same are the same bytes. */
#include "utf8.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <idn2.h>
#include <utf8proc.h>

#include "limit.h"

/* Unicode property White_Space; controls are refused before. */
static bool white_space(int32_t c)
{
    utf8proc_category_t category = utf8proc_category(c);
    return category == UTF8PROC_CATEGORY_ZS || category == UTF8PROC_CATEGORY_ZL ||
           category == UTF8PROC_CATEGORY_ZP;
}

/* Without White_Space around it and without Cf. WW_EINVAL: it is not UTF-8 or holds a control character. */
static enum ww_err trim(struct arena *a, struct bytes text, struct bytes *out)
{
    struct buf b = BUF(a);
    size_t end = 0;
    bool begun = false;
    while (text.n > 0) {
        struct bytes rest = text;
        int32_t c = utf8_next(&rest);
        utf8proc_category_t category = c < 0 ? UTF8PROC_CATEGORY_CC : utf8proc_category(c);
        /* Refused rather than dropped: a NUL or a line end in a name is never what somebody meant. */
        if (category == UTF8PROC_CATEGORY_CC) {
            return WW_EINVAL;
        }
        bool white = white_space(c);
        begun = begun || !white;
        /* Joiners and marks of direction are invisible: "ann" with one in it would be a second Ann. */
        if (begun && category != UTF8PROC_CATEGORY_CF) {
            buf_add(&b, text.p, text.n - rest.n);
        }
        end = white ? end : b.n;
        text = rest;
    }
    *out = buf_done(&b);
    out->n = out->p ? end : 0;
    return out->p ? WW_OK : WW_ENOMEM;
}

/* Letters, digits, hyphens and dots without "xn--": already what IDNA would make of it. */
static bool is_plain_domain(const char *domain)
{
    for (const char *p = domain; *p; p++) {
        if (!((*p >= 'a' && *p <= 'z') || (*p >= '0' && *p <= '9') || *p == '-' || *p == '.')) {
            return false;
        }
    }
    return strncmp(domain, "xn--", 4) != 0 && !strstr(domain, ".xn--");
}

/* libidn2 allocates by itself, so that its copies are wiped here before they are freed. */
static enum ww_err domain_of(struct arena *a, const char *domain, char **out)
{
    char *ascii = NULL, *unicode = NULL;
    if (is_plain_domain(domain)) {
        *out = arena_strdup(a, domain);
        return *out ? WW_OK : WW_ENOMEM;
    }
    /* To ASCII and back: only so is it checked, and every spelling of a domain becomes one. */
    int rc = idn2_to_ascii_8z(domain, &ascii, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
    if (rc == IDN2_OK) {
        rc = idn2_to_unicode_8z8z(ascii, &unicode, 0);
    }
    *out = rc == IDN2_OK ? arena_strdup(a, unicode) : NULL;
    if (ascii) {
        explicit_bzero(ascii, strlen(ascii));
    }
    if (unicode) {
        explicit_bzero(unicode, strlen(unicode));
    }
    idn2_free(ascii);
    idn2_free(unicode);
    return rc == IDN2_MALLOC || (rc == IDN2_OK && !*out) ? WW_ENOMEM : rc == IDN2_OK ? WW_OK : WW_EINVAL;
}

enum ww_err utf8_idn_label(const char *label)
{
    bool ascii_form = strncasecmp(label, "xn--", 4) == 0;
    uint8_t *made = NULL;
    /* "register" is libidn2's word for checking by IDNA 2008's rules for registration, which map nothing. */
    int rc = ascii_form ? idn2_register_u8(NULL, (const uint8_t *)label, &made, 0)
                        : idn2_register_u8((const uint8_t *)label, NULL, &made, 0);
    idn2_free(made);
    return rc == IDN2_OK ? WW_OK : rc == IDN2_MALLOC ? WW_ENOMEM : WW_EINVAL;
}

/* What follows the one '@' in U-labels, or as it is where it is no domain. */
static enum ww_err fold_domain(struct arena *a, struct bytes text, struct bytes *out)
{
    const uint8_t *at = text.n > 0 ? memchr(text.p, '@', text.n) : NULL;
    size_t local = at ? (size_t)(at - text.p) + 1 : 0;
    char *domain;
    *out = text;
    /* With two of them nobody knows where the domain begins. */
    if (!at || memchr(at + 1, '@', text.n - local)) {
        return WW_OK;
    }
    char *typed = arena_strndup(a, at + 1, text.n - local);
    enum ww_err err = typed ? domain_of(a, typed, &domain) : WW_ENOMEM;
    if (err) {
        /* No domain, so no mail address: a name with "@" in it is still a name. */
        return err == WW_EINVAL ? WW_OK : err;
    }
    struct buf b = BUF(a);
    buf_add(&b, text.p, local);
    buf_str(&b, domain);
    return buf_done(&b).p ? utf8_casefold(a, buf_done(&b), out) : WW_ENOMEM;
}

/* ^\+[0-9 ().\-/]+$ with 7 to 15 digits: keeps + and the digits. */
static enum ww_err fold_phone(struct arena *a, struct bytes text, struct bytes *out)
{
    struct buf b = BUF(a);
    *out = text;
    /* Without a country it is not known whose number it is: it stays the text that was typed. */
    if (text.n < 2 || text.p[0] != '+') {
        return WW_OK;
    }
    buf_char(&b, '+');
    for (size_t i = 1; i < text.n; i++) {
        if (text.p[i] >= '0' && text.p[i] <= '9') {
            buf_char(&b, (char)text.p[i]);
        } else if (!memchr(" ().-/", text.p[i], 6)) {
            return WW_OK;
        }
    }
    /* E.164: at most 15 digits; the shortest numbers that are dialled from abroad have 7. */
    if (!b.failed && (b.n < 1 + 7 || b.n > 1 + 15)) {
        return WW_OK;
    }
    *out = BYTES(buf_text(&b), b.n);
    return out->p ? WW_OK : WW_ENOMEM;
}

enum ww_err utf8_ident(struct arena *a, struct bytes text, struct bytes *out)
{
    enum ww_err err = WW_EINTERNAL;
    struct bytes t;
    *out = BYTES(NULL, 0);
    /* First of all: normalising orders marks in quadratic time. */
    if (text.n > LIMIT_IDENTIFIER) {
        return WW_ETOOLARGE;
    }
    if ((err = trim(a, text, &t)) || (err = utf8_casefold(a, t, &t)) || (err = fold_domain(a, t, &t)) ||
        (err = fold_phone(a, t, &t))) {
        return err;
    }
    *out = bytes_dup(a, t); /* with a NUL behind it */
    return out->p ? WW_OK : WW_ENOMEM;
}
