/* Things in words: times, sizes, places, devices, people. */
#ifndef WORDS_H
#define WORDS_H

#include "js.h"

/* {"iso","absolute","relative"} of an RFC 3339 text or of microseconds, as time.html shows it; NULL when it
 * is no time. */
struct js *words_time(struct arena *a, const char *rfc3339, uint64_t now);
struct js *words_time_us(struct arena *a, uint64_t us, uint64_t now);
/* "20 seconds", "2 minutes": rounded up, so that who waits that long has waited enough. */
const char *words_wait(struct arena *a, uint32_t seconds);
/* "312 bytes", "40 KB" */
const char *words_size(struct arena *a, uint64_t bytes);
/* What `watchword user` and `watchword item` call themselves in place of a User-Agent. */
#define WORDS_COMMAND_LINE "watchword command line"
/* "Firefox on Linux", "Command line", from a User-Agent; NULL when it names neither. */
const char *words_device(struct arena *a, const char *user_agent);
/* "Basel, CH (192.0.2.1)", or what of it is known; "" when nothing is. Either may be NULL. */
const char *words_place(struct arena *a, const char *location, const char *address);
/* What to call somebody: from the traits of an identity. "" when they hold nothing to go by. */
const char *words_person(struct arena *a, const struct js *traits);

#endif
