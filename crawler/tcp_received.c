/* tcp_received.c - a file of its own, since the kernel's <linux/tcp.h> cannot stand beside libc's <netinet/tcp.h>, whose tcp_info is
 * older than the count. */
#include "crawler/tcp_received.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>

uint64_t tcp_received(int fd)
{
    struct tcp_info info = { 0 };
    socklen_t size = sizeof(info);
    return getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) == 0 ? info.tcpi_bytes_received : 0;
}
