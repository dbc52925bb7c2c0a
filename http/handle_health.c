/* For those who watch: alive, ready, version, metrics. */
#include <string.h>

#include "handlers.h"
#include "http_error.h"

static const char json_type[] = "application/json; charset=utf-8";

/* Says only that the process answers: whoever restarts what does not would else restart it for a database
 * that is down. */
void handle_alive(struct route_call *c)
{
    dispatch_answer_text(c->r, 200, json_type, "{\"status\":\"ok\"}");
}

/* One statement, so that a probe costs little. Why the database does not answer is for the log, not for
 * whoever asks (kratos.md §1.1). */
void handle_ready(struct route_call *c)
{
    if (ww_ping(c->op) == WW_OK) {
        dispatch_answer_text(c->r, 200, json_type, "{\"status\":\"ok\"}");
    } else {
        dispatch_answer_text(c->r, 503, json_type,
                             "{\"errors\":{\"database\":\"the database does not answer\"}}");
    }
}

/* On both ports, as Kratos has it. */
void handle_version(struct route_call *c)
{
    char *text = arena_printf(c->arena, "{\"version\":\"%s\"}", ww_version());
    dispatch_answer_text(c->r, 200, json_type, text ? text : "{}");
}

/* So that who changes the configuration sees when this program has taken it (kratos.md §1.2). */
void handle_config(struct route_call *c)
{
    const char *text = ww_config_revision(c->op);
    dispatch_answer_text(c->r, text ? 200 : 503, "text/plain", text ? text : "");
}

/* On the admin port only: how much is asked for, and how often sign-ins are refused, is nobody else's. */
void handle_metrics(struct route_call *c)
{
    struct buf b = BUF(c->arena);
    metrics_write(c->site->metrics, c->site->server, &b);
    char *text = buf_text(&b);
    dispatch_answer_text(c->r, 200, "text/plain; version=0.0.4; charset=utf-8; escaping=underscores",
                         text ? text : "");
}
