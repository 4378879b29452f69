/* kafka_client.h - what every librdkafka client of ours has in common. Private to the kafka driver and the commands on
 * topics. librdkafka 2.0.2's bugs that shaped the settings are listed in docs/topics.md, "Client settings". */
#ifndef PIPELINE_KAFKA_CLIENT_H
#define PIPELINE_KAFKA_CLIENT_H

#include "base/error.h"
#include "config/config.h"

#include <librdkafka/rdkafka.h>
#include <stddef.h>
#include <uv.h>

struct kafka_setting { const char *name, *value; };

/* The brokers' addresses, where none is configured the default; lent. */
const char *kafka_bootstrap(const struct config *config);

/* A configuration with the connection, the log, `settings` (ends with a NULL name), and kafka.properties on top, which may
 * change what no promise rests on. NULL with ERROR_INVALID naming the property that librdkafka refuses. */
rd_kafka_conf_t *kafka_conf(const struct config *config, const char *client_id, const struct kafka_setting *settings,
                            struct error *err);
/* Takes conf over in any case. */
rd_kafka_t *kafka_new(rd_kafka_type_t type, rd_kafka_conf_t *conf, struct error *err);

/* Whether clients of this configuration start programs: librdkafka renews the tickets of SASL's GSSAPI with kinit. */
bool kafka_starts_programs(const struct config *config);

/* True for errors that the record itself causes. */
bool kafka_error_is_of_record(rd_kafka_resp_err_t code);

/* Wakes a loop when a librdkafka queue has something, through an eventfd, and twice a second in any case. */
struct kafka_wake;
struct kafka_wake *kafka_wake_create(uv_loop_t *loop, void (*on_wake)(void *arg, bool tick), void *arg, struct error *err);
int kafka_wake_fd(const struct kafka_wake *w);
void kafka_wake_now(struct kafka_wake *w);   /* any thread */
void kafka_wake_close(struct kafka_wake *w); /* no call after this; frees itself from the loop. NULL is fine */

#endif
