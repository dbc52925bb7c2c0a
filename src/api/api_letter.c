/* Letters (vault.md §11) for callers. */
#include "api_int.h"

static const struct ww_letter *letter_of(struct ww_op *op, const struct account_letter *from)
{
    struct ww_letter *out = ARENA_NEW(&op->arena, struct ww_letter);
    if (out) {
        *out = (struct ww_letter){.size = sizeof *out,
                                  .to = uuid_text(&op->arena, from->to),
                                  .letter = from->letter.p,
                                  .length = from->letter.n};
    }
    return out && out->to ? out : NULL;
}

enum ww_err ww_letter_seal(struct ww_op *op, struct ww_session *session, const void *data, size_t length,
                           const char *const *to, size_t to_count, const struct ww_letter *const **letters,
                           size_t *count)
{
    API_CALL(op);
    struct session *x = api_session(op, session);
    struct account_names people;
    struct account_letter *made;
    size_t n;
    *letters = NULL;
    *count = 0;
    enum ww_err err = length && !data ? api_text(op, NULL, "data") : WW_OK;
    if (err || (err = api_take_people(op, to_count ? to : NULL, to_count, "to", &people)) ||
        (err = account_letter_seal(op, service_of(op), x, BYTES(data ? data : "", length), people, &made,
                                   &n))) {
        return err;
    }
    const struct ww_letter **out = ARENA_ARRAY(&op->arena, n, const struct ww_letter *);
    for (size_t i = 0; out && i < n; i++) {
        out[i] = letter_of(op, &made[i]);
        out = out[i] ? out : NULL;
    }
    *letters = out;
    *count = out ? n : 0;
    return out ? WW_OK : op_no_memory(op);
}

enum ww_err ww_letter_open(struct ww_op *op, struct ww_session *session, const void *letter, size_t length,
                           const char *from, const void **data, size_t *data_length, const char **sender)
{
    API_CALL(op);
    struct session *x = api_session(op, session);
    struct bytes opened;
    struct uuid who;
    *data = NULL;
    *data_length = 0;
    if (sender) {
        *sender = NULL;
    }
    enum ww_err err = letter ? WW_OK : api_text(op, NULL, "letter");
    if (err ||
        (err = account_letter_open(op, service_of(op), x, BYTES(letter, length), from, &opened, &who)) ||
        (err = api_give_value(op, opened, data, data_length))) {
        return err;
    }
    if (sender && !(*sender = uuid_text(&op->arena, who))) {
        return op_no_memory(op);
    }
    return WW_OK;
}
