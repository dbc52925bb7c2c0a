/* Logic-less templates: compiled-in HTML with holes, filled from a JSON tree.
 *
 *     {{name}} {{a.b}} {{.}}      a value, always escaped; there is no raw form
 *     {{#name}} … {{/name}}       for each element of a list, or once for what is neither false, empty nor 0
 *     {{^name}} … {{/name}}       when the section above would show nothing
 *     {{>name.html}}              another template in its place
 *     {{=key}}                    a text of the catalogue, with its own placeholders filled
 *
 * Names are looked up in the innermost section first, then outwards. */
#ifndef TEMPLATE_H
#define TEMPLATE_H

#include "catalogue.h"
#include "js.h"

struct page_file {
    const char *name;
    const char *text;
    size_t length;
};

/* Made by embed.py from the files of this folder; ends with name NULL. */
extern const struct page_file page_files[];

/* NULL when there is none of that name. */
const struct page_file *page_file_find(const char *name);

enum { TEMPLATE_DEPTH = 16 };

/* WW_EINVAL: the template itself is wrong (*why says where); WW_ENOMEM. */
enum ww_err template_render(struct arena *a, const char *name, const struct js *model, struct bytes *out,
                            const char **why) WW_MUST;

/* Whether every tag is closed and every partial and text exists, in all templates. */
enum ww_err template_check_all(struct arena *a, const char **why) WW_MUST;

/* Adds text as HTML, for element content and quoted attributes alike. Control characters, which HTML cannot
 * hold, become U+FFFD. */
void template_escape(struct buf *b, struct bytes text);

#endif
