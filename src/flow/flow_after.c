/* Where to go after a flow, and which hooks the configuration asks for (kratos.md §2.8). */
#include <string.h>

#include "flow_int.h"
#include "flow_return_to.h"
#include "limit.h"

/* What the configuration lists, and our own: the self-service routes, where a form that waited is sent
 * (kratos.md §2.12), and the built-in pages. Nothing else, or the site would be an open redirect for
 * phishing. */
static enum ww_err rules_of(struct call *c, const char *fallback, struct return_rules *out)
{
    const struct config *config = c->s->config;
    size_t n = config_list_count(config, "selfservice.allowed_return_urls");
    /* The configured ones, two of ours, and a NULL behind the last. */
    const char **list = ARENA_ARRAY(c->a, n + 3, const char *);
    char *base = flow_public_url(c->a, config), *standard = flow_default_url(c->a, config);

    *out = (struct return_rules){.fallback = fallback ? fallback : standard, .allowed = list};
    if (!list || !base || !standard) {
        return op_no_memory(c->op);
    }
    for (size_t i = 0; i < n; i++) {
        list[out->count++] = config_list_at(config, "selfservice.allowed_return_urls", i);
    }
    list[out->count++] = flow_url_join(c->a, base, "/self-service");
    if (config_bool(config, "watchword.pages.enabled")) {
        list[out->count++] = flow_url_join(c->a, base, "/ui");
    }
    return list[n] && (out->count == n + 1 || list[n + 1]) ? WW_OK : op_no_memory(c->op);
}

enum ww_err flow_after_check(struct call *c, const char *return_to, bool *answered)
{
    struct return_rules rules;
    const char *absolute;
    enum ww_err err = rules_of(c, NULL, &rules);

    *answered = false;
    if (err || !return_to || flow_return_to_check(c->a, &rules, return_to, &absolute) == WW_OK) {
        return err;
    }
    /* Refused at the beginning, before a row is made: what is not allowed costs nothing in the store. */
    *answered = true;
    if (strlen(return_to) > LIMIT_URL) { /* neither kept nor repeated */
        return flow_refuse_bad_request(c, "self_service_flow_return_to_forbidden",
                                       "The requested return_to URL is too long.");
    }
    return flow_refuse_bad_request(
        c, "self_service_flow_return_to_forbidden",
        arena_printf(c->a, "Requested return_to URL \"%s\" is not allowed.", absolute));
}

/* "selfservice.flows.login.after.password" beats "selfservice.flows.login.after", as in Kratos'
 * configuration. */
static const struct js *method_settings(const struct call *c, const char *method)
{
    const struct js *after = config_json(c->s->config, c->kind->after);
    return method ? js_get(after, method) : NULL;
}

/* A flow's own return address beats what is configured for its method, its kind, and everything. */
enum ww_err flow_after_url(struct call *c, const char *return_to, const char *method, const char *otherwise,
                           const char **out)
{
    const struct config *config = c->s->config;
    const char *url = js_get_text(method_settings(c, method), "default_browser_return_url");
    char *key = arena_printf(c->a, "%s.default_browser_return_url", c->kind->after);
    struct return_rules rules;

    *out = NULL;
    if (!key) {
        return op_no_memory(c->op);
    }
    if (!url || !url[0]) {
        url = config_text(config, key);
    }
    /* Nothing configured: what the flow falls back to, and at last the site's default page. */
    if (!url[0]) {
        url = otherwise ? otherwise : flow_default_url(c->a, config);
    }
    enum ww_err err = url ? rules_of(c, url, &rules) : op_no_memory(c->op);
    /* Judged here too, not only when the flow begins: a stored address may be older than the
     * configuration. */
    if (err || !return_to || flow_return_to_check(c->a, &rules, return_to, out) != WW_OK) {
        *out = url;
    }
    return err;
}

/* A method's own list of hooks replaces that of the flow. */
bool flow_after_has_hook(const struct call *c, const char *method, const char *hook)
{
    const struct js *hooks = js_get(method_settings(c, method), "hooks");

    if (!hooks) {
        hooks = js_get(config_json(c->s->config, c->kind->after), "hooks");
    }
    for (const struct js *h = hooks ? hooks->first : NULL; h; h = h->next) {
        const char *name = js_get_text(h, "hook");
        if (name && strcmp(name, hook) == 0) {
            return true;
        }
    }
    return false;
}

/* Kratos' `continue_with`, for native and single-page clients, which follow no 303. */
struct js *flow_after_redirect_action(struct call *c, const char *url)
{
    struct js *list = js_array(c->a), *action = js_object(c->a);

    js_put(c->a, action, "action", js_text(c->a, "redirect_browser_to"));
    js_put(c->a, action, "redirect_browser_to", js_text(c->a, url));
    js_push(list, action);
    return list;
}
