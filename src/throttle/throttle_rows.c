#include "throttle_rows.h"

/* throttle_rule_add in SQL.
 * $1 subject, $2 level and $3 until of a counter that is new with this try, $4 now, $5 cost, $6 quiet, $7
 * level_max, $8 first, $9 longest */
#define DRAINED                                                                                              \
    "(CASE WHEN counters.until >= $4 THEN counters.count"                                                    \
    " WHEN counters.count > $4 - counters.until THEN counters.count - ($4 - counters.until) ELSE 0 END)"
#define LEVEL    "(CASE WHEN " DRAINED " + $5 > $7 THEN $7 ELSE " DRAINED " + $5 END)"
#define DOUBLED  "($8 << CAST((" LEVEL " - $6 - 1) / $5 AS INTEGER))"
#define NEW_WAIT "(CASE WHEN " LEVEL " <= $6 THEN 0 WHEN " DOUBLED " > $9 THEN $9 ELSE " DOUBLED " END)"

static const char reserve_sql[] =
    "INSERT INTO counters (subject, count, until) VALUES ($1, $2, $3)"
    " ON CONFLICT (subject) DO UPDATE SET count = " LEVEL ", until = $4 + " NEW_WAIT
    " WHERE counters.count <= $6 OR counters.until <= $4 OR counters.until - $4 > $9"
    " RETURNING count, until";

enum ww_err throttle_counter_row_load(struct ww_op *op, const struct key *id, struct throttle_counter *out)
{
    struct db_rows rows;
    *out = (struct throttle_counter){0};
    enum ww_err err = db_query(op, op->conn, &rows, "SELECT count, until FROM counters WHERE subject = $1",
                               DB_ARGS(DB_B(BYTES_OF(id->b))));
    if (err == WW_OK && (err = db_next(&rows)) == WW_OK) {
        *out = (struct throttle_counter){db_int(&rows, 0), db_int(&rows, 1)};
    }
    db_done(&rows);
    return err;
}

enum ww_err throttle_counter_row_reserve(struct ww_op *op, struct throttle_subject *s, int64_t now)
{
    const struct throttle_rule *r = s->rule;
    const struct throttle_counter unused = {0};
    struct throttle_counter fresh = throttle_rule_add(r, &unused, now);
    struct db_rows rows;
    enum ww_err err = db_query(op, op->conn, &rows, reserve_sql,
                               DB_ARGS(DB_B(BYTES_OF(s->id.b)), DB_I(fresh.level), DB_I(fresh.until),
                                       DB_I(now), DB_I(r->cost), DB_I(r->quiet), DB_I(r->level_max),
                                       DB_I(r->first), DB_I(r->longest)));
    s->stored = (struct throttle_counter){0};
    if (err == WW_OK && (err = db_next(&rows)) == WW_OK) {
        s->stored = (struct throttle_counter){db_int(&rows, 0), db_int(&rows, 1)};
    }
    db_done(&rows);
    if (err != WW_ENOTFOUND) {
        return err;
    }
    err = throttle_counter_row_load(op, &s->id, &s->stored);
    return err == WW_OK || err == WW_ENOTFOUND ? WW_ETHROTTLED : err;
}

/* throttle_rule_give_back in SQL. */
enum ww_err throttle_counter_row_give_back(struct ww_op *op, const struct throttle_subject *s, int64_t at)
{
    return db_exec(op, op->conn,
                   "UPDATE counters SET count = CASE WHEN count > $2 THEN count - $2 ELSE 0 END,"
                   " until = CASE WHEN until = $3 THEN $4 ELSE until END WHERE subject = $1",
                   NULL,
                   DB_ARGS(DB_B(BYTES_OF(s->id.b)), DB_I(s->rule->cost), DB_I(s->stored.until), DB_I(at)));
}

enum ww_err throttle_counter_row_put(struct ww_op *op, const struct key *id, const struct throttle_counter *c)
{
    return db_exec(op, op->conn,
                   "INSERT INTO counters (subject, count, until) VALUES ($1, $2, $3)"
                   " ON CONFLICT (subject) DO UPDATE SET count = excluded.count, until = excluded.until",
                   NULL, DB_ARGS(DB_B(BYTES_OF(id->b)), DB_I(c->level), DB_I(c->until)));
}

enum ww_err throttle_counter_row_sweep(struct ww_op *op, int64_t now, int64_t limit, int64_t *removed)
{
    return db_exec(op, op->conn,
                   "DELETE FROM counters WHERE subject IN"
                   " (SELECT subject FROM counters WHERE until <= $1 AND count <= $1 - until LIMIT $2)",
                   removed, DB_ARGS(DB_I(now), DB_I(limit)));
}
