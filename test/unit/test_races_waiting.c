/* Threads that want a vault to wait, to be opened and to end, all at once (vault.md §§10, 15): one of them
 * wins, nothing is lost, and what is left opens. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "waiting.h"

enum { THREADS = 4, WRITES = 12, REPEATS = 4 };

enum deed { NEW_VAULT, UNLOCK, MERGE, DISCARD, WRITE };

struct racer {
    struct site *site;
    const char *token, *id;
    enum deed deed;
    int number, succeeded, refused;
    enum ww_err unexpected;
};

static enum ww_err do_once(const struct racer *r, struct ww_op *op, struct ww_session *session, int round)
{
    struct ww_opener old = {
        .size = sizeof old, .password = TEST_PASSWORD, .password_length = strlen(TEST_PASSWORD)};
    struct ww_merged merged = {.size = sizeof merged};
    struct ww_session *opened;
    const char *const *codes, *next;
    char name[40];
    size_t count;
    int n = snprintf(name, sizeof name, "item %d of thread %d", round, r->number);
    switch (r->deed) {
    case NEW_VAULT:
        return ww_vault_new(op, session, "ada@example.org", &opened, &codes, &count);
    case UNLOCK:
        return ww_unlock(op, session, &old, &opened, &next);
    case MERGE:
        return ww_waiting_open(op, session, r->id, &old, &merged);
    case DISCARD:
        return ww_waiting_discard(op, session, r->id, "ada@example.org");
    case WRITE:
    default:
        return ww_item_put(op, session, name, name, (size_t)n, NULL, NULL);
    }
}

/* Whoever comes too late finds it done, gone, or the session ended. */
static bool is_late(enum ww_err err)
{
    return err == WW_ECONFLICT || err == WW_ENOTFOUND || err == WW_EDENIED || err == WW_ETHROTTLED;
}

static void *act(void *context)
{
    struct racer *r = context;
    for (int i = 0; i < (r->deed == WRITE ? WRITES : 1); i++) {
        struct ww_op *op;
        struct ww_session *session;
        enum ww_err err;
        do {
            err = ww_op_begin(r->site->ww, NULL, &op);
            err = err ? err : ww_session_resume(op, r->token, &session);
            err = err ? err : do_once(r, op, session, i);
            ww_op_end(op);
        } while (err == WW_EBUSY);
        r->succeeded += err == WW_OK;
        r->refused += is_late(err);
        r->unexpected = err && !is_late(err) ? err : r->unexpected;
    }
    return NULL;
}

static void run(struct racer racers[THREADS], struct site *s)
{
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++) {
        racers[i].site = s;
        racers[i].number = i;
        assert_int_equal(pthread_create(&threads[i], NULL, act, &racers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    for (int i = 0; i < THREADS; i++) {
        if (racers[i].unexpected) {
            fail_msg("thread %d: %s", i, ww_err_name(racers[i].unexpected));
        }
    }
}

static int winners(const struct racer *racers, enum deed deed)
{
    int n = 0;
    for (int i = 0; i < THREADS; i++) {
        n += racers[i].deed == deed ? racers[i].succeeded : 0;
    }
    return n;
}

/* More than four threads' worth of patience and tries. */
static const char *const patient[] = {"watchword.throttle.pair.free=1000", NULL};

static char *open_locked(struct site *s)
{
    site_open(s, patient);
    char *first = site_register(s, "ada");
    assert_int_equal(site_put(s, first, "note", "kept"), WW_OK);
    free(first);
    return waiting_locked(s, "ada", SET_PASSWORD);
}

static char *sign_in(struct site *s)
{
    struct ww_session *session;
    assert_int_equal(site_login(s, "ada", SET_PASSWORD, &session), WW_OK);
    assert_true(ww_session_unlocked(s->op, session));
    return strdup(ww_session_token(s->op, session));
}

static void assert_note(struct site *s, const char *token)
{
    enum ww_err err;
    assert_string_equal(site_get(s, token, "note", &err), "kept");
}

static void one_of_many_starts_anew(void **state)
{
    (void)state;
    for (int i = 0; i < REPEATS; i++) {
        struct site s;
        char *id, *token = open_locked(&s);
        struct racer racers[THREADS];
        for (int j = 0; j < THREADS; j++) {
            racers[j] = (struct racer){.token = token, .deed = NEW_VAULT};
        }
        run(racers, &s);
        assert_int_equal(winners(racers, NEW_VAULT), 1);
        char *open = sign_in(&s);
        assert_int_equal(waiting_count(&s, open, &id), 1);
        assert_int_equal(waiting_open(&s, open, id, TEST_PASSWORD, NULL, NULL), WW_OK);
        assert_note(&s, open);
        assert_int_equal(site_check(&s), 0);
        free(id);
        free(open);
        free(token);
        site_close(&s);
    }
}

static void starting_anew_or_unlocking_wins(void **state)
{
    (void)state;
    for (int i = 0; i < REPEATS; i++) {
        struct site s;
        struct ww_session *session;
        char *id, *token = open_locked(&s);
        assert_int_equal(site_login(&s, "ada", SET_PASSWORD, &session), WW_OK);
        char *other = strdup(ww_session_token(s.op, session));
        struct racer racers[THREADS];
        for (int j = 0; j < THREADS; j++) {
            racers[j] = (struct racer){.token = j % 2 ? token : other, .deed = j % 2 ? NEW_VAULT : UNLOCK};
        }
        run(racers, &s);
        int anew = winners(racers, NEW_VAULT), unlocked = winners(racers, UNLOCK);
        assert_int_equal(anew + (unlocked > 0), 1);
        char *open = sign_in(&s);
        assert_int_equal(waiting_count(&s, open, &id), anew);
        if (anew) {
            assert_int_equal(waiting_open(&s, open, id, TEST_PASSWORD, NULL, NULL), WW_OK);
        }
        assert_note(&s, open);
        assert_int_equal(site_check(&s), 0);
        free(id);
        free(open);
        free(other);
        free(token);
        site_close(&s);
    }
}

static void merging_beside_writing_loses_nothing(void **state)
{
    struct site s;
    struct ww_vault_state vault = {.size = sizeof vault};
    (void)state;
    char *id, *token = open_locked(&s);
    waiting_new_vault(&s, token, "ada", NULL);
    waiting_count(&s, token, &id);
    struct racer racers[THREADS];
    for (int j = 0; j < THREADS; j++) {
        racers[j] = (struct racer){.token = token, .id = id, .deed = j ? WRITE : MERGE};
    }
    run(racers, &s);
    assert_int_equal(winners(racers, MERGE), 1);
    assert_int_equal(winners(racers, WRITE), (THREADS - 1) * WRITES);
    struct ww_session *session = site_resume(&s, token);
    assert_int_equal(ww_vault_state(s.op, session, &vault), WW_OK);
    assert_int_equal(vault.items, (THREADS - 1) * WRITES + 1);
    assert_note(&s, token);
    assert_int_equal(site_check(&s), 0);
    free(id);
    free(token);
    site_close(&s);
}

static void it_is_opened_once_or_discarded(void **state)
{
    (void)state;
    for (int i = 0; i < REPEATS; i++) {
        struct site s;
        enum ww_err err;
        char *id, *token = open_locked(&s);
        waiting_new_vault(&s, token, "ada", NULL);
        waiting_count(&s, token, &id);
        struct racer racers[THREADS];
        for (int j = 0; j < THREADS; j++) {
            racers[j] = (struct racer){.token = token, .id = id, .deed = j % 2 ? DISCARD : MERGE};
        }
        run(racers, &s);
        int merged = winners(racers, MERGE);
        assert_int_equal(merged + winners(racers, DISCARD), 1);
        assert_int_equal(waiting_count(&s, token, NULL), 0);
        const char *note = site_get(&s, token, "note", &err);
        assert_int_equal(note != NULL, merged);
        assert_int_equal(site_check(&s), 0);
        free(id);
        free(token);
        site_close(&s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_of_many_starts_anew),
        cmocka_unit_test(starting_anew_or_unlocking_wins),
        cmocka_unit_test(merging_beside_writing_loses_nothing),
        cmocka_unit_test(it_is_opened_once_or_discarded),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
