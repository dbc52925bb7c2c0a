/* The HTTP server with nothing behind it: bench_bare_server PORT BYTES answers every request with so many
 * bytes. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "http_server.h"

struct bare {
    size_t length;
    char body[65536];
};

static struct http_server *server;

static void stop(int number)
{
    (void)number;
    http_server_stop(server);
}

static void answer(struct http_request *r, void *context)
{
    const struct bare *b = context;
    http_answer_header(r, "Content-Type", "application/json");
    http_answer(r, 200, b->body, b->length);
}

static struct http_route_choice route(struct http_request *r, void *context)
{
    (void)r;
    (void)context;
    return (struct http_route_choice){.handler = answer, .label = "GET /"};
}

int main(int argc, char **argv)
{
    static struct bare bare;
    const char *error = "";
    if (argc != 3) {
        return 2;
    }
    bare.length = strtoul(argv[2], NULL, 10) % sizeof bare.body;
    for (size_t i = 0; i < bare.length; i++) {
        bare.body[i] = 'x';
    }
    struct http_options options = {0};
    struct http_listener listener = {.name = "public",
                                     .host = "127.0.0.1",
                                     .port = (uint16_t)strtoul(argv[1], NULL, 10),
                                     .fd = -1,
                                     .route = route,
                                     .context = &bare};
    server = http_server_new(&options, &listener, 1, &error);
    if (!server) {
        fprintf(stderr, "%s\n", error);
        return 1;
    }
    signal(SIGTERM, stop);
    http_server_run(server);
    http_server_free(server);
    return 0;
}
