/* Times as RFC 3339 writes them, and durations as Go writes them ("1h30m"), as Kratos' configuration has
 * them. */
#include "timefmt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Least significant first, from the right: a fixed number of digits, with zeros in front. */
static size_t put_digits(char *text, size_t at, unsigned v, size_t digits)
{
    for (size_t i = digits; i > 0; i--, v /= 10) {
        text[at + i - 1] = (char)('0' + v % 10);
    }
    return at + digits;
}

/* By hand, since an answer to whoami has ten of them. */
char *timefmt_rfc3339(struct arena *a, uint64_t us)
{
    time_t seconds = (time_t)(us / SECOND_US);
    struct tm tm;
    /* RFC 3339 has four digits for a year. A stored time beyond it is damage, shown as the epoch rather
     * than as a text no client reads. */
    if (!gmtime_r(&seconds, &tm) || tm.tm_year > 9999 - 1900) {
        return arena_strdup(a, "1970-01-01T00:00:00Z");
    }
    char text[32];
    size_t n = put_digits(text, 0, (unsigned)(tm.tm_year + 1900), 4);
    text[n++] = '-';
    n = put_digits(text, n, (unsigned)tm.tm_mon + 1, 2);
    text[n++] = '-';
    n = put_digits(text, n, (unsigned)tm.tm_mday, 2);
    text[n++] = 'T';
    n = put_digits(text, n, (unsigned)tm.tm_hour, 2);
    text[n++] = ':';
    n = put_digits(text, n, (unsigned)tm.tm_min, 2);
    text[n++] = ':';
    n = put_digits(text, n, (unsigned)tm.tm_sec, 2);
    /* Microseconds where there are any, as Go trims its fractions: recorded answers have both forms. */
    if (us % SECOND_US) {
        text[n++] = '.';
        n = put_digits(text, n, (unsigned)(us % SECOND_US), 6);
    }
    text[n++] = 'Z';
    return arena_strndup(a, text, n);
}

bool timefmt_parse(const char *text, uint64_t *us)
{
    struct tm tm = {0};
    const char *p = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
    uint64_t fraction = 0, scale = SECOND_US / 10;

    if (!p || strlen(text) > 64 || p - text != 19 || strchr(text, ' ')) { /* strptime takes "2000-2-9" too */
        return false;
    }
    /* timegm changes tm below, so what was typed is kept to compare. */
    int day = tm.tm_mday;
    if (*p == '.') {
        p++;
        if (*p < '0' || *p > '9') {
            return false;
        }
        for (; *p >= '0' && *p <= '9'; p++, scale /= 10) {
            fraction += (uint64_t)(*p - '0') * scale;
        }
    }
    /* Seconds east of UTC (RFC 3339 §4.2), subtracted at the end. */
    long offset = 0;
    if (*p == '+' || *p == '-') {
        int h = 0, m = 0, n = 0;
        if (sscanf(p + 1, "%2d:%2d%n", &h, &m, &n) != 2 || n != 5 || h > 23 || m > 59 || h < 0 || m < 0) {
            return false;
        }
        offset = (h * 60L + m) * 60 * (*p == '-' ? -1 : 1);
        p += 1 + n;
    } else if (*p == 'Z' || *p == 'z') {
        p++;
    } else {
        return false;
    }
    bool leap_second = tm.tm_sec == 60;
    time_t seconds = timegm(&tm) - offset;
    if (*p || seconds < 0 ||
        (tm.tm_mday != day && !leap_second)) { /* 30 February is 1 or 2 March to timegm */
        return false;
    }
    *us = (uint64_t)seconds * SECOND_US + fraction;
    return true;
}

bool timefmt_duration(const char *text, uint64_t *us)
{
    static const struct {
        const char *name;
        double us;
    } units[] = {{"ns", 1e-3}, {"us", 1},  {"\xc2\xb5s", 1}, {"\xce\xbcs", 1},
                 {"ms", 1e3},  {"s", 1e6}, {"m", 60e6},      {"h", 3600e6}};
    /* Fractions ("1.5h") are allowed; 2^53 µs are 285 years, below which the sum is exact. */
    double total = 0;

    if (strcmp(text, "0") == 0) {
        *us = 0;
        return true;
    }
    /* The length bounds the loop and strtod. */
    if (!*text || strlen(text) > 64) {
        return false;
    }
    while (*text) {
        size_t number = strspn(text, "0123456789.");
        size_t unit = strcspn(text + number, "0123456789.");
        char *end = NULL;
        double value = strtod(text, &end);
        double scale = 0;
        /* "1.2.3h" and ".h": strtod read less, or other characters, than what looks like a number. */
        if (number == 0 || end != text + number) {
            return false;
        }
        for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
            if (strlen(units[i].name) == unit && strncmp(units[i].name, end, unit) == 0) {
                scale = units[i].us;
            }
        }
        if (scale <= 0) {
            return false;
        }
        total += value * scale;
        text += number + unit;
    }
    if (total > 9e15) { /* 285 years */
        return false;
    }
    *us = (uint64_t)(total + 0.5);
    return true;
}

/* Monotonic: a clock that is set must not make anybody wait for hours, nor not at all. */
struct timespec timefmt_deadline(unsigned ms)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    t.tv_sec += ms / 1000;
    t.tv_nsec += (long)(ms % 1000) * 1000000;
    if (t.tv_nsec >= 1000000000) {
        t.tv_sec++;
        t.tv_nsec -= 1000000000;
    }
    return t;
}

int timefmt_ms_until(const struct timespec *deadline)
{
    struct timespec now = timefmt_deadline(0);
    int64_t ms =
        (int64_t)(deadline->tv_sec - now.tv_sec) * 1000 + (deadline->tv_nsec - now.tv_nsec) / 1000000;
    return ms < 0 ? 0 : ms > INT32_MAX ? INT32_MAX : (int)ms;
}
