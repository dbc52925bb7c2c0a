/* RFC 3339 §5.6. */
#include "schema_int.h"

struct time_parts {
    int hour, minute, second;
};

/* n digits at *p, moved on; -1 when they are none. */
static int digits(struct bytes *p, size_t n)
{
    int value = 0;
    if (p->n < n) {
        return -1;
    }
    for (size_t i = 0; i < n; i++) {
        if (p->p[i] < '0' || p->p[i] > '9') {
            return -1;
        }
        value = value * 10 + (p->p[i] - '0');
    }
    p->p += n;
    p->n -= n;
    return value;
}

static bool sign(struct bytes *p, char c)
{
    if (p->n == 0 || p->p[0] != (uint8_t)c) {
        return false;
    }
    p->p++;
    p->n--;
    return true;
}

/* With the days of each month: 30 February is no date (RFC 3339 §5.7). */
static bool full_date(struct bytes *p)
{
    static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int year = digits(p, 4);
    int month = year >= 0 && sign(p, '-') ? digits(p, 2) : -1;
    int day = month >= 1 && month <= 12 && sign(p, '-') ? digits(p, 2) : -1;
    if (day < 1) {
        return false;
    }
    bool leap = month == 2 && year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return day <= lengths[month - 1] + leap;
}

static bool partial_time(struct bytes *p, struct time_parts *t)
{
    t->hour = digits(p, 2);
    t->minute = t->hour >= 0 && sign(p, ':') ? digits(p, 2) : -1;
    t->second = t->minute >= 0 && sign(p, ':') ? digits(p, 2) : -1;
    /* 60 for a leap second, whose place full_time looks at. */
    if (t->second < 0 || t->hour > 23 || t->minute > 59 || t->second > 60) {
        return false;
    }
    if (sign(p, '.')) {
        if (digits(p, 1) < 0) {
            return false;
        }
        while (digits(p, 1) >= 0) {
        }
    }
    return true;
}

/* Minutes east of UTC. */
static bool offset(struct bytes *p, int *minutes)
{
    *minutes = 0;
    if (sign(p, 'Z') || sign(p, 'z')) {
        return true;
    }
    bool east = sign(p, '+');
    if (!east && !sign(p, '-')) {
        return false;
    }
    int hour = digits(p, 2), minute = hour >= 0 && sign(p, ':') ? digits(p, 2) : -1;
    *minutes = (east ? 1 : -1) * (hour * 60 + minute);
    return minute >= 0 && hour <= 23 && minute <= 59;
}

/* A leap second is the last of a day in UTC. */
static bool full_time(struct bytes *p)
{
    struct time_parts t;
    int east = 0;
    if (!partial_time(p, &t) || !offset(p, &east)) {
        return false;
    }
    /* Two days more, so that the remainder is not negative whatever the offset. */
    int utc = (t.hour * 60 + t.minute - east + 2 * 1440) % 1440;
    return t.second < 60 || utc == 1439;
}

bool schema_format_date(struct bytes text)
{
    return full_date(&text) && text.n == 0;
}

bool schema_format_time(struct bytes text)
{
    return full_time(&text) && text.n == 0;
}

bool schema_format_date_time(struct bytes text)
{
    return full_date(&text) && (sign(&text, 'T') || sign(&text, 't')) && full_time(&text) && text.n == 0;
}
