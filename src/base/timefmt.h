/* Times: microseconds since 1970 UTC inside, RFC 3339 outside; durations as Kratos writes them ("1h30m"). */
#ifndef TIMEFMT_H
#define TIMEFMT_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "arena.h"

#define SECOND_US ((uint64_t)1000000)

/* "2026-01-02T03:04:05.000006Z"; NULL when there is no memory. */
char *timefmt_rfc3339(struct arena *a, uint64_t us) WW_MUST;
/* RFC 3339 date-time with any zone. False when it is not one or before 1970. */
bool timefmt_parse(const char *text, uint64_t *us) WW_MUST;
/* A Go duration ("10m", "1h30m", "1.5s", "250ms", "0"): units ns us µs ms s m h, not negative. */
bool timefmt_duration(const char *text, uint64_t *us) WW_MUST;
/* In so many milliseconds from now on CLOCK_MONOTONIC: for conditions that wait on that clock. */
struct timespec timefmt_deadline(unsigned ms);
/* Milliseconds until then, for poll(2); 0 when it is past. */
int timefmt_ms_until(const struct timespec *deadline);

#endif
