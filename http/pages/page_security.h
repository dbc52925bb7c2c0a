/* Parts of the page about what opens the notes. */
#ifndef PAGE_SECURITY_H
#define PAGE_SECURITY_H

#include "page.h"

/* A section of security.html: a heading, paragraphs, forms, a link. */
struct js *page_security_section(struct page *p, const char *heading);
void page_security_say(struct page *p, struct js *section, const char *text);
void page_security_link(struct page *p, struct js *section, const char *rest, const char *label, bool danger);
/* Answers what the library did not do: a fresh sign-in is asked for, which leads back to that page. True. */
bool page_security_refused(struct page *p, enum ww_err err, const char *back);

/* One section for each vault that waits (page_older.c). */
void page_older_sections(struct page *p);

#endif
