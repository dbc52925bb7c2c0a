/* See waiting.h. */
#include "waiting.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

char *waiting_locked(struct site *s, const char *name, const char *password)
{
    char address[64];
    const char *json;
    struct ww_session *session;
    snprintf(address, sizeof address, "%s@example.org", name);
    assert_int_equal(ww_admin_identity_find(site_next(s), address, &json), WW_OK);
    const char *id = strstr(json, "\"id\":\"");
    char uuid[37] = {0};
    assert_non_null(id);
    memcpy(uuid, id + 6, 36);
    assert_int_equal(ww_admin_password_set(s->op, uuid, password, strlen(password)), WW_OK);
    assert_int_equal(site_login(s, name, password, &session), WW_OK);
    assert_false(ww_session_unlocked(s->op, session));
    return strdup(ww_session_token(s->op, session));
}

static void keep(char *codes[10], const char *const *made, size_t n)
{
    assert_int_equal(n, 10);
    for (size_t i = 0; codes && i < n; i++) {
        codes[i] = strdup(made[i]);
    }
}

void waiting_codes(struct site *s, const char *token, char *codes[10])
{
    const char *const *made;
    size_t n;
    struct ww_session *session = site_resume(s, token);
    assert_int_equal(ww_codes_make(s->op, session, &made, &n), WW_OK);
    keep(codes, made, n);
}

void waiting_new_vault(struct site *s, const char *token, const char *name, char *codes[10])
{
    char address[64];
    const char *const *made;
    size_t n;
    struct ww_session *opened, *session = site_resume(s, token);
    snprintf(address, sizeof address, "%s@example.org", name);
    assert_int_equal(ww_vault_new(s->op, session, address, &opened, &made, &n), WW_OK);
    assert_true(ww_session_unlocked(s->op, opened));
    assert_string_equal(ww_session_token(s->op, opened), token);
    keep(codes, made, n);
}

size_t waiting_count(struct site *s, const char *token, char **id)
{
    const struct ww_waiting *const *list;
    size_t n;
    struct ww_session *session = site_resume(s, token);
    assert_int_equal(ww_waiting_list(s->op, session, &list, &n), WW_OK);
    if (id) {
        *id = n ? strdup(list[n - 1]->id) : NULL;
    }
    return n;
}

enum ww_err waiting_open(struct site *s, const char *token, const char *id, const char *password,
                         const char *code, struct ww_merged *merged)
{
    struct ww_opener in = {.size = sizeof in,
                           .code = code,
                           .password = password,
                           .password_length = password ? strlen(password) : 0};
    struct ww_merged none = {.size = sizeof none};
    struct ww_session *session = site_resume(s, token);
    return ww_waiting_open(s->op, session, id, &in, merged ? merged : &none);
}

void waiting_free(char *codes[10])
{
    for (size_t i = 0; i < 10; i++) {
        free(codes[i]);
    }
}
