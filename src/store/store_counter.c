/* counters: what throttling counts (vault.md §5, own-api.md "Throttling"), where `count` is the level and
 * `until` the time of a counter. Adding one is one statement, so that no two tries pass for one. */
#include "store_int.h"

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

/* Absent is as never counted. */
enum ww_err store_counter_load(struct ww_op *op, struct store *s, const struct key *id, struct counter *out)
{
    struct db_rows rows;
    *out = (struct counter){0};
    enum ww_err err = store_one(op, s, &rows, "SELECT count, until FROM counters WHERE subject = $1",
                                DB_ARGS(DB_B(BYTES_OF(*id))));
    if (!err) {
        *out = (struct counter){db_int(&rows, 0), db_int(&rows, 1)};
        store_done(&rows);
    }
    return err;
}

enum ww_err store_counter_reserve(struct ww_op *op, struct store *s, const struct key *id,
                                  const struct counter_rule *r, const struct counter *fresh, int64_t now,
                                  struct counter *out)
{
    struct db_rows rows;
    *out = (struct counter){0};
    enum ww_err err = store_one(op, s, &rows, reserve_sql,
                                DB_ARGS(DB_B(BYTES_OF(*id)), DB_I(fresh->level), DB_I(fresh->until),
                                        DB_I(now), DB_I(r->cost), DB_I(r->quiet), DB_I(r->level_max),
                                        DB_I(r->first), DB_I(r->longest)));
    if (!err) {
        *out = (struct counter){db_int(&rows, 0), db_int(&rows, 1)};
        store_done(&rows);
    }
    if (err != WW_ENOTFOUND) {
        return err;
    }
    /* The statement's condition did not hold, so it gave no row: somebody has to wait, and how long stands
     * in the row. */
    err = store_counter_load(op, s, id, out);
    /* Swept away between the two statements: refused all the same, once. */
    return err == WW_OK || err == WW_ENOTFOUND ? WW_ETHROTTLED : err;
}

/* throttle_rule_give_back in SQL. */
enum ww_err store_counter_give_back(struct ww_op *op, struct store *s, const struct key *id,
                                    const struct counter_rule *r, const struct counter *made, int64_t at)
{
    return store_exec(op, s,
                      "UPDATE counters SET count = CASE WHEN count > $2 THEN count - $2 ELSE 0 END,"
                      " until = CASE WHEN until = $3 THEN $4 ELSE until END WHERE subject = $1",
                      DB_ARGS(DB_B(BYTES_OF(*id)), DB_I(r->cost), DB_I(made->until), DB_I(at)));
}

/* For the network that succeeded: the later one of two is as good. */
enum ww_err store_counter_put(struct ww_op *op, struct store *s, const struct key *id,
                              const struct counter *c)
{
    return store_exec(op, s,
                      "INSERT INTO counters (subject, count, until) VALUES ($1, $2, $3)"
                      " ON CONFLICT (subject) DO UPDATE SET count = excluded.count, until = excluded.until",
                      DB_ARGS(DB_B(BYTES_OF(*id)), DB_I(c->level), DB_I(c->until)));
}

/* Rows that have drained say nothing any more. */
enum ww_err store_counter_sweep(struct ww_op *op, struct store *s, int64_t now, int64_t limit,
                                int64_t *removed)
{
    return store_change(
        op, s,
        "DELETE FROM counters WHERE subject IN"
        " (SELECT subject FROM counters WHERE until <= $1 AND count <= $1 - until ORDER BY until LIMIT $2)",
        DB_ARGS(DB_I(now), DB_I(limit)), removed);
}

enum ww_err store_counter_clear(struct ww_op *op, struct store *s)
{
    return store_exec(op, s, "DELETE FROM counters", NULL, 0);
}
