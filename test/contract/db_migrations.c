#include "db_fixture.h"
const struct check migration_checks[] = {
    {NULL, NULL},
};
