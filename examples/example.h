/* What the examples share: open a store that lives in memory, and stop with the reason when something fails.
 * They are C and C++ alike. */
#ifndef EXAMPLE_H
#define EXAMPLE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <watchword.h>

#define EXAMPLE_NAME     "ada@example.org"
#define EXAMPLE_PASSWORD "a long walk by the sea"

static inline struct ww *example_open(void)
{
    /* A store on disk: "dsn=sqlite:///var/lib/app/data/watchword.db" and
     * "watchword.server_key_file=/var/lib/app/keys/server.key". */
    const char *settings[] = {"dsn=memory"};
    struct ww_options options = {.size = sizeof options, .settings = settings, .setting_count = 1};
    struct ww *ww;
    char why[400];
    if (ww_open(&options, &ww, why, sizeof why) != WW_OK) {
        fprintf(stderr, "cannot open: %s\n", why);
        exit(1);
    }
    return ww;
}

static inline struct ww_op *example_begin(struct ww *ww)
{
    struct ww_client client = {.size = sizeof client, .address = "192.0.2.7", .user_agent = "example"};
    struct ww_op *op;
    if (ww_op_begin(ww, &client, &op) != WW_OK) {
        fprintf(stderr, "out of memory\n");
        exit(1);
    }
    return op;
}

/* Every call that can fail is handed to this. */
static inline void must(struct ww_op *op, enum ww_err err)
{
    if (err != WW_OK) {
        const struct ww_problem *problem = ww_op_problem(op);
        fprintf(stderr, "%s: %s%s%s\n", ww_err_name(err), problem->text, problem->field ? " at " : "",
                problem->field ? problem->field : "");
        exit(1);
    }
}

static inline void expect(enum ww_err wanted, enum ww_err got)
{
    if (got != wanted) {
        fprintf(stderr, "expected %s, got %s\n", ww_err_name(wanted), ww_err_name(got));
        exit(1);
    }
}

static inline struct ww_session *example_register(struct ww_op *op)
{
    struct ww_session *session;
    must(op, ww_register(op, "{\"email\":\"" EXAMPLE_NAME "\"}", EXAMPLE_PASSWORD, strlen(EXAMPLE_PASSWORD),
                         &session));
    return session;
}

/* Signs in with a password; see sign_in.c. */
static inline enum ww_err example_sign_in(struct ww_op *op, const char *identifier, const char *password,
                                          struct ww_session **session)
{
    struct ww_proof proof = {.size = sizeof proof,
                             .kind = WW_PROOF_PASSWORD,
                             .identifier = identifier,
                             .password = password,
                             .password_length = strlen(password)};
    return ww_authenticate(op, &proof, session);
}

#endif
