/* Structs that cross the public line, by their sizes: the seam between a caller and a library of different
 * versions (include/watchword.h, "Sizes"). */
#include "api_int.h"

#include "watchword/admin.h"
#include "watchword/flow.h"

/* Each struct with the sizes at which an earlier version of it ended, then the one of now. A version that
 * adds a member adds the offset of that member here. */
static const struct api_shape shapes[] = {
    {"ww_options",
     {offsetof(struct ww_options, env), offsetof(struct ww_options, restore),
      offsetof(struct ww_options, reindex), sizeof(struct ww_options)}},
    {"ww_env", {sizeof(struct ww_env)}},
    {"ww_client", {sizeof(struct ww_client)}},
    {"ww_problem", {sizeof(struct ww_problem)}},
    {"ww_page", {sizeof(struct ww_page)}},
    {"ww_proof", {sizeof(struct ww_proof)}},
    {"ww_event", {sizeof(struct ww_event)}},
    {"ww_session_info", {sizeof(struct ww_session_info)}},
    {"ww_item_condition", {sizeof(struct ww_item_condition)}},
    {"ww_item_result", {sizeof(struct ww_item_result)}},
    {"ww_item_entry", {sizeof(struct ww_item_entry)}},
    {"ww_item_change", {sizeof(struct ww_item_change)}},
    {"ww_codes_state", {sizeof(struct ww_codes_state)}},
    {"ww_opener", {sizeof(struct ww_opener)}},
    {"ww_recovery", {sizeof(struct ww_recovery)}},
    {"ww_recipient", {sizeof(struct ww_recipient)}},
    {"ww_share", {sizeof(struct ww_share)}},
    {"ww_received", {sizeof(struct ww_received)}},
    {"ww_contact", {sizeof(struct ww_contact)}},
    {"ww_letter", {sizeof(struct ww_letter)}},
    {"ww_public", {sizeof(struct ww_public)}},
    {"ww_vault_state", {offsetof(struct ww_vault_state, passwords), sizeof(struct ww_vault_state)}},
    {"ww_waiting", {sizeof(struct ww_waiting)}},
    {"ww_merged", {sizeof(struct ww_merged)}},
    {"ww_identity_lookup", {sizeof(struct ww_identity_lookup)}},
    {"ww_identity_filter", {sizeof(struct ww_identity_filter)}},
    {"ww_check_report", {sizeof(struct ww_check_report)}},
    {"ww_server_key", {sizeof(struct ww_server_key)}},
    {"ww_rotation", {sizeof(struct ww_rotation)}},
    {"ww_reindexed", {sizeof(struct ww_reindexed)}},
    {"ww_named", {sizeof(struct ww_named)}},
    {"ww_restored", {sizeof(struct ww_restored)}},
    {"ww_put_back", {sizeof(struct ww_put_back)}},
    {"ww_own_rows", {sizeof(struct ww_own_rows)}},
    {"ww_audit_node", {sizeof(struct ww_audit_node)}},
    {"ww_audit_report", {sizeof(struct ww_audit_report)}},
    {"ww_hash_cost", {sizeof(struct ww_hash_cost)}},
    {"ww_flow_request", {sizeof(struct ww_flow_request)}},
    {"ww_flow_answer", {offsetof(struct ww_flow_answer, no_total), sizeof(struct ww_flow_answer)}},
};

/* Only sizes that ever were: any other is memory that was never set, or a struct of a later version. */
bool api_shape_knows(const struct api_shape *shape, size_t size)
{
    for (size_t i = 0; i < API_SIZES_MOST && shape->sizes[i]; i++) {
        if (shape->sizes[i] == size) {
            return true;
        }
    }
    return false;
}

size_t api_shape_now(const struct api_shape *shape)
{
    size_t now = 0;
    for (size_t i = 0; i < API_SIZES_MOST && shape->sizes[i]; i++) {
        now = shape->sizes[i];
    }
    return now;
}

static const struct api_shape *find(const char *name)
{
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        if (strcmp(shapes[i].name, name) == 0) {
            return &shapes[i];
        }
    }
    return NULL;
}

size_t ww_sizeof(const char *name)
{
    const struct api_shape *shape = name ? find(name) : NULL;
    return shape ? api_shape_now(shape) : 0;
}

/* The first member alone is read before the size is known to be right. */
enum ww_err api_check_size(struct ww_op *op, const char *name, const void *s)
{
    size_t size = 0;
    const struct api_shape *shape = find(name);
    if (s) {
        memcpy(&size, s, sizeof size);
    }
    /* A name that is not in the table is a mistake of ours, and found by the first test that calls. */
    return s && shape && api_shape_knows(shape, size)
               ? WW_OK
               : op_fail_field(op, WW_EINVAL, "size_unknown", name,
                               s ? "the struct's size is of no version that is known"
                                 : "the struct is missing");
}

/* What an older caller does not have is zero, which means unset in every struct. */
enum ww_err api_take(struct ww_op *op, const char *name, const void *from, void *to, size_t n)
{
    size_t size;
    enum ww_err err = api_check_size(op, name, from);
    memset(to, 0, n);
    if (!err) {
        memcpy(&size, from, sizeof size);
        memcpy(to, from, size);
    }
    return err;
}

/* As many bytes as the caller's struct has, behind its size, which stays what the caller wrote. */
void api_give(void *to, const void *from)
{
    size_t size;
    memcpy(&size, to, sizeof size);
    memcpy((char *)to + sizeof size, (const char *)from + sizeof size, size - sizeof size);
}

/* ---- pages ---- */

/* Entries; as Kratos has it for sessions (kratos.md §1.3). */
enum { PAGE_DEFAULT = 250, PAGE_MOST = 1000 };

enum ww_err api_page_read(struct ww_op *op, struct ww_page *from, struct ww_page *out)
{
    enum ww_err err = API_TAKE(op, ww_page, from, out);
    if (!err) {
        out->limit = out->limit == 0 ? PAGE_DEFAULT : out->limit > PAGE_MOST ? PAGE_MOST : out->limit;
        out->next = NULL;
        out->count = 0;
        api_give(from, out);
    }
    return err;
}
