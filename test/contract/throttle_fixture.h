/* A throttle over an empty store, with a clock that only the check moves. */
#ifndef THROTTLE_FIXTURE_H
#define THROTTLE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "throttle.h"
#include "throttle_memory.h"

#define SECONDS(n) ((uint64_t)(n)*1000000)
#define MINUTES(n) SECONDS(60 * (n))
#define HOURS(n)   MINUTES(60 * (n))
#define DAYS(n)    HOURS(24 * (n))

enum store_kind { STORE_MEMORY, STORE_POSTGRES, STORE_KINDS };

struct fixture {
    enum store_kind kind;
    struct ww_env env;
    uint64_t now;
    int statements, fail_at; /* as in db_fixture.h: the statement to fail, -1 none */
    char dsn[512];
    struct ww_op op;
    struct store *store;
    struct config *config;
    struct throttle *throttle;
};

struct check {
    const char *name;
    void (*run)(struct fixture *f);
};
extern const struct check throttle_checks[], throttle_row_checks[];

/* Another throttle over the same store, as another process or the next start would have. */
struct throttle *fixture_throttle(struct fixture *f);
/* Replaces configuration and throttle. */
void configure(struct fixture *f, const char *const *pairs, size_t n, bool dev);

/* A tag or account of a number. */
struct key tag_of(unsigned n);
struct uuid account_of(unsigned n);
int64_t count_rows(struct fixture *f);

#endif
