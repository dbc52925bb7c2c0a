/* Shared by the files of api/ only, which implement include/. */
#ifndef API_INT_H
#define API_INT_H

#include <string.h>
#include <sys/types.h>

#include "account.h"
#include "watchword.h"

struct ww {
    pid_t pid;         /* of the process that opened it */
    struct ww_env env; /* a copy */
    bool reindex;      /* opened for a reindex: nothing else has the store */
    struct config *config;
    struct service service;
};

static inline struct service *service_of(struct ww_op *op)
{
    return &op->ww->service;
}

/* ---- api_guard.c: who may call what ---- */

/* What a caller holds: a session of one operation, kept in the operation's list. */
struct ww_session {
    struct ww_session *next;
    struct session *session;
};
/* The session behind it; aborts when this operation did not give it out. */
struct session *api_session(const struct ww_op *op, const struct ww_session *session);
/* Taken before a use case begins: what is committed must not be answered with want of memory, since a code is
 * used up and the new ones are told once. */
enum ww_err api_session_room(struct ww_op *op, struct ww_session **room) WW_MUST;
/* Cannot fail. *out is the room, now a handle of this operation. */
void api_session_give(struct ww_op *op, struct ww_session *room, struct session *session,
                      struct ww_session **out);
/* Whether a further step is needed before it opens anything. */
bool api_is_pending(const struct session *x);
/* Whether this process is a child of the one that opened ww. */
bool api_is_forked(const struct ww *ww);
/* First thing in each call on an operation: one at a time, and not in a child. Left when the scope is left.
 */
#define API_CALL(op) __attribute__((cleanup(api_leave), unused)) struct ww_op *api_entered = api_enter(op)
struct ww_op *api_enter(struct ww_op *op);
void api_leave(struct ww_op **op);

/* ---- api_size.c: structs by their sizes ---- */

enum { API_SIZES_MOST = 4 };
struct api_shape {
    const char *name;
    size_t sizes[API_SIZES_MOST]; /* rising; the last is of now */
};
bool api_shape_knows(const struct api_shape *shape, size_t size);
size_t api_shape_now(const struct api_shape *shape);
/* WW_EINVAL "size_unknown" with the struct's name as field. */
enum ww_err api_check_size(struct ww_op *op, const char *name, const void *s) WW_MUST;
/* Copies what a caller handed in to a whole struct; members that it does not have become 0. */
enum ww_err api_take(struct ww_op *op, const char *name, const void *from, void *to, size_t n) WW_MUST;
#define API_TAKE(op, name, from, to) api_take((op), #name, (from), (to), sizeof(struct name))
/* Fills a caller's struct, whose size was checked, as far as it goes. */
void api_give(void *to, const void *from);
/* Takes a page, its limit brought within bounds, and clears what goes out. */
enum ww_err api_page_read(struct ww_op *op, struct ww_page *from, struct ww_page *out) WW_MUST;

/* ---- api_parts.c: what items and shares have in common ---- */

/* Name, value and condition (NULL: none) of a write, as a change; of a deletion, into one that has its kind.
 */
enum ww_err api_take_put(struct ww_op *op, const char *name, const void *value, size_t n,
                         const struct ww_item_condition *condition, struct vault_change *out) WW_MUST;
enum ww_err api_take_named(struct ww_op *op, const char *name, const struct ww_item_condition *condition,
                           struct vault_change *out) WW_MUST;
/* People who are named; NULL only where there are none. */
enum ww_err api_take_people(struct ww_op *op, const char *const *names, size_t n, const char *field,
                            struct account_names *out) WW_MUST;
/* What came of it; NULL where the caller does not ask. */
enum ww_err api_check_result(struct ww_op *op, const struct ww_item_result *result) WW_MUST;
void api_give_change(struct ww_item_result *to, const struct vault_change *c);
/* With a NUL behind it that *n does not count. */
enum ww_err api_give_value(struct ww_op *op, struct bytes from, const void **value, size_t *n) WW_MUST;
/* The id that a page token is; *out NULL for the first page. */
enum ww_err api_take_after(struct ww_op *op, const struct ww_page *page, struct uuid *id,
                           const struct uuid **out) WW_MUST;
/* Makes of a found entry what a caller is given; *token: what a page after it goes on behind. NULL: no
 * memory. */
typedef const void *api_entry(struct ww_op *op, const void *found, const char **token);
/* Gives the caller's page its count and its `next`, where more were found than its limit, and *out the
 * entries. */
enum ww_err api_page_give(struct ww_op *op, struct ww_page *page, struct ww_page *p, size_t n,
                          const void *found, size_t size, api_entry *make, const void *const **out) WW_MUST;

/* ---- api_identity.c ---- */
/* What is no UUID is nobody's: WW_ENOTFOUND, as for one that nobody has (kratos.md §1.2). */
enum ww_err api_identity_id(struct ww_op *op, const char *id, struct uuid *out) WW_MUST;
struct js *api_identity_json(struct ww_op *op, const struct record *r, enum identity_view view) WW_MUST;

/* ---- api.c ---- */

/* serve.public.base_url. */
const char *api_public_url(const struct ww *ww);
/* WW_EINVAL for NULL. */
enum ww_err api_text(struct ww_op *op, const char *text, const char *field) WW_MUST;
/* A password as typed, without NUL: hash formats and other programs would take it for the end. */
enum ww_err api_password(struct ww_op *op, const char *password, size_t length, struct bytes *out) WW_MUST;
/* Text of a JSON value in the operation. */
enum ww_err api_json(struct ww_op *op, const struct js *v, const char **out) WW_MUST;
/* Reads JSON that must be an object; WW_EINVAL with this field. */
enum ww_err api_read_object(struct ww_op *op, struct bytes text, const char *field, struct js **out) WW_MUST;
/* The first schema failure as the operation's problem: field "traits/email". */
enum ww_err api_refused(struct ww_op *op, enum ww_err err, const struct account_refusal *why);

#endif
