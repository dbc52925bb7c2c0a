/* `watchword init`: a site in a directory (own-api.md, "Configuration of its own"). */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd.h"
#include "config.h"
#include "config_keys.h"

/* Three times %s: the site's directory. Paths are written whole, so that the server may be started from
 * anywhere.
 */
static const char configuration[] =
    "# Watchword. `watchword config check -c FILE` tests this file, `watchword config keys` lists all "
    "settings.\n"
    "# Any setting can also come from the environment: SERVE_PUBLIC_PORT for serve.public.port.\n"
    "\n"
    "# Where everything is kept. Or: postgres://user:password@host/name\n"
    "dsn: \"sqlite://%s/data/watchword.db\"\n"
    "\n"
    "serve:\n"
    "  public:\n"
    "    # The address that people see. Unset it is made of host and port; behind a reverse proxy write its\n"
    "    # https:// address, and cookies are secure.\n"
    "    # base_url: https://id.example.org/\n"
    "    host: 127.0.0.1\n"
    "    port: 4433\n"
    "  admin:\n"
    "    # Whoever reaches this port can create and delete accounts: keep it on loopback.\n"
    "    host: 127.0.0.1\n"
    "    port: 4434\n"
    "\n"
    "identity:\n"
    "  # What an account is made of. Presets: email, username, both; or your own as "
    "file:///path/schema.json.\n"
    "  default_schema_id: default\n"
    "  schemas:\n"
    "    - id: default\n"
    "      url: preset://email\n"
    "\n"
    "selfservice:\n"
    "  methods:\n"
    "    password:\n"
    "      enabled: true\n"
    "      config:\n"
    "        # Code points. 15 is recommended where the password is all that protects an account\n"
    "        # (NIST SP 800-63B-4, section 3.1.1).\n"
    "        min_password_length: 8\n"
    "  flows:\n"
    "    registration:\n"
    "      # false: only the admin port makes accounts.\n"
    "      enabled: true\n"
    "      # Who registers is signed in.\n"
    "      after:\n"
    "        password:\n"
    "          hooks:\n"
    "            - hook: session\n"
    "    settings:\n"
    "      # How long after signing in a password can be changed without signing in again.\n"
    "      privileged_session_max_age: 15m\n"
    "\n"
    "session:\n"
    "  lifespan: 24h\n"
    "\n"
    "hashers:\n"
    "  # `watchword hash calibrate` proposes what suits this machine.\n"
    "  algorithm: argon2\n"
    "  argon2:\n"
    "    memory: 64MB\n"
    "    iterations: 3\n"
    "\n"
    "log:\n"
    "  level: info\n"
    "  format: json\n"
    "\n"
    "watchword:\n"
    "  # 32 random bytes. Without them nothing in the database can be opened: keep a copy, apart from the\n"
    "  # database's backups (`watchword server-key export`).\n"
    "  server_key_file: \"%s/keys/server.key\"\n"
    "  # What this machine has seen last: it finds that the database was put back to an earlier moment. "
    "Never\n"
    "  # part of a backup.\n"
    "  witness_file: \"%s/keys/witness\"\n"
    "  # Networks of reverse proxies, and the one header in which they give the client's address.\n"
    "  trusted_proxies: []\n"
    "  forwarded_header: X-Forwarded-For\n"
    "  pages:\n"
    "    # The built-in pages, under /ui/.\n"
    "    enabled: true\n"
    "    brand: Watchword\n";

struct site {
    struct ww_op op;
    bool json;
    char root[PATH_MAX];
};

/* With the system's own reason: a path, and what could not be done there. */
static int fail_io(struct site *s, const char *path, const char *what)
{
    char text[PATH_MAX + 128];
    enum ww_err err = errno == EEXIST || errno == ENOTEMPTY ? WW_ECONFLICT : WW_EIO;
    snprintf(text, sizeof text, "%s: %s: %s", path, what, strerror(errno));
    return cmd_fail(s->json, err, "init_failed", NULL, text);
}

static char *below(struct site *s, const char *name)
{
    return arena_printf(&s->op.arena, "%s/%s", s->root, name);
}

/* Only an empty directory is taken, so that nothing that exists can be overwritten, and undo() removes
 * what is ours alone. */
static bool is_empty(const char *path)
{
    DIR *dir = opendir(path);
    size_t n = 0;
    if (!dir) {
        return false;
    }
    while (readdir(dir)) {
        n++;
    }
    closedir(dir);
    return n <= 2; /* . and .. */
}

/* The path is written into an address and into quotes. Refused rather than escaped: YAML, the DSN and the
 * shell would each want it in another way. */
static bool can_be_written(const char *path)
{
    for (; *path; path++) {
        if ((unsigned char)*path < 0x20 || strchr("\"\\?#%", *path)) {
            return false;
        }
    }
    return true;
}

/* 0700: neither the key nor the database is anybody else's to read. */
static int make_root(struct site *s, const char *path)
{
    if (mkdir(path, 0700) != 0 && errno != EEXIST) {
        return fail_io(s, path, "cannot be made");
    }
    /* Links resolved: key and database are compared by real paths when the server starts (vault.md §4). */
    if (!realpath(path, s->root)) {
        return fail_io(s, path, "cannot be entered");
    }
    if (!is_empty(s->root)) {
        return cmd_fail(s->json, WW_ECONFLICT, "init_not_empty", NULL,
                        "the directory is not empty; nothing was changed");
    }
    if (!can_be_written(s->root)) {
        return cmd_fail(s->json, WW_EINVAL, "init_bad_path", NULL,
                        "the directory's path must not hold quotes, \\, ?, # or %");
    }
    return CMD_GO_ON;
}

/* O_EXCL: an existing site is never written over. 0600, since a dsn may be put into it. */
static int write_configuration(struct site *s, const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) {
        return fail_io(s, path, "cannot be made");
    }
    /* On the disk before success is told. */
    bool written = dprintf(fd, configuration, s->root, s->root, s->root) > 0 && fsync(fd) == 0;
    int code = written ? CMD_GO_ON : fail_io(s, path, "cannot be written");
    close(fd);
    return code;
}

/* In an order that leaves nothing half: the configuration last, which is what makes a directory a site. */
static int make_site(struct site *s)
{
    /* Side by side: a backup of data/ must not hold the key (vault.md §4). */
    static const char *const directories[] = {"data", "keys"};
    for (size_t i = 0; i < sizeof directories / sizeof directories[0]; i++) {
        char *path = below(s, directories[i]);
        if (!path || mkdir(path, 0700) != 0) {
            return fail_io(s, path ? path : s->root, "cannot be made");
        }
    }
    char *key = below(s, "keys/server.key"), *file = below(s, "watchword.yml");
    enum ww_err err = key && file ? config_key_file_make(&s->op, key) : op_no_memory(&s->op);
    if (err != WW_OK) {
        return cmd_fail(s->json, err, s->op.problem.id, NULL, s->op.problem.text);
    }
    return write_configuration(s, file);
}

/* The directory was empty: whatever is there by now is ours. */
static void undo(struct site *s)
{
    static const char *const names[] = {"watchword.yml", "keys/server.key", "keys", "data"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char *path = below(s, names[i]);
        if (path) {
            (void)remove(path);
        }
    }
}

/* What was made, what to keep apart from backups, and what to do next. */
static void report(struct site *s)
{
    struct cmd_json j = {0};

    if (!s->json) {
        printf("made a site in %s\n"
               "  watchword.yml    the configuration\n"
               "  data/            the database will be here\n"
               "  keys/server.key  the server key: keep a copy, apart from the database's backups\n"
               "  keys/witness     will be made: it finds a database that was put back, and is no part of "
               "backups\n"
               "\nstart it: watchword serve -c %s/watchword.yml\n",
               s->root, s->root);
        return;
    }
    cmd_json_open(&j, NULL, '{');
    cmd_json_text(&j, "directory", s->root);
    cmd_json_text(&j, "config", below(s, "watchword.yml"));
    cmd_json_text(&j, "server_key_file", below(s, "keys/server.key"));
    cmd_json_close(&j, '}');
}

int cmd_init(const char *name, int argc, char **argv)
{
    struct site s = {0};
    int first = 0;
    const struct cmd_option options[] = {{0, "json", NULL, "as JSON", .flag = &s.json}};
    const struct cmd_usage usage = {
        name, "[--json] DIR",
        "Makes a site in an empty or new directory: configuration, data directory, server "
        "key.\nPeople sign up with e-mail and password; it listens on loopback.",
        1, 1};
    int code = cmd_options(&usage, options, 1, argc, argv, &first);

    if (code != CMD_GO_ON) {
        return code;
    }
    crypto_init();
    op_init(&s.op, NULL, NULL);
    code = make_root(&s, argv[first]);
    if (code == CMD_GO_ON) {
        code = make_site(&s);
        if (code == CMD_GO_ON) {
            report(&s);
            code = CMD_OK;
        } else {
            undo(&s);
        }
    }
    op_free(&s.op);
    return code;
}
