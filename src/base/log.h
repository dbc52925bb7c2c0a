/* The log: one JSON object a line, to a descriptor. Values are texts and numbers; nothing secret, nothing
 * that somebody typed. Only programs log; the library reports through errors and events. */
#ifndef LOG_H
#define LOG_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

/* fd stays the caller's. text_format: "time level message key=value" for people instead of JSON.
 * Process-wide: the log is the one thing that belongs to the process, as its standard error does. */
void log_setup(int fd, enum log_level least, int text_format);

/* From here on lines are written by a thread of their own (log_queue.h): who logs never waits for whoever
 * reads the log. False: there was no thread, and lines are still written by who logs. */
bool log_start(void);
/* Writes what waits, for at most so many milliseconds, and ends the thread. No other thread may be logging.
 */
void log_stop(unsigned ms);
/* Lines that could not be written, or did not fit in the queue, since the process began. */
uint64_t log_dropped(void);

/* Pairs of (const char *key, const char *value) after message, ended by NULL. A value of NULL is left out. */
void log_write(enum log_level level, const char *message, ...) __attribute__((sentinel));

#endif
