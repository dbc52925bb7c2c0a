/* What the library takes from outside: the clock, randomness, and (in tests) faults. */
#ifndef WATCHWORD_ENV_H
#define WATCHWORD_ENV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum ww_fault {
    WW_FAULT_ALLOC,     /* an allocation of an operation */
    WW_FAULT_STATEMENT, /* a database statement, commit included */
    WW_FAULT_ANSWER,    /* the answer to a commit that was done: the connection is lost */
};

/* Passed to ww_open. Members that are NULL get the system's implementation. `ctx` is handed to each. They are
 * called by every thread that has work under way, several at once. */
struct ww_env {
    size_t size;                                      /* sizeof (struct ww_env) */
    uint64_t (*now)(void *ctx);                       /* microseconds since 1970 UTC */
    void (*random)(void *ctx, void *buf, size_t len); /* must be cryptographically secure; cannot fail */
    bool (*fault)(void *ctx, enum ww_fault kind);     /* tests only: true makes this one fail */
    void *ctx;
};

#endif
