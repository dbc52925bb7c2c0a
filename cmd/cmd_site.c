/* Opening a site for a command, acting as one of its users, and printing what they typed safely. */
#include "cmd_site.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "timefmt.h"
#include "words.h"

enum { WHY = 1024 };

/* As an operation of its own, with the command line as client: the history shows what was done so. */
int cmd_site_open(struct cmd_site *s, const char *name)
{
    static const struct ww_client client = {.size = sizeof client, .user_agent = WORDS_COMMAND_LINE};
    char why[WHY] = "";
    struct ww_options options = {.size = sizeof options,
                                 .config_files = s->files.at,
                                 .config_file_count = s->files.n,
                                 .environment = (const char *const *)environ,
                                 .dev = s->dev,
                                 .no_migrate = s->no_migrate,
                                 .restore = s->restore,
                                 .reindex = s->reindex};

    if (s->files.n == 0) {
        return cmd_usage_error(name, "-c FILE is missing");
    }
    /* Before the configuration is read, and with it the server key. */
    cmd_protect_memory(s->dev);
    js_wipe_memory();
    enum ww_err err = ww_open(&options, &s->ww, why, sizeof why);
    if (err) {
        return cmd_fail(s->json, err, "open_failed", NULL, why);
    }
    err = ww_op_begin(s->ww, &client, &s->op);
    return err ? cmd_fail(s->json, err, NULL, NULL, NULL) : CMD_GO_ON;
}

/* Sentence, stable id and exit status from one place. */
int cmd_site_failed(struct cmd_site *s, enum ww_err err)
{
    const struct ww_problem *p = ww_op_problem(s->op);
    char text[WHY];
    const char *sentence = p->text && *p->text ? p->text : ww_err_text(err);

    if (p->retry_after > 0) {
        snprintf(text, sizeof text, "%s; try again in %u s", sentence, p->retry_after);
    } else {
        snprintf(text, sizeof text, "%s", sentence);
    }
    return cmd_fail(s->json, err, p->id, p->field, text);
}

/* As anybody signs in: the throttle counts it, the history shows it, and the session ends with the
 * command. */
int cmd_site_sign_in(struct cmd_site *s, const char *identifier)
{
    CMD_SECRET(password);
    char prompt[80];

    snprintf(prompt, sizeof prompt, "Password of %.60s", identifier);
    if (!cmd_password(s->password_fd, "password-fd", prompt, false, &password)) {
        return CMD_FAILED;
    }
    const struct ww_proof proof = {.size = sizeof proof,
                                   .kind = WW_PROOF_PASSWORD,
                                   .identifier = identifier,
                                   .password = password.text,
                                   .password_length = password.n};
    enum ww_err err = ww_authenticate(s->op, &proof, &s->session);
    return err ? cmd_site_failed(s, err) : CMD_GO_ON;
}

const char *cmd_site_account(struct cmd_site *s)
{
    const struct ww_session_info *info = ww_session_info(s->op, s->session);
    return info ? info->account : "";
}

/* The session first: it needs the operation and the store. */
void cmd_site_close(struct cmd_site *s)
{
    if (s->session && ww_session_end(s->op, s->session) != WW_OK) {
        fprintf(stderr, "watchword: the session of this command could not be ended; it expires by itself\n");
    }
    ww_op_end(s->op);
    ww_close(s->ww);
    arena_free(&s->arena);
}

/* Of the library's own making: it can only fail for want of memory. */
struct js *cmd_site_parse(struct cmd_site *s, const char *json)
{
    const char *why;
    struct js *tree;

    if (js_read(&s->arena, bytes_str(json), &tree, &why) != WW_OK) {
        (void)cmd_fail(s->json, WW_ENOMEM, NULL, NULL, NULL);
        return NULL;
    }
    return tree;
}

/* ---- output ---- */

/* Escape sequences in a name could rewrite what a terminal shows, or type for whoever looks. */
static void print_safe(const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)text[i], next = i + 1 < n ? (unsigned char)text[i + 1] : 0;
        if (c < 0x20 || c == 0x7f) {
            printf("\\x%02x", c);
        } else if (c == 0xc2 && next >= 0x80 && next <= 0x9f) { /* U+0080 to U+009F: controls too */
            printf("\\x%02x", next);
            i++;
        } else {
            putchar(c);
        }
    }
}

void cmd_print_text(const char *text)
{
    print_safe(text ? text : "-", text ? strlen(text) : 1);
}

/* On a terminal a line that changes; elsewhere, for whoever reads it later, a line each second of a walk that
 * takes longer than one. */
void cmd_progress(const char *what, size_t done, size_t total)
{
    static time_t told;
    bool terminal = isatty(STDERR_FILENO);
    time_t now = timefmt_deadline(0).tv_sec;
    if (!terminal && now == told) {
        return;
    }
    if (!terminal && told == 0) {
        told = now;
        return;
    }
    told = now;
    fprintf(stderr, "%s%s: %zu", terminal ? "\r" : "", what, done);
    if (total > 0) {
        fprintf(stderr, " of %zu", total);
    }
    fputs(terminal ? "\033[K" : "\n", stderr);
}

void cmd_progress_end(void)
{
    if (isatty(STDERR_FILENO)) {
        fputs("\r\033[K", stderr);
    }
}

int cmd_site_list(struct cmd_site *s, const struct cmd_listing *l, void *command)
{
    struct ww_page page = {.size = sizeof page};
    const void *const *entries;
    struct cmd_json j = {0};
    if (s->json) {
        cmd_json_open(&j, NULL, '[');
    }
    do {
        page.token = page.next;
        enum ww_err err = l->read(command, &page, &entries);
        if (err) {
            return cmd_site_failed(s, err);
        }
        for (size_t i = 0; i < page.count; i++) {
            l->print(command, &j, entries[i]);
        }
    } while (page.next);
    if (s->json) {
        cmd_json_close(&j, ']');
    }
    return CMD_OK;
}
