/* What the pages of sharing have in common (own-api.md, "Pages"): in addresses shares stand by their ids and
 * people by theirs, names in neither. */
#ifndef SHARE_PAGE_H
#define SHARE_PAGE_H

#include "page.h"

enum share_part { SHARE_INBOX, SHARE_SENT, SHARE_PEOPLE };
/* The three pages of the section, above what they show. */
void sharing_put_parts(struct page *p, enum share_part here);
/* What to call somebody who may have no name here. */
const char *sharing_who(struct page *p, const char *identifier);
/* The share that goes by a name; *out NULL when nothing does. */
enum ww_err sharing_named(struct page *p, const char *name, const struct ww_share **out) WW_MUST;
/* The link below a note: "Share", or with how many it is shared. */
void sharing_put_link(struct page *p, const char *name);

#endif
