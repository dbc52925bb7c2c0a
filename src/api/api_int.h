/* Shared by the files of api/ only. */
#ifndef API_INT_H
#define API_INT_H

#include <string.h>

#include "account.h"
#include "watchword.h"

struct ww {
    struct ww_env env; /* a copy */
    struct config *config;
    struct service service;
};

static inline struct service *service_of(struct ww_op *op)
{
    return &op->ww->service;
}

static inline struct session *session_of(struct ww_session *s)
{
    return (struct session *)s;
}

static inline const struct session *session_of_const(const struct ww_session *s)
{
    return (const struct session *)s;
}

/* serve.public.base_url. */
const char *api_public_url(const struct ww *ww);
/* Text of a JSON value in the operation. */
enum ww_err api_json(struct ww_op *op, const struct js *v, const char **out) WW_MUST;
/* Reads JSON that must be an object; WW_EINVAL with this field. */
enum ww_err api_read_object(struct ww_op *op, struct bytes text, const char *field, struct js **out) WW_MUST;
/* The first schema failure as the operation's problem: field "traits/email". */
enum ww_err api_refused(struct ww_op *op, enum ww_err err, const struct account_refusal *why);

#endif
