/* What all pages share: made once at start, never changed after. */
#ifndef PAGE_SITE_H
#define PAGE_SITE_H

#include "template.h"
#include "theme.h"

struct page_site_options {
    const char *base_url; /* of the public address; a path in it comes before every path of the pages */
    const char *brand, *accent;
    const char *const *return_urls; /* where forms may lead to, besides our own origin */
    size_t return_url_count;
};

struct page_site {
    struct arena arena;
    const char *base; /* base_url with a slash at its end */
    const char *root; /* its path, with a slash at its end */
    const char *brand;
    struct theme theme;
    const char *style_name, *script_name; /* with a hash of the content: they can be kept for ever */
    struct bytes style, script;
    const char *policy; /* Content-Security-Policy */
};

/* Checks all templates and the accent's contrast. WW_ECONFIG and WW_EINVAL with *why (static or in the site's
 * arena: then *out is there to be freed all the same). */
enum ww_err page_site_make(const struct page_site_options *options, struct page_site **out,
                           const char **why) WW_MUST;
/* NULL is fine. */
void page_site_free(struct page_site *site);

/* The model that every page begins with. */
struct js *page_model(struct arena *a, const struct page_site *site, const char *title_key);

#endif
