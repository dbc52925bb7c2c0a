#include "db_fixture.h"
const struct check transaction_checks[] = {
    {NULL, NULL},
};
