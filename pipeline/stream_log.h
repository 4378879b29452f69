/* stream_log.h - a topic as append-only files, for `events` and `deadletters` of the embedded form.
 *
 *     STATE_DIR/events/00000000000000000000.jsonl     one JSON line a record; the name is the offset of its first byte
 *     STATE_DIR/events/00000000000016777301.jsonl
 *
 *     {"at": 1764061156123, "key": "…", "headers": [["name", "value"], …], "value": "…"}
 *
 * A record's offset is the position of its line, counted over all files since the first. Key, header values and value are
 * strings where they are UTF-8, else {"base64": "…"}; what is NULL is left out (a header: null). A line is written with one
 * write(2); a torn last line (power loss, full disk) is closed by the next writer and skipped by readers. Files of 16 MiB;
 * the oldest go when the topic's retention has passed or all together are larger than its bound. */
#ifndef PIPELINE_STREAM_LOG_H
#define PIPELINE_STREAM_LOG_H

#include "base/error.h"
#include "pipeline/stream.h"

#include <stdint.h>

struct stream_log; /* the writer: one a topic and state directory; any thread */

struct stream_log *stream_log_open(const char *state_dir, enum topic topic, struct error *err);
void stream_log_close(struct stream_log *l); /* NULL is fine */
/* ERROR_TRANSIENT when the disk is full or failing: nothing was appended. */
bool stream_log_append(struct stream_log *l, const struct record *r, struct error *err);
int64_t stream_log_end(struct stream_log *l); /* the offset of the next record */

struct stream_log_reader; /* any process; one thread */

/* The offset that the next record gets, as far as the files say now; 0 where there is none. */
int64_t stream_log_size(const char *state_dir, enum topic topic);

/* offset: where to begin; -1 or what is no longer (or not yet) there: the first record kept; inside of a line: the next one.
 * The directory need not exist yet. */
struct stream_log_reader *stream_log_reader_open(const char *state_dir, enum topic topic, int64_t offset);
void stream_log_reader_close(struct stream_log_reader *r); /* NULL is fine */
/* The next record: record_release(). NULL: there is none now. Lines that are no record are skipped. */
struct record *stream_log_read(struct stream_log_reader *r);
int64_t stream_log_position(const struct stream_log_reader *r); /* behind the last record read */

#endif
