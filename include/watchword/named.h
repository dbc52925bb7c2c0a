/* Named keys and entries: for programs without accounts (vault.md §11). A part of <watchword.h>, which
 * includes it. */
#ifndef WATCHWORD_NAMED_H
#define WATCHWORD_NAMED_H

#include "watchword.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Each has a name (1 to 1,024 bytes of UTF-8) and a password, and lasts as long as `vault.cryptoperiod` says.
 * One slow hash a call. WW_EDENIED "named_wrong": there is none of this name, or the password is wrong; the
 * two are deliberately not told apart, neither by answer nor by the work done. WW_ETHROTTLED. about may be
 * NULL. Keys and entries of one name have nothing to do with each other. */
struct ww_named {
    size_t size;
    uint64_t made, expires; /* expires 0: never */
    bool expired;           /* it was, when it was asked for */
    bool renewed;           /* the entry was sealed under a new key by this call */
};
/* Makes a key of WW_KEY_SIZE random bytes, in *key. WW_ECONFLICT "named_taken", which does tell. */
enum { WW_KEY_SIZE = 32 };
WW_EXPORT enum ww_err ww_named_key_create(struct ww_op *op, const char *name, const char *password,
                                          size_t password_length, const void **key,
                                          struct ww_named *about) WW_MUST;
/* WW_EEXPIRED "key_expired": past its time; with `force` it is given all the same. */
WW_EXPORT enum ww_err ww_named_key_get(struct ww_op *op, const char *name, const char *password,
                                       size_t password_length, bool force, const void **key,
                                       struct ww_named *about) WW_MUST;
WW_EXPORT enum ww_err ww_named_key_delete(struct ww_op *op, const char *name, const char *password,
                                          size_t password_length) WW_MUST;
/* value: any bytes, at most `vault.item_max`: WW_ETOOLARGE. WW_ECONFLICT "named_taken". */
WW_EXPORT enum ww_err ww_named_entry_create(struct ww_op *op, const char *name, const char *password,
                                            size_t password_length, const void *value, size_t value_length,
                                            struct ww_named *about) WW_MUST;
/* *value is followed by a NUL. An entry past its time is sealed under a new key by this call. */
WW_EXPORT enum ww_err ww_named_entry_read(struct ww_op *op, const char *name, const char *password,
                                          size_t password_length, const void **value, size_t *value_length,
                                          struct ww_named *about) WW_MUST;
/* Replaces the value, under a new key. */
WW_EXPORT enum ww_err ww_named_entry_update(struct ww_op *op, const char *name, const char *password,
                                            size_t password_length, const void *value, size_t value_length,
                                            struct ww_named *about) WW_MUST;
WW_EXPORT enum ww_err ww_named_entry_delete(struct ww_op *op, const char *name, const char *password,
                                            size_t password_length) WW_MUST;

#ifdef __cplusplus
}
#endif

#endif
