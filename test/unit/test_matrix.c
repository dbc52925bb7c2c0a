/* The matrix of vault.md §15: what each thing that can happen to an account leaves of all that it has. One
 * table, to be read: a row is what happened, a column what is looked at afterwards, a cell what must come of
 * it.
 *
 * To come with what it needs: the columns TOTP and passkey (second factors), and the row mail recovery, for
 * which an administrator's password and unlocking stand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "waiting.h"

#define NEW_PASSWORD "seven quiet otters by the river"
#define NOTE         "nobody else reads this"

/* What can come of something. */
enum outcome {
    GOOD,    /* it is as it was: it opens, it is read */
    ENDED,   /* it is refused: the code, the session */
    CHANGED, /* the other side must accept new keys first */
    NONE     /* it is not there, or not for these keys */
};
static const char *const outcome_names[] = {"good", "ended", "changed", "none"};

struct world {
    struct site site;
    char *ada, *other, *bob;     /* tokens: of the session that acts, of her second one, of bob's */
    const char *name, *password; /* that ada signs in by, and with, by now */
    char *codes[10];
    struct ww_letter to_self, to_bob, from_bob; /* contents copied with malloc */
};

/* ---- what ada has ---- */

static enum ww_err share(struct world *w, const char *token, const char *name, const char *value,
                         const char *to)
{
    const char *const list[] = {to};
    struct ww_session *session = site_resume(&w->site, token);
    return ww_share_put(w->site.op, session, name, value, strlen(value), list, 1, NULL, NULL);
}

static struct ww_letter letter(struct world *w, const char *token, const char *to)
{
    const char *const list[] = {to};
    const struct ww_letter *const *made;
    size_t n;
    struct ww_session *session = site_resume(&w->site, token);
    assert_int_equal(ww_letter_seal(w->site.op, session, NOTE, strlen(NOTE), list, to ? 1 : 0, &made, &n),
                     WW_OK);
    assert_int_equal(n, 1);
    void *copy = malloc(made[0]->length);
    memcpy(copy, made[0]->letter, made[0]->length);
    return (struct ww_letter){.letter = copy, .length = made[0]->length};
}

static enum ww_err receive(struct world *w, const char *token, const char *name)
{
    const void *value;
    size_t n;
    struct ww_session *session;
    enum ww_err err = ww_session_resume(site_next(&w->site), token, &session);
    err = err ? err : ww_inbox_get(w->site.op, session, name, NULL, &value, &n, NULL);
    if (err == WW_OK) {
        assert_string_equal(value, NOTE);
    }
    return err;
}

static struct world *open_world(void)
{
    struct world *w = calloc(1, sizeof *w);
    struct ww_session *session;
    struct site *s = &w->site;
    site_open(s, NULL);
    w->ada = site_register(s, "ada");
    w->bob = site_register(s, "bob");
    w->name = "ada";
    w->password = TEST_PASSWORD;
    assert_int_equal(site_login(s, "ada", TEST_PASSWORD, &session), WW_OK);
    w->other = strdup(ww_session_token(s->op, session));
    assert_int_equal(site_put(s, w->ada, "note", NOTE), WW_OK);
    waiting_codes(s, w->ada, w->codes);
    assert_int_equal(share(w, w->ada, "sent", NOTE, "bob@example.org"), WW_OK);
    assert_int_equal(share(w, w->bob, "got", NOTE, "ada@example.org"), WW_OK);
    assert_int_equal(receive(w, w->bob, "sent"), WW_OK);
    assert_int_equal(receive(w, w->ada, "got"), WW_OK);
    w->to_self = letter(w, w->ada, NULL);
    w->to_bob = letter(w, w->ada, "bob@example.org");
    w->from_bob = letter(w, w->bob, "ada@example.org");
    site_create_without_vault(s, "dee");
    assert_int_equal(share(w, w->ada, "later", NOTE, "dee@example.org"), WW_OK);
    return w;
}

static void close_world(struct world *w)
{
    free(w->ada);
    free(w->other);
    free(w->bob);
    waiting_free(w->codes);
    free((void *)(uintptr_t)w->to_self.letter);
    free((void *)(uintptr_t)w->to_bob.letter);
    free((void *)(uintptr_t)w->from_bob.letter);
    site_close(&w->site);
    free(w);
}

/* ---- what happens: each leaves in w->ada the session that acts ---- */

static void go_on(struct world *w, struct ww_session *session)
{
    char *token = strdup(ww_session_token(w->site.op, session));
    free(w->ada);
    w->ada = token;
}

static void change_password(struct world *w)
{
    struct ww_session *session = site_resume(&w->site, w->ada);
    assert_int_equal(site_new_password(w->site.op, session, NEW_PASSWORD), WW_OK);
    w->password = NEW_PASSWORD;
}

static void use_a_code(struct world *w)
{
    const struct ww_recovery in = {.size = sizeof in,
                                   .identifier = "ada@example.org",
                                   .code = w->codes[0],
                                   .password = NEW_PASSWORD,
                                   .password_length = strlen(NEW_PASSWORD)};
    struct ww_session *session;
    const char *next;
    assert_int_equal(ww_recover(site_next(&w->site), &in, &session, &next), WW_OK);
    go_on(w, session);
    w->password = NEW_PASSWORD;
}

static void lock_out(struct world *w)
{
    char *token = waiting_locked(&w->site, "ada", SET_PASSWORD);
    free(w->ada);
    w->ada = token;
    w->password = SET_PASSWORD;
}

static void set_and_unlock(struct world *w)
{
    const struct ww_opener old = {
        .size = sizeof old, .password = TEST_PASSWORD, .password_length = strlen(TEST_PASSWORD)};
    struct ww_session *opened;
    const char *next;
    lock_out(w);
    struct ww_session *session = site_resume(&w->site, w->ada);
    assert_int_equal(ww_unlock(w->site.op, session, &old, &opened, &next), WW_OK);
    go_on(w, opened);
}

static void start_anew(struct world *w)
{
    lock_out(w);
    waiting_new_vault(&w->site, w->ada, "ada", NULL);
}

static void merge(struct world *w)
{
    char *id;
    start_anew(w);
    waiting_count(&w->site, w->ada, &id);
    assert_int_equal(waiting_open(&w->site, w->ada, id, TEST_PASSWORD, NULL, NULL), WW_OK);
    free(id);
}

static void rekey(struct world *w)
{
    const char *const *codes;
    size_t n;
    struct ww_session *renewed, *session = site_resume(&w->site, w->ada);
    assert_int_equal(
        ww_rekey(w->site.op, session, TEST_PASSWORD, strlen(TEST_PASSWORD), &renewed, &codes, &n), WW_OK);
    go_on(w, renewed);
}

static void start_epoch(struct world *w)
{
    uint32_t epoch;
    struct ww_session *session = site_resume(&w->site, w->ada);
    assert_int_equal(ww_epoch_start(w->site.op, session, &epoch), WW_OK);
}

static void rename_ada(struct world *w)
{
    struct ww_session *session = site_resume(&w->site, w->ada);
    assert_int_equal(ww_traits_change(w->site.op, session, "{\"email\":\"lady@example.org\"}"), WW_OK);
    w->name = "lady";
}

/* The file of the server key holds these, the first of which seals. */
static void use_keys(struct world *w, const uint8_t *keys, size_t n)
{
    char path[128];
    snprintf(path, sizeof path, "%s/keys/server.key", w->site.directory);
    FILE *f = fopen(path, "r+");
    assert_non_null(f);
    assert_int_equal(fwrite(keys, 1, n, f), n);
    fclose(f);
    assert_int_equal(truncate(path, (off_t)n), 0);
    site_reopen(&w->site, NULL);
}

static void rotate_server_key(struct world *w)
{
    struct ww_rotation done = {.size = sizeof done};
    uint8_t keys[64];
    char path[128];
    snprintf(path, sizeof path, "%s/keys/server.key", w->site.directory);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    assert_int_equal(fread(keys + 32, 1, 32, f), 32);
    fclose(f);
    memset(keys, 0x5a, 32);
    use_keys(w, keys, 64);
    assert_int_equal(ww_server_key_rotate(site_next(&w->site), NULL, NULL, &done), WW_OK);
    assert_true(done.moved > 0 && done.left == 0);
    use_keys(w, keys, 32);
}

/* A restored backup is accepted; she signs in again. */
static void accept_a_restore(struct world *w)
{
    struct site *s = &w->site;
    char key[200], dsn[300], why[400];
    snprintf(dsn, sizeof dsn, "dsn=%s", s->dsn);
    snprintf(key, sizeof key, "watchword.server_key_file=%s/keys/server.key", s->directory);
    const char *const settings[] = {dsn, key};
    const struct ww_options options = {.size = sizeof options,
                                       .settings = settings,
                                       .setting_count = 2,
                                       .env = &s->env,
                                       .restore = WW_RESTORE_ACCEPT};
    struct ww_restored done = {.size = sizeof done};
    struct ww_session *session;
    ww_op_end(s->op);
    ww_close(s->ww);
    assert_int_equal(ww_open(&options, &s->ww, why, sizeof why), WW_OK);
    assert_int_equal(ww_op_begin(s->ww, NULL, &s->op), WW_OK);
    assert_int_equal(ww_restore_accept(s->op, true, NULL, NULL, &done), WW_OK);
    site_reopen(s, NULL);
    assert_int_equal(site_login(s, "ada", TEST_PASSWORD, &session), WW_OK);
    go_on(w, session);
    assert_int_equal(site_login(s, "bob", TEST_PASSWORD, &session), WW_OK);
    free(w->bob);
    w->bob = strdup(ww_session_token(s->op, session));
}

static void delete_account(struct world *w)
{
    struct ww_session *session = site_resume(&w->site, w->ada);
    assert_int_equal(ww_account_delete(w->site.op, session, "ada@example.org"), WW_OK);
}

/* ---- what is looked at ---- */

static enum outcome outcome_of(const char *what, enum ww_err err)
{
    switch (err) {
    case WW_OK:
        return GOOD;
    case WW_EDENIED:
        return ENDED;
    case WW_ECONFLICT:
        return CHANGED;
    case WW_ENOTFOUND:
    case WW_EINVAL: /* a letter for other keys */
        return NONE;
    default:
        fail_msg("%s: %s", what, ww_err_name(err));
        return NONE;
    }
}

static enum ww_err second_session(struct world *w)
{
    struct ww_session *session;
    return ww_session_resume(site_next(&w->site), w->other, &session);
}

static enum ww_err item(struct world *w)
{
    enum ww_err err;
    struct ww_session *session;
    const void *value;
    size_t n;
    err = ww_session_resume(site_next(&w->site), w->ada, &session);
    err = err ? err : ww_item_get(w->site.op, session, "note", &value, &n, NULL);
    if (!err) {
        assert_string_equal(value, NOTE);
    }
    return err;
}

static enum ww_err sent(struct world *w)
{
    return receive(w, w->bob, "sent");
}

static enum ww_err received(struct world *w)
{
    return receive(w, w->ada, "got");
}

static enum ww_err open_letter(struct world *w, const char *token, const struct ww_letter *l)
{
    const void *data;
    const char *sender;
    size_t n;
    struct ww_session *session;
    enum ww_err err = ww_session_resume(site_next(&w->site), token, &session);
    err = err ? err : ww_letter_open(w->site.op, session, l->letter, l->length, NULL, &data, &n, &sender);
    if (!err) {
        assert_string_equal(data, NOTE);
    }
    return err;
}

static enum ww_err letter_to_self(struct world *w)
{
    return open_letter(w, w->ada, &w->to_self);
}

static enum ww_err letter_sent(struct world *w)
{
    return open_letter(w, w->bob, &w->to_bob);
}

static enum ww_err letter_received(struct world *w)
{
    return open_letter(w, w->ada, &w->from_bob);
}

/* Dee gets a vault, ada signs in once more, and what waited for dee is sealed then. */
static enum ww_err pending(struct world *w)
{
    struct ww_session *session;
    site_give_vault(&w->site, "dee");
    assert_int_equal(site_login(&w->site, "dee", TEST_PASSWORD, &session), WW_OK);
    char *dee = strdup(ww_session_token(w->site.op, session));
    enum ww_err err = site_login(&w->site, w->name, w->password, &session);
    assert_true(err == WW_OK || err == WW_EDENIED); /* the account is gone */
    err = receive(w, dee, "later");
    free(dee);
    return err;
}

/* The last that is looked at: it changes the password. */
static enum ww_err code(struct world *w)
{
    char name[64];
    const struct ww_recovery in = {.size = sizeof in,
                                   .identifier = name,
                                   .code = w->codes[5],
                                   .password = "another one for the end",
                                   .password_length = 23};
    struct ww_session *session;
    const char *next;
    snprintf(name, sizeof name, "%s@example.org", w->name);
    return ww_recover(site_next(&w->site), &in, &session, &next);
}

/* ---- the matrix ---- */

static const struct {
    const char *name;
    enum ww_err (*look)(struct world *w);
} columns[] = {
    {"second session", second_session},
    {"item", item},
    {"share sent", sent},
    {"share received", received},
    {"letter to oneself", letter_to_self},
    {"letter sent", letter_sent},
    {"letter received", letter_received},
    {"pending recipient", pending},
    {"code of before", code},
};
enum { COLUMNS = sizeof columns / sizeof columns[0] };

/* clang-format off */
static const struct {
    const char *name;
    void (*happen)(struct world *w);
    enum outcome cells[COLUMNS];
} rows[] = {
    /*                                             session item  sent     received self  letter-> letter<- pending code */
    {"password change",      change_password,     {ENDED,  GOOD, GOOD,    GOOD,    GOOD, GOOD,    GOOD,    GOOD,   GOOD}},
    {"recovery code",        use_a_code,          {ENDED,  GOOD, GOOD,    GOOD,    GOOD, GOOD,    GOOD,    GOOD,   GOOD}},
    {"administrator's password, then unlocking",
                             set_and_unlock,      {ENDED,  GOOD, GOOD,    GOOD,    GOOD, GOOD,    GOOD,    GOOD,   GOOD}},
    {"new vault",            start_anew,          {ENDED,  NONE, CHANGED, NONE,    NONE, CHANGED, NONE,    NONE,   ENDED}},
    {"merge",                merge,               {ENDED,  GOOD, CHANGED, GOOD,    GOOD, CHANGED, GOOD,    GOOD,   ENDED}},
    {"re-key",               rekey,               {ENDED,  GOOD, GOOD,    GOOD,    GOOD, GOOD,    GOOD,    GOOD,   ENDED}},
    {"epoch",                start_epoch,         {GOOD,   GOOD, GOOD,    GOOD,    GOOD, GOOD,    GOOD,    GOOD,   GOOD}},
    {"rename",               rename_ada,          {GOOD,   GOOD, GOOD,    GOOD,    GOOD, GOOD,    GOOD,    GOOD,   GOOD}},
    {"server key rotation",  rotate_server_key,   {GOOD,   GOOD, GOOD,    GOOD,    GOOD, GOOD,    GOOD,    GOOD,   GOOD}},
    {"restore",              accept_a_restore,    {ENDED,  GOOD, GOOD,    GOOD,    GOOD, GOOD,    GOOD,    GOOD,   ENDED}},
    {"delete",               delete_account,      {ENDED,  ENDED, NONE,   ENDED,   ENDED, GOOD,   ENDED,   NONE,   ENDED}},
};
/* clang-format on */

static void every_cell_is_as_the_table_says(void **state)
{
    int wrong = 0;
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct world *w = open_world();
        rows[i].happen(w);
        assert_int_equal(site_check(&w->site), 0);
        for (size_t j = 0; j < COLUMNS; j++) {
            enum outcome found = outcome_of(columns[j].name, columns[j].look(w));
            if (found != rows[i].cells[j]) {
                print_message("# %s × %s: %s, and not %s\n", rows[i].name, columns[j].name,
                              outcome_names[found], outcome_names[rows[i].cells[j]]);
                wrong++;
            }
        }
        assert_int_equal(site_check(&w->site), 0);
        close_world(w);
    }
    assert_int_equal(wrong, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_cell_is_as_the_table_says)};
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
