/* Commands and options by table. What is wrong is named: the option, the argument, the word, and the nearest
 * one that is right. */
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "cmd_util.h"

/* ---- what was meant ---- */

struct nearest {
    const char *word; /* what somebody wrote */
    const char *best;
    size_t distance; /* of what was found; before: more than is allowed */
};

/* How far a word may be from what was typed: more letters allow more slips. */
static struct nearest nearest_to(const char *word)
{
    size_t n = strlen(word);
    return (struct nearest){.word = word, .distance = n < 4 ? 2 : n < 8 ? 3 : 4};
}

/* A beginning of a word, or of a few letters more or less. */
static void consider(struct nearest *to, const char *name)
{
    size_t n = strlen(to->word);
    size_t d =
        n > 1 && strncmp(name, to->word, n) == 0 ? 0 : bytes_distance(bytes_str(to->word), bytes_str(name));
    if (d < to->distance && d < strlen(name)) {
        *to = (struct nearest){to->word, name, d};
    }
}

/* ---- subcommands ---- */

/* To standard output where it was asked for, to standard error where a command was missing. */
static int list_commands(FILE *to, const char *name, const char *about, const struct command *commands,
                         size_t n)
{
    fprintf(to, "%s\n\nusage: %s COMMAND [--help]\n\ncommands:\n", about, name);
    for (size_t i = 0; i < n; i++) {
        fprintf(to, "  %-12s %s\n", commands[i].name, commands[i].help);
    }
    return to == stdout ? CMD_OK : CMD_USAGE;
}

/* With what was probably meant; nothing is ever done by guessing. */
static int unknown_command(const char *name, const char *word, const struct command *commands, size_t n)
{
    struct nearest to = nearest_to(word);
    const char *what = word[0] == '-' ? "option" : "command";
    for (size_t i = 0; i < n && word[0] != '-'; i++) {
        consider(&to, commands[i].name);
    }
    return to.best ? cmd_usage_error(name, "unknown %s \"%s\"; did you mean \"%s\"?", what, word, to.best)
                   : cmd_usage_error(name, "unknown %s \"%s\"", what, word);
}

/* One level of commands; the words so far are the name that messages begin with. */
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
    return unknown_command(name, argv[1], commands, n);
}

/* ---- options ---- */

/* On standard error, without what could steer a terminal: words of the command line are echoed here. */
int cmd_usage_error(const char *name, const char *format, ...)
{
    char text[512];
    va_list ap;
    va_start(ap, format);
    vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    for (char *c = text; *c; c++) {
        *c = (unsigned char)*c < 0x20 || *c == 0x7f ? '?' : *c;
    }
    fprintf(stderr, "%s: %s (try `%s --help`)\n", name, text, name);
    return CMD_USAGE;
}

/* Manual pages are made of this text (tools/make_manual.py). */
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

/* Decimal digits only; a minus is no number of anything here. */
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
            return cmd_usage_error(usage->name, "--%s: given more than %d times", o->name, CMD_LIST_MOST);
        }
        o->list->at[o->list->n++] = value;
    } else if (!read_number(value, o->number)) {
        return cmd_usage_error(usage->name, "--%s: %s must be a number from 0 up, and is \"%s\"", o->name,
                               o->argument, value);
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

/* By letter or by place in the table: getopt knows no more. */
static const struct cmd_option *find_option(const struct cmd_option *options, size_t n, int c)
{
    for (size_t i = 0; i < n; i++) {
        if (c == OPTION_BASE + (int)i || (options[i].letter && c == options[i].letter)) {
            return &options[i];
        }
    }
    return NULL;
}

/* getopt_long gave '?' for `word`: it is unknown, the beginning of several, or a flag with a value. */
static int refuse_option(const struct cmd_usage *usage, const struct cmd_option *options, size_t n,
                         const char *word)
{
    if (strncmp(word, "--", 2) != 0) {
        return cmd_usage_error(usage->name, "unknown option -%c", optopt ? optopt : word[1]);
    }
    char name[64];
    snprintf(name, sizeof name, "%.*s", (int)strcspn(word + 2, "="), word + 2);
    struct nearest to = nearest_to(name);
    for (size_t i = 0; i < n; i++) {
        if (strcmp(options[i].name, name) == 0) {
            return cmd_usage_error(usage->name, "--%s takes no value", name);
        }
        consider(&to, options[i].name);
    }
    return to.best ? cmd_usage_error(usage->name, "unknown option --%s; did you mean --%s?", name, to.best)
                   : cmd_usage_error(usage->name, "unknown option --%s", name);
}

/* The number-th of the words without a dash, by its name in the usage: they are its last ones. */
static void operand_name(const struct cmd_usage *usage, int number, char *out, size_t size)
{
    size_t n = strcspn(usage->usage, "<");
    int back = usage->most - number;
    const char *end = usage->usage + n, *at;
    for (at = end; back >= 0 && at > usage->usage; back--) {
        for (end = at; end > usage->usage && end[-1] == ' '; end--) {
        }
        for (at = end; at > usage->usage && at[-1] != ' '; at--) {
        }
    }
    snprintf(out, size, "%.*s", (int)(end - at), at);
}

static int check_operands(const struct cmd_usage *usage, int given, char **words)
{
    char name[40];
    if (given < usage->least) {
        operand_name(usage, given + 1, name, sizeof name);
        return cmd_usage_error(usage->name, "%s is missing", name);
    }
    return given > usage->most
               ? cmd_usage_error(usage->name, "\"%s\" is one argument too many", words[usage->most])
               : CMD_GO_ON;
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
        int at = optind;
        int c = getopt_long(argc, argv, letters, table, NULL);
        if (c == -1) {
            break;
        }
        if (c == 'h' || c == OPTION_HELP) {
            explain(usage, options, n);
            return CMD_OK;
        }
        const struct cmd_option *o = find_option(options, n, c == ':' ? optopt : c);
        if (!o) {
            /* Words without a dash are passed over, so the option stands before the next word. */
            return refuse_option(usage, options, n, argv[optind > at ? optind - 1 : at]);
        }
        int result = c == ':'
                         ? cmd_usage_error(usage->name, "--%s: %s is missing behind it", o->name, o->argument)
                         : take(usage, o, optarg);
        if (result != CMD_GO_ON) {
            return result;
        }
    }
    *first = optind;
    return check_operands(usage, argc - optind, argv + optind);
}
