/* Which new passwords are refused, in Kratos' terms (kratos.md §7) and our own: asked at registration, at a
 * change of password, and by the command line; never at login. */
#ifndef CRED_POLICY_H
#define CRED_POLICY_H

#include "config.h"
#include "js.h"
#include "op.h"

enum policy_message {
    POLICY_UNUSABLE = 4000005, /* context reason */
    POLICY_SIMILAR = 4000031,  /* no context */
    POLICY_SHORT = 4000032,    /* context min_length, actual_length (code points) */
    POLICY_LONG = 4000033,     /* context max_length, actual_length (bytes) */
};

struct policy_refusal {
    uint32_t message_id;
    struct js *context; /* NULL where the message has none */
    const char *reason; /* what stands for {reason} in message 4000005, else NULL */
};

/* WW_OK or WW_EVALIDATION, with *out and op's problem (field "password", the message's text) set. The first
 * of these that holds: fewer code points than the configured minimum; more than 1,024 bytes; too similar to
 * one of the n identifiers by Kratos' rules; more than 72 bytes or a NUL, where bcrypt is configured; made
 * from an identifier; under 25 bits by zxcvbn. Configuring identifier_similarity_check_enabled as false turns
 * off the rules about identifiers and strength. The password is brought to NFC first. */
enum ww_err cred_password_policy_check(struct ww_op *op, const struct config *config, struct bytes password,
                                       const char *const *identifiers, size_t n,
                                       struct policy_refusal *out) WW_MUST;

/* ---- inside: cred_policy_similar.c ---- */
/* Kratos' rule for 4000031 (its validator.go): both at most 256 bytes and lower-cased; fewer than 5 edits
 * apart, or a common substring whose code points are more than half of the password's bytes. */
enum ww_err cred_policy_similar(struct ww_op *op, struct bytes password, const char *identifier,
                                bool *similar) WW_MUST;
/* The same text but for case, form, punctuation, or direction. */
enum ww_err cred_policy_derived(struct ww_op *op, struct bytes password, const char *identifier,
                                bool *derived) WW_MUST;

#endif
