/* Result codes of the library.
 *
 * A code is chosen by what the caller does next; the finer meaning is the reason id and text that the
 * operation keeps (ww_op_problem). There is one table; names, values and texts all come from it. A code keeps
 * its value in every later version; new ones may come, so a caller treats what it does not know as
 * WW_EINTERNAL. */
#ifndef WATCHWORD_ERR_H
#define WATCHWORD_ERR_H

#include <stddef.h>
#include <stdint.h>

/*   name            value  retry  text */
#define WW_ERR_TABLE(X)                                                                                      \
    X(OK, 0, 0, "done")                                                                                      \
    /* ours */                                                                                               \
    X(EINTERNAL, 1, 0, "internal error")                                                                     \
    /* the request is wrong */                                                                               \
    X(EINVAL, 2, 0, "invalid argument")                                                                      \
    X(EVALIDATION, 3, 0, "the data does not satisfy the schema or the policy")                               \
    X(ECONFLICT, 4, 0, "exists already")                                                                     \
    X(ENOTFOUND, 5, 0, "not found")                                                                          \
    X(EVERSION, 6, 0, "the stated version is not the current one")                                           \
    X(ETOOLARGE, 7, 0, "too large")                                                                          \
    X(EUNSUPPORTED, 8, 0, "not supported")                                                                   \
    X(EFORKED, 9, 0, "this was opened before the process forked: open it again here")                        \
    /* refused */                                                                                            \
    X(EDENIED, 20, 0, "wrong credentials")                                                                   \
    X(EAAL, 21, 0, "a second factor is needed first")                                                        \
    X(EREAUTH, 22, 0, "a recent sign-in is needed first")                                                    \
    X(EDISABLED, 23, 0, "the account is disabled")                                                           \
    X(ELOCKED, 24, 0, "the vault is locked in this session")                                                 \
    X(ENOVAULT, 25, 0, "the account has no vault")                                                           \
    X(ETHROTTLED, 26, 1, "too many attempts")                                                                \
    X(EEXPIRED, 27, 0, "expired")                                                                            \
    X(EFORBIDDEN, 28, 0, "not allowed")                                                                      \
    /* stored data is wrong */                                                                               \
    X(ETAMPERED, 40, 0, "stored data is not what was written")                                               \
    X(EROLLEDBACK, 41, 0, "stored data is older than it should be")                                          \
    X(EKEYMISSING, 42, 0, "sealed under a server key that is not configured")                                \
    X(EFOREIGN, 43, 0, "the database is not of this program or of a newer version")                          \
    /* the environment */                                                                                    \
    X(EFULL, 60, 0, "a limit is reached")                                                                    \
    X(EBUSY, 61, 1, "busy")                                                                                  \
    X(ENOMEM, 62, 1, "out of memory")                                                                        \
    X(EIO, 63, 1, "input or output failed")                                                                  \
    X(ECONFIG, 64, 0, "bad configuration")

#ifdef __cplusplus
extern "C" {
#endif

#define WW_ERR_ENUM(name, value, retry, text) WW_##name = (value),
enum ww_err { WW_ERR_TABLE(WW_ERR_ENUM) };
#undef WW_ERR_ENUM

/* A failure in full, as ww_op_problem gives it. */
struct ww_problem {
    size_t size;
    enum ww_err err;
    const char *id;       /* stable, such as "item_not_found"; "" when there was no failure */
    const char *field;    /* the field that is wrong, or NULL */
    const char *text;     /* one sentence for people; holds no secret and nothing that was typed */
    uint32_t retry_after; /* seconds, or 0 */
    uint64_t limit;       /* the limit that was passed, or 0 */
};

/* Declares that a result must be looked at. */
#define WW_MUST __attribute__((warn_unused_result))

/* What the shared library exports. */
#define WW_EXPORT __attribute__((visibility("default")))

/* The code's text, in English; never NULL. These three may be called by any thread, at any time. */
WW_EXPORT const char *ww_err_text(enum ww_err err);

/* The code's name ("WW_EDENIED"); never NULL. */
WW_EXPORT const char *ww_err_name(enum ww_err err);

/* Whether the same call may succeed later without change. */
WW_EXPORT int ww_err_retryable(enum ww_err err);

#ifdef __cplusplus
}
#endif

#endif
