/* kafka_client.c - configuration, log and wake-up of librdkafka clients. */
#include "pipeline/kafka_client.h"

#include "base/log.h"
#include "base/mem.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define TICK_MS 500

/* librdkafka's levels are syslog's. A broker that is away is no error of this process: it waits. */
static void on_log(const rd_kafka_t *rk, int level, const char *facility, const char *text)
{
    const char *name = rk ? rd_kafka_name(rk) : "-";
    if (level <= 3)
        log_warn("kafka client=%s facility=%s text=%s", name, facility, log_quote(text));
    else if (level <= 5)
        log_info("kafka client=%s facility=%s text=%s", name, facility, log_quote(text));
    else
        log_debug("kafka client=%s facility=%s text=%s", name, facility, log_quote(text));
}

static bool set(rd_kafka_conf_t *conf, const char *name, const char *value, struct error *err)
{
    char why[512];
    rd_kafka_conf_res_t rc = rd_kafka_conf_set(conf, name, value, why, sizeof(why));
    if (rc == RD_KAFKA_CONF_OK)
        return true;
    /* why may repeat the value, which may be a secret. */
    return error_set(err, ERROR_INVALID, "kafka.properties.%s: %s", name,
                     rc == RD_KAFKA_CONF_UNKNOWN ? "librdkafka has no such property" : "librdkafka refuses this value (not shown)");
}

const char *kafka_bootstrap(const struct config *config)
{
    return config->kafka.bootstrap ? config->kafka.bootstrap : "localhost:9092";
}

rd_kafka_conf_t *kafka_conf(const struct config *config, const char *client_id, const struct kafka_setting *settings,
                            struct error *err)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    static const struct kafka_setting common[] = {
        { "socket.nagle.disable", "true" },
        { "socket.keepalive.enable", "true" },
        { "log.connection.close", "false" },
        { "reconnect.backoff.max.ms", "2000" },
        { NULL, NULL },
    };
    rd_kafka_conf_set_log_cb(conf, on_log);
    bool ok = set(conf, "bootstrap.servers", kafka_bootstrap(config), err) &&
              set(conf, "client.id", client_id, err);
    for (const struct kafka_setting *s = common; ok && s->name; s++)
        ok = set(conf, s->name, s->value, err);
    for (const struct kafka_setting *s = settings; ok && s && s->name; s++)
        ok = set(conf, s->name, s->value, err);
    for (size_t i = 0; ok && i < config->kafka.property_count; i++)
        ok = set(conf, config->kafka.properties[i].name, config->kafka.properties[i].value, err);
    if (ok)
        return conf;
    rd_kafka_conf_destroy(conf);
    return NULL;
}

rd_kafka_t *kafka_new(rd_kafka_type_t type, rd_kafka_conf_t *conf, struct error *err)
{
    char why[400];
    rd_kafka_t *rk = rd_kafka_new(type, conf, why, sizeof(why));
    if (rk)
        return rk;
    error_set(err, ERROR_SYSTEM, "Kafka client: %s: change kafka.properties", why);
    rd_kafka_conf_destroy(conf);
    return NULL;
}

/* The last of several counts. NULL: not there. */
static const char *property(const struct config *config, const char *name)
{
    for (size_t i = config->kafka.property_count; i > 0; i--)
        if (strcmp(config->kafka.properties[i - 1].name, name) == 0)
            return config->kafka.properties[i - 1].value;
    return NULL;
}

bool kafka_starts_programs(const struct config *config)
{
    const char *protocol = property(config, "security.protocol"), *kinit = property(config, "sasl.kerberos.kinit.cmd");
    const char *mechanism = property(config, "sasl.mechanisms");
    if (!mechanism)
        mechanism = property(config, "sasl.mechanism");
    return protocol && strncasecmp(protocol, "sasl", 4) == 0 && (!mechanism || strcasecmp(mechanism, "GSSAPI") == 0) && (!kinit || *kinit);
}

bool kafka_error_is_of_record(rd_kafka_resp_err_t code)
{
    return code == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE || code == RD_KAFKA_RESP_ERR_INVALID_MSG ||
           code == RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE || code == RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE ||
           code == RD_KAFKA_RESP_ERR_INVALID_RECORD || code == RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP ||
           code == RD_KAFKA_RESP_ERR__BAD_MSG;
}

/* --- waking the loop --- */

struct kafka_wake {
    void (*on_wake)(void *arg, bool tick);
    void *arg;
    int fd;
    uv_poll_t poll;
    uv_timer_t timer;
    int open; /* handles not yet closed */
};

static void on_readable(uv_poll_t *poll, int status, int events)
{
    struct kafka_wake *w = poll->data;
    uint64_t count;
    (void)status, (void)events;
    if (read(w->fd, &count, sizeof(count)) < 0 && errno != EAGAIN && errno != EINTR)
        log_error("kafka wake failed reason=%s", log_quote(strerror(errno)));
    w->on_wake(w->arg, false);
}

static void on_tick(uv_timer_t *timer)
{
    struct kafka_wake *w = timer->data;
    w->on_wake(w->arg, true);
}

static void on_handle_closed(uv_handle_t *handle)
{
    struct kafka_wake *w = handle->data;
    if (--w->open > 0)
        return;
    close(w->fd);
    free(w);
}

struct kafka_wake *kafka_wake_create(uv_loop_t *loop, void (*on_wake)(void *arg, bool tick), void *arg, struct error *err)
{
    int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (fd < 0) {
        error_set(err, ERROR_SYSTEM, "eventfd: %s", strerror(errno));
        return NULL;
    }
    struct kafka_wake *w = xcalloc(1, sizeof(*w));
    w->on_wake = on_wake;
    w->arg = arg;
    w->fd = fd;
    w->open = 2;
    w->poll.data = w->timer.data = w;
    uv_poll_init(loop, &w->poll, fd);
    uv_poll_start(&w->poll, UV_READABLE, on_readable);
    uv_timer_init(loop, &w->timer);
    uv_timer_start(&w->timer, on_tick, TICK_MS, TICK_MS);
    return w;
}

int kafka_wake_fd(const struct kafka_wake *w)
{
    return w->fd;
}

void kafka_wake_now(struct kafka_wake *w)
{
    uint64_t one = 1;
    if (write(w->fd, &one, sizeof(one)) < 0 && errno != EAGAIN) /* full is readable, too */
        log_error("kafka wake failed reason=%s", log_quote(strerror(errno)));
}

void kafka_wake_close(struct kafka_wake *w)
{
    if (!w)
        return;
    uv_close((uv_handle_t *)&w->poll, on_handle_closed);
    uv_close((uv_handle_t *)&w->timer, on_handle_closed);
}
