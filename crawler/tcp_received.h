/* tcp_received.h - how many bytes a TCP connection has received so far, as the kernel counts them (Linux 4.1); 0 where unknown. */
#ifndef CRAWLER_TCP_RECEIVED_H
#define CRAWLER_TCP_RECEIVED_H

#include <stdint.h>

uint64_t tcp_received(int fd);

#endif
