/* Secrets that are typed in, and what a process that holds some is protected from. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <termios.h>
#include <unistd.h>

#include "cmd_util.h"

void cmd_secret_wipe(struct cmd_secret *s)
{
    explicit_bzero(s, sizeof *s);
}

/* No core dumps, and no other process of the user may trace this one or read its /proc/PID/mem (prctl(2));
 * under --dev a debugger may. */
void cmd_protect_memory(bool dev)
{
    const struct rlimit none = {0, 0};
    (void)setrlimit(RLIMIT_CORE, &none);
    if (!dev) {
        (void)prctl(PR_SET_DUMPABLE, 0);
    }
}

/* An ended pipe is an error of writing; the others, whose default is to end the program, have no meaning
 * here. */
void cmd_ignore_signals(void)
{
    static const int ignored[] = {SIGHUP, SIGUSR1, SIGUSR2, SIGPIPE, SIGXFSZ};
    for (size_t i = 0; i < sizeof ignored / sizeof ignored[0]; i++) {
        signal(ignored[i], SIG_IGN);
    }
}

/* /proc/swaps has a line of titles, then one for each device (proc(5)). */
bool cmd_swap_is_on(void)
{
    char text[512];
    int fd = open("/proc/swaps", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof text - 1);
    if (fd >= 0) {
        close(fd);
    }
    text[n > 0 ? n : 0] = 0;
    const char *line = strchr(text, '\n');
    return line && line[1];
}

/* read(2) and not stdio, whose buffers would keep a password in memory that nobody wipes. */
static ssize_t read_some(int fd, void *p, size_t n)
{
    ssize_t got;
    do {
        got = read(fd, p, n);
    } while (got < 0 && errno == EINTR);
    return got;
}

/* Bounded, into memory that is wiped: a password is a line, a print of a key a few. */
bool cmd_read_all(int fd, struct cmd_secret *out)
{
    out->n = 0;
    for (;;) {
        ssize_t got = read_some(fd, out->text + out->n, sizeof out->text - out->n);
        if (got < 0 || out->n + (size_t)got > CMD_SECRET_MOST) {
            fprintf(stderr, "watchword: %s\n",
                    got < 0 ? "the input cannot be read" : "the input is too long");
            cmd_secret_wipe(out);
            return false;
        }
        if (got == 0) {
            out->text[out->n] = 0;
            return true;
        }
        out->n += (size_t)got;
    }
}

enum { CONTROL_C = 3, CONTROL_D = 4 };

/* Byte by byte, so that nothing behind the line is taken from the descriptor. */
static bool read_line(int fd, bool terminal, struct cmd_secret *out)
{
    char c = 0;

    for (out->n = 0;;) {
        ssize_t got = read_some(fd, &c, 1);
        bool ends = got == 0 || (got > 0 && c == '\n');
        if (got < 0 || out->n > CMD_SECRET_MOST - 1 || (terminal && got > 0 && c == CONTROL_C)) {
            return false;
        }
        if (ends || (terminal && c == CONTROL_D)) {
            out->text[out->n] = 0;
            return got > 0 || out->n > 0;
        }
        out->text[out->n++] = c;
    }
}

/* Signals from the keyboard are off while it is asked, so that the terminal never stays without echo;
 * Control-C ends the line instead, and read_line gives up. */
static bool ask(int tty, const char *prompt, struct cmd_secret *out)
{
    struct termios before, quiet;

    if (tcgetattr(tty, &before) != 0) {
        return false;
    }
    quiet = before;
    quiet.c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ISIG);
    quiet.c_cc[VEOL] = CONTROL_C;
    if (tcsetattr(tty, TCSAFLUSH, &quiet) != 0) {
        return false;
    }
    dprintf(tty, "%s: ", prompt);
    bool done = read_line(tty, true, out);
    dprintf(tty, "\n");
    (void)tcsetattr(tty, TCSAFLUSH, &before);
    return done;
}

/* Echo off before the prompt, and signals with it: so the terminal is put back on every way out. */
static bool ask_on_terminal(const char *prompt, bool twice, struct cmd_secret *out)
{
    CMD_SECRET(again);
    char second[80];
    /* The terminal itself: standard input may carry an item, and standard output a file. */
    int tty = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);

    if (tty < 0) {
        fprintf(stderr, "watchword: there is no terminal to ask on; use --password-fd\n");
        return false;
    }
    bool done = ask(tty, prompt, out);
    if (done && twice) {
        snprintf(second, sizeof second, "%s, again", prompt);
        done = ask(tty, second, &again);
        if (done && (out->n != again.n || memcmp(out->text, again.text, out->n) != 0)) {
            fprintf(stderr, "watchword: the two differ\n");
            done = false;
        }
    }
    close(tty);
    return done;
}

/* From a descriptor or the terminal, never from an argument or the environment, which other users and
 * children can see. */
bool cmd_password(int64_t fd, const char *option, const char *prompt, bool twice, struct cmd_secret *out)
{
    errno = 0;
    bool done =
        fd < 0 ? ask_on_terminal(prompt, twice, out) : fd <= INT_MAX && read_line((int)fd, false, out);

    if (!done && fd >= 0) {
        const char *why = fd > INT_MAX                   ? "there is no such descriptor"
                          : errno                        ? strerror(errno)
                          : out->n > CMD_SECRET_MOST - 1 ? "the line is too long"
                                                         : "it ended before a line";
        fprintf(stderr, "watchword: --%s %lld: no password could be read: %s\n", option, (long long)fd, why);
    }
    if (!done) {
        cmd_secret_wipe(out);
    }
    return done;
}
