/* inorder.h - consumes one topic so that effects in Redis and the position beside them move together: records are worked
 * on in any order and at the same time, their effects are applied strictly in offset order, one script a record, pipelined.
 *
 *   consumer ──> on_record() … any work, any order … inorder_ready() ──(its turn)──> on_turn(): inorder_apply(script)
 *                                                                                        │ same connection, in order
 *   consumer_done() <── on_applied() <── {1, …} ────────────────────────────────────── Redis: effect + position
 *                       on_dropped() <── {0, stored}: another worker, or an older Redis: begin again at `stored`
 *
 * Every script gets the position's key as its last of KEYS, ARGV[1] = the position this worker wrote or read last ("" =
 * none) and ARGV[2] = the position after this record. It answers {0, stored} and does nothing when another position is stored, else
 * it has its effect, stores ARGV[2] and answers {1, …}. When anything is uncertain (a call without an answer, a refusal, a
 * server that was restarted) everything held for the partition is dropped and read again from the stored position: work
 * is repeated, never lost. Belongs to one loop. */
#ifndef PIPELINE_INORDER_H
#define PIPELINE_INORDER_H

#include "pipeline/redis.h"
#include "pipeline/stream.h"

struct inorder;
struct inorder_item; /* one record on its way; gone after on_applied() or on_dropped() */

struct inorder_callbacks {
    /* A record, in offset order within its partition. The callee owns it: record_release(). It calls inorder_set_work()
     * and, now or later, inorder_ready(), inorder_skip() or inorder_restart(). */
    void (*on_record)(void *arg, struct inorder_item *it, struct record *r);
    /* All earlier records of the partition have been sent: call inorder_apply() before returning. */
    void (*on_turn)(void *arg, void *work, struct inorder_item *it);
    void (*on_applied)(void *arg, void *work, const redisReply *reply);
    /* Forget it: the record will come again, to somebody. */
    void (*on_dropped)(void *arg, void *work);
    void (*on_fatal)(void *arg, const struct error *err);
    void *arg;
};

struct inorder_options {
    enum topic topic;
    const char *group;       /* consumer group, without prefix */
    const char *prefix;      /* of Redis keys: the position lies at key_position() */
    size_t max_items, max_bytes; /* held at once; beyond them the partitions pause. 0 = 256 records, 32 MiB */
};

/* redis is borrowed, and so are the strings. Delivery starts when the group has assigned partitions and Redis has told the
 * positions. */
struct inorder *inorder_create(struct stream *s, uv_loop_t *loop, struct redis *redis, const struct inorder_options *options,
                               const struct inorder_callbacks *callbacks, struct error *err);
void inorder_destroy(struct inorder *o); /* on_dropped() for what is still held; before redis_destroy() */

/* The stage passes on what its connection says. */
void inorder_redis_up(struct inorder *o);
void inorder_redis_down(struct inorder *o);
void inorder_redis_changed(struct inorder *o); /* another server: what it acknowledged before may be gone */

void inorder_set_work(struct inorder_item *it, void *work); /* what the callbacks get; to be called first */
void inorder_ready(struct inorder_item *it);   /* its effect can be applied when its turn comes */
/* It has no effect: only the position moves, together with a later one's. The work is the caller's again: no callback follows. */
void inorder_skip(struct inorder_item *it);
void inorder_restart(struct inorder_item *it); /* an answer of Redis is missing: the partition begins again */
/* Its own keys come before the position's, its arguments after expected and next; at most 64 together. Lent until it returns. */
void inorder_apply(struct inorder_item *it, struct redis_script *script, int keys, int argc, const char **argv, const size_t *lens);

/* Takes no new records, finishes those in work (at most limit_ms, then drops them), leaves the group, calls done once. */
void inorder_drain(struct inorder *o, int64_t limit_ms, void (*done)(void *arg), void *arg);
size_t inorder_held(const struct inorder *o);  /* records in work */
bool inorder_started(const struct inorder *o); /* has an assignment, and every partition of it its position */
struct consumer *inorder_consumer(struct inorder *o);

#endif
