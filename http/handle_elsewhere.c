/* What another port serves, or nobody. */
#include <string.h>

#include "handlers.h"

/* To an address of the configuration with the request's own path behind it, never to a host that a request
 * names; 307 keeps method and body. */
static void redirect(struct route_call *c, const char *base, const char *path)
{
    size_t n = strlen(base);
    while (n > 0 && base[n - 1] == '/') {
        n--;
    }
    char *url = arena_printf(c->arena, "%.*s%s", (int)n, base, path);
    if (url) {
        http_answer_header(c->r, "Location", url);
    }
    http_answer(c->r, 307, NULL, 0);
}

/* Kratos answers routes of the other port with a redirect there; clients that have one address rely on it. */
void handle_to_admin(struct route_call *c)
{
    const char *target = http_target(c->r);
    bool prefixed = strncmp(target, "/admin/", 7) == 0;
    char *path = arena_printf(c->arena, "%s%s", prefixed ? "" : "/admin", target);
    redirect(c, c->site->admin_url, path ? path : target);
}

/* The other way round; the prefix is the admin port's alone. */
void handle_to_public(struct route_call *c)
{
    const char *target = http_target(c->r);
    redirect(c, c->site->public_url, strncmp(target, "/admin/", 7) == 0 ? target + 6 : target);
}

void handle_not_here(struct route_call *c)
{
    dispatch_not_found(c->r);
}

/* Nodes that need it come with security keys; until then a page that loads it gets an empty script. */
void handle_webauthn_script(struct route_call *c)
{
    dispatch_answer_text(c->r, 200, "text/javascript; charset=UTF-8",
                         "/* security keys: not in this version */\n");
}
