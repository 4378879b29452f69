/* listen.h - a listening socket, and why there is none: libraries that open their own do not tell. */
#ifndef PIPELINE_LISTEN_H
#define PIPELINE_LISTEN_H

/* At an IPv4 or IPv6 address and port (0: any that is free), or -1 with errno (EADDRINUSE, EINVAL: no address, …). */
int listen_at(const char *address, int port, int backlog);

#endif
