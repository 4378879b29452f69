/* live_view.h - the table that `tidings run` shows on a terminal. Rendering is a pure function of a struct, so that tests
 * need no terminal; drawing adds the few escape sequences that every terminal since the VT100 knows. */
#ifndef CLI_LIVE_VIEW_H
#define CLI_LIVE_VIEW_H

#include "base/buffer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct view_source { /* texts are borrowed and may hold anything */
    const char *name;
    const char *status;      /* of the last poll */
    int64_t last_poll_ms;    /* Unix time; 0: never */
    int64_t next_poll_ms;    /* 0: not known */
    int64_t pages, articles, errors;
    const char *idle;        /* why it is not polled: "paused", "merged"; NULL: it is */
};

struct view_title {
    const char *source, *title;
    int64_t at_ms;           /* Unix time of its fetch */
};

struct view {
    const struct view_source *sources;
    size_t source_count;
    const struct view_title *titles; /* newest first */
    size_t title_count;
    int64_t now_ms;          /* Unix time */
    const char *state_path, *log_path;
    int64_t state_bytes;
    const char *notice;      /* what is waited for, or what is wrong; NULL = nothing */
    int columns, rows;
    bool ascii;              /* the locale is not UTF-8 */
    bool colour;
};

/* Appends at most rows lines, each at most columns wide, without control characters but for '\n' and, with colour, SGR. */
void live_view_render(const struct view *v, struct buffer *out);
/* "no articles yet; the next poll is of NAME in 12 s": for where there are none. */
void live_view_next_poll(const struct view *v, struct buffer *out);

/* What the terminal at fd and the environment allow. */
enum view_mode { VIEW_JSON, VIEW_LINES, VIEW_TABLE }; /* a pipe; a dumb terminal; a real one */
enum view_mode live_view_mode(int fd);
void live_view_size(int fd, int *columns, int *rows);
/* A terminal whose locale is another than UTF-8. Where no locale is chosen at all, and in a pipe, it is UTF-8. */
bool live_view_ascii(void);

/* Other screen, no cursor. What is written to a standard error that is a terminal meanwhile (a failed assertion, a library) is kept,
 * at most 64 KiB, and shown after the view is left: on the other screen it would be lost. */
void live_view_enter(int fd);
void live_view_leave(int fd); /* safe in a signal handler, and more than once */
void live_view_draw(int fd, const struct view *v);

#endif
