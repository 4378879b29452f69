/* topic_reader.h - reads a topic for a command of a person (explain, deadletters, tail): no group, no position, blocking.
 * Over Kafka, or in the embedded form from the files below the state directory (events and deadletters only). */
#ifndef PIPELINE_TOPIC_READER_H
#define PIPELINE_TOPIC_READER_H

#include "base/error.h"
#include "config/config.h"
#include "pipeline/stream.h"

#include <stdbool.h>

enum topic_reader_from {
    READ_ALL, /* from the first record kept to what is the end on opening */
    READ_NEW, /* what comes after opening, without end */
};

struct topic_reader;

/* embedded: the files below config->state_dir. key: only its partition is read, only its records are given; NULL = all. */
struct topic_reader *topic_reader_open(const struct config *config, bool embedded, enum topic topic, enum topic_reader_from from,
                                       const char *key, struct error *err);
/* Only the record at offset of partition, if it is still kept. */
struct topic_reader *topic_reader_open_at(const struct config *config, bool embedded, enum topic topic, int32_t partition,
                                          int64_t offset, struct error *err);
/* 1: *out is the next record (record_release() it). 0: nothing more (READ_ALL), or nothing within timeout_ms (READ_NEW).
 * -1 with the reason. Order holds within a partition. */
int topic_reader_next(struct topic_reader *t, int timeout_ms, struct record **out, struct error *err);
void topic_reader_close(struct topic_reader *t);

#endif
