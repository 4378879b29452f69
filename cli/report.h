/* report.h - what `tidings run` says while it works: articles as JSON lines in a pipe, a live table on a terminal, one
 * title a line on a dumb one. It has a thread and a connection of its own, so that a reader who is slow, or a terminal that
 * is stopped, holds up nothing else.
 *
 * It follows stream:articles; the position behind what was written lies in the same Redis, so a later run goes on there. */
#ifndef CLI_REPORT_H
#define CLI_REPORT_H

#include "base/error.h"
#include "cli/live_view.h"
#include "config/config.h"

#include <stdbool.h>
#include <stdint.h>

struct report;

struct report_options {
    const struct config *config; /* redis.frontier is where it asks; borrowed */
    enum view_mode mode;
    int fd;                      /* standard output */
    const char *state_path, *log_path;
    int64_t (*state_bytes)(void *arg);
    bool once;                   /* watch for the end of work: on_idle */
    /* From its thread. */
    void (*on_gone)(void *arg, const char *why); /* nobody reads any more, once */
    void (*on_idle)(void *arg, int unread, const char *which); /* once: all is done; how many sources could not be read, and one of them */
    void *arg;
};

/* Reads where the last start stopped, before anything new comes: so create it before the stages. NULL: Redis does not answer. */
struct report *report_create(const struct report_options *options, struct error *err);
/* Enters the view and starts the thread; when signals are caught, so that the terminal is put back whatever happens. */
bool report_start(struct report *r, struct error *err);
/* What is waited for or wrong: shown by the table until it changes; NULL takes it away. Any thread. */
void report_notice(struct report *r, const char *notice);
/* Writes what there is still, then ends and is freed; *written (may be NULL): articles, by this process. False when that did not
 * happen within limit_ms: the thread is left alone then. */
bool report_finish(struct report *r, int64_t limit_ms, int64_t *written);

#endif
