/* gate.h - the one place where requests wait to be sent: each until its time, and until sending is allowed at all (the
 * partition's lease, the byte budget, room in the producer's queue). A heap and one timer; the loop's thread. */
#ifndef CRAWLER_GATE_H
#define CRAWLER_GATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

struct gate;
struct gate_wait; /* one that waits */

typedef void gate_fn(void *arg);

/* may_start: may a request of this partition go out right now? Asked again every 50 ms while it says no. */
struct gate *gate_create(uv_loop_t *loop, bool (*may_start)(void *arg, int partition), void *arg);
void gate_destroy(struct gate *g); /* forgets who waits; NULL is fine */

/* Calls fn, from the loop, once at_mono_ms has come and sending is allowed. */
struct gate_wait *gate_enter(struct gate *g, int partition, int64_t at_mono_ms, gate_fn *fn, void *arg);
void gate_leave(struct gate *g, struct gate_wait *w); /* fn will not be called */
size_t gate_waiting(const struct gate *g);

#endif
