/* topics.c - topics on a broker: making them, showing them, comparing them with the table. Through librdkafka's Admin API,
 * so that no tool of Kafka's own is needed. */
#include "pipeline/topics.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "pipeline/kafka_client.h"

#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#define ANSWER_MS 10000
#define LOOK_MS 20

struct admin {
    const struct config *config;
    rd_kafka_t *rk;
    rd_kafka_queue_t *queue;
    const struct rd_kafka_metadata *metadata;
    char names[TOPIC_COUNT][TOPIC_NAME_MAX];
};

static void admin_fini(struct admin *a)
{
    if (a->metadata)
        rd_kafka_metadata_destroy(a->metadata);
    if (a->queue)
        rd_kafka_queue_destroy(a->queue);
    if (a->rk)
        rd_kafka_destroy(a->rk);
}

static bool unreachable(const struct admin *a, const char *reason, struct error *err)
{
    return error_set(err, ERROR_TRANSIENT, "Kafka at %s: %s: is it running, and is kafka.bootstrap right?",
                     kafka_bootstrap(a->config), reason);
}

/* Metadata of all topics, so that asking for one that is not there makes no broker create it. */
static bool load_metadata(struct admin *a, struct error *err)
{
    if (a->metadata)
        rd_kafka_metadata_destroy(a->metadata);
    a->metadata = NULL;
    rd_kafka_resp_err_t rc = rd_kafka_metadata(a->rk, 1, NULL, &a->metadata, ANSWER_MS);
    if (rc)
        return unreachable(a, rc == RD_KAFKA_RESP_ERR__TRANSPORT || rc == RD_KAFKA_RESP_ERR__TIMED_OUT
                                  ? "no answer within 10 s" : rd_kafka_err2str(rc), err);
    return a->metadata->broker_cnt > 0 || unreachable(a, "it names no broker", err);
}

static bool admin_init(struct admin *a, const struct config *config, struct error *err)
{
    *a = (struct admin){ .config = config };
    for (int t = 0; t < TOPIC_COUNT; t++)
        topic_full_name(config->prefix, (enum topic)t, a->names[t]);
    rd_kafka_conf_t *conf = kafka_conf(config, "tidings-topics", NULL, err);
    if (!conf)
        return false;
    a->rk = kafka_new(RD_KAFKA_PRODUCER, conf, err);
    if (!a->rk)
        return false;
    a->queue = rd_kafka_queue_new(a->rk);
    return load_metadata(a, err);
}

/* NULL: not there. */
static const rd_kafka_metadata_topic_t *find(const struct admin *a, enum topic topic)
{
    for (int i = 0; i < a->metadata->topic_cnt; i++) {
        const rd_kafka_metadata_topic_t *t = &a->metadata->topics[i];
        if (strcmp(t->topic, a->names[topic]) == 0)
            return t->err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ? NULL : t;
    }
    return NULL;
}

static int replicas_for(const struct admin *a)
{
    return a->metadata->broker_cnt < TOPIC_REPLICAS ? a->metadata->broker_cnt : TOPIC_REPLICAS;
}

/* The next answer of an admin request; NULL after ANSWER_MS. */
static rd_kafka_event_t *await(struct admin *a, rd_kafka_event_type_t type)
{
    int64_t end_ms = clock_mono_ms() + ANSWER_MS;
    for (int64_t left; (left = end_ms - clock_mono_ms()) > 0;) {
        rd_kafka_event_t *e = rd_kafka_queue_poll(a->queue, (int)left);
        if (e && rd_kafka_event_type(e) == type)
            return e;
        if (e)
            rd_kafka_event_destroy(e);
    }
    return NULL;
}

/* --- creating --- */

static void set_number(rd_kafka_NewTopic_t *t, const char *name, int64_t value)
{
    char text[32];
    snprintf(text, sizeof(text), "%" PRId64, value);
    rd_kafka_NewTopic_set_config(t, name, text);
}

static rd_kafka_NewTopic_t *new_topic(const struct admin *a, enum topic topic, struct error *err)
{
    const struct topic_spec *s = topic_spec(topic);
    char why[256];
    rd_kafka_NewTopic_t *t = rd_kafka_NewTopic_new(a->names[topic], s->partitions, replicas_for(a), why, sizeof(why));
    if (!t) {
        error_set(err, ERROR_SYSTEM, "%s: %s", a->names[topic], why);
        return NULL;
    }
    rd_kafka_NewTopic_set_config(t, "cleanup.policy", s->cleanup);
    set_number(t, "retention.ms", s->retention_ms);
    set_number(t, "segment.ms", s->segment_ms);
    set_number(t, "max.message.bytes", s->max_message_bytes);
    if (s->compacted) {
        set_number(t, "min.compaction.lag.ms", s->compaction_lag_ms);
        set_number(t, "delete.retention.ms", s->delete_retention_ms);
    }
    if (replicas_for(a) == TOPIC_REPLICAS)
        rd_kafka_NewTopic_set_config(t, "min.insync.replicas", "2");
    return t;
}

static bool read_creation(rd_kafka_event_t *e, json_t *out, struct error *err)
{
    const rd_kafka_CreateTopics_result_t *result = rd_kafka_event_CreateTopics_result(e);
    size_t count = 0;
    if (rd_kafka_event_error(e))
        return error_set(err, ERROR_TRANSIENT, "creating topics: %s", rd_kafka_event_error_string(e));
    const rd_kafka_topic_result_t **topics = rd_kafka_CreateTopics_result_topics(result, &count);
    for (size_t i = 0; i < count; i++) {
        rd_kafka_resp_err_t rc = rd_kafka_topic_result_error(topics[i]);
        if (rc && rc != RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS)
            return error_set(err, ERROR_SYSTEM, "%s: %s", rd_kafka_topic_result_name(topics[i]),
                             rd_kafka_topic_result_error_string(topics[i]) ? rd_kafka_topic_result_error_string(topics[i])
                                                                           : rd_kafka_err2str(rc));
        json_array_append_new(out, json_pack("{s:s, s:b}", "topic", rd_kafka_topic_result_name(topics[i]), "created", rc == 0));
    }
    return true;
}

static bool request_creation(struct admin *a, rd_kafka_NewTopic_t **topics, size_t count, json_t *out, struct error *err)
{
    rd_kafka_AdminOptions_t *options = rd_kafka_AdminOptions_new(a->rk, RD_KAFKA_ADMIN_OP_CREATETOPICS);
    char why[128];
    rd_kafka_AdminOptions_set_operation_timeout(options, ANSWER_MS, why, sizeof(why)); /* until all brokers know them */
    rd_kafka_CreateTopics(a->rk, topics, count, options, a->queue);
    rd_kafka_AdminOptions_destroy(options);
    rd_kafka_event_t *e = await(a, RD_KAFKA_EVENT_CREATETOPICS_RESULT);
    bool ok = e ? read_creation(e, out, err) : unreachable(a, "no answer to the creation of topics within 10 s", err);
    if (e)
        rd_kafka_event_destroy(e);
    return ok;
}

static bool create_missing(struct admin *a, json_t *out, struct error *err)
{
    rd_kafka_NewTopic_t *topics[TOPIC_COUNT];
    size_t count = 0;
    bool ok = true;
    for (int t = 0; ok && t < TOPIC_COUNT; t++) {
        if (find(a, (enum topic)t))
            json_array_append_new(out, json_pack("{s:s, s:b}", "topic", a->names[t], "created", 0));
        else
            ok = (topics[count] = new_topic(a, (enum topic)t, err)) != NULL && ++count;
    }
    if (ok && count > 0)
        ok = request_creation(a, topics, count, out, err);
    while (count > 0)
        rd_kafka_NewTopic_destroy(topics[--count]);
    return ok;
}

static bool all_there(const struct admin *a)
{
    for (int t = 0; t < TOPIC_COUNT; t++) {
        const rd_kafka_metadata_topic_t *topic = find(a, (enum topic)t);
        if (!topic || topic->err || topic->partition_cnt == 0)
            return false;
    }
    return true;
}

/* The controller has them; the broker that is asked next may hear of it a little later. */
static bool await_topics(struct admin *a, struct error *err)
{
    int64_t end_ms = clock_mono_ms() + ANSWER_MS;
    while (load_metadata(a, err)) {
        if (all_there(a))
            return true;
        if (clock_mono_ms() > end_ms)
            return unreachable(a, "topics were made, but it does not show them within 10 s", err);
        poll(NULL, 0, LOOK_MS);
    }
    return false;
}

json_t *topics_create(const struct config *config, struct error *err)
{
    struct admin a;
    json_t *out = json_array();
    if (!admin_init(&a, config, err) || !create_missing(&a, out, err) || !await_topics(&a, err)) {
        json_decref(out);
        out = NULL;
    }
    admin_fini(&a);
    return out;
}

/* --- describing --- */

static const char *const shown[] = { "cleanup.policy", "retention.ms", "retention.bytes", "segment.ms", "max.message.bytes",
                                     "compression.type", "min.compaction.lag.ms", "delete.retention.ms", "min.insync.replicas" };

static void read_config(const rd_kafka_ConfigResource_t *resource, json_t *config)
{
    size_t count = 0;
    const rd_kafka_ConfigEntry_t **entries = rd_kafka_ConfigResource_configs(resource, &count);
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < COUNT(shown); k++) {
            const char *value = rd_kafka_ConfigEntry_value(entries[i]);
            if (value && strcmp(rd_kafka_ConfigEntry_name(entries[i]), shown[k]) == 0)
                json_object_set_new(config, shown[k], json_string(value));
        }
}

static bool read_configs(const struct admin *a, rd_kafka_event_t *e, json_t *configs[TOPIC_COUNT], struct error *err)
{
    size_t count = 0;
    if (rd_kafka_event_error(e))
        return error_set(err, ERROR_TRANSIENT, "asking for the settings of topics: %s", rd_kafka_event_error_string(e));
    const rd_kafka_ConfigResource_t **all =
        rd_kafka_DescribeConfigs_result_resources(rd_kafka_event_DescribeConfigs_result(e), &count);
    for (size_t i = 0; i < count; i++) {
        if (rd_kafka_ConfigResource_error(all[i]))
            return error_set(err, ERROR_SYSTEM, "%s: its settings cannot be read: %s: allow DescribeConfigs",
                             rd_kafka_ConfigResource_name(all[i]), rd_kafka_err2str(rd_kafka_ConfigResource_error(all[i])));
        for (int t = 0; t < TOPIC_COUNT; t++)
            if (strcmp(a->names[t], rd_kafka_ConfigResource_name(all[i])) == 0)
                read_config(all[i], configs[t]);
    }
    return true;
}

static bool ask_configs(struct admin *a, json_t *configs[TOPIC_COUNT], struct error *err)
{
    rd_kafka_ConfigResource_t *asked[TOPIC_COUNT];
    size_t count = 0;
    for (int t = 0; t < TOPIC_COUNT; t++)
        if (find(a, (enum topic)t))
            asked[count++] = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, a->names[t]);
    if (count == 0)
        return true;
    rd_kafka_DescribeConfigs(a->rk, asked, count, NULL, a->queue);
    rd_kafka_ConfigResource_destroy_array(asked, count);
    rd_kafka_event_t *e = await(a, RD_KAFKA_EVENT_DESCRIBECONFIGS_RESULT);
    bool ok = e ? read_configs(a, e, configs, err) : unreachable(a, "no answer about topics within 10 s", err);
    if (e)
        rd_kafka_event_destroy(e);
    return ok;
}

static void say(json_t *list, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void say(json_t *list, const char *fmt, ...)
{
    char text[300];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    json_array_append_new(list, json_string(text));
}

/* At least `want`; -1 on the broker means without bound. */
static void check_number(json_t *list, const char *topic, const json_t *config, const char *name, int64_t want)
{
    const char *text = json_string_value(json_object_get(config, name));
    int64_t is = text ? strtoll(text, NULL, 10) : -1;
    if (text && is != -1 && is < want)
        say(list, "%s is %" PRId64 ", must be at least %" PRId64 ": kafka-configs.sh --alter --topic %s --add-config %s=%" PRId64, name, is,
            want, topic, name, want);
}

static void check_partitions(const struct topic_spec *s, const rd_kafka_metadata_topic_t *t, json_t *problems)
{
    if (s->compacted && t->partition_cnt != s->partitions)
        say(problems, "it has %d partition%s, must have %" PRId32 " (keys would move): delete it, then `tidings topics create`",
            t->partition_cnt, text_plural(t->partition_cnt), s->partitions);
    else if (t->partition_cnt < s->partitions)
        say(problems, "it has %d partition%s, must have at least %" PRId32 ": kafka-topics.sh --alter --topic %s --partitions %" PRId32,
            t->partition_cnt, text_plural(t->partition_cnt), s->partitions, t->topic, s->partitions);
}

static void check_topic(const struct admin *a, const struct topic_spec *s, const rd_kafka_metadata_topic_t *t, const json_t *config,
                        json_t *problems, json_t *warnings)
{
    const char *cleanup = json_string_value(json_object_get(config, "cleanup.policy"));
    int replicas = t->partition_cnt > 0 ? t->partitions[0].replica_cnt : 0;
    check_partitions(s, t, problems);
    if (cleanup && s->compacted != (strstr(cleanup, "compact") != NULL))
        say(problems, "cleanup.policy is %s, must be %s: kafka-configs.sh --alter --topic %s --add-config cleanup.policy=[%s]", cleanup,
            s->cleanup, t->topic, s->cleanup);
    if (!s->compacted || !cleanup || strstr(cleanup, "delete"))
        check_number(problems, t->topic, config, "retention.ms", s->retention_ms);
    check_number(problems, t->topic, config, "max.message.bytes", s->max_message_bytes);
    if (s->compacted) {
        check_number(problems, t->topic, config, "min.compaction.lag.ms", s->compaction_lag_ms);
        check_number(problems, t->topic, config, "delete.retention.ms", s->delete_retention_ms);
    }
    if (replicas < replicas_for(a))
        say(warnings, "it has %d replica%s, should have %d", replicas, text_plural(replicas), replicas_for(a));
    if (json_object_get(config, "retention.bytes") && strcmp(json_string_value(json_object_get(config, "retention.bytes")), "-1") != 0)
        say(warnings, "retention.bytes is set: records may be gone before retention.ms has passed");
}

static json_t *describe(const struct admin *a, enum topic topic, json_t *config)
{
    const rd_kafka_metadata_topic_t *t = find(a, topic);
    json_t *problems = json_array(), *warnings = json_array();
    if (t)
        check_topic(a, topic_spec(topic), t, config, problems, warnings);
    else
        say(problems, "it does not exist: run `tidings topics create`");
    return json_pack("{s:s, s:b, s:i, s:i, s:O, s:o, s:o}", "topic", a->names[topic], "exists", t != NULL, "partitions",
                     t ? t->partition_cnt : 0, "replicas", t && t->partition_cnt > 0 ? t->partitions[0].replica_cnt : 0, "config",
                     config, "problems", problems, "warnings", warnings);
}

json_t *topics_describe(const struct config *config, struct error *err)
{
    struct admin a;
    json_t *configs[TOPIC_COUNT], *out = NULL;
    for (int t = 0; t < TOPIC_COUNT; t++)
        configs[t] = json_object();
    if (admin_init(&a, config, err) && ask_configs(&a, configs, err)) {
        out = json_array();
        for (int t = 0; t < TOPIC_COUNT; t++)
            json_array_append_new(out, describe(&a, (enum topic)t, configs[t]));
    }
    for (int t = 0; t < TOPIC_COUNT; t++)
        json_decref(configs[t]);
    admin_fini(&a);
    return out;
}

bool topics_check(const struct config *config, struct error *err)
{
    json_t *topics = topics_describe(config, err), *topic;
    size_t i, count = 0;
    char first[180] = "", more[80] = "";
    if (!topics)
        return false;
    json_array_foreach(topics, i, topic) {
        const json_t *problems = json_object_get(topic, "problems");
        if (count == 0 && json_array_size(problems) > 0)
            snprintf(first, sizeof(first), "%s: %s", json_string_value(json_object_get(topic, "topic")),
                     json_string_value(json_array_get(problems, 0)));
        count += json_array_size(problems);
    }
    json_decref(topics);
    if (count > 1)
        snprintf(more, sizeof(more), " (and %zu more: `tidings topics describe`)", count - 1);
    return count == 0 || error_set(err, ERROR_SYSTEM, "%s%s", first, more);
}
