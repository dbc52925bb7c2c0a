/* A store for one check: fresh and empty, of the kind that the check is run for. */
#ifndef DB_FIXTURE_H
#define DB_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "db.h"

enum store_kind { STORE_FILE, STORE_MEMORY, STORE_POSTGRES, STORE_KINDS };

struct fixture {
    enum store_kind kind;
    struct ww_env env;
    struct ww_op op;
    char directory[64], dsn[512];
    struct db *db;
    struct db_conn *c;
    int statements; /* asked for so far */
    int fail_at;    /* the statement to fail, counted from 0; -1: none */
};

/* One check: run for every kind of store. */
struct check {
    const char *name;
    void (*run)(struct fixture *f);
};
extern const struct check statement_checks[], transaction_checks[], migration_checks[];

/* Opens f->dsn once more. */
struct db *fixture_open(struct fixture *f, unsigned wait_ms);

/* The table of most checks: rows (id unique, n, data, note). */
void make_rows_table(struct fixture *f);
/* Shorthand, for statements that must work. */
void run(struct fixture *f, struct db_conn *c, const char *sql);
int64_t number(struct fixture *f, struct db_conn *c, const char *sql);
#define assert_ok(f, call) assert_ok_at((f), (call), #call)
void assert_ok_at(struct fixture *f, enum ww_err err, const char *call);
/* The call failed with this code, and the operation kept this reason. */
void assert_failed(struct fixture *f, enum ww_err got, enum ww_err err, const char *id);

#endif
