/* `watchword server-key`: the key as a file and on paper (vault.md §4). */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmd.h"
#include "config_keys.h"
#include "keyring.h"

/* Where the key comes from: a file that is named, or the configuration. */
struct source {
    struct cmd_list files;
    bool dev, json;
    struct ww_op op;
    struct key key;
};

static int fail(struct source *s, enum ww_err err)
{
    return cmd_fail(s->json, err, s->op.problem.id, s->op.problem.field, s->op.problem.text);
}

static int begin(struct source *s, const struct cmd_usage *usage, int argc, char **argv, int *first)
{
    const struct cmd_option options[] = {
        {'c', "config", "FILE", "configuration that names the key", .list = &s->files},
        {0, "json", NULL, "as JSON", .flag = &s->json},
    };
    int code = cmd_options(usage, options, sizeof options / sizeof options[0], argc, argv, first);
    if (code == CMD_GO_ON) {
        crypto_init();
        op_init(&s->op, NULL, NULL);
    }
    return code;
}

/* The key is wiped here, the texts made of it with the operation's memory. */
static void end(struct source *s)
{
    key_wipe(&s->key);
    op_free(&s->op);
}

/* The key that seals. A passing key of dsn memory is nobody's to keep. */
static enum ww_err key_of_configuration(struct source *s)
{
    struct config *config = NULL;
    struct key *keys = ARENA_ARRAY(&s->op.arena, KEYRING_MAX, struct key);
    size_t n = 0;

    enum ww_err err =
        keys ? config_load(&s->op, s->files.at, s->files.n, (const char *const *)environ, false, &config)
             : op_no_memory(&s->op);
    if (err == WW_OK) {
        err = config_server_keys(&s->op, config, NULL, keys, KEYRING_MAX, &n);
    }
    if (err == WW_OK && config_list_count(config, "watchword.server_key_file") == 0 &&
        strcmp(config_text(config, "dsn"), "memory") == 0) {
        err = op_fail(&s->op, WW_ECONFIG, "server_key_missing",
                      "with dsn memory each start has its own server key");
    }
    if (err == WW_OK) {
        s->key = keys[0];
    }
    config_free(config);
    return err;
}

/* A file that is named needs no configuration: a print is tested where there is only the key. */
static enum ww_err find_key(struct source *s, const char *file)
{
    return file ? config_key_file_read(&s->op, file, &s->key) : key_of_configuration(s);
}

/* ---- new ---- */

static int new_key(const char *name, int argc, char **argv)
{
    struct source s = {0};
    int first = 0;
    const struct cmd_usage usage = {name, "[--json] FILE",
                                    "Makes a server key: a file of 32 random bytes that only "
                                    "its owner can read.",
                                    1, 1};
    int code = begin(&s, &usage, argc, argv, &first);

    if (code != CMD_GO_ON) {
        return code;
    }
    enum ww_err err = config_key_file_make(&s.op, argv[first]);
    if (err != WW_OK) {
        code = fail(&s, err);
    } else if (s.json) {
        struct cmd_json j = {0};
        cmd_json_open(&j, NULL, '{');
        cmd_json_text(&j, "file", argv[first]);
        cmd_json_close(&j, '}');
        code = CMD_OK;
    } else {
        printf(
            "made %s\nName it under watchword.server_key_file. Keep a copy apart from the database's backups "
            "(`watchword server-key export %s`):\nwithout it nothing that is stored can be opened.\n",
            argv[first], argv[first]);
        code = CMD_OK;
    }
    end(&s);
    return code;
}

/* ---- export ---- */

/* The key alone goes to standard output, so that it can be sent to a printer; the warning goes to standard
 * error. */
static int print_key(struct source *s)
{
    char *text = config_key_print(&s->op.arena, &s->key), id[9];

    if (!text) {
        return cmd_fail(s->json, WW_ENOMEM, NULL, NULL, NULL);
    }
    snprintf(id, sizeof id, "%08x", keyring_key_id(&s->key));
    if (s->json) {
        struct cmd_json j = {0};
        cmd_json_open(&j, NULL, '{');
        cmd_json_text(&j, "id", id);
        cmd_json_text(&j, "key", text);
        cmd_json_close(&j, '}');
    } else {
        printf("%s\n", text);
        fprintf(stderr,
                "Server key %s. Whoever reads this can open what the server can open. Test the print with\n"
                "`watchword server-key verify`.\n",
                id);
    }
    return CMD_OK;
}

static int export_key(const char *name, int argc, char **argv)
{
    struct source s = {0};
    int first = 0;
    const struct cmd_usage usage = {name, "[-c FILE]... [--json] [KEYFILE]",
                                    "Prints the server key for paper, with check symbols.", 0, 1};
    int code = begin(&s, &usage, argc, argv, &first);

    if (code != CMD_GO_ON) {
        return code;
    }
    enum ww_err err = find_key(&s, first < argc ? argv[first] : NULL);
    code = err == WW_OK ? print_key(&s) : fail(&s, err);
    end(&s);
    return code;
}

/* ---- verify ---- */

static int compare(struct source *s)
{
    CMD_SECRET(print);
    KEY32(typed);

    if (!cmd_read_all(STDIN_FILENO, &print)) {
        return CMD_FAILED;
    }
    enum ww_err err = config_key_parse(&s->op, BYTES(print.text, print.n), &typed);
    if (err != WW_OK) {
        return fail(s, err);
    }
    /* Its check symbols were right, so it is a print, only of another key. */
    if (!crypto_equal(BYTES(typed.b, sizeof typed.b), BYTES(s->key.b, sizeof s->key.b))) {
        op_fail(&s->op, WW_EDENIED, "server_key_other", "this is the print of another server key");
        return fail(s, WW_EDENIED);
    }
    if (s->json) {
        struct cmd_json j = {0};
        cmd_json_open(&j, NULL, '{');
        cmd_json_bool(&j, "same", true);
        cmd_json_close(&j, '}');
    } else {
        printf("the print is that of the server key\n");
    }
    return CMD_OK;
}

static int verify_key(const char *name, int argc, char **argv)
{
    struct source s = {0};
    int first = 0;
    const struct cmd_usage usage = {name, "[-c FILE]... [--json] [KEYFILE] < PRINT",
                                    "Tests a typed-in print of the server key from standard input.", 0, 1};
    int code = begin(&s, &usage, argc, argv, &first);

    if (code != CMD_GO_ON) {
        return code;
    }
    enum ww_err err = find_key(&s, first < argc ? argv[first] : NULL);
    code = err == WW_OK ? compare(&s) : fail(&s, err);
    end(&s);
    return code;
}

/* ---- import ---- */

static int restore(struct source *s, const char *path)
{
    CMD_SECRET(print);

    if (!cmd_read_all(STDIN_FILENO, &print)) {
        return CMD_FAILED;
    }
    enum ww_err err = config_key_parse(&s->op, BYTES(print.text, print.n), &s->key);
    if (err == WW_OK) {
        /* Refuses a path where a file is: a key that is overwritten loses every account. */
        err = config_key_file_write(&s->op, path, &s->key);
    }
    if (err != WW_OK) {
        return fail(s, err);
    }
    if (s->json) {
        struct cmd_json j = {0};
        cmd_json_open(&j, NULL, '{');
        cmd_json_text(&j, "file", path);
        cmd_json_close(&j, '}');
    } else {
        printf("restored %s from the print\n", path);
    }
    return CMD_OK;
}

static int import_key(const char *name, int argc, char **argv)
{
    struct source s = {0};
    int first = 0;
    const struct cmd_usage usage = {name, "[--json] FILE < PRINT",
                                    "Makes the file of a server key again from the print that `export` made, "
                                    "typed in on standard\ninput. A file that is there is left alone.",
                                    1, 1};
    int code = begin(&s, &usage, argc, argv, &first);

    if (code != CMD_GO_ON) {
        return code;
    }
    code = restore(&s, argv[first]);
    end(&s);
    return code;
}

int cmd_server_key(const char *name, int argc, char **argv)
{
    static const struct command commands[] = {
        {"new", new_key, "make a key"},
        {"export", export_key, "print a key for paper"},
        {"verify", verify_key, "test a print"},
        {"import", import_key, "make the file again from a print"},
    };
    return cmd_dispatch(name, "The server key seals what the server itself must read.", commands,
                        sizeof commands / sizeof commands[0], argc, argv);
}
