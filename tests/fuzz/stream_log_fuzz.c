/* stream_log_fuzz.c - any bytes as a file of events: what is read has growing offsets inside of it, and reading again from
 * behind each record gives the next one. */
#include "tests/fuzz/fuzz.h"

#include "pipeline/stream_log.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define AGAIN_MAX 8 /* records from behind which is read again */

static char dir[64], folder[80], file[128];

static void leave(void)
{
    unlink(file);
    rmdir(folder);
    rmdir(dir);
}

static void put(const uint8_t *data, size_t size)
{
    if (!dir[0]) {
        snprintf(dir, sizeof(dir), "/tmp/tidings-fuzz-XXXXXX");
        PROMISE(mkdtemp(dir));
        snprintf(folder, sizeof(folder), "%s/events", dir);
        snprintf(file, sizeof(file), "%s/%020d.jsonl", folder, 0);
        PROMISE(mkdir(folder, 0700) == 0);
        atexit(leave);
    }
    int fd = open(file, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    PROMISE(fd >= 0 && write(fd, data, size) == (ssize_t)size);
    close(fd);
}

/* The offset of the first record from `from` on; -1 = none. */
static int64_t first_from(int64_t from)
{
    struct stream_log_reader *reader = stream_log_reader_open(dir, TOPIC_EVENTS, from);
    struct record *r = stream_log_read(reader);
    int64_t offset = r ? r->offset : -1;
    if (r)
        record_release(r);
    stream_log_reader_close(reader);
    return offset;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int64_t last = -1;
    int count = 0;
    struct record *r;
    put(data, size);
    struct stream_log_reader *reader = stream_log_reader_open(dir, TOPIC_EVENTS, -1);
    while ((r = stream_log_read(reader))) {
        PROMISE(r->offset > last && r->offset < (int64_t)size);
        PROMISE(r->value || r->value_len == 0);
        if (count++ < AGAIN_MAX)
            PROMISE(first_from(last + 1) == r->offset);
        last = r->offset;
        record_release(r);
    }
    PROMISE(stream_log_position(reader) <= (int64_t)size);
    PROMISE(stream_log_size(dir, TOPIC_EVENTS) == (int64_t)size);
    stream_log_reader_close(reader);
    return 0;
}
