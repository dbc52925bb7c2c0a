/* Listening sockets: addresses, names, Unix sockets, and sockets that were inherited. */
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "http_server_int.h"

static const char unix_prefix[] = "unix:";

static bool is_unix(const struct http_listener *listener)
{
    return strncmp(listener->host, unix_prefix, sizeof unix_prefix - 1) == 0;
}

/* One socket for all loops: there is no SO_REUSEPORT for Unix sockets and none for those handed in. */
bool http_socket_is_local(const struct http_listener *listener)
{
    return listener->fd >= 0 || is_unix(listener);
}

/* A constant text for an errno. strerror shares one buffer between threads; these texts are constant. */
static const char *why(int error)
{
    const char *text = strerrordesc_np(error);
    return text ? text : "cannot listen";
}

/* A socket file that nobody listens on any more is left over from a killed server. lstat, so that a link
 * is not followed, and only a socket that refuses: a server that runs keeps its own. */
static void remove_left_over(const struct sockaddr_un *address)
{
    struct stat info;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return;
    }
    if (lstat(address->sun_path, &info) == 0 && S_ISSOCK(info.st_mode) &&
        connect(fd, (const struct sockaddr *)address, sizeof *address) != 0 && errno == ECONNREFUSED) {
        unlink(address->sun_path);
    }
    close(fd);
}

static int listen_unix(const char *path, const char **error)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    /* A path that is cut off would be a socket of another name. */
    if (!*path || strlen(path) >= sizeof address.sun_path) {
        *error = "the path of a Unix socket has 1 to 107 characters";
        return -1;
    }
    memcpy(address.sun_path, path, strlen(path) + 1);
    remove_left_over(&address);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) != 0 || listen(fd, 1024) != 0) {
        *error = why(errno);
        if (fd >= 0) {
            close(fd);
        }
        return -1;
    }
    return fd;
}

/* Its connections inherit both. The kernel's own growth would let each slow reader hold megabytes that our
 * budget does not see (docs/SECURITY.md). */
static void bound_buffers(int fd)
{
    int bytes = HTTP_SOCKET_BUFFER;
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
}

/* One address; `share` where each loop has a socket of its own on it. */
static int bind_one(const struct addrinfo *a, bool share)
{
    int on = 1, off = 0;
    int fd = socket(a->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return -1;
    }
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    bound_buffers(fd);
    if (share) {
        setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
    }
    if (a->ai_family == AF_INET6) {
        /* "::" serves IPv4 too, whatever the system's default is; http_address_of knows the mapped form. */
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    }
    if (bind(fd, a->ai_addr, a->ai_addrlen) != 0) {
        int error = errno;
        close(fd);
        errno = error;
        return -1;
    }
    return fd;
}

/* For port 0, which tests ask for: the kernel has chosen. */
static uint16_t bound_port(int fd)
{
    struct sockaddr_storage address;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    socklen_t n = sizeof address;
    if (getsockname(fd, (struct sockaddr *)&address, &n) != 0) {
        return 0;
    }
    if (address.ss_family == AF_INET) {
        memcpy(&v4, &address, sizeof v4);
        return ntohs(v4.sin_port);
    }
    memcpy(&v6, &address, sizeof v6);
    return address.ss_family == AF_INET6 ? ntohs(v6.sin6_port) : 0;
}

/* SO_REUSEPORT lets a second server of the same user bind silently, so the first socket of a fixed port is
 * tried without it. */
static bool is_free(const struct addrinfo *a)
{
    int fd = bind_one(a, false);
    bool is = fd >= 0 && listen(fd, 1) == 0;
    int error = errno;
    if (fd >= 0) {
        close(fd);
    }
    errno = error;
    return is;
}

static int listen_tcp(const struct http_listener *listener, uint16_t *port, bool share, const char **error)
{
    char service[8];
    struct addrinfo hints = {.ai_flags = AI_PASSIVE | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    snprintf(service, sizeof service, "%u", *port);
    bool all_of_them = !*listener->host || strcmp(listener->host, "*") == 0;
    const char *host = all_of_them ? "::" : listener->host;
    int failed = getaddrinfo(host, service, &hints, &found);
    if (failed) {
        *error = gai_strerror(failed);
        return -1;
    }
    int fd = -1;
    errno = EADDRNOTAVAIL;
    for (const struct addrinfo *a = found; a && fd < 0; a = a->ai_next) {
        if (share || *port == 0 || is_free(a)) {
            fd = bind_one(a, true);
        }
        if (fd >= 0 && listen(fd, 1024) != 0) {
            int reason = errno;
            close(fd);
            fd = -1;
            errno = reason;
        }
    }
    *error = fd < 0 ? why(errno) : NULL;
    freeaddrinfo(found);
    *port = fd < 0 ? 0 : bound_port(fd);
    return fd;
}

int http_listen(const struct http_listener *listener, uint16_t *port, bool share, const char **error)
{
    if (listener->fd >= 0) {
        bound_buffers(listener->fd);
        *port = bound_port(listener->fd);
        return listener->fd;
    }
    if (is_unix(listener)) {
        *port = 0;
        return listen_unix(listener->host + sizeof unix_prefix - 1, error);
    }
    return listen_tcp(listener, port, share, error);
}

/* A socket that was inherited has its file from whoever made it: theirs to remove. */
void http_listen_end(const struct http_listener *listener, int fd)
{
    close(fd);
    if (listener->fd < 0 && is_unix(listener)) {
        unlink(listener->host + sizeof unix_prefix - 1);
    }
}
