/* position.h - the offset a consumer reads next, stored in Redis beside the effects of what it has read. Each store names
 * the position its worker wrote last and is refused when another one is there: then somebody else read on, or Redis came
 * back older; the worker drops what it holds and starts from what position_load() says.
 *
 * Stages whose effects are a script of their own put position_step() of frontier_lib.lua into it instead. */
#ifndef PIPELINE_POSITION_H
#define PIPELINE_POSITION_H

#include "pipeline/redis.h"

#include <stdint.h>

#define POSITION_NONE (-1) /* nothing stored: read from the beginning */

/* offset: the next record to read, or POSITION_NONE. err not NULL: transient, ask again. */
typedef void position_loaded_fn(void *arg, int64_t offset, const struct error *err);
void position_load(struct redis *r, const char *prefix, const char *topic, int32_t partition, position_loaded_fn *fn, void *arg);

/* stored: false when another position than `expected` is there; nothing was changed. Storing `next` again is fine. */
typedef void position_stored_fn(void *arg, bool stored, const struct error *err);
void position_store(struct redis *r, const char *prefix, const char *topic, int32_t partition, int64_t expected, int64_t next,
                    position_stored_fn *fn, void *arg);

#endif
