/* The entry of this module: one request, one answer (include/watchword/flow.h). */
#ifndef FLOW_ANSWER_H
#define FLOW_ANSWER_H

#include "account.h"
#include "watchword/flow.h"

enum ww_err flow_answer(struct ww_op *op, struct service *s, enum ww_flow_action action,
                        const struct ww_flow_request *in, struct ww_flow_answer *out) WW_MUST;

/* serve.public.base_url, or what host and port make of it; never NULL but without memory. */
char *flow_public_url(struct arena *a, const struct config *config) WW_MUST;
/* The page that shows a flow: "login", "registration", "settings", "error". */
char *flow_ui_url(struct arena *a, const struct config *config, const char *name) WW_MUST;
/* Where browsers go when nothing else says. */
char *flow_default_url(struct arena *a, const struct config *config) WW_MUST;

#endif
