/* Text: validity, length, normal forms. Unicode data comes from utf8proc. */
#ifndef UTF8_H
#define UTF8_H

#include <stdbool.h>
#include <stddef.h>

#include "arena.h"
#include "bytes.h"

/* RFC 3629: no overlong forms, no surrogates, at most U+10FFFF. */
bool utf8_valid(struct bytes text);
/* Code points of valid UTF-8. */
size_t utf8_length(struct bytes text);
/* The next code point of valid UTF-8 at *p (moved on), or -1 at the end. */
int32_t utf8_next(struct bytes *rest);
/* Outside text as text: each part that is not UTF-8, NUL included, is U+FFFD (as Unicode 3.9 recommends: one
 * for each maximal part), and at most `most` bytes, cut between characters. NULL gives "". NULL when there is
 * no memory. */
char *utf8_clean(struct arena *a, const char *text, size_t most) WW_MUST;
/* Normal forms of valid UTF-8, with a NUL behind; WW_EINVAL when it is not valid, WW_ENOMEM. Time grows with
 * the square of how many marks follow one letter: bound what is given. NFC; toNFKC_Casefold (Unicode 3.13,
 * D147). */
enum ww_err utf8_nfc(struct arena *a, struct bytes text, struct bytes *out) WW_MUST;
enum ww_err utf8_casefold(struct arena *a, struct bytes text, struct bytes *out) WW_MUST;
/* Simple lower case per code point. */
enum ww_err utf8_lower(struct arena *a, struct bytes text, struct bytes *out) WW_MUST;

/* ---- utf8_ident.c ---- */
/* The one form of an identifier, vault.md §6, with a NUL behind; it may be empty. WW_ETOOLARGE above
 * LIMIT_IDENTIFIER bytes, before anything is looked at; WW_EINVAL when it is not UTF-8 or holds a control
 * character; WW_ENOMEM. Not for passwords: libidn2 uses memory of its own. */
enum ww_err utf8_ident(struct arena *a, struct bytes text, struct bytes *out) WW_MUST;
/* Whether it is a label, in letters or as "xn--…", by IDNA 2008 without mapping: WW_OK, WW_EINVAL, WW_ENOMEM.
 */
enum ww_err utf8_idn_label(const char *label) WW_MUST;

#endif
