/* Migrations: numbered, forward only, each in one transaction together with its row in watchword_migrations.
 */
#include <string.h>

#include "db_driver.h"

/* The longest that processes wait for each other is this many times the store's wait. */
enum { LOCK_TRIES = 12 };

struct plan {
    struct db *db;
    const struct db_migration *list;
    const struct bytes *checksums;
    size_t n;
};

static const char make_table[] = "CREATE TABLE watchword_migrations ("
                                 "number %INT% NOT NULL PRIMARY KEY, "
                                 "name TEXT NOT NULL, "
                                 "checksum %BLOB% NOT NULL, "
                                 "applied_at %INT% NOT NULL)";

/* ---- the text of a migration ----. The types differ between the databases, the rest of a migration does
 * not. The checksum is of the text before this. */
static char *substitute(struct ww_op *op, const struct db_driver *driver, struct bytes sql)
{
    const struct {
        const char *mark, *word;
    } words[] = {{"%BLOB%", driver->blob}, {"%ID%", driver->id}, {"%INT%", driver->integer}};
    struct buf out = BUF(&op->arena);

    for (size_t i = 0; i < sql.n;) {
        size_t taken = 0;
        for (size_t w = 0; w < sizeof words / sizeof words[0] && taken == 0; w++) {
            size_t length = strlen(words[w].mark);
            if (sql.n - i >= length && memcmp(sql.p + i, words[w].mark, length) == 0) {
                buf_str(&out, words[w].word);
                taken = length;
            }
        }
        if (taken == 0) {
            buf_char(&out, (char)sql.p[i]);
            taken = 1;
        }
        i += taken;
    }
    return buf_text(&out);
}

static enum ww_err run_text(struct ww_op *op, struct db_conn *c, const char *sql)
{
    while (*sql) {
        const char *end = strstr(sql, ";\n");
        size_t n = end ? (size_t)(end - sql) : strlen(sql);
        if (strspn(sql, " \n\t;") < n) {
            char *statement = substitute(op, c->db->driver, BYTES(sql, n));
            enum ww_err err = statement ? db_run(op, c, statement) : op_no_memory(op);
            if (err != WW_OK) {
                return err;
            }
        }
        sql += n + (end ? 2 : 0);
    }
    return WW_OK;
}

/* ---- what the database says ---- */
static enum ww_err any_row(struct ww_op *op, struct db_conn *c, const char *sql, const struct db_value *args,
                           size_t n, bool *found)
{
    struct db_rows rows;
    enum ww_err err = db_query(op, c, &rows, sql, args, n);
    if (err == WW_OK) {
        err = db_next(&rows);
    }
    db_done(&rows);
    *found = err == WW_OK;
    return err == WW_ENOTFOUND ? WW_OK : err;
}

/* Whether watchword_migrations is there. Tables without it are somebody else's. */
static enum ww_err find_table(struct ww_op *op, struct db_conn *c, bool *ours)
{
    bool others = false;
    enum ww_err err = any_row(op, c, c->db->driver->has_table, DB_ARGS(DB_T("watchword_migrations")), ours);
    if (err == WW_OK && !*ours) {
        err = any_row(op, c, c->db->driver->any_table, NULL, 0, &others);
    }
    if (err == WW_OK && others) {
        return op_fail(op, WW_EFOREIGN, "db_foreign",
                       "the database %s has tables that are not of this program; it needs an empty one",
                       c->db->shown);
    }
    return err;
}

static const struct db_migration *known(const struct plan *plan, int64_t number, size_t *index)
{
    for (size_t i = 0; i < plan->n; i++) {
        if (plan->list[i].number == number) {
            *index = i;
            return &plan->list[i];
        }
    }
    return NULL;
}

static enum ww_err check_row(const struct plan *plan, struct db_rows *rows, bool *applied)
{
    size_t i = 0;
    int64_t number = db_int(rows, 0);
    struct bytes checksum = db_blob(rows, 1);
    if (db_lost(rows)) {
        return op_no_memory(rows->op);
    }
    /* An older program must not write into tables that it does not know: a newer one has put sense into
     * them that it would break. */
    if (!known(plan, number, &i)) {
        return op_fail(rows->op, WW_EFOREIGN, "db_newer",
                       "the database %s was made by a newer version: migration %lld is not known here",
                       plan->db->shown, (long long)number);
    }
    /* What was applied is not what this program would have applied: its assumptions about the tables do
     * not hold. */
    if (!bytes_equal(checksum, plan->checksums[i])) {
        return op_fail(rows->op, WW_EFOREIGN, "db_checksum",
                       "migration %lld of the database %s is not the one of this version", (long long)number,
                       plan->db->shown);
    }
    applied[i] = true;
    return WW_OK;
}

/* Which of the plan are applied, one flag each; *ours as find_table. */
static enum ww_err read_applied(struct ww_op *op, struct db_conn *c, const struct plan *plan, bool *ours,
                                bool *applied)
{
    struct db_rows rows;
    memset(applied, 0, plan->n * sizeof *applied);
    enum ww_err err = find_table(op, c, ours);
    if (err != WW_OK || !*ours) {
        return err;
    }
    err = db_query(op, c, &rows, "SELECT number, checksum FROM watchword_migrations ORDER BY number DESC",
                   NULL, 0);
    while (err == WW_OK && (err = db_next(&rows)) == WW_OK) {
        err = check_row(plan, &rows, applied);
    }
    db_done(&rows);
    return err == WW_ENOTFOUND ? WW_OK : err;
}

/* Gaps count: a migration that was never applied is due, even if a later one was. */
static size_t first_missing(const bool *applied, size_t n)
{
    size_t i = 0;
    while (i < n && applied[i]) {
        i++;
    }
    return i;
}

/* ---- apply ----. Both databases roll back CREATE and ALTER too: a migration that is cut leaves nothing. */
static enum ww_err apply(struct ww_op *op, struct db_conn *c, const struct plan *plan, size_t i, bool ours)
{
    const struct db_migration *m = &plan->list[i];
    enum ww_err err = ours ? WW_OK : run_text(op, c, make_table);
    if (err == WW_OK) {
        err = run_text(op, c, m->sql);
    }
    if (err == WW_OK) {
        err = db_exec(op, c,
                      "INSERT INTO watchword_migrations (number, name, checksum, applied_at) "
                      "VALUES ($1, $2, $3, $4)",
                      NULL,
                      DB_ARGS(DB_I(m->number), DB_T(m->name), DB_B(plan->checksums[i]), DB_I(op_now(op))));
    }
    return err;
}

/* One transaction: the next missing one, found under the lock. *done when none is missing. */
static enum ww_err apply_next(struct ww_op *op, struct db_conn *c, const struct plan *plan, bool *applied,
                              bool *done)
{
    bool ours = false, locked = false;
    const char *lock = c->db->driver->migration_lock;
    *done = false;
    enum ww_err err = db_begin(op, c, DB_WRITE);
    if (err == WW_OK && c->db->driver->migration_patience) {
        err = db_run(op, c, c->db->driver->migration_patience);
    }
    /* Of two nodes that start at once one migrates and the other waits, then finds nothing left to do.
     * SQLite needs no lock beside BEGIN IMMEDIATE. */
    if (err == WW_OK && lock) {
        err = any_row(op, c, lock, NULL, 0, &locked);
    }
    if (err == WW_OK) {
        err = read_applied(op, c, plan, &ours, applied);
    }
    if (err == WW_OK) {
        size_t i = first_missing(applied, plan->n);
        *done = i == plan->n;
        err = *done ? WW_OK : apply(op, c, plan, i, ours);
    }
    if (err == WW_OK && !*done) {
        return db_commit(op, c);
    }
    db_rollback(c);
    return err;
}

static enum ww_err apply_all(struct ww_op *op, struct db_conn *c, const struct plan *plan, bool *flags,
                             int *applied)
{
    enum ww_err err = WW_EINTERNAL;
    bool done = false;
    int tries = 0;
    do {
        err = apply_next(op, c, plan, flags, &done);
        tries = err == WW_EBUSY ? tries + 1 : 0;
        *applied += err == WW_OK && !done;
    } while ((err == WW_OK && !done) || (err == WW_EBUSY && tries < LOCK_TRIES && !c->broken));
    return err;
}

static enum ww_err check_plan(struct ww_op *op, const struct plan *plan)
{
    for (size_t i = 0; i < plan->n; i++) {
        if (plan->checksums[i].n != 32 || plan->list[i].number <= (i ? plan->list[i - 1].number : 0)) {
            return op_fail(op, WW_EINTERNAL, "db_migrations",
                           "migrations must rise from 1 and have checksums of 32 bytes");
        }
    }
    return WW_OK;
}

enum ww_err db_migrate(struct ww_op *op, struct db *db, const struct db_migration *list,
                       const struct bytes *checksums, size_t n, int *applied)
{
    const struct plan plan = {db, list, checksums, n};
    struct db_conn *c = NULL;
    bool *flags = ARENA_ARRAY(&op->arena, n, bool);
    *applied = 0;
    if (!flags) {
        return op_no_memory(op);
    }
    enum ww_err err = check_plan(op, &plan);
    if (err == WW_OK) {
        err = db_take(op, db, &c);
    }
    if (err == WW_OK) {
        c->patient = true;
        err = apply_all(op, c, &plan, flags, applied);
        c->patient = false;
    }
    db_give(c);
    return err;
}

enum ww_err db_pending(struct ww_op *op, struct db *db, const struct db_migration *list,
                       const struct bytes *checksums, size_t n, int *pending)
{
    const struct plan plan = {db, list, checksums, n};
    struct db_conn *c = NULL;
    bool ours = false, *flags = ARENA_ARRAY(&op->arena, n, bool);
    *pending = 0;
    if (!flags) {
        return op_no_memory(op);
    }
    enum ww_err err = check_plan(op, &plan);
    if (err == WW_OK) {
        err = db_take(op, db, &c);
    }
    if (err == WW_OK) {
        err = db_begin(op, c, DB_READ);
    }
    if (err == WW_OK) {
        err = read_applied(op, c, &plan, &ours, flags);
    }
    for (size_t i = 0; err == WW_OK && i < n; i++) {
        *pending += !flags[i];
    }
    db_give(c);
    return err;
}
