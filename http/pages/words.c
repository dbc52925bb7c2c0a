/* Times, sizes and devices in words. */
#include "words.h"

#include <string.h>
#include <time.h>

#include "catalogue.h"
#include "timefmt.h"

enum { MINUTE = 60, HOUR = 60 * MINUTE, DAY = 24 * HOUR };

/* Rounded down; a time in the future, of a clock that was put back, is "now". */
static const char *relative(struct arena *a, uint64_t us, uint64_t now)
{
    static const struct {
        uint64_t below, unit; /* seconds */
        const char *key;
    } steps[] = {
        {HOUR, MINUTE, "time.minutes"},         {DAY, HOUR, "time.hours"},
        {60 * (uint64_t)DAY, DAY, "time.days"}, {730 * (uint64_t)DAY, 30 * DAY, "time.months"},
        {UINT64_MAX, 365 * DAY, "time.years"},
    };
    uint64_t seconds = now > us ? (now - us) / SECOND_US : 0;
    if (seconds < MINUTE) {
        return catalogue_text(a, "time.now", NULL);
    }
    size_t i = 0;
    while (seconds >= steps[i].below) {
        i++;
    }
    return catalogue_count(a, steps[i].key, seconds / steps[i].unit);
}

struct js *words_time_us(struct arena *a, uint64_t us, uint64_t now)
{
    time_t seconds = (time_t)(us / SECOND_US);
    struct tm tm;
    if (!gmtime_r(&seconds, &tm)) {
        return NULL;
    }
    char *key = arena_printf(a, "month.%d", tm.tm_mon + 1);
    if (!key) {
        return NULL;
    }
    struct js *values = js_object(a), *out = js_object(a);
    js_put(a, values, "day", js_int(a, tm.tm_mday));
    js_put(a, values, "month", js_text(a, catalogue_text(a, key, NULL)));
    js_put(a, values, "year", js_int(a, tm.tm_year + 1900));
    js_put(a, values, "clock", js_text(a, arena_printf(a, "%02d:%02d", tm.tm_hour, tm.tm_min)));
    js_put(a, out, "iso", js_text(a, timefmt_rfc3339(a, us)));
    js_put(a, out, "absolute", js_text(a, catalogue_text(a, "time.absolute", values)));
    js_put(a, out, "relative", js_text(a, relative(a, us, now)));
    return out;
}

/* Rounded up: who waits as told is let in. */
const char *words_wait(struct arena *a, uint32_t seconds)
{
    if (seconds < 1) {
        seconds = 1;
    }
    return seconds < 100 ? catalogue_count(a, "wait.seconds", seconds)
                         : catalogue_count(a, "wait.minutes", ((uint64_t)seconds + MINUTE - 1) / MINUTE);
}

const char *words_size(struct arena *a, uint64_t bytes)
{
    uint64_t kilobytes = (bytes + 512) / 1024;
    if (bytes < 1024) {
        return catalogue_count(a, "note.bytes", bytes);
    }
    return kilobytes % 1024 == 0 ? catalogue_count(a, "note.megabytes", kilobytes / 1024)
                                 : catalogue_count(a, "note.kilobytes", kilobytes);
}

/* ---- devices: what a User-Agent contains and what that is called; the first hit counts, since most browsers
 * name those that came before them, too ---- */

struct hint {
    const char *has, *name;
};

static const struct hint browsers[] = {
    {"Edg", "Edge"},
    {"OPR/", "Opera"},
    {"SamsungBrowser", "Samsung Internet"},
    {"Vivaldi", "Vivaldi"},
    {"Firefox/", "Firefox"},
    {"FxiOS", "Firefox"},
    {"CriOS", "Chrome"},
    {"HeadlessChrome", "Chrome"},
    {"Chromium", "Chromium"},
    {"Chrome/", "Chrome"},
    {"Safari/", "Safari"},
    {"curl/", "curl"},
    {0},
};

static const struct hint systems[] = {
    {"iPhone", "iPhone"},   {"iPad", "iPad"},       {"Android", "Android"},
    {"Windows", "Windows"}, {"CrOS", "ChromeOS"},   {"Mac OS X", "macOS"},
    {"Linux", "Linux"},     {"FreeBSD", "FreeBSD"}, {0},
};

static const char *first_hint(const struct hint *list, const char *text)
{
    for (; list->has; list++) {
        if (strstr(text, list->has)) {
            return list->name;
        }
    }
    return NULL;
}

/* A guess from what the browser says of itself, for people to recognise their own; nothing is decided by
 * it. */
const char *words_device(struct arena *a, const char *user_agent)
{
    const char *text = user_agent ? user_agent : "";
    if (strcmp(text, WORDS_COMMAND_LINE) == 0) {
        return catalogue_find(bytes_str("device.command_line"));
    }
    const char *browser = first_hint(browsers, text), *system = first_hint(systems, text);
    if (!browser || !system) {
        return browser ? browser : system;
    }
    struct js *values = js_object(a);
    js_put(a, values, "browser", js_text(a, browser));
    js_put(a, values, "system", js_text(a, system));
    return catalogue_text(a, "device.on", values);
}

const char *words_place(struct arena *a, const char *location, const char *address)
{
    bool known = location && location[0], has_address = address && address[0];
    if (!known || !has_address) {
        return known ? location : has_address ? address : "";
    }
    struct js *values = js_object(a);
    js_put(a, values, "location", js_text(a, location));
    js_put(a, values, "address", js_text(a, address));
    return catalogue_text(a, "place.both", values);
}

/* Depth one: a name of two parts, a text, or the first of a list. */
static const char *text_of(struct arena *a, const struct js *v)
{
    if (v && v->type == JS_ARRAY) {
        v = v->first;
    }
    const char *first = js_get_text(v, "first"), *last = js_get_text(v, "last");
    if (first && last) {
        return arena_printf(a, "%s %s", first, last);
    }
    if (first || last) {
        return first ? first : last;
    }
    return v && v->type == JS_STRING && v->string.n > 0 ? (const char *)v->string.p : NULL;
}

const char *words_person(struct arena *a, const struct js *traits)
{
    static const char *const usual[] = {"name", "username", "email", "emails", "phone"};
    const char *text = NULL;
    for (size_t i = 0; i < sizeof usual / sizeof usual[0] && !text; i++) {
        text = text_of(a, js_get(traits, usual[i]));
    }
    for (const struct js *c = traits ? traits->first : NULL; c && !text; c = c->next) {
        text = text_of(a, c);
    }
    return text ? text : "";
}
