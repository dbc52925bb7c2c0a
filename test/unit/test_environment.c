/* Settings from the environment: what is nearly one is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "config_int.h"

static bool is_told(const struct config *c, const char *text)
{
    bool told = false;
    for (size_t i = 0; i < config_warning_count(c); i++) {
        told = told || strcmp(config_warning(c, i), text) == 0;
    }
    return told;
}

static void variables_that_are_nearly_settings_are_told(void **state)
{
    static const char *const given[] = {"SERVE_PUBLIC_PROT=1",
                                        "WATCHWORD_SESION_IDLE=1h",
                                        "COOKIES_SAMESITE=Lax",
                                        "WATCHWORD_SERVICE_PORT=80", /* Kubernetes has these */
                                        "WATCHWORD_PORT_4433_TCP=tcp",
                                        "SERVE_PUBLIC_PORT=4433",
                                        "XDG_SESSION_TYPE=x11",
                                        "SESSION_MANAGER=local",
                                        "VERSIONS=1",
                                        "NO_EQUALS_SIGN",
                                        NULL};
    static const char *const told[] = {
        "environment variable SERVE_PUBLIC_PROT: is no setting; SERVE_PUBLIC_PORT is",
        "environment variable WATCHWORD_SESION_IDLE: is no setting; WATCHWORD_SESSION_IDLE is",
        "environment variable COOKIES_SAMESITE: is no setting; COOKIES_SAME_SITE is"};
    struct config *c;
    struct ww_op op;
    (void)state;
    op_init(&op, NULL, NULL);
    assert_int_equal(config_from_memory(&op, "a.yml", bytes_str("dsn: memory\n"), given, false, &c), WW_OK);
    assert_int_equal(config_warning_count(c), 3);
    for (size_t i = 0; i < 3; i++) {
        assert_true(is_told(c, told[i]));
    }
    config_free(c);
    op_free(&op);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(variables_that_are_nearly_settings_are_told),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
