/* topic_ends.c - see topic_ends.h. */
#include "pipeline/topic_ends.h"

#include "base/mem.h"
#include "pipeline/kafka_client.h"
#include "pipeline/topics.h"

#include <stdlib.h>

#define ANSWER_MS 5000

struct topic_ends {
    const struct config *config; /* borrowed */
    rd_kafka_t *rk;
};

struct topic_ends *topic_ends_open(const struct config *config, struct error *err)
{
    static const struct kafka_setting settings[] = { { NULL, NULL } };
    rd_kafka_conf_t *conf = kafka_conf(config, "tidings-status", settings, err);
    rd_kafka_t *rk = conf ? kafka_new(RD_KAFKA_PRODUCER, conf, err) : NULL;
    if (!rk)
        return NULL;
    struct topic_ends *t = xcalloc(1, sizeof(*t));
    *t = (struct topic_ends){ config, rk };
    return t;
}

bool topic_ends_read(struct topic_ends *t, enum topic topic, int32_t partition, int64_t *first, int64_t *end, struct error *err)
{
    char name[TOPIC_NAME_MAX];
    topic_full_name(t->config->prefix, topic, name);
    rd_kafka_resp_err_t rc = rd_kafka_query_watermark_offsets(t->rk, name, partition, first, end, ANSWER_MS);
    if (!rc)
        return true;
    return error_set(err, ERROR_TRANSIENT, "Kafka at %s: %s: %s: is it running, and is kafka.bootstrap right?", kafka_bootstrap(t->config), name,
                     rc == RD_KAFKA_RESP_ERR__TRANSPORT || rc == RD_KAFKA_RESP_ERR__TIMED_OUT ? "no answer within 5 s" : rd_kafka_err2str(rc));
}

void topic_ends_close(struct topic_ends *t)
{
    if (!t)
        return;
    rd_kafka_destroy(t->rk);
    free(t);
}
