/* Shared by the files of share/ only. */
#ifndef SHARE_INT_H
#define SHARE_INT_H

#include "share.h"

/* What a signature of sharing is over (vault.md §11): label (16, zero-padded) ‖ uuid ‖ u32 epoch ‖ id ‖
 * u64 version ‖ D(–, digest, –, what is signed). */
struct share_stated {
    const char *label;
    const struct uuid *who; /* signs, by the keys of `epoch` */
    uint32_t epoch;
    const struct uuid *id;
    uint64_t version;
    struct key digest;
};
enum ww_err share_statement(struct ww_op *op, const struct share_stated *x, struct bytes *out) WW_MUST;

#endif
