/* Named keys and entries, for programs without accounts (vault.md §11). */
#include "account_program.h"
#include "api_int.h"

typedef enum ww_err use_case(struct ww_op *op, struct service *s, struct account_program *p);

/* Runs one: about, where it is wanted, is looked at before anything is done. */
static enum ww_err run(struct ww_op *op, use_case *body, const char *name, const char *password,
                       size_t password_length, struct account_program *p, struct ww_named *about)
{
    enum ww_err err = WW_EINTERNAL;
    if ((err = about ? api_check_size(op, "ww_named", about) : WW_OK) || (err = api_text(op, name, "name")) ||
        (err = api_password(op, password, password_length, &p->password))) {
        return err;
    }
    p->name = bytes_str(name);
    if (p->value.n && !p->value.p) {
        return api_text(op, NULL, "value");
    }
    err = body(op, service_of(op), p);
    if (!err && about) {
        api_give(about, &(struct ww_named){sizeof *about, p->made, p->expires, p->expired, p->renewed});
    }
    return err;
}

enum ww_err ww_named_key_create(struct ww_op *op, const char *name, const char *password,
                                size_t password_length, const void **key, struct ww_named *about)
{
    API_CALL(op);
    struct account_program p = {.store = NAMED_KEYS};
    *key = NULL;
    enum ww_err err = run(op, account_program_create, name, password, password_length, &p, about);
    *key = err ? NULL : p.value.p;
    return err;
}

enum ww_err ww_named_key_get(struct ww_op *op, const char *name, const char *password, size_t password_length,
                             bool force, const void **key, struct ww_named *about)
{
    API_CALL(op);
    struct account_program p = {.store = NAMED_KEYS, .force = force};
    *key = NULL;
    enum ww_err err = run(op, account_program_read, name, password, password_length, &p, about);
    *key = err ? NULL : p.value.p;
    return err;
}

enum ww_err ww_named_key_delete(struct ww_op *op, const char *name, const char *password,
                                size_t password_length)
{
    API_CALL(op);
    struct account_program p = {.store = NAMED_KEYS};
    return run(op, account_program_delete, name, password, password_length, &p, NULL);
}

enum ww_err ww_named_entry_create(struct ww_op *op, const char *name, const char *password,
                                  size_t password_length, const void *value, size_t value_length,
                                  struct ww_named *about)
{
    API_CALL(op);
    struct account_program p = {.store = NAMED_ENTRIES, .value = BYTES(value, value_length)};
    return run(op, account_program_create, name, password, password_length, &p, about);
}

enum ww_err ww_named_entry_read(struct ww_op *op, const char *name, const char *password,
                                size_t password_length, const void **value, size_t *value_length,
                                struct ww_named *about)
{
    API_CALL(op);
    struct account_program p = {.store = NAMED_ENTRIES};
    *value = NULL;
    *value_length = 0;
    enum ww_err err = run(op, account_program_read, name, password, password_length, &p, about);
    return err ? err : api_give_value(op, p.value, value, value_length);
}

enum ww_err ww_named_entry_update(struct ww_op *op, const char *name, const char *password,
                                  size_t password_length, const void *value, size_t value_length,
                                  struct ww_named *about)
{
    API_CALL(op);
    struct account_program p = {.store = NAMED_ENTRIES, .value = BYTES(value, value_length)};
    return run(op, account_program_update, name, password, password_length, &p, about);
}

enum ww_err ww_named_entry_delete(struct ww_op *op, const char *name, const char *password,
                                  size_t password_length)
{
    API_CALL(op);
    struct account_program p = {.store = NAMED_ENTRIES};
    return run(op, account_program_delete, name, password, password_length, &p, NULL);
}
