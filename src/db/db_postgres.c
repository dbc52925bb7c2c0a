#include "db_driver.h"

static enum ww_err start(struct ww_op *op, struct db *db, const struct dsn *dsn)
{
    (void)db, (void)dsn;
    return op_fail(op, WW_EUNSUPPORTED, "db_dsn", "PostgreSQL is not supported in this build");
}

static void stop(struct db *db)
{
    (void)db;
}

const struct db_driver db_postgres = {
    .name = "postgres", .default_connections = 1, .start = start, .stop = stop};
