/* Things in words: times, sizes, places, devices, people. */
#ifndef WORDS_H
#define WORDS_H

#include "js.h"

/* {"iso","absolute","relative"} as time.html shows it; NULL when there is no memory. */
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
