/* `watchword server-key`: the key as a file and on paper (vault.md §4). */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmd_keys.h"

/* ---- new ---- */

static int new_key(const char *name, int argc, char **argv)
{
    struct cmd_keys s = {0};
    int first = 0;
    const struct cmd_usage usage = {name, "[--json] FILE",
                                    "Makes a server key: a file of 32 random bytes that only "
                                    "its owner can read.",
                                    1, 1};
    int code = cmd_keys_begin(&s, &usage, NULL, 0, argc, argv, &first);

    if (code != CMD_GO_ON) {
        return code;
    }
    enum ww_err err = config_key_file_make(&s.op, argv[first]);
    if (err != WW_OK) {
        code = cmd_keys_failed(&s, err);
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
    cmd_keys_end(&s);
    return code;
}

/* ---- export ---- */

/* The keys alone go to standard output, so that they can be sent to a printer; the warning goes to standard
 * error. */
static void print_one(const struct cmd_keys *s, struct cmd_json *j, size_t i, const char *id,
                      const char *text)
{
    if (s->json) {
        cmd_json_open(j, NULL, '{');
        cmd_json_text(j, "id", id);
        cmd_json_bool(j, "seals", i == 0);
        cmd_json_text(j, "key", text);
        cmd_json_close(j, '}');
        return;
    }
    printf("%s%s\n", i ? "\n" : "", text);
    fprintf(stderr, "Server key %s, which %s.\n", id, i ? "opens" : "seals and opens");
}

static int print_keys(struct cmd_keys *s)
{
    struct cmd_json j = {0};

    if (s->json) {
        cmd_json_open(&j, NULL, '{');
        cmd_json_open(&j, "keys", '[');
    }
    for (size_t i = 0; i < s->list.n; i++) {
        char *text = config_key_print(&s->op.arena, &s->list.keys[i]), id[CMD_KEY_ID];
        if (!text) {
            return cmd_fail(s->json, WW_ENOMEM, NULL, NULL, NULL);
        }
        cmd_keys_id(&s->list.keys[i], id);
        print_one(s, &j, i, id, text);
    }
    if (s->json) {
        cmd_json_close(&j, ']');
        cmd_json_close(&j, '}');
    } else {
        fputs("Whoever reads this can open what the server can open. Test the print with\n"
              "`watchword server-key verify`.\n",
              stderr);
    }
    return CMD_OK;
}

static int export_key(const char *name, int argc, char **argv)
{
    struct cmd_keys s = {0};
    int first = 0;
    const struct cmd_usage usage = {
        name, "[-c FILE]... [--json] [KEYFILE]",
        "Prints the server key for paper, with check symbols; several one after the "
        "other, the one that\nseals first.",
        0, 1};
    int code = cmd_keys_begin(&s, &usage, NULL, 0, argc, argv, &first);

    if (code != CMD_GO_ON) {
        return code;
    }
    enum ww_err err = cmd_keys_find(&s, first < argc ? argv[first] : NULL);
    code = err == WW_OK ? print_keys(&s) : cmd_keys_failed(&s, err);
    cmd_keys_end(&s);
    return code;
}

/* ---- verify ---- */

/* One print; its check symbols being right, another key's is told from a mistake. */
static enum ww_err compare(struct cmd_keys *s, struct bytes print, size_t *at)
{
    KEY32(typed);
    char id[CMD_KEY_ID];
    enum ww_err err = config_key_parse(&s->op, print, &typed);
    if (err != WW_OK) {
        return err;
    }
    for (*at = 0; *at < s->list.n; ++*at) {
        if (crypto_equal(BYTES_OF(typed), BYTES_OF(s->list.keys[*at]))) {
            return WW_OK;
        }
    }
    cmd_keys_id(&typed, id);
    return op_fail(&s->op, WW_EDENIED, "server_key_other", "this is the print of another server key, %s", id);
}

static void tell_same(struct cmd_keys *s, struct cmd_json *j, size_t at)
{
    char id[CMD_KEY_ID];
    cmd_keys_id(&s->list.keys[at], id);
    if (s->json) {
        cmd_json_text(j, NULL, id);
    } else {
        printf("the print is that of server key %s, which %s\n", id, at ? "opens" : "seals and opens");
    }
}

/* Prints of several keys have an empty line between them. */
static int compare_all(struct cmd_keys *s)
{
    CMD_SECRET(print);
    struct cmd_json j = {0};
    size_t same[KEYRING_MAX], n = 0;

    if (!cmd_read_all(STDIN_FILENO, &print)) {
        return CMD_FAILED;
    }
    for (const char *at = print.text; at && n < KEYRING_MAX;) {
        const char *next = strstr(at, "\n\n");
        enum ww_err err = compare(s, BYTES(at, next ? (size_t)(next - at) : strlen(at)), &same[n++]);
        if (err) {
            return cmd_keys_failed(s, err);
        }
        next = next ? next + strspn(next, " \r\n") : NULL;
        at = next && *next ? next : NULL;
    }
    if (s->json) {
        cmd_json_open(&j, NULL, '{');
        cmd_json_open(&j, "same", '[');
    }
    for (size_t i = 0; i < n; i++) {
        tell_same(s, &j, same[i]);
    }
    if (s->json) {
        cmd_json_close(&j, ']');
        cmd_json_close(&j, '}');
    }
    return CMD_OK;
}

static int verify_key(const char *name, int argc, char **argv)
{
    struct cmd_keys s = {0};
    int first = 0;
    const struct cmd_usage usage = {name, "[-c FILE]... [--json] [KEYFILE] < PRINT",
                                    "Tests a typed-in print of the server key from standard input, or of all "
                                    "of them with an empty line between.",
                                    0, 1};
    int code = cmd_keys_begin(&s, &usage, NULL, 0, argc, argv, &first);

    if (code != CMD_GO_ON) {
        return code;
    }
    enum ww_err err = cmd_keys_find(&s, first < argc ? argv[first] : NULL);
    code = err == WW_OK ? compare_all(&s) : cmd_keys_failed(&s, err);
    cmd_keys_end(&s);
    return code;
}

/* ---- import ---- */

static int restore(struct cmd_keys *s, const char *path)
{
    CMD_SECRET(print);
    KEY32(typed);

    if (!cmd_read_all(STDIN_FILENO, &print)) {
        return CMD_FAILED;
    }
    enum ww_err err = config_key_parse(&s->op, BYTES(print.text, print.n), &typed);
    if (err == WW_OK) {
        /* Refuses a path where a file is: a key that is overwritten loses every account. */
        err = config_key_file_write(&s->op, path, &typed);
    }
    if (err != WW_OK) {
        return cmd_keys_failed(s, err);
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
    struct cmd_keys s = {0};
    int first = 0;
    const struct cmd_usage usage = {name, "[--json] FILE < PRINT",
                                    "Makes the file of a server key again from the print that `export` made, "
                                    "typed in on standard\ninput. A file that is there is left alone.",
                                    1, 1};
    int code = cmd_keys_begin(&s, &usage, NULL, 0, argc, argv, &first);

    if (code != CMD_GO_ON) {
        return code;
    }
    code = restore(&s, argv[first]);
    cmd_keys_end(&s);
    return code;
}

int cmd_server_key(const char *name, int argc, char **argv)
{
    static const struct command commands[] = {
        {"new", new_key, "make a key"},
        {"export", export_key, "print a key for paper"},
        {"verify", verify_key, "test a print"},
        {"import", import_key, "make the file again from a print"},
        {"list", cmd_key_list, "the keys, and how many blobs name each"},
        {"add", cmd_key_add, "make another key, which opens"},
        {"first", cmd_key_first, "make a key the one that seals"},
        {"rotate", cmd_key_rotate, "seal everything again with the first key"},
        {"retire", cmd_key_retire, "take away a key that nothing names"},
    };
    return cmd_dispatch(name, "The server key seals what the server itself must read.", commands,
                        sizeof commands / sizeof commands[0], argc, argv);
}
