/* notify.h - systemd's notification protocol (sd_notify(3)): one datagram to $NOTIFY_SOCKET; nothing without it. */
#ifndef PIPELINE_NOTIFY_H
#define PIPELINE_NOTIFY_H

#include <stdint.h>

void notify(const char *fmt, ...) __attribute__((format(printf, 1, 2))); /* "READY=1", "STATUS=…"; lines */
/* Milliseconds between two "WATCHDOG=1" that the supervisor wants (a third of its patience); 0: it wants none. */
int64_t notify_watchdog_ms(void);

#endif
