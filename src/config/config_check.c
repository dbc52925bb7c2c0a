#include <stdio.h>
#include <string.h>

#include "config_int.h"

/* ---- accepted, but not obeyed ---- */

static const struct {
    const char *key;
    const char *why;
} not_obeyed[] = {
    {"selfservice.methods.code.enabled", "no codes are mailed by this version"},
    {"selfservice.methods.code.passwordless_enabled", "this method is not available in this version"},
    {"selfservice.methods.code.mfa_enabled", "this method is not available in this version"},
    {"selfservice.methods.link.enabled", "no links are mailed by this version"},
    {"selfservice.methods.totp.enabled", "this method is not available in this version"},
    {"selfservice.methods.lookup_secret.enabled", "this method is not available in this version"},
    {"selfservice.methods.webauthn.enabled", "this method is not available in this version"},
    {"selfservice.methods.passkey.enabled", "this method is not available in this version"},
    {"selfservice.methods.oidc.enabled", "this method is not available in this version"},
    {"selfservice.methods.password.config.haveibeenpwned_enabled",
     "passwords are judged without asking a service"},
    {"selfservice.flows.recovery.enabled", "recovery is not available in this version"},
    {"selfservice.flows.verification.enabled", "verification is not available in this version"},
    {"log.leak_sensitive_values", "secrets are never logged"},
    {"watchword.witness_file", "there are no witnesses in this version"},
};

/* Numbers that this program has no choice about (own-api.md, "Configuration of its own"). */
static const struct {
    const char *key;
    uint64_t only;
    const char *text;
} fixed[] = {
    {"hashers.argon2.parallelism", 1, "1"},
    {"hashers.argon2.salt_length", 16, "16"},
    {"hashers.argon2.key_length", 32, "32"},
};

static const struct node *where(const struct loader *l, const char *key)
{
    return l->config->values[config_find(l->config, key)].node;
}

static void name_not_obeyed(struct loader *l)
{
    for (size_t i = 0; i < sizeof not_obeyed / sizeof not_obeyed[0]; i++) {
        const struct value *v = &l->config->values[config_find(l->config, not_obeyed[i].key)];
        bool truth = config_settings[config_find(l->config, not_obeyed[i].key)].type == CONFIG_BOOL;
        if (v->set && (truth ? v->boolean : *v->text != 0)) {
            config_warn(l, v->node, not_obeyed[i].key, "not acted on: %s", not_obeyed[i].why);
        }
    }
    for (size_t i = 0; i < sizeof fixed / sizeof fixed[0]; i++) {
        struct value *v = config_value(l->config, fixed[i].key, CONFIG_INT);
        if (v->number != fixed[i].only) {
            config_warn(l, v->node, fixed[i].key, "not obeyed: it is always %s", fixed[i].text);
            v->number = fixed[i].only;
            v->text = fixed[i].text;
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
        return;
    }
    if (strcmp(config_text(c, "hashers.algorithm"), "bcrypt") == 0) {
        if (config_int(c, "hashers.bcrypt.cost") < 12) {
            config_warn(l, where(l, "hashers.bcrypt.cost"), "hashers.bcrypt.cost",
                        "too weak: raised to 12 (only --dev uses it as it is)");
        }
        return;
    }
    if (!(kib >= 19456 && passes >= 2) && !(kib >= 47104)) {
        const struct node *at = where(l, "hashers.argon2.memory");
        config_warn(l, at ? at : where(l, "hashers.argon2.iterations"), "hashers.argon2",
                    "too weak: raised to 19456KB and 2 iterations, or 47104KB and 1 "
                    "(only --dev uses it as it is)");
    }
}

/* ---- schemas and hooks ---- */

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

static enum ww_err derive_base_url(struct loader *l, const char *port_name)
{
    struct arena *a = &l->config->arena;
    char key[64], host_key[64], port_key[64];

    snprintf(key, sizeof key, "serve.%s.base_url", port_name);
    snprintf(host_key, sizeof host_key, "serve.%s.host", port_name);
    snprintf(port_key, sizeof port_key, "serve.%s.port", port_name);
    struct value *v = config_value(l->config, key, CONFIG_TEXT);
    if (*v->text) {
        return WW_OK;
    }
    const char *host = config_text(l->config, host_key);
    bool any = !*host || strcmp(host, "0.0.0.0") == 0 || strcmp(host, "::") == 0 || strcmp(host, "[::]") == 0;
    bool bare6 = !any && strchr(host, ':') && *host != '[';
    v->text = arena_printf(a, "http://%s%s%s:%u/", bare6 ? "[" : "", any ? "localhost" : host,
                           bare6 ? "]" : "", (unsigned)config_int(l->config, port_key));
    return v->text ? WW_OK : op_no_memory(l->op);
}

static enum ww_err derive_cookies(struct loader *l)
{
    static const char *const names[] = {"domain", "path", "same_site"};
    struct config *c = l->config;
    struct value *secure = config_value(c, "cookies.secure", CONFIG_BOOL);
    struct value *session = config_value(c, "session.cookie.secure", CONFIG_BOOL);

    if (!secure->set) {
        secure->boolean = !c->dev;
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

static void warn_base_url(struct loader *l)
{
    const struct config *c = l->config;
    if (!c->dev && config_bool(c, "session.cookie.secure") &&
        strncmp(config_text(c, "serve.public.base_url"), "http://", 7) == 0) {
        config_warn(l, where(l, "cookies.secure"), "cookies.secure",
                    "cookies are secure but serve.public.base_url is http: browsers will not send them back");
    }
}

enum ww_err config_check_all(struct loader *l)
{
    enum ww_err err = check_schemas(l);
    if (err == WW_OK) {
        err = check_hooks(l);
    }
    if (err == WW_OK) {
        err = derive_base_url(l, "public");
    }
    if (err == WW_OK) {
        err = derive_base_url(l, "admin");
    }
    if (err == WW_OK) {
        err = derive_cookies(l);
    }
    if (err == WW_OK) {
        name_not_obeyed(l);
        warn_below_floor(l);
        warn_cookies(l);
        warn_base_url(l);
    }
    return err;
}
