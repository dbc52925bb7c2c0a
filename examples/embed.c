/* The program of the README: accounts and sealed notes in one SQLite file. usage: embed DIRECTORY */
#include <stdio.h>
#include <watchword.h>

static int fail(struct ww_op *op)
{
    fprintf(stderr, "%s\n", op ? ww_op_problem(op)->text : "out of memory");
    ww_op_end(op);
    return 1;
}

int main(int argc, char **argv)
{
    /* "watchword init DIRECTORY" made the server key there, and data/ for the database beside it. */
    char dsn[300], key[300], why[300];
    snprintf(dsn, sizeof dsn, "dsn=sqlite://%s/data/watchword.db", argc > 1 ? argv[1] : ".");
    snprintf(key, sizeof key, "watchword.server_key_file=%s/keys/server.key", argc > 1 ? argv[1] : ".");
    const char *settings[] = {dsn, key};
    struct ww_options options = {.size = sizeof options, .settings = settings, .setting_count = 2};
    struct ww *ww;
    struct ww_op *op;
    struct ww_session *session;
    const void *note;
    size_t length;

    if (ww_open(&options, &ww, why, sizeof why)) {
        fprintf(stderr, "%s\n", why);
        return 1;
    }
    if (ww_op_begin(ww, NULL, &op) ||
        ww_register(op, "{\"email\":\"ada@example.org\"}", "a long walk by the sea", 22, &session) ||
        ww_item_put(op, session, "note", "buy figs", 8, NULL, NULL) ||
        ww_item_get(op, session, "note", &note, &length, NULL)) {
        return fail(op);
    }
    printf("%.*s\n", (int)length, (const char *)note);
    ww_op_end(op); /* wipes all that it gave out */
    ww_close(ww);
    return 0;
}
