/* Lines on their way to a descriptor that may not take them: a queue of bounded size with a thread of its own
 * behind it, so that whoever adds a line waits for nobody. Process-wide, as the log is. */
#ifndef LOG_QUEUE_H
#define LOG_QUEUE_H

#include <stdbool.h>

#include "bytes.h"

enum { LOG_QUEUE_BYTES = 256 * 1024 };

/* Starts the thread; false when there is none to be had. fd stays the caller's. */
bool log_queue_start(int fd);
/* Ends it once all lines are written, or ms milliseconds have passed. True: the descriptor took all. */
bool log_queue_stop(unsigned ms);
/* A whole line; false when it does not fit. From any thread, while the queue runs. */
bool log_queue_add(struct bytes line);

#endif
