#include "cmd_util.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- exit codes ---- */

int cmd_exit_of(enum ww_err err)
{
    switch (err) {
    case WW_OK:
        return CMD_OK;
    case WW_EINVAL:
    case WW_EVALIDATION:
    case WW_ETOOLARGE:
    case WW_EUNSUPPORTED:
    case WW_EFULL:
        return CMD_INVALID;
    case WW_ECONFLICT:
    case WW_EVERSION:
        return CMD_CONFLICT;
    case WW_ENOTFOUND:
        return CMD_NOT_FOUND;
    case WW_EDENIED:
    case WW_EAAL:
    case WW_EREAUTH:
    case WW_EDISABLED:
    case WW_ELOCKED:
    case WW_ENOVAULT:
    case WW_EEXPIRED:
    case WW_EFORBIDDEN:
        return CMD_REFUSED;
    case WW_ETHROTTLED:
    case WW_EBUSY:
        return CMD_BUSY;
    case WW_ETAMPERED:
    case WW_EROLLEDBACK:
        return CMD_TAMPERED;
    case WW_EKEYMISSING:
    case WW_EFOREIGN:
    case WW_ECONFIG:
        return CMD_CONFIG;
    case WW_EINTERNAL:
    case WW_ENOMEM:
    case WW_EIO:
    default:
        return CMD_FAILED;
    }
}

/* ---- subcommands ---- */

static int list_commands(FILE *to, const char *name, const char *about, const struct command *commands,
                         size_t n)
{
    fprintf(to, "%s\n\nusage: %s COMMAND [--help]\n\ncommands:\n", about, name);
    for (size_t i = 0; i < n; i++) {
        fprintf(to, "  %-12s %s\n", commands[i].name, commands[i].help);
    }
    return to == stdout ? CMD_OK : CMD_USAGE;
}

int cmd_dispatch(const char *name, const char *about, const struct command *commands, size_t n, int argc,
                 char **argv)
{
    char words[128];

    if (argc < 2) {
        return list_commands(stderr, name, about, commands, n);
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0) {
        return list_commands(stdout, name, about, commands, n);
    }
    for (size_t i = 0; i < n; i++) {
        if (strcmp(argv[1], commands[i].name) == 0) {
            snprintf(words, sizeof words, "%s %s", name, commands[i].name);
            return commands[i].run(words, argc - 1, argv + 1);
        }
    }
    return cmd_usage_error(name, argv[1][0] == '-' ? "unknown option" : "unknown command");
}

/* ---- options ---- */

int cmd_usage_error(const char *name, const char *format, ...)
{
    va_list ap;
    fprintf(stderr, "%s: ", name);
    va_start(ap, format);
    vfprintf(stderr, format, ap);
    va_end(ap);
    fprintf(stderr, " (try `%s --help`)\n", name);
    return CMD_USAGE;
}

static void explain(const struct cmd_usage *usage, const struct cmd_option *options, size_t n)
{
    printf("%s\n\nusage: %s %s\n\noptions:\n", usage->about, usage->name, usage->usage);
    for (size_t i = 0; i < n; i++) {
        char left[64], letter[8] = "    ";
        if (options[i].letter) {
            snprintf(letter, sizeof letter, "-%c, ", options[i].letter);
        }
        snprintf(left, sizeof left, "%s--%s%s%s", letter, options[i].name, options[i].argument ? " " : "",
                 options[i].argument ? options[i].argument : "");
        printf("  %-24s %s\n", left, options[i].help);
    }
    printf("  %-24s %s\n", "-h, --help", "show this");
}

static bool read_number(const char *text, int64_t *out)
{
    char *end = NULL;
    errno = 0;
    *out = strtoll(text, &end, 10);
    return text[0] >= '0' && text[0] <= '9' && !*end && errno == 0;
}

static int take(const struct cmd_usage *usage, const struct cmd_option *o, const char *value)
{
    if (o->flag) {
        *o->flag = true;
    } else if (o->text) {
        *o->text = value;
    } else if (o->list) {
        if (o->list->n >= CMD_LIST_MOST) {
            return cmd_usage_error(usage->name, "--%s is given too often", o->name);
        }
        o->list->at[o->list->n++] = value;
    } else if (!read_number(value, o->number)) {
        return cmd_usage_error(usage->name, "--%s: must be a number", o->name);
    }
    return CMD_GO_ON;
}

enum { OPTIONS_MOST = 30, OPTION_BASE = 1000, OPTION_HELP = 999 };

static void long_options(const struct cmd_option *options, size_t n, struct option *out, char *letters)
{
    *letters++ = ':';
    *letters++ = 'h';
    for (size_t i = 0; i < n; i++) {
        int has = options[i].argument ? required_argument : no_argument;
        out[i] = (struct option){options[i].name, has, NULL, OPTION_BASE + (int)i};
        if (options[i].letter) {
            *letters++ = options[i].letter;
            *letters = ':';
            letters += options[i].argument != NULL;
        }
    }
    out[n] = (struct option){"help", no_argument, NULL, OPTION_HELP};
    out[n + 1] = (struct option){0};
    *letters = 0;
}

static const struct cmd_option *find_option(const struct cmd_option *options, size_t n, int c)
{
    for (size_t i = 0; i < n; i++) {
        if (c == OPTION_BASE + (int)i || (options[i].letter && c == options[i].letter)) {
            return &options[i];
        }
    }
    return NULL;
}

int cmd_options(const struct cmd_usage *usage, const struct cmd_option *options, size_t n, int argc,
                char **argv, int *first)
{
    struct option table[OPTIONS_MOST + 2];
    char letters[2 * OPTIONS_MOST + 8];

    if (n > OPTIONS_MOST) {
        abort();
    }
    long_options(options, n, table, letters);
    optind = 1;
    opterr = 0;
    for (;;) {
        int c = getopt_long(argc, argv, letters, table, NULL);
        if (c == -1) {
            break;
        }
        if (c == 'h' || c == OPTION_HELP) {
            explain(usage, options, n);
            return CMD_OK;
        }
        const struct cmd_option *o = find_option(options, n, c);
        if (!o) {
            const char *what = c == ':' ? "an option lacks its argument" : "unknown option";
            return cmd_usage_error(usage->name, "%s", what);
        }
        int result = take(usage, o, optarg);
        if (result != CMD_GO_ON) {
            return result;
        }
    }
    *first = optind;
    if (argc - optind < usage->least || argc - optind > usage->most) {
        return cmd_usage_error(usage->name, argc - optind < usage->least ? "an argument is missing"
                                                                         : "too many arguments");
    }
    return CMD_GO_ON;
}

/* ---- results ---- */

/* As RFC 8259 §7; bytes above 127 go out as they are. */
static void write_string(FILE *to, const char *text)
{
    putc('"', to);
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '"' || c == '\\') {
            putc('\\', to);
            putc(c, to);
        } else if (c == '\n') {
            fputs("\\n", to);
        } else if (c < 0x20 || c == 0x7f) {
            fprintf(to, "\\u%04x", c);
        } else {
            putc(c, to);
        }
    }
    putc('"', to);
}

int cmd_fail(bool json, enum ww_err err, const char *id, const char *field, const char *text)
{
    if (!json) {
        fprintf(stderr, "watchword: %s\n", text && *text ? text : ww_err_text(err));
        return cmd_exit_of(err);
    }
    fputs("{\"error\":{\"code\":", stderr);
    write_string(stderr, ww_err_name(err));
    fputs(",\"id\":", stderr);
    write_string(stderr, id ? id : "");
    if (field) {
        fputs(",\"field\":", stderr);
        write_string(stderr, field);
    }
    fputs(",\"text\":", stderr);
    write_string(stderr, text && *text ? text : ww_err_text(err));
    fputs("}}\n", stderr);
    return cmd_exit_of(err);
}

static void json_key(struct cmd_json *j, const char *key)
{
    if (j->comma) {
        putchar(',');
    }
    j->comma = true;
    if (key) {
        write_string(stdout, key);
        putchar(':');
    }
}

void cmd_json_open(struct cmd_json *j, const char *key, char bracket)
{
    json_key(j, key);
    putchar(bracket);
    j->comma = false;
    j->depth++;
}

void cmd_json_close(struct cmd_json *j, char bracket)
{
    putchar(bracket);
    j->comma = true;
    if (--j->depth == 0) {
        putchar('\n');
        j->comma = false;
    }
}

void cmd_json_text(struct cmd_json *j, const char *key, const char *value)
{
    json_key(j, key);
    if (value) {
        write_string(stdout, value);
    } else {
        fputs("null", stdout);
    }
}

void cmd_json_number(struct cmd_json *j, const char *key, int64_t value)
{
    json_key(j, key);
    printf("%lld", (long long)value);
}

void cmd_json_bool(struct cmd_json *j, const char *key, bool value)
{
    json_key(j, key);
    fputs(value ? "true" : "false", stdout);
}

void cmd_json_raw(struct cmd_json *j, const char *key, const char *text)
{
    json_key(j, key);
    fputs(text, stdout);
}
