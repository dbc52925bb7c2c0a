/* What was submitted, as one JSON object: from a form by the types that the schema gives (kratos.md §2.4), or
 * from JSON as it is. */
#ifndef FLOW_DECODE_H
#define FLOW_DECODE_H

#include "schema.h"
#include "watchword/flow.h"

struct flow_payload {
    const char *method;                 /* "" when missing */
    const char *csrf_token;             /* NULL when missing */
    const char *screen;                 /* "" when missing */
    struct bytes password;              /* p NULL when missing; an empty one counts as missing */
    const char *identifier;             /* "" when missing; numbers are written out */
    struct js *traits;                  /* an object */
    const struct js *transient_payload; /* NULL when missing */
    const char *field;                  /* of a refusal: what is wrong, or NULL for the whole */
    const struct js *members;           /* of a JSON body; NULL for a form */
    struct bytes secret;                /* what a method's decode made of its own fields; p NULL: nothing */
};

/* schema NULL: there are no traits. WW_EINVAL with *why, a text for people, when it cannot be decoded or
 * passes a limit of limit.h; then there are no traits, and no text that is too long. */
enum ww_err flow_decode(struct arena *a, const struct ww_flow_request *in,
                        const struct identity_schema *schema, struct flow_payload *out,
                        const char **why) WW_MUST;

/* A field of a method's own ("totp_code") as a text, "" when missing: for its decode (flow_method.h). */
const char *flow_decode_text(struct arena *a, const struct ww_flow_request *in, const struct flow_payload *p,
                             const char *name);

/* flow_form.c. One value of a form by the type of its trait; NULL when nothing is to be set. Texts that do
 * not fit their type stay texts: then the schema says what is wrong with them. */
struct js *flow_form_value(struct arena *a, const struct schema_trait *t, struct bytes text);
/* The same for what stands below a list: an element ("0"), or a member of one ("0.price"). */
struct js *flow_form_element(struct arena *a, const struct schema_trait *t, const char *path,
                             struct bytes text);

#endif
