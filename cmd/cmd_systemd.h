/* The service manager, where there is one: sockets that it opened, and telling it how far we are. Without
 * libsystemd, or when nothing of it started us, all of these do nothing. */
#ifndef CMD_SYSTEMD_H
#define CMD_SYSTEMD_H

/* The inherited listening socket of that name (FileDescriptorName=), or -1. */
int systemd_socket(const char *name);
/* sd_notify(3): the ports answer; a stop has begun. */
void systemd_ready(void);
void systemd_stopping(void);

#endif
