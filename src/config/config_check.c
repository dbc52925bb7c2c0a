/* What concerns several settings: schemas, hooks, what is derived, and what is worth a warning (own-api.md,
 * "Configuration of its own"). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "config_int.h"
#include "url.h"

/* NULL where nobody wrote the setting: the message then has no line. */
static const struct node *where(const struct loader *l, const char *key)
{
    return l->config->values[config_find(l->config, key)].node;
}

/* ---- accepted, but not acted on ---- */

/* config_kratos.c names them; here only those that are settings as well, which bind_node does not see. */
static void name_not_acted_on(struct loader *l)
{
    for (size_t i = 0; i < config_foreign_count; i++) {
        const struct config_foreign *f = &config_foreigns[i];
        int index = config_find(l->config, f->key);
        struct value *v = index < 0 ? NULL : &l->config->values[index];
        if (v && f->only) {
            if (strcmp(v->text, f->only) != 0) {
                config_warn(l, v->node, f->key, "not obeyed: it is always %s", f->only);
                v->number = strtoull(f->only, NULL, 10);
                v->text = f->only;
            }
        } else if (v && v->set && (config_settings[index].type == CONFIG_BOOL ? v->boolean : *v->text != 0)) {
            config_warn(l, v->node, f->key, "not acted on: %s", f->why);
        }
    }
}

/* ---- hashing ---- */

/* vault.md §7. pwhash raises what is used; here it is only told, so that `config check` does. */
static void warn_below_floor(struct loader *l)
{
    const struct config *c = l->config;
    uint64_t kib = (uint64_t)config_int(c, "hashers.argon2.memory") / 1024;
    int64_t passes = config_int(c, "hashers.argon2.iterations");

    if (c->dev) {
        if (kib < 8) { /* Kratos' end-to-end tests say 1KB, which Argon2 does not have */
            config_warn(l, where(l, "hashers.argon2.memory"), "hashers.argon2.memory",
                        "less than Argon2 takes: raised to 8KB");
        }
        return;
    }
    if (strcmp(config_text(c, "hashers.algorithm"), "bcrypt") == 0) {
        if (config_int(c, "hashers.bcrypt.cost") < 12) {
            config_warn(l, where(l, "hashers.bcrypt.cost"), "hashers.bcrypt.cost",
                        "too weak: raised to 12 (only --dev uses it as it is)");
        }
        return;
    }
    /* KiB, as vault.md §7 has them. */
    if (!(kib >= 19456 && passes >= 2) && !(kib >= 47104)) {
        const struct node *at = where(l, "hashers.argon2.memory");
        config_warn(l, at ? at : where(l, "hashers.argon2.iterations"), "hashers.argon2",
                    "too weak: raised to 19456KB and 2 iterations, or 47104KB and 1 "
                    "(only --dev uses it as it is)");
    }
}

/* ---- schemas and hooks ---- */

/* Form only: the texts are read by schema_set_load, when the program starts in earnest. */
static enum ww_err check_schema(struct loader *l, const struct node *n)
{
    static const char *const known[] = {"id", "url", "selfservice_selectable"};
    static const char *const schemes[] = {"file://", "base64://", "preset://", "inline:"}; /* schema.h */
    static const char key[] = "identity.schemas";
    const struct node *id = config_node_get(n, "id"), *url = config_node_get(n, "url");

    if (n->kind != NODE_MAP || !id || !url || !id->text || !url->text || !*id->text) {
        return config_refuse(l, n, key, "each needs an id and a url");
    }
    for (const struct node *child = n->first; child; child = child->next) {
        bool found = false;
        for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
            found = found || strcmp(known[i], child->key) == 0;
        }
        if (!found) {
            return config_refuse(l, child, key,
                                 "an entry has id, url and selfservice_selectable, nothing else");
        }
    }
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++) {
        if (strncmp(url->text, schemes[i], strlen(schemes[i])) == 0) {
            return WW_OK;
        }
    }
    return config_refuse(l, url, key, "url must begin with file://, base64:// or preset://");
}

/* As a list, with ids that differ: which documents they are is for the schema module to read. */
static enum ww_err check_schemas(struct loader *l)
{
    static const char key[] = "identity.schemas";
    const struct value *v = config_value(l->config, key, CONFIG_JSON);
    const struct value *preset = config_value(l->config, "identity.default_schema_id", CONFIG_TEXT);
    bool found = false;

    if (!v->set) {
        return WW_OK;
    }
    if (v->node->kind != NODE_LIST || v->node->count == 0 || v->node->count > 100) {
        return config_refuse(l, v->node, key, "must be a list of 1 to 100 schemas");
    }
    for (const struct node *n = v->node->first; n; n = n->next) {
        enum ww_err err = check_schema(l, n);
        if (err != WW_OK) {
            return err;
        }
        for (const struct node *before = v->node->first; before != n; before = before->next) {
            if (strcmp(config_node_get(before, "id")->text, config_node_get(n, "id")->text) == 0) {
                return config_refuse(l, n, key, "two schemas have the same id");
            }
        }
        found = found || strcmp(config_node_get(n, "id")->text, preset->text) == 0;
    }
    return found ? WW_OK
                 : config_refuse(l, preset->node ? preset->node : v->node, "identity.default_schema_id",
                                 "names no schema of identity.schemas");
}

/* A hook that is not run is said, since some of them keep people out. */
static void warn_hooks(struct loader *l, const char *path, const struct node *hooks)
{
    static const char *const run[] = {"session", "revoke_active_sessions", "require_verified_address"};
    for (const struct node *h = hooks->first; h; h = h->next) {
        const struct node *name = config_node_get(h, "hook");
        bool found = false;
        for (size_t i = 0; name && name->text && i < sizeof run / sizeof run[0]; i++) {
            found = found || strcmp(name->text, run[i]) == 0;
        }
        if (!found) {
            config_warn(l, h, path, "the hook %.64s is not run by this version",
                        name && name->text ? name->text : "without a name");
        }
    }
}

/* Kratos' keys below selfservice.flows.X.after. What a hook holds is the flow's to judge. */
static enum ww_err check_after(struct loader *l, const char *path, const struct node *n)
{
    static const char *const known[] = {"default_browser_return_url",
                                        "hooks",
                                        "password",
                                        "profile",
                                        "code",
                                        "link",
                                        "oidc",
                                        "webauthn",
                                        "passkey",
                                        "totp",
                                        "lookup_secret",
                                        "saml"};
    if (n->kind != NODE_MAP) {
        return config_refuse(l, n, path, "must be a section of keys and values");
    }
    for (const struct node *child = n->first; child; child = child->next) {
        bool found = false;
        for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
            found = found || strcmp(known[i], child->key) == 0;
        }
        if (!found) {
            return config_refuse(l, child, path, "holds %.64s, which is no method and no setting",
                                 child->key);
        }
        bool list = strcmp(child->key, "hooks") == 0;
        const struct node *hooks = list ? child : config_node_get(child, "hooks");
        if (hooks && hooks->kind != NODE_LIST) {
            return config_refuse(l, hooks, path, "hooks must be a list");
        }
        if (hooks) {
            warn_hooks(l, path, hooks);
        }
    }
    return WW_OK;
}

/* A hook that is configured and not run would be a promise broken silently: refused. */
static enum ww_err check_hooks(struct loader *l)
{
    enum ww_err err = WW_OK;
    for (size_t i = 0; err == WW_OK && i < config_setting_count; i++) {
        const struct value *v = &l->config->values[i];
        if (v->set && strcmp(config_settings[i].rule, "<after>") == 0) {
            err = check_after(l, config_settings[i].key, v->node);
        }
    }
    return err;
}

/* ---- derived from other settings ---- */

/* All addresses of the machine, in the forms that people write. */
static bool is_everywhere(const char *host)
{
    static const char *const hosts[] = {"", "*", "0.0.0.0", "::"};
    for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++) {
        if (strcmp(host, hosts[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* The one place where an address is made of host and port; flows, routes and pages read what stands here.
 * What listens everywhere is reached by no such name, so people are sent to this machine. */
static enum ww_err derive_addresses(struct loader *l, const char *port_name)
{
    struct arena *a = &l->config->arena;
    char key[64], host_key[64], port_key[64];

    snprintf(key, sizeof key, "serve.%s.base_url", port_name);
    snprintf(host_key, sizeof host_key, "serve.%s.host", port_name);
    snprintf(port_key, sizeof port_key, "serve.%s.port", port_name);
    struct value *url = config_value(l->config, key, CONFIG_TEXT),
                 *host = config_value(l->config, host_key, CONFIG_TEXT);
    size_t n = strlen(host->text);
    if (n > 2 && host->text[0] == '[' && host->text[n - 1] == ']') {
        host->text = arena_strndup(a, host->text + 1, n - 2);
    }
    if (host->text && !*url->text) {
        const char *shown = is_everywhere(host->text) ? "localhost" : host->text;
        url->text = arena_printf(a, strchr(shown, ':') ? "http://[%s]:%u/" : "http://%s:%u/", shown,
                                 (unsigned)config_int(l->config, port_key));
    }
    return host->text && url->text ? WW_OK : op_no_memory(l->op);
}

/* Two doors need two places; 0 is whatever is free. Names are compared as they are written. */
static enum ww_err check_ports(struct loader *l)
{
    const struct config *c = l->config;
    const char *a = config_text(c, "serve.public.host"), *b = config_text(c, "serve.admin.host");
    int64_t port = config_int(c, "serve.public.port");
    bool same = port && port == config_int(c, "serve.admin.port") &&
                (strcasecmp(a, b) == 0 || is_everywhere(a) || is_everywhere(b));
    const struct node *at = where(l, "serve.admin.port");
    return same ? config_refuse(l, at ? at : where(l, "serve.public.port"), "serve.admin.port",
                                "is the public port, too: each needs a port of its own")
                : WW_OK;
}

/* Cookies are secure where people come over https, and, as Kratos has it, where somebody wrote an http
 * address for others than developers. An address that nobody wrote is this machine's: browsers would not send
 * them back. */
static enum ww_err derive_cookies(struct loader *l)
{
    static const char *const names[] = {"domain", "path", "same_site"};
    struct config *c = l->config;
    struct value *secure = config_value(c, "cookies.secure", CONFIG_BOOL);
    struct value *session = config_value(c, "session.cookie.secure", CONFIG_BOOL);

    if (!secure->set) {
        bool https = strncmp(config_text(c, "serve.public.base_url"), "https://", 8) == 0;
        secure->boolean = https || (config_is_set(c, "serve.public.base_url") && !c->dev);
    }
    if (!session->set) {
        session->boolean = secure->boolean;
    }
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char key[64], general[64];
        snprintf(key, sizeof key, "session.cookie.%s", names[i]);
        snprintf(general, sizeof general, "cookies.%s", names[i]);
        struct value *v = config_value(c, key, CONFIG_TEXT);
        if (!v->set) {
            v->text = config_text(c, general);
        }
    }
    return WW_OK;
}

/* Browsers drop a cookie with SameSite=None that is not Secure: nobody could sign in. */
static void warn_cookies(struct loader *l)
{
    const struct config *c = l->config;
    if (strcmp(config_text(c, "session.cookie.same_site"), "None") == 0 &&
        !config_bool(c, "session.cookie.secure")) {
        config_warn(l, where(l, "session.cookie.same_site"), "session.cookie.same_site",
                    "browsers drop cookies with None that are not secure");
    }
}

/* There is no network between browser and server then, so http tells nobody anything. */
static bool is_this_machine(const char *url)
{
    const char *host = strstr(url, "://");
    size_t n = host ? strcspn(host + 3, ":/") : 0;
    return host && ((n == 9 && strncmp(host + 3, "localhost", n) == 0) || strncmp(host + 3, "127.", 4) == 0 ||
                    strncmp(host + 3, "[::1]", 5) == 0);
}

/* http for another host than this one: passwords would cross a network in the clear. */
static void warn_base_url(struct loader *l)
{
    const struct config *c = l->config;
    const char *url = config_text(c, "serve.public.base_url");
    if (strncmp(url, "http://", 7) != 0 || c->dev) {
        return;
    }
    if (config_bool(c, "session.cookie.secure")) {
        config_warn(l, where(l, "cookies.secure"), "cookies.secure",
                    "cookies are secure but serve.public.base_url is http: browsers will not send them back");
    } else if (!is_this_machine(url)) {
        config_warn(l, where(l, "serve.public.base_url"), "serve.public.base_url",
                    "is http: passwords and sessions cross the network for all to read, and cookies are not "
                    "secure; behind a TLS proxy write its https:// address here");
    }
}

/* What flow_return_to_check can match: a scheme, and a host, perhaps "*." before it (kratos.md §2.8). */
static const char *never_matches(const char *entry)
{
    struct url u;
    if (!url_read(entry, &u)) {
        return "is no address that a browser and we read alike";
    }
    if (!u.scheme.n || !u.host.n) {
        return "needs a scheme and a host, as https://app.example.org/";
    }
    size_t stars = 0;
    for (size_t i = 0; i < u.host.n; i++) {
        stars += u.host.p[i] == '*';
    }
    if (stars > 1 || (stars == 1 && (u.host.n < 3 || memcmp(u.host.p, "*.", 2) != 0))) {
        return "has a star that stands for nothing: only https://*.example.org stands for hosts below a "
               "domain";
    }
    if (memchr(u.path.p, '*', u.path.n)) {
        return "has a star in its path: whatever begins with the path is allowed already";
    }
    if (url_has_dot_segment(u.path)) {
        return "has . or .. in its path, which no address that is asked for may have";
    }
    return NULL;
}

/* Only told: an entry that never matches closes a way and opens none. */
static void warn_return_urls(struct loader *l)
{
    static const char key[] = "selfservice.allowed_return_urls";
    for (size_t i = 0; i < config_list_count(l->config, key); i++) {
        const char *why = never_matches(config_list_at(l->config, key, i));
        if (why) {
            config_warn(l, where(l, key), key, "entry %zu allows nothing: it %s", i + 1, why);
        }
    }
}

enum ww_err config_check_all(struct loader *l)
{
    enum ww_err err = check_schemas(l);
    if (err == WW_OK) {
        err = check_hooks(l);
    }
    if (err == WW_OK) {
        err = derive_addresses(l, "public");
    }
    if (err == WW_OK) {
        err = derive_addresses(l, "admin");
    }
    if (err == WW_OK) {
        err = check_ports(l);
    }
    if (err == WW_OK) {
        err = derive_cookies(l);
    }
    if (err == WW_OK) {
        name_not_acted_on(l);
        warn_below_floor(l);
        warn_cookies(l);
        warn_base_url(l);
        warn_return_urls(l);
    }
    return err;
}
