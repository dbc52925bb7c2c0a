/* `watchword version`. */
#include <stdio.h>

#include "cmd.h"

int cmd_version(const char *name, int argc, char **argv)
{
    bool json = false;
    int first = 0;
    const struct cmd_option options[] = {{0, "json", NULL, "as JSON", .flag = &json}};
    const struct cmd_usage usage = {name, "[--json]", "Prints the version of the program.", 0, 0};
    int code = cmd_options(&usage, options, 1, argc, argv, &first);

    if (code != CMD_GO_ON) {
        return code;
    }
    if (json) {
        struct cmd_json j = {0};
        cmd_json_open(&j, NULL, '{');
        cmd_json_text(&j, "version", WATCHWORD_VERSION);
        cmd_json_close(&j, '}');
    } else {
        printf("watchword %s\n", WATCHWORD_VERSION);
    }
    return CMD_OK;
}
