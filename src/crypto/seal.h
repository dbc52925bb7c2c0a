/* D, S and P: the derivation, the seal and the padding of vault.md §3. */
#ifndef SEAL_H
#define SEAL_H

#include "op.h"
#include "secret.h"
#include "uuid.h"

enum { SEAL_OVERHEAD = 77, SEAL_MAX_PLAIN = 16 << 20 };

/* D(key, label, uuid, msg): 32 bytes. key NULL for none, uuid NULL for zeros. label at most 13 characters,
 * without the "v1." that is put in front. */
void derive(struct key *out, const struct key *key, const char *label, const struct uuid *uuid,
            struct bytes msg);
/* The same over several pieces one after the other. */
void derive_parts(struct key *out, const struct key *key, const char *label, const struct uuid *uuid,
                  const struct bytes *parts, size_t n);

/* D with an output of 64 bytes, without a key. */
void derive_wide(uint8_t out[64], const char *label, const struct uuid *uuid, struct bytes msg);

/* Where a sealed blob belongs; it opens nowhere else. */
struct place {
    const char *label;
    const struct uuid *uuid; /* NULL for zeros */
    uint32_t kn;             /* server key id, generation or epoch number, or 0 */
    struct bytes aad;
};

/* S: seals pt; *blob in the arena. WW_ETOOLARGE above SEAL_MAX_PLAIN, WW_ENOMEM. */
enum ww_err seal(struct ww_op *op, const struct key *key, struct place where, struct bytes pt,
                 struct bytes *blob) WW_MUST;
/* Opens: WW_EDENIED when it was not sealed with this key at this place (the commitment differs), WW_ETAMPERED
 * when it is not a seal or was altered. For keys made from a credential. */
enum ww_err seal_try(struct ww_op *op, const struct key *key, struct place where, struct bytes blob,
                     struct bytes *pt) WW_MUST;
/* Opens with a key that is known to be right: anything wrong is WW_ETAMPERED. */
enum ww_err seal_open(struct ww_op *op, const struct key *key, struct place where, struct bytes blob,
                      struct bytes *pt) WW_MUST;

/* P(pt) and back; unpad gives WW_ETAMPERED for a bad length or padding that is not zeros. */
enum ww_err pad(struct arena *a, struct bytes pt, struct bytes *out) WW_MUST;
enum ww_err unpad(struct ww_op *op, struct bytes padded, struct bytes *pt) WW_MUST;
/* The length that a text of n bytes has after padding. */
size_t padded_length(size_t n);

#endif
