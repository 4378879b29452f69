/* stage.h - what the three stages have in common, so that a role can run one on its main thread and `run` all three, each
 * on a thread with a loop of its own. */
#ifndef PIPELINE_STAGE_H
#define PIPELINE_STAGE_H

#include "base/buffer.h"
#include "base/error.h"
#include "config/config.h"
#include "pipeline/budget.h"
#include "pipeline/stream.h"

#include <stdbool.h>
#include <uv.h>

struct stage_env {
    const struct config *config;   /* borrowed, outlives the stage */
    struct stream *stream;         /* borrowed */
    struct budget *budget;         /* of bodies, shared by the process's stages; what the stream queues is set aside already */
    const char *worker_id;         /* unique to this process and start */
    const char *holder;            /* in whose name partitions are leased: worker_id, but the same at each start of a `run` */
    bool embedded;                 /* `tidings run` */
    /* The stage cannot go on: the process ends with the message. Any thread. */
    void (*on_fatal)(void *arg, const struct error *err);
    void *arg;
};

struct stage {
    const char *name; /* "crawler" */
    /* Creates the stage on loop; work starts when the loop runs. NULL with the reason. */
    void *(*create)(const struct stage_env *env, uv_loop_t *loop, struct error *err);
    /* Takes no new work, finishes what is in work, then calls done once. At most 25 s. */
    void (*drain)(void *self, void (*done)(void *arg), void *arg);
    /* Closes all its handles; the loop has nothing of it left once it has run to its end. */
    void (*destroy)(void *self);
    bool (*ready)(void *self, struct buffer *why_not); /* any thread */
    void (*busy)(void *self, struct buffer *out);      /* what it is waiting for, in words; "" when idle; loop thread */
    /* The configuration was read again: take over its sources. It is lent until the next call or destroy. NULL: nothing to do. */
    void (*reload)(void *self, const struct config *config);
};

extern const struct stage crawler_stage;   /* crawler/crawler.c */
extern const struct stage extractor_stage; /* extractor/stage.c */
extern const struct stage loader_stage;    /* loader/loader.c */

#endif
