/* Rows of named: keys and entries of programs that have no accounts (vault.md §11). */
#ifndef STORE_NAMED_H
#define STORE_NAMED_H

#include "store.h"

enum named_store { NAMED_KEYS = 1, NAMED_ENTRIES };
enum { STORE_NAMED_SLOT = 109 };
struct named_row {
    struct uuid id;
    enum named_store store;
    uint64_t made, expires;              /* µs; expires 0: never */
    struct bytes name, kdf, slot, value; /* slot and value sealed */
    struct bytes tag, blob;              /* as stored */
};
void store_named_tag(const struct store *s, enum named_store store, struct bytes name, struct key *tag);
/* WW_ENOTFOUND without op_fail; one that is not of this name is WW_ETAMPERED. */
enum ww_err store_named_find(struct ww_op *op, struct store *s, enum named_store store, struct bytes name,
                             bool lock, struct named_row *out) WW_MUST;
/* WW_ECONFLICT id "named_taken". */
enum ww_err store_named_insert(struct ww_op *op, struct store *s, const struct named_row *n) WW_MUST;
/* Where the blob is still n->blob; WW_EBUSY else. */
enum ww_err store_named_update(struct ww_op *op, struct store *s, const struct named_row *n) WW_MUST;
enum ww_err store_named_delete(struct ww_op *op, struct store *s, const struct named_row *n) WW_MUST;
/* In order of ids, after one as it is stored (empty: from the start), at most limit rows, of which *n opened
 * and *closed did not; *last: the id that was read last. */
enum ww_err store_named_page(struct ww_op *op, struct store *s, struct bytes after, size_t limit,
                             struct named_row *out, size_t *n, struct bytes *last, size_t *closed) WW_MUST;
enum ww_err store_named_count(struct ww_op *op, struct store *s, int64_t *n) WW_MUST;
/* Another tag where n->tag still stands. */
enum ww_err store_named_retag(struct ww_op *op, struct store *s, const struct named_row *n,
                              const struct key *tag) WW_MUST;

#endif
