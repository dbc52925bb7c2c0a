/* What the pages of sharing have in common (own-api.md, "Pages"): in addresses shares stand by their ids and
 * people by theirs, names in neither. */
#ifndef SHARE_PAGE_H
#define SHARE_PAGE_H

#include "page.h"

enum share_part { SHARE_INBOX, SHARE_SENT, SHARE_PEOPLE };
/* The three pages of the section, above what they show. */
void share_put_parts(struct page *p, enum share_part here);
/* What to call somebody who may have no name here. */
const char *share_who(struct page *p, const char *identifier);
/* {n, plural} texts. */
const char *share_count(struct page *p, const char *key, size_t n);
/* "12345 67890 …" as groups that lines break between. */
struct js *share_groups(struct page *p, const char *fingerprint);
/* The share that goes by a name; *out NULL when nothing does. */
enum ww_err share_named(struct page *p, const char *name, const struct ww_share **out) WW_MUST;
/* The link below a note: "Share", or with how many it is shared. */
void share_put_link(struct page *p, const char *name);

#endif
