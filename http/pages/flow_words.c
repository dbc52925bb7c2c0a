/* What a flow's fields and messages are called, in the words of the catalogue. */
#include "flow_view_int.h"

/* "traits.name.first": without a title the last part is what people recognise. */
static const char *last_part(const char *name)
{
    const char *dot = strrchr(name, '.');
    return dot ? dot + 1 : name;
}

/* Over the message's own values, so that a form says "e-mail address" wherever a text speaks of the name. */
static struct js *with_words(struct view *v, const struct js *values)
{
    struct js *all = js_copy(v->a, values);
    if (!all || all->type != JS_OBJECT) {
        all = js_object(v->a);
    }
    for (const struct js *w = v->options->words ? v->options->words->first : NULL; w; w = w->next) {
        js_put(v->a, all, (const char *)w->key.p, js_copy(v->a, w));
    }
    return all;
}

const char *flow_words(struct view *v, const char *key, const struct js *values)
{
    return catalogue_text(v->a, key, with_words(v, values));
}

/* Words for a message where the catalogue has some; else the caller falls back. */
const char *flow_words_keyed(struct view *v, const char *prefix, int64_t id, const char *suffix,
                             const struct js *values)
{
    char *key =
        arena_printf(v->a, "%s.%lld%s%s", prefix, (long long)id, suffix ? "." : "", suffix ? suffix : "");
    return key && catalogue_find(bytes_str(key)) ? flow_words(v, key, values) : NULL;
}

/* For what the catalogue cannot know: a trait of somebody's schema. */
const char *flow_words_own_name(struct view *v, const char *name)
{
    char *text = arena_strdup(v->a, last_part(name));
    for (char *p = text; p && *p; p++) {
        *p = *p == '_' ? ' ' : *p;
    }
    if (text && text[0] >= 'a' && text[0] <= 'z') {
        text[0] = (char)(text[0] - 'a' + 'A');
    }
    return text ? text : "";
}

/* The schema's title, except where the page knows better what the field is for. */
const char *flow_words_label(struct view *v, const struct js *node)
{
    const struct js *label = js_get(js_get(node, "meta"), "label");
    const char *name = flow_field_attribute(node, "name");
    if (v->options->kind == VIEW_SETTINGS && strcmp(name, "password") == 0) {
        return flow_words(v, "field.new_password", NULL);
    }
    if (strcmp(name, "identifier") == 0 && (!label || js_get_int(label, "id", 0) != LABEL_TITLE)) {
        return flow_words(v, "field.identifier", NULL);
    }
    if (!label) {
        return flow_words_own_name(v, name);
    }
    const char *own =
        flow_words_keyed(v, "label", js_get_int(label, "id", 0), NULL, js_get(label, "context"));
    const char *text = own ? own : js_get_text(label, "text");
    return text && *text ? text : flow_words_own_name(v, name);
}

/* From the most particular text to the flow's own: of this field at sign-in, of this field, of the
 * message. */
const char *flow_words_message(struct view *v, const struct js *message, const char *name, const char *label)
{
    struct js *values = with_words(v, js_get(message, "context"));
    int64_t id = js_get_int(message, "id", 0);
    const char *part = name ? last_part(name) : NULL, *text = NULL;
    js_put(v->a, values, "field", js_text(v->a, label ? label : ""));
    if (part && v->options->kind == VIEW_LOGIN) {
        text = flow_words_keyed(v, "error", id, arena_printf(v->a, "%s.login", part), values);
    }
    if (part && !text) {
        text = flow_words_keyed(v, "error", id, part, values);
    }
    if (!text) {
        text = flow_words_keyed(v, "error", id, NULL, values);
    }
    if (!text) {
        text = js_get_text(message, "text");
    }
    return text ? text : "";
}
