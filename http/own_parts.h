/* What the handlers of Watchword's own routes (own-api.md) read and write alike. Where one returns false, the
 * request is refused and answered, and the refusal names the field. */
#ifndef OWN_PARTS_H
#define OWN_PARTS_H

#include "js.h"
#include "routes.h"

enum { OWN_PAGE_DEFAULT = 250, OWN_PAGE_MOST = 1000, OWN_PERSON_MOST = 1024 };

/* 400 with details.field. */
void own_refuse(struct route_call *c, const char *id, const char *field, const char *reason);

struct own_query {
    const struct ww_pair *pairs;
    size_t count;
};
bool own_read_query(struct route_call *c, struct own_query *out) WW_MUST;
/* A parameter of at most `most` bytes; *out NULL when it is absent or empty. */
bool own_read_parameter(struct route_call *c, const struct own_query *q, const char *name, size_t most,
                        const char **out) WW_MUST;
/* page_size as Kratos reads it (kratos.md §1.3). */
bool own_read_page_size(struct route_call *c, const struct own_query *q, size_t *out) WW_MUST;

/* A body that must be application/json and an object whose members are all among `members` (NULL at the end).
 */
bool own_read_object(struct route_call *c, const char *const *members, struct js **out) WW_MUST;

/* A member that is a list of people, or absent. */
bool own_read_people(struct route_call *c, const struct js *body, const char *name, const char *const **out,
                     size_t *n) WW_MUST;

/* ---- own_condition.c ---- */
/* A page token is the last name shown, so that a list moves on while names come and go. *after NULL: the
 * first page. */
bool own_read_name_token(struct route_call *c, const struct own_query *q, const char **after) WW_MUST;
/* If-Match with one version, If-None-Match with a star. Any other condition is refused: to pass over it would
 * write what the client wanted kept. */
bool own_read_condition(struct route_call *c, struct ww_item_condition *out) WW_MUST;
/* If-None-Match of a read, compared weakly. */
bool own_is_known(struct route_call *c, uint64_t version);
void own_put_etag(struct route_call *c, uint64_t version);
/* What came of a write: 201 or 204 with the version; or of a removal: 204; or the problem. */
void own_answer_written(struct route_call *c, enum ww_err err, const struct ww_item_result *result);
void own_answer_gone(struct route_call *c, enum ww_err err);
/* 200 with bytes that no browser shows. */
void own_answer_bytes(struct route_call *c, uint64_t version, const void *value, size_t n);

/* ---- handle_account.c ---- */
/* {"confirm"}: one of the account's identifiers, as typed. */
bool own_read_confirm(struct route_call *c, const char **confirm) WW_MUST;

/* ---- handle_waiting.c ---- */
/* The vaults of the account that wait, as GET /vault has them. */
enum ww_err own_waiting_json(struct route_call *c, struct ww_session *session, struct js **out) WW_MUST;

/* ---- handle_recovery.c ---- */
/* Texts as an array. */
struct js *own_texts_json(struct arena *a, const char *const *texts, size_t n);
/* {"password"} or {"code"}: one of the two. */
bool own_read_opener(struct route_call *c, struct ww_opener *out) WW_MUST;
/* A wrong credential beside a good session is 400: 401 would say that nobody is signed in. */
void own_answer_wrong(struct route_call *c, enum ww_err err);
/* The session in the answer, or as cookie. */
void own_give_session(struct route_call *c, struct js *body, struct ww_session *session, bool cookie);

/* The tree as body. */
void own_answer_json(struct route_call *c, int status, const struct js *body);
/* Link to the next page of the route, parameters sorted by name; prefix may be NULL. */
void own_put_next(struct route_call *c, const char *prefix, size_t page_size, const char *page_token);

#endif
