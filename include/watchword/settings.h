/* The effective settings of an open store, for the server that acts on them.
 *
 * NOT YET STABLE: this header is the server's own, and changes with it. Settings do not change while a store
 * is open: any thread may read them, in a forked child too. Texts live until ww_close. Keys have dots
 * ("serve.public.port"; watchword.yml(5)); one that does not exist, or has another type than asked for, ends
 * the program (abort). */
#ifndef WATCHWORD_SETTINGS_H
#define WATCHWORD_SETTINGS_H

#include "watchword.h"

#ifdef __cplusplus
extern "C" {
#endif

/* "" when it is unset and has no default. */
WW_EXPORT const char *ww_setting(const struct ww *ww, const char *key);
WW_EXPORT bool ww_setting_bool(const struct ww *ww, const char *key);
/* Numbers, and sizes in bytes. */
WW_EXPORT int64_t ww_setting_int(const struct ww *ww, const char *key);
/* Microseconds. */
WW_EXPORT uint64_t ww_setting_duration(const struct ww *ww, const char *key);
/* A list of texts, and its elements from 0. */
WW_EXPORT size_t ww_setting_count(const struct ww *ww, const char *key);
WW_EXPORT const char *ww_setting_at(const struct ww *ww, const char *key, size_t i);
/* Whether it was set rather than defaulted. */
WW_EXPORT bool ww_setting_is_set(const struct ww *ww, const char *key);
/* What the configuration warned about, one line each, from 0. */
WW_EXPORT size_t ww_warning_count(const struct ww *ww);
WW_EXPORT const char *ww_warning(const struct ww *ww, size_t i);
WW_EXPORT bool ww_dev(const struct ww *ww);
/* How many migrations ww_open applied. */
WW_EXPORT int ww_migrated(const struct ww *ww);

#ifdef __cplusplus
}
#endif

#endif
