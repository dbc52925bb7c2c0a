/* The text of a recovery code (vault.md §7, kind 2): 26 symbols of Crockford's base32 (130 random bits) and 2
 * check symbols, in seven groups of four: "7K2M-9QXD-…". What is kept secret, and made into a key, is the 26
 * in capitals. */
#ifndef CRED_RECOVERY_CODE_H
#define CRED_RECOVERY_CODE_H

#include "op.h"

enum {
    RECOVERY_CODE_SYMBOLS = 26,
    RECOVERY_CODE_TEXT = 28 + 6,  /* as shown, without the NUL */
    RECOVERY_CODE_TYPED_MAX = 128 /* bytes that are looked at: spaces and hyphens are people's to add */
};

/* A secret: in the operation's arena. */
struct recovery_code {
    char symbols[RECOVERY_CODE_SYMBOLS];
};

/* A new code, from the operation's randomness. */
void cred_recovery_code_draw(const struct ww_op *op, struct recovery_code *out);
/* As it is shown; in the arena. NULL: no memory. */
char *cred_recovery_code_text(struct arena *a, const struct recovery_code *code) WW_MUST;
/* As somebody types it: spaces and hyphens anywhere, either case, O for 0, I and L for 1 (Crockford).
 * WW_EINVAL with field "code": not 28 symbols, or the check symbols do not fit, which is a typing error and
 * says nothing of any account. */
enum ww_err cred_recovery_code_read(struct ww_op *op, struct bytes typed, struct recovery_code *out) WW_MUST;

#endif
