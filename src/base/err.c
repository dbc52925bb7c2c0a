/* The table of result codes (include/watchword/err.h), looked up. */
#include "watchword/err.h"

static const struct {
    enum ww_err err;
    int retry;
    const char *name, *text;
} table[] = {
#define ROW(name, value, retry, text) {(enum ww_err)(value), (retry), "WW_" #name, (text)},
    WW_ERR_TABLE(ROW)
#undef ROW
};

/* Codes are numbers of the public interface with gaps between, so the table is searched. */
static unsigned find(enum ww_err err)
{
    for (unsigned i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (table[i].err == err) {
            return i;
        }
    }
    return 1; /* an unknown code is our own mistake: WW_EINTERNAL */
}

const char *ww_err_text(enum ww_err err)
{
    return table[find(err)].text;
}

const char *ww_err_name(enum ww_err err)
{
    return table[find(err)].name;
}

int ww_err_retryable(enum ww_err err)
{
    return table[find(err)].retry;
}
