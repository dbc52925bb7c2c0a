/* The log: one JSON object a line, to a descriptor. Values are texts and numbers; nothing secret, nothing
 * that somebody typed. Only programs log; the library reports through errors and events. */
#ifndef LOG_H
#define LOG_H

#include <stdarg.h>
#include <stdint.h>

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

/* fd stays the caller's. text_format: "time level message key=value" for people instead of JSON.
 * Process-wide: the log is the one thing that belongs to the process, as its standard error does. */
void log_setup(int fd, enum log_level least, int text_format);

/* Pairs of (const char *key, const char *value) after message, ended by NULL. A value of NULL is left out. */
void log_write(enum log_level level, const char *message, ...) __attribute__((sentinel));

#endif
