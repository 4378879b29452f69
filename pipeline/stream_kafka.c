/* stream_kafka.c - the kafka driver: names of topics, and messages of librdkafka as records. stream_kafka_producer.c and
 * stream_kafka_consumer.c do the rest. */
#include "pipeline/stream_kafka.h"

#include "base/mem.h"

#include <stdlib.h>

static void destroy(struct stream *s)
{
    struct kafka_stream *k = (struct kafka_stream *)s;
    free(k->client_id);
    free(k);
}

static int32_t partitions(const struct stream *s, enum topic topic)
{
    (void)s;
    return topic_spec(topic)->partitions;
}

static const char *name(const struct stream *s, enum topic topic)
{
    return ((const struct kafka_stream *)s)->names[topic];
}

struct stream *stream_kafka_create(const struct config *config, const char *client_id, struct error *err)
{
    static const struct stream_driver driver = { destroy, partitions, name, kafka_producer_create, kafka_consumer_create };
    struct kafka_stream *k = xcalloc(1, sizeof(*k));
    rd_kafka_conf_t *conf = kafka_conf(config, client_id, NULL, err); /* names a wrong property before anything starts */
    if (!conf) {
        free(k);
        return NULL;
    }
    rd_kafka_conf_destroy(conf);
    k->base.driver = &driver;
    k->base.queue_max_bytes = stream_share(config);
    k->config = config;
    k->client_id = xstrdup(client_id);
    for (int t = 0; t < TOPIC_COUNT; t++)
        topic_full_name(config->prefix, (enum topic)t, k->names[t]);
    return &k->base;
}

void kafka_record_of(const rd_kafka_message_t *m, enum topic topic, struct record *r, struct header **headers)
{
    rd_kafka_headers_t *list = NULL;
    rd_kafka_timestamp_type_t type;
    rd_kafka_message_headers(m, &list);
    size_t count = list ? rd_kafka_header_cnt(list) : 0;
    *headers = count ? xcalloc(count, sizeof(**headers)) : NULL;
    for (size_t i = 0; i < count; i++)
        rd_kafka_header_get_all(list, i, &(*headers)[i].name, &(*headers)[i].value, &(*headers)[i].len);
    *r = (struct record){ .topic = topic, .partition = m->partition, .offset = m->offset,
                          .timestamp_ms = rd_kafka_message_timestamp(m, &type), .key = m->key, .key_len = m->key_len,
                          .value = m->payload, .value_len = m->len, .headers = *headers, .header_count = count };
}
