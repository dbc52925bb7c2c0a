/* Anti-CSRF tokens (kratos.md §2.5): a cookie with 32 random bytes, and in forms the same bytes under a fresh
 * mask each, so that an answer never shows the cookie's value. */
#ifndef FLOW_CSRF_H
#define FLOW_CSRF_H

#include "op.h"

/* "csrf_token_" and the SHA-256 of the exact text of serve.public.base_url, so that two deployments behind
 * one host do not share a cookie. */
char *flow_csrf_cookie_name(struct arena *a, const char *base_url) WW_MUST;
/* A fresh cookie value: base64 of 32 random bytes. */
char *flow_csrf_cookie_new(struct ww_op *op) WW_MUST;
/* A token for a form; NULL when the cookie's value is none of ours or there is no memory. */
char *flow_csrf_mask(struct ww_op *op, const char *cookie) WW_MUST;
/* Whether a token, masked or as it is, belongs to the cookie. NULL never does. In constant time for tokens of
 * one length. */
bool flow_csrf_matches(struct arena *a, const char *cookie, const char *token) WW_MUST;

#endif
