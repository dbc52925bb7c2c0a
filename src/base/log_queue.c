/* The log's queue: a ring of bytes. Adding copies under a mutex that is never held during a write. */
#include "log_queue.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* One for the process: it is static, so that logging never allocates, not even when memory is gone. */
static struct {
    pthread_mutex_t mutex;
    pthread_cond_t filled;
    pthread_t writer;
    int fd;
    bool stopping;
    size_t first, held; /* of the bytes that are not yet written */
    char ring[LOG_QUEUE_BYTES];
} queue = {.mutex = PTHREAD_MUTEX_INITIALIZER, .filled = PTHREAD_COND_INITIALIZER};

/* What the descriptor takes of n bytes; all of them when it will never take any. */
static size_t write_some(const char *p, size_t n)
{
    for (;;) {
        ssize_t written = write(queue.fd, p, n);
        if (written >= 0) {
            return (size_t)written;
        }
        if (errno == EAGAIN) { /* whoever started us made it so */
            struct pollfd ready = {.fd = queue.fd, .events = POLLOUT};
            poll(&ready, 1, -1);
        } else if (errno != EINTR) {
            return n;
        }
    }
}

/* What is in the ring stays where it is until held says otherwise, so it is written without the mutex. */
static void *write_lines(void *unused)
{
    (void)unused;
    pthread_mutex_lock(&queue.mutex);
    while (queue.held > 0 || !queue.stopping) {
        if (queue.held == 0) {
            pthread_cond_wait(&queue.filled, &queue.mutex);
            continue;
        }
        size_t to_end = LOG_QUEUE_BYTES - queue.first, n = queue.held < to_end ? queue.held : to_end;
        const char *from = queue.ring + queue.first;
        pthread_mutex_unlock(&queue.mutex);
        size_t written = write_some(from, n);
        pthread_mutex_lock(&queue.mutex);
        queue.first = (queue.first + written) % LOG_QUEUE_BYTES;
        queue.held -= written;
    }
    pthread_mutex_unlock(&queue.mutex);
    return NULL;
}

bool log_queue_start(int fd)
{
    sigset_t all, before; /* signals are for other threads */
    queue.fd = fd;
    queue.stopping = false;
    /* Blocked while the thread is made, so that it inherits the mask and no handler ever runs on it. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    bool started = pthread_create(&queue.writer, NULL, write_lines, NULL) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return started;
}

bool log_queue_stop(unsigned ms)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until); /* as pthread_timedjoin_np wants it */
    until.tv_nsec += (long)(ms % 1000) * 1000000;
    until.tv_sec += ms / 1000 + until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_mutex_lock(&queue.mutex);
    queue.stopping = true;
    pthread_cond_signal(&queue.filled);
    pthread_mutex_unlock(&queue.mutex);
    if (pthread_timedjoin_np(queue.writer, NULL, &until) == 0) {
        return true;
    }
    pthread_detach(queue.writer); /* inside a write that nobody reads, until the process ends */
    return false;
}

bool log_queue_add(struct bytes line)
{
    pthread_mutex_lock(&queue.mutex);
    /* Whole lines or none, and never a wait: whoever fills the queue (one who makes errors on purpose)
     * stops no request with it. */
    bool fits = line.n <= LOG_QUEUE_BYTES - queue.held;
    if (fits) {
        size_t at = (queue.first + queue.held) % LOG_QUEUE_BYTES, to_end = LOG_QUEUE_BYTES - at;
        size_t head = line.n < to_end ? line.n : to_end;
        memcpy(queue.ring + at, line.p, head);
        memcpy(queue.ring, line.p + head, line.n - head);
        queue.held += line.n;
        pthread_cond_signal(&queue.filled);
    }
    pthread_mutex_unlock(&queue.mutex);
    return fits;
}
