/* topics_test.c - topics on a real broker: made from the table, shown, compared with it. */
#include "pipeline/kafka_client.h"
#include "pipeline/topics.h"
#include "tests/unit/kafka_own.h"

#include <string.h>

static struct config config_of(const char *prefix)
{
    return (struct config){ .prefix = (char *)prefix, .kafka.bootstrap = kafka.address };
}

static json_t *describe(const char *prefix)
{
    struct config config = config_of(prefix);
    struct error err = { .message = "" };
    json_t *topics = topics_describe(&config, &err);
    CHECK(topics && json_array_size(topics) == TOPIC_COUNT, "%s", err.message);
    return topics;
}

static const char *text(const json_t *o, const char *name)
{
    const char *s = json_string_value(json_object_get(o, name));
    return s ? s : "";
}

static void test_create_and_describe(void **state)
{
    struct config config = config_of("made");
    struct error err = { .message = "" };
    (void)state;
    CHECK(!topics_check(&config, &err) && strstr(err.message, "run `tidings topics create` (and 4 more"), "%s", err.message);
    for (int round = 0; round < 2; round++) {
        json_t *made = topics_create(&config, &err), *row;
        size_t i;
        CHECK(made && json_array_size(made) == TOPIC_COUNT, "%s", err.message);
        json_array_foreach(made, i, row)
            CHECK(json_is_true(json_object_get(row, "created")) == (round == 0), "%s in round %d", text(row, "topic"), round);
        json_decref(made);
    }
    json_t *topics = describe("made");
    for (int t = 0; t < TOPIC_COUNT; t++) {
        const json_t *row = json_array_get(topics, (size_t)t), *settings = json_object_get(row, "config");
        const struct topic_spec *s = topic_spec((enum topic)t);
        assert_int_equal(json_integer_value(json_object_get(row, "partitions")), s->partitions);
        assert_int_equal(atoll(text(settings, "retention.ms")), s->retention_ms);
        assert_int_equal(atoll(text(settings, "max.message.bytes")), s->max_message_bytes);
        CHECK(json_array_size(json_object_get(row, "problems")) == 0, "%s: %s", s->name,
              json_string_value(json_array_get(json_object_get(row, "problems"), 0)));
    }
    json_decref(topics);
    CHECK(topics_check(&config, &err), "%s", err.message);
}

/* --- topics that somebody else made --- */

static const struct { const char *prefix, *topic; int partitions; const char *setting, *value, *says; } wrong[] = {
    { "wrong1", "pages", 3, NULL, NULL, "it has 3 partitions, must have at least 24: kafka-topics.sh --alter --topic wrong1.pages.v1" },
    { "wrong2", "articles", 24, NULL, NULL, "it has 24 partitions, must have 12 (keys would move)" },
    { "wrong3", "pages", 24, "max.message.bytes", "1000000",
      "max.message.bytes is 1000000, must be at least 2097152: kafka-configs.sh --alter --topic wrong3.pages.v1 --add-config max.message.bytes=2097152" },
    { "wrong4", "pages", 24, "retention.ms", "3600000", "retention.ms is 3600000, must be at least 259200000" },
    { "wrong5", "articles", 12, "cleanup.policy", "delete", "cleanup.policy is delete, must be compact,delete" },
    { "wrong6", "pages", 24, "cleanup.policy", "compact", "cleanup.policy is compact, must be delete" },
    { "right1", "pages", 48, "retention.ms", "-1", NULL },
    { "right2", "deadletters", 3, "max.message.bytes", "20000000", NULL },
};

static void make(const char *prefix, const char *name, int partitions, const char *setting, const char *value)
{
    struct config config = config_of(prefix);
    struct error err = { .message = "" };
    char full[TOPIC_NAME_MAX], why[256];
    rd_kafka_t *rk = kafka_new(RD_KAFKA_PRODUCER, kafka_conf(&config, "test", NULL, &err), &err);
    CHECK(rk, "%s", err.message);
    snprintf(full, sizeof(full), "%s.%s.v1", prefix, name);
    rd_kafka_NewTopic_t *topic = rd_kafka_NewTopic_new(full, partitions, 1, why, sizeof(why));
    static const char *const all[][2] = { { "retention.ms", "7776000000" }, { "max.message.bytes", "2359296" }, { "min.compaction.lag.ms", "86400000" },
                                          { "delete.retention.ms", "604800000" } };
    for (size_t i = 0; i < COUNT(all); i++)
        rd_kafka_NewTopic_set_config(topic, all[i][0], all[i][1]);
    rd_kafka_NewTopic_set_config(topic, "cleanup.policy", strcmp(name, "articles") == 0 ? "compact,delete" : "delete");
    if (setting)
        rd_kafka_NewTopic_set_config(topic, setting, value);
    rd_kafka_queue_t *q = rd_kafka_queue_new(rk);
    rd_kafka_CreateTopics(rk, &topic, 1, NULL, q);
    rd_kafka_event_t *e = rd_kafka_queue_poll(q, 30000);
    CHECK(e && !rd_kafka_event_error(e), "%s", full);
    rd_kafka_event_destroy(e);
    rd_kafka_NewTopic_destroy(topic);
    rd_kafka_queue_destroy(q);
    rd_kafka_destroy(rk);
}

static void check_case(size_t i)
{
    struct config config = config_of(wrong[i].prefix);
    struct error err = { .message = "" };
    make(wrong[i].prefix, wrong[i].topic, wrong[i].partitions, wrong[i].setting, wrong[i].value);
    json_t *made = topics_create(&config, &err); /* the others */
    CHECK(made, "%s: %s", wrong[i].prefix, err.message);
    json_decref(made);
    bool ok = topics_check(&config, &err);
    CHECK(ok == !wrong[i].says, "%s: %s", wrong[i].prefix, err.message);
    if (ok)
        return;
    json_t *topics = describe(wrong[i].prefix), *row;
    size_t k;
    json_array_foreach(topics, k, row) {
        const json_t *problems = json_object_get(row, "problems");
        bool here = strstr(text(row, "topic"), wrong[i].topic) != NULL;
        CHECK(json_array_size(problems) == here, "%s: %zu problems: %s", text(row, "topic"), json_array_size(problems),
              json_array_size(problems) ? json_string_value(json_array_get(problems, 0)) : "-");
        CHECK(!here || strncmp(json_string_value(json_array_get(problems, 0)), wrong[i].says, strlen(wrong[i].says)) == 0, "%s: %s",
              wrong[i].prefix, json_string_value(json_array_get(problems, 0)));
    }
    json_decref(topics);
    CHECK(strstr(err.message, wrong[i].topic) && strlen(err.message) < sizeof(err.message) - 1, "%s", err.message);
}

static void test_wrong_limits(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(wrong); i++)
        check_case(i);
}

static void test_no_broker(void **state)
{
    struct config config = config_of("x");
    struct error err = { .message = "" };
    (void)state;
    config.kafka.bootstrap = (char *)"127.0.0.1:1";
    assert_null(topics_create(&config, &err));
    CHECK(err.kind == ERROR_TRANSIENT && strstr(err.message, "127.0.0.1:1") && strstr(err.message, "is it running"), "%s", err.message);
}

/* What the rest of the program relies on. */
static void test_table(void **state)
{
    enum topic topic;
    (void)state;
    for (int t = 0; t < TOPIC_COUNT; t++) {
        const struct topic_spec *s = topic_spec((enum topic)t);
        CHECK(topic_find(s->name, &topic) && topic == (enum topic)t, "%s", s->name);
        CHECK(t == TOPIC_DEADLETTERS || topic_spec(TOPIC_DEADLETTERS)->max_message_bytes >= s->max_message_bytes + 256 * 1024, "%s", s->name);
        CHECK(s->segment_ms < s->retention_ms, "%s", s->name);
    }
    assert_false(topic_find("nothing", &topic));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_create_and_describe),
        cmocka_unit_test(test_wrong_limits),
        cmocka_unit_test(test_no_broker),
    };
    return cmocka_run_group_tests(tests, kafka_up, kafka_down);
}
