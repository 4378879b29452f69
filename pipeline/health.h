/* health.h - the health and metrics port of a process: GET /healthz (does the loop turn?), /readyz (can it work?) and
 * /metrics (Prometheus text format). One thread of its own (libmicrohttpd), at most 16 connections, 10 s each, no bodies. */
#ifndef PIPELINE_HEALTH_H
#define PIPELINE_HEALTH_H

#include "base/buffer.h"
#include "base/error.h"

#include <stdbool.h>

struct health;

struct health_callbacks { /* from health's thread */
    bool (*alive)(void *arg, struct buffer *why_not);
    bool (*ready)(void *arg, struct buffer *why_not);
    void *arg;
};

/* Listens on address (an IP address) at port, or at the first free one of the `tries` ports from there. */
struct health *health_start(const char *address, int port, int tries, const struct health_callbacks *callbacks, struct error *err);
int health_port(const struct health *h);
void health_stop(struct health *h); /* NULL is fine */

#endif
