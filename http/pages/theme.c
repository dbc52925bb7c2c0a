/* The pages' colours from one accent; its contrast is checked at start (WCAG 2.2, 1.4.3). */
#include "theme.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "bytes.h"

/* As in style.css. */
#define LIGHT_GROUND "#f5f6f7"
#define DARK_GROUND  "#101315"
#define DARK_SURFACE "#181c1f"

/* For text of any size (WCAG 2.2, 1.4.3). */
static const double enough = 4.5;

struct colour {
    uint8_t b[3];
};

static bool read_colour(const char *text, struct colour *out)
{
    return text[0] == '#' && hex_decode(out->b, sizeof out->b, text + 1);
}

static void write_colour(char out[COLOUR_TEXT], struct colour c)
{
    snprintf(out, COLOUR_TEXT, "#%02x%02x%02x", c.b[0], c.b[1], c.b[2]);
}

/* Relative luminance, WCAG 2.2. */
static double luminance(struct colour c)
{
    static const double weight[] = {0.2126, 0.7152, 0.0722};
    double sum = 0;
    for (int i = 0; i < 3; i++) {
        double v = c.b[i] / 255.0;
        sum += weight[i] * (v <= 0.04045 ? v / 12.92 : pow((v + 0.055) / 1.055, 2.4));
    }
    return sum;
}

static double contrast(struct colour a, struct colour b)
{
    double x = luminance(a), y = luminance(b);
    return x > y ? (x + 0.05) / (y + 0.05) : (y + 0.05) / (x + 0.05);
}

double theme_contrast(const char *a, const char *b)
{
    struct colour x, y;
    return read_colour(a, &x) && read_colour(b, &y) ? contrast(x, y) : 0;
}

/* In sRGB as it is written, without gamma: tints, whose contrast is measured afterwards. */
static struct colour mix(struct colour a, struct colour b, double share_of_b)
{
    struct colour out;
    for (int i = 0; i < 3; i++) {
        out.b[i] = (uint8_t)lround(a.b[i] * (1 - share_of_b) + b.b[i] * share_of_b);
    }
    return out;
}

static struct colour constant(const char *text)
{
    struct colour c = {{0}};
    (void)read_colour(text, &c);
    return c;
}

enum ww_err theme_make(const char *accent, struct theme *out, const char **why)
{
    const struct colour white = constant("#ffffff"), surface = constant(DARK_SURFACE);
    struct colour c, dark;
    *why = "";
    if (!read_colour(accent, &c)) {
        *why = "watchword.pages.accent is not a colour of the form #rrggbb";
        return WW_ECONFIG;
    }
    /* Light tints of the accent lie behind it as text, so it must be read on those, too. */
    struct colour soft = mix(constant(LIGHT_GROUND), c, 0.07);
    if (contrast(c, white) < enough || contrast(c, soft) < enough) {
        *why = "watchword.pages.accent is too light: its contrast against white text, and as text on the "
               "pages, must be at least 4.5 : 1";
        return WW_ECONFIG;
    }
    dark = c;
    struct colour dark_soft = mix(surface, dark, 0.14);
    /* Lightened in steps of 5 % until it can be read on its own tint; the 0.8 are for rounding and
     * surfaces above it. */
    for (int i = 1; i <= 20 && contrast(dark, dark_soft) < enough + 0.8; i++) {
        dark = mix(c, white, i / 20.0);
        dark_soft = mix(surface, dark, 0.14);
    }
    write_colour(out->accent, c);
    write_colour(out->accent_soft, soft);
    write_colour(out->accent_dark, dark);
    write_colour(out->accent_dark_soft, dark_soft);
    write_colour(out->on_accent_dark, constant(DARK_GROUND));
    return WW_OK;
}
