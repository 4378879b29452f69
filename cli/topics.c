/* topics.c - `tidings topics create | describe`: the topics that the roles need, made from and compared with our table. */
#include "cli/command.h"

#include "pipeline/topics.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

static void print_json(const json_t *topics)
{
    json_t *topic;
    size_t i;
    json_array_foreach(topics, i, topic) {
        json_dumpf(topic, stdout, JSON_COMPACT);
        putchar('\n');
    }
}

static const char *text(const json_t *object, const char *name)
{
    const char *value = json_string_value(json_object_get(object, name));
    return value ? value : "-";
}

static int create(struct invocation *inv)
{
    struct error err;
    json_t *topics = topics_create(inv->config, &err), *topic;
    size_t i;
    if (!topics)
        return command_fail(inv, &err);
    if (inv->json)
        print_json(topics);
    else
        json_array_foreach(topics, i, topic)
            printf("%-8s %s\n", json_is_true(json_object_get(topic, "created")) ? "created" : "exists", text(topic, "topic"));
    json_decref(topics);
    return STATUS_OK;
}

static void print_lines(const char *kind, const json_t *lines)
{
    json_t *line;
    size_t i;
    json_array_foreach(lines, i, line)
        printf("    %s: %s\n", kind, json_string_value(line));
}

static void print_topic(const json_t *topic)
{
    const json_t *config = json_object_get(topic, "config");
    printf("%s\n", text(topic, "topic"));
    if (json_is_true(json_object_get(topic, "exists")))
        printf("    partitions %lld, replicas %lld, %s, kept %s ms, at most %s bytes\n",
               (long long)json_integer_value(json_object_get(topic, "partitions")),
               (long long)json_integer_value(json_object_get(topic, "replicas")), text(config, "cleanup.policy"),
               text(config, "retention.ms"), text(config, "max.message.bytes"));
    print_lines("problem", json_object_get(topic, "problems"));
    print_lines("warning", json_object_get(topic, "warnings"));
}

static int describe(struct invocation *inv)
{
    struct error err;
    json_t *topics = topics_describe(inv->config, &err), *topic;
    size_t i, problems = 0;
    if (!topics)
        return command_fail(inv, &err);
    json_array_foreach(topics, i, topic) {
        problems += json_array_size(json_object_get(topic, "problems"));
        if (!inv->json)
            print_topic(topic);
    }
    if (inv->json)
        print_json(topics);
    json_decref(topics);
    return problems ? STATUS_NO : STATUS_OK;
}

static int run(struct invocation *inv)
{
    config_role_defaults(inv->config);
    if (inv->argc == 1 && strcmp(inv->argv[0], "create") == 0)
        return create(inv);
    if (inv->argc == 1 && strcmp(inv->argv[0], "describe") == 0)
        return describe(inv);
    return command_usage(inv, "say `create` or `describe`");
}

const struct command topics_command = {
    .name = "topics",
    .summary = "make the Kafka topics, or compare them with what the roles need",
    .usage = "create\ndescribe",
    .description = "create makes the topics that are missing and leaves the others as they are. describe shows all of them with\n"
                   "their limits and what is wrong with them; it exits with 1 when a role would refuse to start.",
    .flags = COMMAND_CONFIG | COMMAND_JSON,
    .example = "tidings topics create --set kafka.bootstrap=localhost:9092",
    .run = run,
};
