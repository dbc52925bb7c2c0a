/* Settings as the server reads them (include/watchword/settings.h). */
#include "watchword/settings.h"

#include "api_int.h"

/* Of the server's settings only; an embedding program has the ones it passed. */
const char *ww_setting(const struct ww *ww, const char *key)
{
    return config_text(ww->config, key);
}

bool ww_setting_bool(const struct ww *ww, const char *key)
{
    return config_bool(ww->config, key);
}

int64_t ww_setting_int(const struct ww *ww, const char *key)
{
    return config_int(ww->config, key);
}

uint64_t ww_setting_duration(const struct ww *ww, const char *key)
{
    return config_duration(ww->config, key);
}

size_t ww_setting_count(const struct ww *ww, const char *key)
{
    return config_list_count(ww->config, key);
}

const char *ww_setting_at(const struct ww *ww, const char *key, size_t i)
{
    return config_list_at(ww->config, key, i);
}

bool ww_setting_is_set(const struct ww *ww, const char *key)
{
    return config_is_set(ww->config, key);
}

size_t ww_warning_count(const struct ww *ww)
{
    return config_warning_count(ww->config);
}

const char *ww_warning(const struct ww *ww, size_t i)
{
    return config_warning(ww->config, i);
}

bool ww_dev(const struct ww *ww)
{
    return config_dev(ww->config);
}

int ww_migrated(const struct ww *ww)
{
    return store_migrated(ww->service.store);
}
