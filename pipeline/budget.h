/* budget.h - one bound on the bytes of bodies that this process holds: fetch buffers, producer and prefetch queues, arenas.
 * Stages of one process share it; any thread.
 *
 * What must always be there (arenas, one largest record a stage) is set aside at start and never lent. The rest is taken
 * and given back byte by byte. The rule for new work is budget_may_start(): a quarter of the rest must be free, so that
 * what runs already can mostly finish without waiting. */
#ifndef PIPELINE_BUDGET_H
#define PIPELINE_BUDGET_H

#include <stdbool.h>
#include <stddef.h>

struct budget;

struct budget *budget_create(size_t bytes);
void budget_destroy(struct budget *b); /* everything must have been given back; NULL is fine */

/* Sets bytes aside for good, at start. False when less than that is left; nothing changed then. */
bool budget_set_aside(struct budget *b, size_t bytes);
bool budget_take(struct budget *b, size_t bytes); /* false: not that much is free, nothing taken */
void budget_give(struct budget *b, size_t bytes);
bool budget_may_start(const struct budget *b);    /* at least a quarter of what can be lent is free */
size_t budget_lendable(const struct budget *b);   /* the whole less what was set aside */
size_t budget_used(const struct budget *b);       /* taken and not yet given back */

#endif
