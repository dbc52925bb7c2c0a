/* Configuration: what is accepted, what is refused and how that is said, and what overrides what. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "config_int.h"
#include "config_keys.h"
#include "timefmt.h"

struct fixture {
    struct ww_op op;
    struct config *config;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    crypto_init();
    op_init(&f->op, NULL, NULL);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    config_free(f->config);
    op_free(&f->op);
    free(f);
    return 0;
}

static enum ww_err try_text(struct fixture *f, const char *text, const char *const *environment, bool dev)
{
    config_free(f->config);
    return config_from_memory(&f->op, "a.yml", bytes_str(text), environment, dev, &f->config);
}

static const struct config *load(struct fixture *f, const char *text)
{
    enum ww_err err = try_text(f, text, NULL, false);
    if (err != WW_OK) {
        fail_msg("%s", f->op.problem.text);
    }
    return f->config;
}

static void assert_refused(struct fixture *f, const char *text, const char *why)
{
    assert_int_equal(try_text(f, text, NULL, false), WW_ECONFIG);
    assert_null(f->config);
    assert_string_equal(f->op.problem.text, why);
}

static bool warned(const struct config *c, const char *text)
{
    for (size_t i = 0; i < config_warning_count(c); i++) {
        if (strcmp(config_warning(c, i), text) == 0) {
            return true;
        }
    }
    return false;
}

static void every_setting_has_a_default_of_its_type(void **state)
{
    const struct config *c = load(*state, "");
    assert_int_equal(config_int(c, "serve.public.port"), 4433);
    assert_string_equal(config_text(c, "serve.public.host"), "127.0.0.1");
    assert_true(config_bool(c, "selfservice.methods.password.enabled"));
    assert_int_equal(config_int(c, "hashers.argon2.memory"), 64 << 20);
    assert_int_equal(config_duration(c, "watchword.history.retention"), 180 * 86400 * SECOND_US);
    assert_int_equal(config_list_count(c, "serve.public.cors.allowed_methods"), 5);
    assert_string_equal(config_list_at(c, "serve.public.cors.allowed_methods", 4), "DELETE");
    assert_null(config_json(c, "identity.schemas"));
    assert_false(config_is_set(c, "serve.public.port"));
    assert_int_equal(config_warning_count(c), 0);
    assert_string_equal(config_text(c, "serve.public.base_url"), "http://127.0.0.1:4433/");
    assert_false(config_bool(c, "cookies.secure"));
}

static void keys_are_in_one_table_only_and_every_default_is_legal(void **state)
{
    const struct config *c = load(*state, "");
    for (size_t i = 0; i < config_setting_count; i++) {
        const struct config_setting *s = &config_settings[i];
        assert_int_equal(config_find(c, s->key), i); /* so it is there once */
        if (s->type != CONFIG_JSON && s->type != CONFIG_LIST && *s->otherwise) {
            struct value v;
            const char *why = NULL;
            const struct node n = {.kind = NODE_GIVEN, .text = s->otherwise};
            struct fixture *f = *state;
            if (config_value_read(&f->op.arena, s, &n, &v, &why) != WW_OK) {
                fail_msg("%s: %s", s->key, why);
            }
        }
    }
}

/* One list says what is not acted on, each key once; a setting on it can be told to be set. */
static void what_is_not_acted_on_stands_in_one_list(void **state)
{
    const struct config *c = load(*state, "");
    for (size_t i = 0; i < config_foreign_count; i++) {
        int index = config_find(c, config_foreigns[i].key);
        for (size_t j = 0; j < i; j++) {
            assert_string_not_equal(config_foreigns[i].key, config_foreigns[j].key);
        }
        if (index >= 0) {
            assert_true(config_settings[index].type == CONFIG_INT ? config_foreigns[i].only != NULL
                                                                  : *config_foreigns[i].why != 0);
        }
    }
}

static void addresses_are_made_of_host_and_port(void **state)
{
    static const struct {
        const char *text, *url, *host;
    } cases[] = {
        {"port: 8080", "http://127.0.0.1:8080/", "127.0.0.1"},
        {"host: 0.0.0.0", "http://localhost:4433/", "0.0.0.0"},
        {"host: \"*\"", "http://localhost:4433/", "*"},
        {"host: \"::\"", "http://localhost:4433/", "::"},
        {"host: \"[::]\"", "http://localhost:4433/", "::"},
        {"host: \"[::1]\"", "http://[::1]:4433/", "::1"},
        {"host: \"2001:db8::7\"", "http://[2001:db8::7]:4433/", "2001:db8::7"},
        {"host: id.example.org", "http://id.example.org:4433/", "id.example.org"},
        {"base_url: \"https://id.example.org/auth\"", "https://id.example.org/auth", "127.0.0.1"},
    };
    struct fixture *f = *state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct config *c =
            load(f, arena_printf(&f->op.arena, "serve: {public: {%s}}\n", cases[i].text));
        assert_string_equal(config_text(c, "serve.public.base_url"), cases[i].url);
        assert_string_equal(config_text(c, "serve.public.host"), cases[i].host);
        bool https = strncmp(cases[i].url, "https:", 6) == 0;
        assert_int_equal(config_bool(c, "cookies.secure"), https);
        assert_int_equal(config_bool(c, "session.cookie.secure"), https);
    }
    assert_refused(
        f, "serve: {public: {base_url: \"http://*:4433/\"}}\n",
        "a.yml:1: serve.public.base_url: must be http:// or https:// with a host, without a query");
    assert_refused(f, "serve:\n  public: {host: \"*.example.org\"}\n",
                   "a.yml:2: serve.public.host: must be a host name or address, or * for all");
    static const char *const with_port[] = {"127.0.0.1:80", "localhost:4433", "id.example.org:0", "::1:80:x"};
    for (size_t i = 0; i < sizeof with_port / sizeof with_port[0]; i++) {
        assert_refused(f, arena_printf(&f->op.arena, "serve: {admin: {host: \"%s\"}}\n", with_port[i]),
                       "a.yml:1: serve.admin.host: must be a host name or address alone; the port is a "
                       "setting of its own");
    }
    assert_refused(f, "serve: {admin: {host: \"[::1]:80\"}}\n",
                   "a.yml:1: serve.admin.host: must be a host name or address, or * for all");
    static const char *const one_door[] = {"{public: {port: 80}, admin: {port: 80}}",
                                           "{public: {port: 80, host: \"*\"}, admin: {port: 80, host: a}}",
                                           "{admin: {port: 4433}}"};
    for (size_t i = 0; i < sizeof one_door / sizeof one_door[0]; i++) {
        assert_refused(f, arena_printf(&f->op.arena, "serve: %s\n", one_door[i]),
                       "a.yml:1: serve.admin.port: is the public port, too: each needs a port of its own");
    }
    load(f, "serve: {public: {port: 0, host: \"fe80::1%eth0\"}, admin: {port: 0, host: \"*\"}}\n");
    load(f, "serve: {public: {port: 80, host: a}, admin: {port: 80, host: b}}\n");
    assert_true(
        warned(load(f, "serve: {public: {base_url: \"http://id.example.org/\"}}\ncookies: {secure: false}\n"),
               "a.yml:1: serve.public.base_url: is http: passwords and sessions cross the network for all "
               "to read, and cookies are not secure; behind a TLS proxy write its https:// address here"));
}

static void return_addresses_that_allow_nothing_are_told(void **state)
{
    static const char *const good[] = {"https://app.example.org", "https://*.example.org/app",
                                       "myapp://callback", "http://127.0.0.1:4455/"};
    static const char *const bad[] = {"/ui",
                                      "app.example.org",
                                      "//app.example.org/",
                                      "https://",
                                      "https://*",
                                      "https://app*.example.org",
                                      "https://*.*.",
                                      "https://me@example.org",
                                      "https://app.example.org/*",
                                      "https:\\\\x",
                                      "mailto:a@b.c",
                                      "https://a/x/../y"};
    struct fixture *f = *state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        char *text = arena_printf(&f->op.arena, "selfservice: {allowed_return_urls: ['%s']}\n", good[i]);
        assert_int_equal(config_warning_count(load(f, text)), 0);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char *text =
            arena_printf(&f->op.arena, "selfservice: {allowed_return_urls: ['https://a', '%s']}\n", bad[i]);
        const struct config *c = load(f, text);
        assert_int_equal(config_warning_count(c), 1);
        assert_non_null(strstr(config_warning(c, 0),
                               "a.yml:1: selfservice.allowed_return_urls: entry 2 allows nothing: it "));
    }
}

static void zeros_are_no_key(void **state)
{
    static const char *const given[] = {
        "WATCHWORD_SERVER_KEY=0000000000000000000000000000000000000000000000000000000000000000", NULL};
    struct fixture *f = *state;
    struct key zero = {0}, back;
    assert_int_equal(try_text(f, "", given, false), WW_ECONFIG);
    assert_string_equal(f->op.problem.text,
                        "environment variable WATCHWORD_SERVER_KEY: is all zeros, which is no key");
    const char *print = config_key_print(&f->op.arena, &zero);
    assert_int_equal(config_key_parse(&f->op, bytes_str(print), &back), WW_EINVAL);
    assert_string_equal(f->op.problem.id, "server_key_zero");
}

static void a_file_is_read_with_its_types(void **state)
{
    const struct config *c = load(*state, "dsn: memory\n"
                                          "serve:\n"
                                          "  public: {port: 8080, host: 0.0.0.0}\n"
                                          "selfservice:\n"
                                          "  allowed_return_urls:\n"
                                          "    - http://127.0.0.1:4455\n"
                                          "    - \"https://*.example.org/app\"\n"
                                          "  flows:\n"
                                          "    login:\n"
                                          "      lifespan: 1h30m\n"
                                          "      after:\n"
                                          "        default_browser_return_url: /there\n"
                                          "        password:\n"
                                          "          hooks:\n"
                                          "            - hook: session\n"
                                          "hashers:\n"
                                          "  argon2: {memory: 128MB, iterations: 2}\n"
                                          "watchword:\n"
                                          "  server_key_file: keys/server.key\n"
                                          "  history: {retention: 1d12h}\n");
    assert_int_equal(config_int(c, "serve.public.port"), 8080);
    assert_string_equal(config_text(c, "serve.public.base_url"), "http://localhost:8080/");
    assert_string_equal(config_list_at(c, "selfservice.allowed_return_urls", 1), "https://*.example.org/app");
    assert_null(config_list_at(c, "selfservice.allowed_return_urls", 2));
    assert_int_equal(config_duration(c, "selfservice.flows.login.lifespan"), 5400 * SECOND_US);
    assert_string_equal(config_text(c, "selfservice.flows.login.after.default_browser_return_url"), "/there");
    const struct js *after = config_json(c, "selfservice.flows.login.after");
    assert_string_equal(js_get_text(js_at(js_path(after, "password.hooks"), 0), "hook"), "session");
    assert_int_equal(config_int(c, "hashers.argon2.memory"), 128 << 20);
    assert_int_equal(config_list_count(c, "watchword.server_key_file"), 1);
    assert_int_equal(config_duration(c, "watchword.history.retention"), 36 * 3600 * SECOND_US);
}

static void json_is_read_too(void **state)
{
    const struct config *c = load(*state, "{\"dsn\": \"memory\",\n \"serve\": {\"public\": {\"port\": 1}}}");
    assert_int_equal(config_int(c, "serve.public.port"), 1);
    /* nor is a byte order mark in the way, as some editors write it */
    c = load(*state, "\xef\xbb\xbf"
                     "dsn: memory\n");
    c = load(*state, "\xef\xbb\xbf"
                     "{\"dsn\": \"memory\"}");
    assert_string_equal(config_text(c, "dsn"), "memory");
}

static void wrong_values_are_refused_with_file_line_and_name(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *text, *why;
    } cases[] = {
        {"dsn: memory\nserve:\n  pubic:\n    port: 1\n",
         "a.yml:3: serve.pubic: unknown key; did you mean serve.public?"},
        {"serve:\n  public:\n    prot: 1\n",
         "a.yml:3: serve.public.prot: unknown key; did you mean serve.public.port?"},
        {"session:\n  retention: 1d\n",
         "a.yml:2: session.retention: unknown key; did you mean watchword.history.retention?"},
        {"zzzzzzzz: 1\n", "a.yml:1: zzzzzzzz: unknown key"},
        {"serve.public.port: 1\n", "a.yml:1: serve.public.port: a key with dots is written as sections"},
        {"dsn: memory\nlog:\n  level: info\ndsn: memory\n", "a.yml:4: dsn: duplicate key, first on line 1"},
        {"serve:\n  public:\n    port: 70000\n", "a.yml:3: serve.public.port: must be between 0 and 65535"},
        {"serve:\n  public:\n    port: -1\n", "a.yml:3: serve.public.port: must be a whole number"},
        {"serve:\n  public:\n    port: \"80\"\n",
         "a.yml:3: serve.public.port: must be a whole number, without quotes"},
        {"serve:\n  public:\n    port:\n",
         "a.yml:3: serve.public.port: has no value; leave the key out for its default"},
        {"serve:\n  public:\n    port: [1]\n", "a.yml:3: serve.public.port: must be one value, not a list"},
        {"serve: 3\n", "a.yml:1: serve: must be a section of keys and values"},
        {"- serve\n", "a.yml:1: must be a section of keys and values"},
        {"serve:\n  public:\n    base_url: example.org\n",
         "a.yml:3: serve.public.base_url: must be http:// or https:// with a host, without a query"},
        {"session: {lifespan: 1 day}\n",
         "a.yml:1: session.lifespan: must be a duration like 90s, 15m, 1h30m or 30d"},
        {"session: {lifespan: 99999d}\n", "a.yml:1: session.lifespan: must be between 1s and 3650d"},
        {"hashers: {algorithm: md5}\n", "a.yml:1: hashers.algorithm: must be one of argon2|bcrypt"},
        {"hashers: {argon2: {memory: 1ZB}}\n",
         "a.yml:1: hashers.argon2.memory: must be a size like 512KB or 64MB"},
        {"cookies: {secure: maybe}\n", "a.yml:1: cookies.secure: must be true or false"},
        {"cookies: {same_site: lax}\n", "a.yml:1: cookies.same_site: must be one of Strict|Lax|None"},
        {"dsn: mysql://x\n",
         "a.yml:1: dsn: must be memory, sqlite://path or postgres://user:password@host/name"},
        {"watchword:\n  forwarded_header: Forwarded\n",
         "a.yml:2: watchword.forwarded_header: must be a header that holds addresses alone, such as "
         "X-Forwarded-For; Forwarded does not"},
        {"watchword:\n  trusted_proxies:\n    - unix\n    - 10.0.0.0/33\n",
         "a.yml:2: watchword.trusted_proxies: entry 2 must be a network like 10.0.0.0/8 or 2001:db8::/32"},
        {"watchword: {pages: {accent: red}}\n",
         "a.yml:1: watchword.pages.accent: must be a colour like #1d4ed8"},
        {"identity:\n  schemas:\n    - id: a\n      url: file://x\n",
         "a.yml:2: identity.default_schema_id: names no schema of identity.schemas"},
        {"identity:\n  schemas:\n    - id: a\n", "a.yml:3: identity.schemas: each needs an id and a url"},
        {"identity:\n  schemas:\n    - id: default\n      url: http://x\n",
         "a.yml:4: identity.schemas: url must begin with file://, base64:// or preset://"},
        {"selfservice:\n  flows:\n    login:\n      after:\n        pasword: {}\n",
         "a.yml:5: selfservice.flows.login.after: holds pasword, which is no method and no setting"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_refused(f, cases[i].text, cases[i].why);
    }
}

static void what_yaml_has_beyond_plain_values_is_refused(void **state)
{
    struct fixture *f = *state;
    assert_refused(f, "a: &x 1\n", "a.yml:1: anchors (&) are not supported");
    assert_refused(f, "a: *x\n", "a.yml:1: aliases (*) are not supported: write the value out");
    assert_refused(f, "dsn: !!str memory\n", "a.yml:1: tags (!) are not supported");
    assert_refused(f, "dsn: memory\n---\ndsn: memory\n",
                   "a.yml:2: several documents in one file are not supported");
    assert_refused(f, "dsn: \"a\\0b\"\n", "a.yml:1: NUL is not allowed in a text");
    assert_refused(f, "dsn: \xff\n", "a.yml: not valid UTF-8");
    assert_refused(f, "{[1]: 2}\n", "a.yml:1: a key must be a word");
    assert_int_equal(try_text(f, "dsn: [\n", NULL, false), WW_ECONFIG);

    char deep[200] = "selfservice: {flows: {login: {after: ";
    memset(deep + strlen(deep), '[', 100);
    assert_refused(f, deep, "a.yml:1: nested too deeply");
}

static void limits_hold_against_files_made_to_exhaust(void **state)
{
    struct fixture *f = *state;
    size_t n = CONFIG_FILE_MOST + 1;
    char *text = arena_alloc(&f->op.arena, n + 1);
    memset(text, ' ', n);
    assert_refused(f, text, "a.yml: longer than 1048576 bytes");

    struct buf b = BUF(&f->op.arena);
    buf_str(&b, "selfservice:\n  allowed_return_urls: [");
    for (int i = 0; i < CONFIG_NODES_MOST; i++) {
        buf_str(&b, "a,");
    }
    buf_str(&b, "]\n");
    assert_refused(f, buf_text(&b), "a.yml:2: too many values");
}

static void settings_of_kratos_that_are_not_acted_on_are_named(void **state)
{
    const struct config *c = load(*state, "version: v26.2.0\n"
                                          "courier:\n  smtp:\n    connection_uri: smtps://u:secret@mail\n"
                                          "secrets:\n  cookie: [0123456789abcdef]\n  cipher: [x]\n"
                                          "hashers:\n  argon2:\n    parallelism: 4\n"
                                          "selfservice:\n  methods:\n    totp:\n      enabled: true\n"
                                          "    passkey:\n      enabled: false\n");
    assert_true(warned(c,
                       "a.yml:3: courier.smtp: a setting of Kratos that is not acted on: no mail or message "
                       "is sent by this version"));
    assert_true(
        warned(c, "a.yml:5: secrets: a setting of Kratos that is not acted on: not needed: everything is "
                  "sealed under the server key (watchword.server_key_file)"));
    assert_true(warned(c, "a.yml:10: hashers.argon2.parallelism: not obeyed: it is always 1"));
    assert_int_equal(config_int(c, "hashers.argon2.parallelism"), 1);
    assert_true(
        warned(c, "a.yml:14: selfservice.methods.totp.enabled: not acted on: this method is not available "
                  "in this version"));
    assert_int_equal(config_warning_count(c), 4);
    for (size_t i = 0; i < config_warning_count(c); i++) {
        assert_null(strstr(config_warning(c, i), "secret@"));
    }
}

static void weak_hashing_is_warned_of_except_under_dev(void **state)
{
    struct fixture *f = *state;
    static const char text[] = "hashers: {algorithm: bcrypt, bcrypt: {cost: 4}}\ncookies: {secure: false}\n";
    assert_true(warned(load(f, text),
                       "a.yml:1: hashers.bcrypt.cost: too weak: raised to 12 (only --dev uses it as "
                       "it is)"));
    assert_int_equal(try_text(f, text, NULL, true), WW_OK);
    assert_int_equal(config_warning_count(f->config), 0);
    assert_int_equal(config_int(f->config, "hashers.bcrypt.cost"), 4);
    assert_int_equal(config_warning_count(load(f, "hashers: {argon2: {memory: 19MB, iterations: 2}}\n"
                                                  "cookies: {secure: false}\n")),
                     0);
    assert_int_equal(config_warning_count(load(f, "hashers: {argon2: {memory: 45MB, iterations: 1}}\n"
                                                  "cookies: {secure: false}\n")),
                     1);
}

static void the_environment_overrides_the_file(void **state)
{
    struct fixture *f = *state;
    static const char *const environment[] = {
        "PATH=/bin",
        "SERVE_PUBLIC_PORT=9000",
        "DSN=sqlite:///x.db",
        "SELFSERVICE_ALLOWED_RETURN_URLS=http://a, http://b",
        "IDENTITY_SCHEMAS=[{\"id\": \"default\", \"url\": \"file://s.json\"}]",
        "LOG_LEVEL=",
        "COURIER_SMTP_CONNECTION_URI=smtp://x",
        "VERSION=12",
        NULL,
    };
    assert_int_equal(try_text(f, "dsn: memory\nserve:\nlog: {level: error}\n", environment, false), WW_OK);
    assert_int_equal(config_int(f->config, "serve.public.port"), 9000);
    assert_string_equal(config_text(f->config, "dsn"), "sqlite:///x.db");
    assert_string_equal(config_list_at(f->config, "selfservice.allowed_return_urls", 1), "http://b");
    assert_int_equal(config_json(f->config, "identity.schemas")->count, 1);
    assert_string_equal(config_text(f->config, "log.level"), "error");
    assert_true(config_is_set(f->config, "serve.public.port"));
    assert_true(warned(f->config,
                       "environment variable COURIER_SMTP_CONNECTION_URI: courier.smtp: a setting of "
                       "Kratos that is not acted on: no mail or message is sent by this version"));

    static const char *const wrong[] = {"SERVE_PUBLIC_PORT=http", NULL};
    assert_int_equal(try_text(f, "", wrong, false), WW_ECONFIG);
    assert_string_equal(f->op.problem.text,
                        "environment variable SERVE_PUBLIC_PORT: serve.public.port: must be a whole number");
}

static void a_later_file_overrides_an_earlier_one(void **state)
{
    struct fixture *f = *state;
    char one[] = "/tmp/ww-config-XXXXXX", two[] = "/tmp/ww-config-XXXXXX";
    int fd = mkstemp(one);
    dprintf(fd, "dsn: memory\nserve: {public: {port: 1, host: a}}\n"
                "identity: {schemas: [{id: default, url: file://x}]}\n");
    close(fd);
    fd = mkstemp(two);
    dprintf(fd, "serve: {public: {port: 2}}\n");
    close(fd);
    const char *files[] = {one, two};
    assert_int_equal(config_load(&f->op, files, 2, NULL, true, &f->config), WW_OK);
    assert_int_equal(config_int(f->config, "serve.public.port"), 2);
    assert_string_equal(config_text(f->config, "serve.public.host"), "a");
    assert_true(config_dev(f->config));
    config_free(f->config);

    assert_int_equal(config_load(&f->op, &files[1], 1, NULL, false, &f->config), WW_ECONFIG);
    assert_string_equal(f->op.problem.text,
                        "configuration: dsn: is required: name a file with -c FILE, or set DSN in the "
                        "environment");
    unlink(one);
    unlink(two);
    assert_int_equal(config_load(&f->op, files, 1, NULL, false, &f->config), WW_ECONFIG);
    assert_non_null(strstr(f->op.problem.text, ": cannot be opened: No such file"));
}

static void pairs_stand_for_a_file(void **state)
{
    struct fixture *f = *state;
    static const char *const pairs[] = {"dsn=memory", "session.lifespan=2h", "dev=true"};
    static const char *const wrong[] = {"dsn=memory", "session.livespan=2h"};
    assert_int_equal(config_from_pairs(&f->op, pairs, 3, &f->config), WW_OK);
    assert_int_equal(config_duration(f->config, "session.lifespan"), 7200 * SECOND_US);
    assert_true(config_dev(f->config));
    config_free(f->config);
    assert_int_equal(config_from_pairs(&f->op, wrong, 2, &f->config), WW_ECONFIG);
    assert_string_equal(f->op.problem.text,
                        "setting 2: session.livespan: unknown key; did you mean session.lifespan?");
}

static void cookies_of_the_session_follow_those_of_all(void **state)
{
    const struct config *c = load(*state, "cookies: {path: /auth, same_site: Strict}\n"
                                          "session: {cookie: {path: /}}\n");
    assert_string_equal(config_text(c, "session.cookie.path"), "/");
    assert_string_equal(config_text(c, "session.cookie.same_site"), "Strict");
    assert_false(config_bool(c, "session.cookie.secure"));
    c = load(*state, "serve: {public: {base_url: 'http://127.0.0.1/'}}\n"); /* as Kratos */
    assert_true(config_bool(c, "session.cookie.secure"));
    assert_true(warned(c, "cookies.secure: cookies are secure but serve.public.base_url is http: browsers "
                          "will not send them back"));
}

static void what_is_shown_loads_again_and_hides_secrets(void **state)
{
    struct fixture *f = *state;
    const struct config *c =
        load(f, "dsn: postgres://me:geheim@db/name\n"
                "serve: {public: {port: 8080}}\n"
                "selfservice:\n  flows:\n    login:\n      after:\n        hooks:\n"
                "          - {hook: web_hook, config: {auth: {type: api_key, config: {value: geheim}}}}\n");
    char *text = config_show(&f->op.arena, c);
    assert_non_null(text);
    assert_null(strstr(text, "geheim"));
    assert_non_null(strstr(text, "dsn: \"postgres://me:<hidden>@db/name\""));
    c = load(f, text);
    assert_int_equal(config_int(c, "serve.public.port"), 8080);
    assert_non_null(js_path(config_json(c, "selfservice.flows.login.after"), "hooks"));
}

/* ---- failure ---- */

struct countdown {
    int left;
};

static bool fails_at_zero(void *ctx, enum ww_fault kind)
{
    struct countdown *c = ctx;
    return kind == WW_FAULT_ALLOC && c->left-- == 0;
}

static void each_allocation_that_fails_gives_an_error_and_no_configuration(void **state)
{
    static const char text[] = "dsn: memory\nserve: {public: {port: 1, cors: {allowed_origins: [a, b]}}}\n"
                               "identity: {schemas: [{id: default, url: 'preset://email'}]}\n"
                               "hashers: {argon2: {parallelism: 2}}\ncourier: {smtp: {from_name: x}}\n";
    static const char *const environment[] = {"SERVE_PUBLIC_PORT=2", "HOME=/x",
                                              "SELFSERVICE_ALLOWED_RETURN_URLS=http://a,http://b", NULL};
    (void)state;
    enum ww_err err = WW_ENOMEM;
    int n = 0;
    for (; err != WW_OK; n++) {
        struct countdown countdown = {n};
        struct ww_env env = {.fault = fails_at_zero, .ctx = &countdown};
        struct ww_op op = {0};
        struct config *c = NULL;
        op_init(&op, &env, NULL);
        err = config_from_memory(&op, "a.yml", bytes_str(text), environment, false, &c);
        assert_true((err == WW_OK) == (c != NULL));
        assert_true((err == WW_OK) == (countdown.left >= 0));
        config_free(c);
        op_free(&op);
        assert_true(n < 10000);
    }
    assert_true(n > 100);
}

/* A small mutation fuzzer of fixed seed: whatever comes, it is an answer and no crash. */
static void damaged_files_are_answered(void **state)
{
    static const char text[] =
        "dsn: memory\nserve:\n  public: {port: 4433, \"host\": 'a'}\n"
        "selfservice:\n  allowed_return_urls: [http://a, |\n  x]\n  flows:\n    login:\n"
        "      after: {hooks: [{hook: web_hook, config: {a: 1.5, b: ~, c: [true]}}]}\n"
        "# end\n";
    static const char marks[] = "{}[]:,-&*!|>'\"%@`#?\n\t \\\0ax0";
    uint32_t seed = 1;
    (void)state;
    for (int round = 0; round < 20000; round++) {
        struct ww_op op = {0};
        struct config *c = NULL;
        char copy[sizeof text];
        memcpy(copy, text, sizeof text);
        for (int i = 0; i <= round % 4; i++) {
            seed = seed * 1664525 + 1013904223;
            copy[(seed >> 8) % (sizeof text - 1)] = marks[(seed >> 24) % (sizeof marks - 1)];
        }
        op_init(&op, NULL, NULL);
        enum ww_err err = config_from_memory(&op, "a.yml", BYTES(copy, sizeof text - 1), NULL, false, &c);
        assert_true(err == WW_OK || err == WW_ECONFIG);
        if (c) {
            assert_non_null(config_show(&op.arena, c));
        }
        config_free(c);
        op_free(&op);
    }
}

/* ---- server keys ---- */

struct site {
    char root[64]; /* holds data/ and keys/ */
    struct key keys[4];
    size_t n;
};

static void site_make(struct site *s)
{
    char path[128];
    memset(s, 0, sizeof *s);
    strcpy(s->root, "/tmp/ww-site-XXXXXX");
    assert_non_null(mkdtemp(s->root));
    snprintf(path, sizeof path, "%s/data", s->root);
    mkdir(path, 0700);
    snprintf(path, sizeof path, "%s/keys", s->root);
    mkdir(path, 0700);
}

static void site_remove(const struct site *s)
{
    static const char *const names[] = {"keys/server.key",
                                        "keys/second.key",
                                        "data/server.key",
                                        "keys",
                                        "data",
                                        "state/watchword/server.key",
                                        "state/watchword",
                                        "state",
                                        ""};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char path[128];
        snprintf(path, sizeof path, "%s/%s", s->root, names[i]);
        (void)remove(path);
    }
}

static char *at(struct fixture *f, const struct site *s, const char *name)
{
    return arena_printf(&f->op.arena, "%s/%s", s->root, name);
}

static enum ww_err keys_of(struct fixture *f, struct site *s, const char *setting,
                           const char *const *environment, bool dev)
{
    char *text = arena_printf(&f->op.arena, "dsn: sqlite://x\n%s", setting);
    if (try_text(f, text, environment, dev) != WW_OK) {
        fail_msg("%s", f->op.problem.text);
    }
    f->config->dir = s->root;
    return config_server_keys(&f->op, f->config, at(f, s, "data/watchword.db"), s->keys, 4, &s->n);
}

static char *files(struct fixture *f, const struct site *s, const char *one, const char *two)
{
    return arena_printf(&f->op.arena, "watchword: {server_key_file: [%s/%s, %s/%s]}\n", s->root, one, s->root,
                        two);
}

static char *file(struct fixture *f, const struct site *s, const char *one)
{
    return arena_printf(&f->op.arena, "watchword: {server_key_file: %s/%s}\n", s->root, one);
}

static void keys_come_from_files_the_first_sealing(void **state)
{
    struct fixture *f = *state;
    struct site s;
    struct key second;
    size_t n;
    site_make(&s);
    assert_int_equal(config_key_file_make(&f->op, at(f, &s, "keys/server.key")), WW_OK);
    assert_int_equal(config_key_file_make(&f->op, at(f, &s, "keys/second.key")), WW_OK);
    assert_int_equal(config_key_file_make(&f->op, at(f, &s, "keys/second.key")), WW_ECONFLICT);
    assert_int_equal(config_key_file_read(&f->op, at(f, &s, "keys/second.key"), &second, 1, &n), WW_OK);

    assert_int_equal(keys_of(f, &s, files(f, &s, "keys/second.key", "keys/server.key"), NULL, false), WW_OK);
    assert_int_equal(s.n, 2);
    assert_memory_equal(s.keys[0].b, second.b, 32);
    assert_memory_not_equal(s.keys[1].b, second.b, 32);

    assert_int_equal(keys_of(f, &s, files(f, &s, "keys/server.key", "keys/server.key"), NULL, false),
                     WW_ECONFIG);
    assert_non_null(strstr(f->op.problem.text, "two keys have the same id"));
    assert_int_equal(s.n, 0);
    site_remove(&s);
}

static void key_files_that_are_not_as_they_must_be_are_refused(void **state)
{
    struct fixture *f = *state;
    struct site s;
    site_make(&s);
    char *key = at(f, &s, "keys/server.key"), *setting = file(f, &s, "keys/server.key");
    assert_int_equal(keys_of(f, &s, setting, NULL, false), WW_ECONFIG);
    assert_non_null(strstr(f->op.problem.text, "watchword server-key new"));
    assert_int_equal(config_key_file_make(&f->op, key), WW_OK);

    assert_int_equal(chmod(key, 0640), 0);
    assert_int_equal(keys_of(f, &s, setting, NULL, false), WW_ECONFIG);
    assert_non_null(strstr(f->op.problem.text, "others may read or change it"));
    assert_int_equal(chmod(key, 0600), 0);

    for (int n = 31; n <= 33; n++) {
        assert_int_equal(truncate(key, n), 0);
        assert_int_equal(keys_of(f, &s, setting, NULL, false), n == 32 ? WW_OK : WW_ECONFIG);
    }
    assert_string_equal(f->op.problem.text + strlen("server key ") + strlen(key),
                        ": must be exactly 32 bytes, or 32 for each of several keys");

    assert_int_equal(config_key_file_make(&f->op, at(f, &s, "data/server.key")), WW_OK);
    assert_int_equal(keys_of(f, &s, file(f, &s, "keys/../data/server.key"), NULL, false), WW_ECONFIG);
    assert_non_null(strstr(f->op.problem.text, "lies below the database's directory"));
    unlink(key);
    assert_int_equal(symlink(at(f, &s, "data/server.key"), key), 0);
    assert_int_equal(keys_of(f, &s, setting, NULL, false), WW_ECONFIG);
    assert_non_null(strstr(f->op.problem.text, "lies below the database's directory"));
    site_remove(&s);
}

static void without_a_key_only_dev_starts_and_says_what_it_made(void **state)
{
    struct fixture *f = *state;
    struct site s;
    site_make(&s);
    assert_int_equal(keys_of(f, &s, "", NULL, false), WW_ECONFIG);
    assert_string_equal(f->op.problem.id, "server_key_missing");
    assert_non_null(strstr(f->op.problem.text, "`watchword server-key new FILE`"));

    assert_int_equal(keys_of(f, &s, "", NULL, true), WW_OK);
    assert_int_equal(config_warning_count(f->config), 1);
    assert_non_null(strstr(config_warning(f->config, 0), "/keys/server.key, since this is --dev"));
    struct key made = s.keys[0];
    assert_int_equal(keys_of(f, &s, "", NULL, true), WW_OK);
    assert_memory_equal(made.b, s.keys[0].b, 32);
    assert_int_equal(config_warning_count(f->config), 0);
    site_remove(&s);
}

static void dev_keeps_its_key_apart_from_a_database_beside_the_configuration(void **state)
{
    struct fixture *f = *state;
    struct site s;
    site_make(&s);
    const char *environment[] = {arena_printf(&f->op.arena, "XDG_STATE_HOME=%s/state", s.root), NULL};
    assert_int_equal(try_text(f, "dsn: sqlite://x\n", environment, true), WW_OK);
    f->config->dir = at(f, &s, "data");
    assert_int_equal(config_server_keys(&f->op, f->config, at(f, &s, "data/watchword.db"), s.keys, 4, &s.n),
                     WW_OK);
    assert_int_equal(access(at(f, &s, "state/watchword/server.key"), F_OK), 0);
    site_remove(&s);
}

static void other_sources_of_a_key(void **state)
{
    struct fixture *f = *state;
    struct site s;
    site_make(&s);
    static const char *const given[] = {
        "WATCHWORD_SERVER_KEY=000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f", NULL};
    static const char *const wrong[] = {"WATCHWORD_SERVER_KEY=0001", NULL};
    assert_int_equal(keys_of(f, &s, "", given, false), WW_OK);
    assert_int_equal(s.keys[0].b[31], 0x1f);
    assert_int_equal(config_warning_count(f->config), 1);
    assert_null(strstr(config_warning(f->config, 0), "0001"));
    assert_int_equal(try_text(f, "", wrong, false), WW_ECONFIG);
    assert_string_equal(f->op.problem.text,
                        "environment variable WATCHWORD_SERVER_KEY: must be 64 hex digits");

    const char *credentials[] = {arena_printf(&f->op.arena, "CREDENTIALS_DIRECTORY=%s/keys", s.root), NULL};
    assert_int_equal(config_key_file_make(&f->op, at(f, &s, "keys/server.key")), WW_OK);
    assert_int_equal(keys_of(f, &s, "", credentials, false), WW_OK);

    assert_int_equal(try_text(f, "dsn: memory\n", NULL, false), WW_OK);
    assert_int_equal(config_server_keys(&f->op, f->config, NULL, s.keys, 4, &s.n), WW_OK);
    assert_int_equal(s.n, 1);
    site_remove(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(every_setting_has_a_default_of_its_type),
        TEST(keys_are_in_one_table_only_and_every_default_is_legal),
        TEST(what_is_not_acted_on_stands_in_one_list),
        TEST(addresses_are_made_of_host_and_port),
        TEST(return_addresses_that_allow_nothing_are_told),
        TEST(zeros_are_no_key),
        TEST(a_file_is_read_with_its_types),
        TEST(json_is_read_too),
        TEST(wrong_values_are_refused_with_file_line_and_name),
        TEST(what_yaml_has_beyond_plain_values_is_refused),
        TEST(limits_hold_against_files_made_to_exhaust),
        TEST(settings_of_kratos_that_are_not_acted_on_are_named),
        TEST(weak_hashing_is_warned_of_except_under_dev),
        TEST(the_environment_overrides_the_file),
        TEST(a_later_file_overrides_an_earlier_one),
        TEST(pairs_stand_for_a_file),
        TEST(cookies_of_the_session_follow_those_of_all),
        TEST(what_is_shown_loads_again_and_hides_secrets),
        TEST(each_allocation_that_fails_gives_an_error_and_no_configuration),
        TEST(damaged_files_are_answered),
        TEST(keys_come_from_files_the_first_sealing),
        TEST(key_files_that_are_not_as_they_must_be_are_refused),
        TEST(without_a_key_only_dev_starts_and_says_what_it_made),
        TEST(dev_keeps_its_key_apart_from_a_database_beside_the_configuration),
        TEST(other_sources_of_a_key),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
