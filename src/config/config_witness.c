/* Where the witness lies (vault.md §12): apart from the database, as the server key does, or one backup would
 * put both back. */
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "config_int.h"
#include "config_keys.h"

void config_warning_add(const struct config *c, const char *text)
{
    char *copy = arena_strdup(c->warnings->arena, text);
    if (copy) {
        config_warnings_add(c->warnings, copy);
    }
}

/* Beside the first file of a server key; where --dev makes one, there. "" when there is no such place. */
static const char *place_of_key(struct ww_op *op, const struct config *c, const char *database_path)
{
    char copy[PATH_MAX];
    if (config_list_count(c, "watchword.server_key_file")) {
        snprintf(copy, sizeof copy, "%s", config_list_at(c, "watchword.server_key_file", 0));
        return arena_printf(&op->arena, "%s/witness", dirname(copy));
    }
    const char *const made[] = {c->dir, c->state};
    const char *const below[] = {"keys", "watchword"};
    for (size_t i = 0; c->dev && i < 2; i++) {
        char *directory = made[i] ? arena_printf(&op->arena, "%s/%s", made[i], below[i]) : NULL;
        char *path = directory ? arena_printf(&op->arena, "%s/witness", directory) : NULL;
        if (path && access(directory, W_OK) == 0 && !config_is_beside_database(path, database_path)) {
            return path;
        }
    }
    return "";
}

enum ww_err config_witness_file(struct ww_op *op, const struct config *c, const char *database_path,
                                const char **path, bool *chosen)
{
    const char *set = config_text(c, "watchword.witness_file");
    *path = NULL;
    *chosen = *set != 0;
    /* What is kept in memory ends with the process: nothing can be put back. */
    if (strcmp(set, "off") == 0 || strcmp(config_text(c, "dsn"), "memory") == 0) {
        return WW_OK;
    }
    const char *file = *set ? set : place_of_key(op, c, database_path);
    if (!file) {
        return op_no_memory(op);
    }
    if (!*file) {
        config_warning_add(c,
                           "watchword.witness_file: not set, and the server key is no file that it could lie "
                           "beside: a database that is put back to an earlier moment is not noticed");
        return WW_OK;
    }
    if (config_is_beside_database(file, database_path)) {
        return op_fail_field(op, WW_ECONFIG, "witness_place", "watchword.witness_file",
                             "witness %s: lies below the database's directory: one backup would hold both; "
                             "name another place",
                             file);
    }
    *path = file;
    return WW_OK;
}
