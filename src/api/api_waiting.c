/* A new vault, and those that wait (vault.md §10), for callers. */
#include "api_int.h"

#include "cred_recovery.h"

enum ww_err ww_vault_new(struct ww_op *op, struct ww_session *session, const char *confirm,
                         struct ww_session **opened, const char *const **codes, size_t *count)
{
    API_CALL(op);
    struct session *made, *x = api_session(op, session);
    struct ww_session *room;
    const char **texts;
    *opened = NULL;
    *codes = NULL;
    *count = 0;
    enum ww_err err = api_text(op, confirm, "confirm");
    if (err || (err = api_session_room(op, &room)) ||
        (err = account_vault_new(op, service_of(op), x, confirm, &made, &texts))) {
        return err;
    }
    api_session_give(op, room, made, opened);
    *codes = texts;
    *count = RECOVERY_CODES;
    return WW_OK;
}

enum ww_err ww_waiting_list(struct ww_op *op, struct ww_session *session,
                            const struct ww_waiting *const **list, size_t *count)
{
    API_CALL(op);
    struct record_waiting *from;
    size_t n;
    *list = NULL;
    *count = 0;
    enum ww_err err = account_waiting(op, api_session(op, session), &from, &n);
    if (err) {
        return err;
    }
    struct ww_waiting *all = ARENA_ARRAY(&op->arena, n, struct ww_waiting);
    const struct ww_waiting **out = ARENA_ARRAY(&op->arena, n, const struct ww_waiting *);
    for (size_t i = 0; all && out && i < n; i++) {
        all[i] = (struct ww_waiting){.size = sizeof all[i],
                                     .id = uuid_text(&op->arena, from[i].vid),
                                     .since = from[i].since,
                                     .kept_until = from[i].kept_until};
        out[i] = &all[i];
        all = all[i].id ? all : NULL;
    }
    if (!all || !out) {
        return op_no_memory(op);
    }
    *list = out;
    *count = n;
    return WW_OK;
}

/* What is no UUID is the id of nothing. */
static enum ww_err take_id(struct ww_op *op, const char *text, struct uuid *id)
{
    enum ww_err err = api_text(op, text, "id");
    if (!err && !uuid_parse(id, text)) {
        return op_fail(op, WW_ENOTFOUND, "waiting_not_found", "no vault of this id waits");
    }
    return err;
}

enum ww_err ww_waiting_open(struct ww_op *op, struct ww_session *session, const char *id,
                            const struct ww_opener *opener, struct ww_merged *merged)
{
    API_CALL(op);
    struct session *x = api_session(op, session);
    struct account_merged done;
    struct ww_opener from;
    struct bytes typed;
    struct uuid vid;
    enum ww_err err = api_check_size(op, "ww_merged", merged);
    if (err || (err = API_TAKE(op, ww_opener, opener, &from)) || (err = take_id(op, id, &vid))) {
        return err;
    }
    typed = bytes_str(from.code ? from.code : "");
    if ((!from.code && (err = api_password(op, from.password, from.password_length, &typed))) ||
        (err = account_waiting_open(op, service_of(op), x, &vid, from.code ? CRED_RECOVERY : CRED_PASSWORD,
                                    typed, &done))) {
        return err;
    }
    api_give(merged, &(struct ww_merged){.items = done.items,
                                         .from = done.from,
                                         .to = done.to,
                                         .renamed = done.renamed,
                                         .codes = done.codes,
                                         .code_count = RECOVERY_CODES});
    return WW_OK;
}

enum ww_err ww_waiting_discard(struct ww_op *op, struct ww_session *session, const char *id,
                               const char *confirm)
{
    API_CALL(op);
    struct session *x = api_session(op, session);
    struct uuid vid;
    enum ww_err err = take_id(op, id, &vid);
    return err || (err = api_text(op, confirm, "confirm"))
               ? err
               : account_waiting_discard(op, service_of(op), x, &vid, confirm);
}
