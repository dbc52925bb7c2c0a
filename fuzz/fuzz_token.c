/* Session tokens: as they come, and as changes of one that is valid. Only the token itself resumes its
 * session. */
#include <string.h>

#include "fuzz.h"
#include "memory_site.h"

static void resume(struct memory_site *site, const char *token)
{
    struct ww_op *op;
    struct ww_session *session;
    FUZZ_MUST(ww_op_begin(site->ww, NULL, &op) == WW_OK);
    enum ww_err err = ww_session_resume(op, token, &session);
    if (strcmp(token, site->token) == 0) {
        FUZZ_MUST(err == WW_OK && ww_session_unlocked(op, session));
    } else {
        FUZZ_MUST(err == WW_EDENIED && !session);
    }
    ww_op_end(op);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct memory_site *site = memory_site();
    char token[300];
    size_t n = size < sizeof token ? size : sizeof token - 1;
    memcpy(token, data, n);
    token[n] = 0;
    resume(site, token);

    strcpy(token, site->token);
    for (size_t i = 0; i < n && i < 64; i++) {
        token[i] = (char)(token[i] ^ (char)data[i]);
    }
    resume(site, token);
    return 0;
}
