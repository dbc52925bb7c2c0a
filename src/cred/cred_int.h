/* Shared by the files of cred/ only. */
#ifndef CRED_INT_H
#define CRED_INT_H

#include "cred.h"

/* What one sign-in can be made of: a first factor, and one of each other kind. */
enum { AUTHN_STEPS_MAX = 4 };

struct authn {
    struct record *record;
    struct key *root;
    struct authn_step steps[AUTHN_STEPS_MAX];
    size_t count;
};

/* The one refusal for a name nobody has, a wrong secret, and a credential that went meanwhile. */
enum ww_err cred_refuse_wrong(struct ww_op *op);
/* In the operation's arena; root may be NULL. */
enum ww_err cred_authn_new(struct ww_op *op, struct record *r, struct key *root,
                           const struct authn_step *step, struct authn **out) WW_MUST;

#endif
