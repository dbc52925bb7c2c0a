/* What pages need of a site, made once at start: the look, the assets under hashed names, the policy that
 * tells browsers what a page may load (CSP). */
#include "page_site.h"

#include <stdlib.h>
#include <string.h>

#include "sha256.h"

static enum ww_err out_of_memory(const char **why)
{
    *why = "out of memory";
    return WW_ENOMEM;
}

/* "static/style-0123456789abcdef.css" 64 bits tell versions apart; nothing rests on nobody finding another
 * content for them. */
static const char *hashed_name(struct arena *a, const char *stem, struct bytes content, const char *ending)
{
    uint8_t hash[SHA256_BYTES];
    char hex[17];
    crypto_sha256(hash, content);
    hex_encode(hex, hash, 8);
    return arena_printf(a, "static/%s-%s.%s", stem, hex, ending);
}

/* Made once at the start, named by their hash: browsers may keep them for ever, and a new version has another
 * name. */
static enum ww_err make_assets(struct page_site *site, const char **why)
{
    struct arena *a = &site->arena;
    struct js *colours = js_object(a);
    js_put(a, colours, "accent", js_text(a, site->theme.accent));
    js_put(a, colours, "accent_soft", js_text(a, site->theme.accent_soft));
    js_put(a, colours, "accent_dark", js_text(a, site->theme.accent_dark));
    js_put(a, colours, "accent_dark_soft", js_text(a, site->theme.accent_dark_soft));
    js_put(a, colours, "on_accent_dark", js_text(a, site->theme.on_accent_dark));
    const struct page_file *script = page_file_find("script.js");
    enum ww_err err = template_render(a, "style.css", colours, &site->style, why);
    if (err || !script) {
        return err ? err : WW_EINVAL;
    }
    site->script = BYTES(script->text, script->length);
    site->style_name = hashed_name(a, "style", site->style, "css");
    site->script_name = hashed_name(a, "script", site->script, "js");
    return site->style_name && site->script_name ? WW_OK : out_of_memory(why);
}

/* Adds " scheme://host:port" of a URL, or nothing when it has other characters than such a thing may have:
 * the policy must not grow a directive from a setting. */
static void add_origin(struct buf *b, const char *url)
{
    const char *host = strstr(url, "://");
    size_t n = host ? (size_t)(host - url) + 3 + strcspn(host + 3, "/?#") : 0;
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-:[]*+/";
    if (n && strspn(url, allowed) >= n) {
        buf_char(b, ' ');
        buf_add(b, url, n);
    }
}

/* form-action names the return addresses, too: browsers apply it to where a sent form is redirected. */
static enum ww_err make_policy(struct page_site *site, const struct page_site_options *o, const char **why)
{
    struct buf b = BUF(&site->arena);
    /* No inline script or style, no other site: text that got past the escaping would still run nothing.
     * data: is the icon. */
    buf_str(&b, "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src data:; "
                "frame-ancestors 'none'; base-uri 'none'; require-trusted-types-for 'script'; trusted-types "
                "'none'; form-action 'self'");
    for (size_t i = 0; i < o->return_url_count; i++) {
        add_origin(&b, o->return_urls[i]);
    }
    site->policy = buf_text(&b);
    return site->policy ? WW_OK : out_of_memory(why);
}

/* `base` is the whole public address, for redirects; `root` its path alone, for links. */
static enum ww_err make_paths(struct page_site *site, const char *base_url, const char **why)
{
    struct arena *a = &site->arena;
    size_t n = strlen(base_url);
    site->base = n && base_url[n - 1] == '/' ? arena_strdup(a, base_url) : arena_printf(a, "%s/", base_url);
    const char *host = site->base ? strstr(site->base, "://") : NULL;
    const char *path = host ? strchr(host + 3, '/') : NULL;
    site->root = path ? path : "/";
    return site->base ? WW_OK : out_of_memory(why);
}

enum ww_err page_site_make(const struct page_site_options *o, struct page_site **out, const char **why)
{
    struct page_site *site = calloc(1, sizeof *site);
    *out = site;
    *why = "";
    if (!site) {
        return out_of_memory(why);
    }
    site->brand = arena_strdup(&site->arena, o->brand);
    if (!site->brand) {
        return out_of_memory(why);
    }
    enum ww_err err = theme_make(o->accent, &site->theme, why);
    if (err || (err = make_paths(site, o->base_url, why)) || (err = make_policy(site, o, why)) ||
        (err = make_assets(site, why))) {
        return err;
    }
    return template_check_all(&site->arena, why);
}

void page_site_free(struct page_site *site)
{
    if (site) {
        struct arena arena = site->arena;
        arena_free(&arena);
        free(site);
    }
}

/* What each page needs, whoever looks at it. */
struct js *page_model(struct arena *a, const struct page_site *site, const char *title_key)
{
    struct js *m = js_object(a);
    js_put(a, m, "root", js_text(a, site->root));
    js_put(a, m, "brand", js_text(a, site->brand));
    js_put(a, m, "style", js_text(a, site->style_name));
    js_put(a, m, "script", js_text(a, site->script_name));
    js_put(a, m, "icon_colour", js_text(a, site->theme.accent + 1));
    js_put(a, m, "title", js_text(a, title_key ? catalogue_text(a, title_key, NULL) : ""));
    return m;
}
