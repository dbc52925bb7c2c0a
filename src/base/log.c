/* One event, one line: how a line is made, and where it goes. */
#include "log.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "log_queue.h"
#include "op.h"
#include "timefmt.h"

/* Set once at the start, before threads; read without a lock afterwards. */
static struct {
    int fd, text_format;
    enum log_level least;
} config = {2, 1, LOG_INFO};

static atomic_int way; /* enum way */
/* DIRECT: a write per line. QUEUED: a thread of the log's own writes. NOWHERE: counted only. */
enum way { DIRECT, QUEUED, NOWHERE };
/* A log that nobody reads must not stop requests: lines that find no room are counted. */
static _Atomic uint64_t dropped;

void log_setup(int fd, enum log_level least, int text_format)
{
    config.fd = fd;
    config.least = least;
    config.text_format = text_format;
}

bool log_start(void)
{
    /* Without its thread the log still works, only slower. */
    bool started = log_queue_start(config.fd);
    atomic_store(&way, started ? QUEUED : DIRECT);
    return started;
}

/* NOWHERE first: lines that come while the queue is emptied are counted and not interleaved with it. */
void log_stop(unsigned ms)
{
    if (atomic_load(&way) == QUEUED) {
        atomic_store(&way, NOWHERE);
        atomic_store(&way, log_queue_stop(ms) ? DIRECT : NOWHERE);
    }
}

uint64_t log_dropped(void)
{
    return atomic_load(&dropped);
}

static bool deliver(struct bytes line)
{
    switch ((enum way)atomic_load(&way)) {
    case QUEUED:
        return log_queue_add(line);
    /* Before the server has threads, and for commands: one write(2) for a line, so that lines of several
     * processes do not mix. */
    case DIRECT:
        return write(config.fd, line.p, line.n) == (ssize_t)line.n;
    case NOWHERE:
    default:
        return false;
    }
}

/* Control characters are escaped in both formats: one event is one line whatever is in it. */
static void add_escaped(struct buf *b, const char *s)
{
    while (*s) {
        size_t plain = 0;
        while ((unsigned char)s[plain] >= 0x20 && !strchr("\"\\\x7f", s[plain])) {
            plain++;
        }
        buf_add(b, s, plain);
        s += plain;
        /* U+2028 and its like stay: they end lines in JavaScript, not in a log. */
        if (*s == '"' || *s == '\\') {
            buf_char(b, '\\');
            buf_char(b, *s++);
        } else if (*s) {
            buf_printf(b, "\\u%04x", (unsigned char)*s++);
        }
    }
}

static void add_pair(struct buf *b, const char *key, const char *value)
{
    if (config.text_format) {
        /* Quoted where it is no plain word: a value must not look like a pair of its own. */
        bool plain = value[0] && !strpbrk(value, " =\"");
        buf_printf(b, plain ? " %s=" : " %s=\"", key);
        add_escaped(b, value);
        buf_str(b, plain ? "" : "\"");
    } else {
        buf_str(b, ",\"");
        buf_str(b, key);
        buf_str(b, "\":\"");
        add_escaped(b, value);
        buf_char(b, '"');
    }
}

void log_write(enum log_level level, const char *message, ...)
{
    static const char *const names[] = {"debug", "info", "warning", "error"};
    /* Before anything is allocated: debug lines cost nothing when they are off. */
    if (level < config.least) {
        return;
    }
    /* An arena of its own, wiped at the end: a line may name an address. */
    struct arena arena = {0};
    struct buf b = BUF(&arena);
    char *now = timefmt_rfc3339(&arena, op_system_now(NULL));
    if (config.text_format) {
        buf_printf(&b, "%s %s ", now ? now : "", names[level]);
        add_escaped(&b, message);
    } else {
        buf_printf(&b, "{\"time\":\"%s\",\"level\":\"%s\",\"msg\":\"", now ? now : "", names[level]);
        add_escaped(&b, message);
        buf_char(&b, '"');
    }
    va_list ap;
    va_start(ap, message);
    for (;;) {
        const char *key = va_arg(ap, const char *);
        /* Pairs until a NULL; a value of NULL leaves its pair out. */
        if (!key) {
            break;
        }
        const char *value = va_arg(ap, const char *);
        if (value) {
            add_pair(&b, key, value);
        }
    }
    va_end(ap);
    buf_str(&b, config.text_format ? "\n" : "}\n");
    struct bytes line = buf_done(&b);
    if (!line.p || !deliver(line)) {
        atomic_fetch_add(&dropped, 1);
    }
    arena_free(&arena);
}
