/* A configuration file. */
#include "config_int.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const environment[] = {"SERVE_PUBLIC_PORT=5000", "LOG_LEVEL=debug", NULL};
    static bool started;
    struct ww_op op;
    struct config *config = NULL;
    if (!started) {
        crypto_init();
        started = true;
    }
    op_init(&op, NULL, NULL);
    enum ww_err err = config_from_memory(&op, "fuzz.yml", BYTES(data, size), environment, false, &config);
    FUZZ_MUST(err ? !config && op.problem.text : config != NULL);
    FUZZ_MUST(!err || err == WW_ECONFIG || err == WW_ENOMEM);
    for (size_t i = 0; config && i < config_warning_count(config); i++) {
        FUZZ_MUST(config_warning(config, i) != NULL);
    }
    config_free(config);
    op_free(&op);
    return 0;
}
