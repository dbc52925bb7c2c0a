/* Keys and entries of programs that have no accounts (vault.md §11): each has a name and a password.
 * One slow hash a call. */
#ifndef ACCOUNT_PROGRAM_H
#define ACCOUNT_PROGRAM_H

#include "account.h"
#include "store_named.h"

struct account_program {
    enum named_store store;
    struct bytes name;     /* 1 to 1,024 bytes, UTF-8 without NUL; compared as bytes */
    struct bytes password; /* as typed, after NFC at most 1,024 bytes */
    struct bytes value;    /* create (of entries), update: in; read: out */
    bool force;            /* read: an expired key is given all the same */
    /* out */
    uint64_t made, expires; /* µs; expires 0: never */
    bool expired, renewed;  /* it was when it was asked for; the entry has a new key now */
};
/* Errors: WW_EINVAL with field; WW_EDENIED id "named_wrong": there is none of this name, or the password is
 * wrong, which is not told apart, neither by the answer nor by the work done; WW_ETHROTTLED; WW_ETAMPERED,
 * audited; WW_ETOOLARGE id "value_too_large" for values beyond `vault.item_max`. */
/* A key is made, an entry has the value. WW_ECONFLICT id "named_taken". */
enum ww_err account_program_create(struct ww_op *op, struct service *s, struct account_program *p) WW_MUST;
/* WW_EEXPIRED id "key_expired" for a key past its time, unless forced. An entry past its time is sealed under
 * a new key and given. */
enum ww_err account_program_read(struct ww_op *op, struct service *s, struct account_program *p) WW_MUST;
/* Of an entry: under a new key. */
enum ww_err account_program_update(struct ww_op *op, struct service *s, struct account_program *p) WW_MUST;
enum ww_err account_program_delete(struct ww_op *op, struct service *s, struct account_program *p) WW_MUST;

/* Calls found with a sentence for each kind of fault of the rows; without anybody's password. */
enum ww_err account_program_check(struct ww_op *op, struct service *s,
                                  void (*found)(void *context, const char *line), void *context) WW_MUST;

#endif
