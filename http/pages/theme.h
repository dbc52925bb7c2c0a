/* The colours that follow from one accent, checked for contrast (WCAG 2.2, 1.4.3). */
#ifndef THEME_H
#define THEME_H

#include <stdbool.h>

#include "watchword/err.h"

enum { COLOUR_TEXT = 8 }; /* "#rrggbb" and NUL */

struct theme {
    char accent[COLOUR_TEXT], accent_soft[COLOUR_TEXT];
    char accent_dark[COLOUR_TEXT], accent_dark_soft[COLOUR_TEXT], on_accent_dark[COLOUR_TEXT];
};

/* WW_ECONFIG when the text is no "#rrggbb", or when white text on it, or it as text on the light ground, has
 * a contrast below 4.5 : 1. For the dark ground it is lightened until it reads there. *why is a constant. */
enum ww_err theme_make(const char *accent, struct theme *out, const char **why) WW_MUST;

/* Of two "#rrggbb" colours: 1 to 21; 0 when one is none. */
double theme_contrast(const char *a, const char *b);

#endif
