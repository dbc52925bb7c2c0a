#include "memory_site.h"

#include <string.h>

#include "fuzz.h"

/* A counter stepped and mixed (splitmix64): nothing here needs to be secret, all of it to be repeatable. */
static void repeatable(void *context, void *buf, size_t n)
{
    uint64_t *state = context;
    uint8_t *out = buf;
    for (size_t i = 0; i < n; i++) {
        *state += 0x9e3779b97f4a7c15u;
        uint64_t z = *state;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
        out[i] = (uint8_t)(z >> 31);
    }
}

static void fill(struct memory_site *site)
{
    struct ww_op *op;
    struct ww_session *session;
    FUZZ_MUST(ww_op_begin(site->ww, NULL, &op) == WW_OK);
    FUZZ_MUST(ww_register(op, "{\"email\":\"ada@example.org\"}", "correct horse battery staple", 28,
                          &session) == WW_OK);
    FUZZ_MUST(ww_item_put(op, session, "note", "hello", 5, NULL, NULL) == WW_OK);
    memcpy(site->token, ww_session_token(op, session), sizeof site->token);
    ww_op_end(op);
}

struct memory_site *memory_site(void)
{
    static const char *const settings[] = {"dsn=memory", "hashers.argon2.memory=19MB",
                                           "hashers.argon2.iterations=2"};
    static uint64_t random_state;
    static struct ww_env env = {.size = sizeof env, .random = repeatable, .ctx = &random_state};
    static struct memory_site site;
    if (!site.ww) {
        struct ww_options options = {.size = sizeof options,
                                     .settings = settings,
                                     .setting_count = sizeof settings / sizeof settings[0],
                                     .env = &env};
        char why[400] = "";
        if (ww_open(&options, &site.ww, why, sizeof why) != WW_OK) {
            fprintf(stderr, "cannot open: %s\n", why);
            abort();
        }
        fill(&site);
    }
    return &site;
}
