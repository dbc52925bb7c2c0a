/* What the subcommands share: exit codes and results. */
#include "cmd_util.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- exit codes ---- */

/* The numbers are a promise (CMD_EXIT_TABLE, the manual page): scripts tell "wrong password" from "try
 * later" by them. */
static int exit_of(enum ww_err err)
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

/* On standard error in both forms: standard output holds results only. */
int cmd_fail(bool json, enum ww_err err, const char *id, const char *field, const char *text)
{
    if (!json) {
        fprintf(stderr, "watchword: %s%s%s\n", field ? field : "", field ? ": " : "",
                text && *text ? text : ww_err_text(err));
        return exit_of(err);
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
    return exit_of(err);
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
