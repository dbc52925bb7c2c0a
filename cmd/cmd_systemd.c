/* What systemd is told and gives (sd_notify(3), sd_listen_fds(3)); without libsystemd nothing. */
#include "cmd_systemd.h"

#ifdef HAVE_SYSTEMD

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <systemd/sd-daemon.h>

int systemd_socket(const char *name)
{
    char **names = NULL;
    int found = -1;
    /* The variables stay set: this is asked once for each port. */
    int n = sd_listen_fds_with_names(0, &names);
    for (int i = 0; i < n; i++) {
        int fd = SD_LISTEN_FDS_START + i;
        if (found < 0 && strcmp(names[i], name) == 0 && sd_is_socket(fd, AF_UNSPEC, SOCK_STREAM, 1) > 0) {
            found = fd;
        }
        free(names[i]);
    }
    free(names);
    return found;
}

void systemd_ready(void)
{
    sd_notify(0, "READY=1");
}

void systemd_stopping(void)
{
    sd_notify(0, "STOPPING=1");
}

#else

int systemd_socket(const char *name)
{
    (void)name;
    return -1;
}

void systemd_ready(void)
{
}

void systemd_stopping(void)
{
}

#endif
