/* live_view.c - see live_view.h. A frame is one write(2), drawn over the old one line by line, so that nothing flickers. */
#include "cli/live_view.h"

#include "base/mem.h"
#include "base/text.h"

#include <fcntl.h>
#include <inttypes.h>
#include <langinfo.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define COLUMNS_MIN 20
#define NUMBER_WIDTH 9
#define KEPT_BYTES 65536
#define NARROW 64 /* below it the columns of pages and status are left out */

struct page { /* a frame in the making */
    const struct view *v;
    struct buffer *out;
    int lines;
};

/* One line: text cut to the width; strong: bold where colours are allowed. */
static void put_line(struct page *p, bool strong, const char *text)
{
    if (p->lines >= p->v->rows)
        return;
    if (p->lines++ > 0)
        buffer_putc(p->out, '\n');
    if (strong && p->v->colour)
        buffer_puts(p->out, "\x1b[1m");
    text_for_terminal(text, strlen(text), p->v->columns, p->v->ascii, p->out);
    if (strong && p->v->colour)
        buffer_puts(p->out, "\x1b[0m");
}

static void put_linef(struct page *p, bool strong, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
static void put_linef(struct page *p, bool strong, const char *fmt, ...)
{
    char text[2048];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    put_line(p, strong, text);
}

/* Appends text cut or filled up to exactly width columns. */
static void put_cell(struct buffer *line, const struct view *v, const char *text, int width)
{
    struct buffer cut;
    buffer_init(&cut, 0);
    text_for_terminal(text, strlen(text), width, v->ascii, &cut);
    buffer_append(line, buffer_str(&cut), cut.len);
    for (int n = text_columns(buffer_str(&cut), cut.len); n < width; n++)
        buffer_putc(line, ' ');
    buffer_fini(&cut);
}

static void put_number(struct buffer *line, const char *text)
{
    buffer_printf(line, " %*s", NUMBER_WIDTH - 1, text);
}

static void number(int64_t n, char out[24])
{
    snprintf(out, 24, "%" PRId64, n);
}

/* "now", "12 s", "3 min", "2 h", "5 d" */
static void duration(int64_t ms, char out[24])
{
    int64_t s = ms / 1000;
    if (s <= 0)
        snprintf(out, 24, "now");
    else if (s < 120)
        snprintf(out, 24, "%" PRId64 " s", s);
    else if (s < 7200)
        snprintf(out, 24, "%" PRId64 " min", s / 60);
    else if (s < 172800)
        snprintf(out, 24, "%" PRId64 " h", s / 3600);
    else
        snprintf(out, 24, "%" PRId64 " d", s / 86400);
}

static void bytes(int64_t n, char out[24])
{
    if (n < 1000000)
        snprintf(out, 24, "%" PRId64 " kB", (n + 999) / 1000);
    else if (n < 1000000000)
        snprintf(out, 24, "%.1f MB", (double)n / 1e6);
    else
        snprintf(out, 24, "%.1f GB", (double)n / 1e9);
}

static int name_width(const struct view *v)
{
    int numbers = v->columns < NARROW ? 3 * NUMBER_WIDTH : 4 * NUMBER_WIDTH;
    int width = v->columns < NARROW ? v->columns - numbers : v->columns - numbers - 16;
    return width < 8 ? 8 : width > 40 ? 40 : width;
}

static void put_heads(struct page *p)
{
    struct buffer line;
    buffer_init(&line, 0);
    put_cell(&line, p->v, "SOURCE", name_width(p->v));
    put_number(&line, "POLLED");
    if (p->v->columns >= NARROW)
        put_number(&line, "PAGES");
    put_number(&line, "ARTICLES");
    put_number(&line, "ERRORS");
    if (p->v->columns >= NARROW)
        buffer_puts(&line, "  STATUS");
    put_line(p, true, buffer_str(&line));
    buffer_fini(&line);
}

static void put_source(struct page *p, const struct view_source *s)
{
    struct buffer line;
    char text[24];
    buffer_init(&line, 0);
    put_cell(&line, p->v, s->name, name_width(p->v));
    duration(p->v->now_ms - s->last_poll_ms, text);
    put_number(&line, s->idle ? s->idle : s->last_poll_ms ? text : "not yet");
    number(s->pages, text);
    if (p->v->columns >= NARROW)
        put_number(&line, text);
    number(s->articles, text);
    put_number(&line, text);
    number(s->errors, text);
    put_number(&line, text);
    if (p->v->columns >= NARROW)
        buffer_printf(&line, "  %s", s->status ? s->status : "");
    put_line(p, false, buffer_str(&line));
    buffer_fini(&line);
}

static void put_sources(struct page *p, size_t room)
{
    size_t shown = p->v->source_count <= room ? p->v->source_count : room > 1 ? room - 1 : 0;
    for (size_t i = 0; i < shown; i++)
        put_source(p, &p->v->sources[i]);
    if (shown < p->v->source_count)
        put_linef(p, false, "and %zu more: tidings sources list", p->v->source_count - shown);
}

void live_view_next_poll(const struct view *v, struct buffer *out)
{
    const struct view_source *next = NULL;
    char text[24];
    int64_t articles = 0;
    for (size_t i = 0; i < v->source_count; i++) {
        const struct view_source *s = &v->sources[i];
        articles += s->articles;
        if (!s->idle && s->next_poll_ms && (!next || s->next_poll_ms < next->next_poll_ms))
            next = s;
    }
    buffer_puts(out, articles ? "No new articles yet; " : "No articles yet; ");
    if (!next) {
        buffer_puts(out, v->source_count ? "the first poll is being made" : "no source is watched: tidings sources add SITE");
        return;
    }
    duration(next->next_poll_ms - v->now_ms, text);
    buffer_printf(out, "the next poll is of %s %s%s", next->name, strcmp(text, "now") == 0 ? "" : "in ", text);
}

static void put_titles(struct page *p, size_t room)
{
    struct buffer line;
    size_t shown = p->v->title_count < room ? p->v->title_count : room;
    buffer_init(&line, 0);
    if (p->v->title_count == 0)
        live_view_next_poll(p->v, &line);
    if (line.len)
        put_line(p, false, buffer_str(&line));
    for (size_t i = 0; i < shown; i++) {
        const struct view_title *t = &p->v->titles[i];
        int source = p->v->columns < NARROW ? 0 : 18;
        char ago[24];
        buffer_clear(&line);
        duration(p->v->now_ms - t->at_ms, ago);
        buffer_printf(&line, "%7s  ", ago);
        if (source) {
            put_cell(&line, p->v, t->source ? t->source : "", source);
            buffer_puts(&line, "  ");
        }
        buffer_puts(&line, t->title && *t->title ? t->title : "(no title)");
        put_line(p, false, buffer_str(&line));
    }
    buffer_fini(&line);
}

static void put_top(struct page *p)
{
    const struct view *v = p->v;
    char size[24];
    int64_t articles = 0;
    for (size_t i = 0; i < v->source_count; i++)
        articles += v->sources[i].articles;
    bytes(v->state_bytes, size);
    put_linef(p, true, "tidings  %zu source%s  %" PRId64 " article%s  state %s, %s", v->source_count, v->source_count == 1 ? "" : "s",
              articles, articles == 1 ? "" : "s", size, v->state_path ? v->state_path : "");
}

void live_view_render(const struct view *v, struct buffer *out)
{
    struct view fit = *v;
    if (fit.columns < COLUMNS_MIN)
        fit.columns = COLUMNS_MIN;
    struct page p = { .v = &fit, .out = out };
    int fixed = 6 + (v->notice != NULL); /* top, heads, two empty lines, "Newest", the log's name */
    int free_lines = fit.rows > fixed + 2 ? fit.rows - fixed : 2;
    size_t for_sources = fit.source_count < (size_t)free_lines / 2 ? fit.source_count : (size_t)free_lines / 2;
    put_top(&p);
    if (v->notice)
        put_line(&p, true, v->notice);
    put_line(&p, false, "");
    put_heads(&p);
    put_sources(&p, for_sources ? for_sources : 1);
    put_line(&p, false, "");
    put_line(&p, true, "NEWEST");
    put_titles(&p, (size_t)free_lines - for_sources);
    if (p.lines < fit.rows)
        put_linef(&p, false, "log: %s  Ctrl-C stops", v->log_path ? v->log_path : "standard error");
}

/* --- the terminal --- */

enum view_mode live_view_mode(int fd)
{
    const char *term = getenv("TERM");
    if (!isatty(fd))
        return VIEW_JSON;
    return term && *term && strcmp(term, "dumb") != 0 ? VIEW_TABLE : VIEW_LINES;
}

void live_view_size(int fd, int *columns, int *rows)
{
    struct winsize size = { 0 };
    ioctl(fd, TIOCGWINSZ, &size);
    *columns = size.ws_col ? size.ws_col : 80;
    *rows = size.ws_row ? size.ws_row : 24;
}

bool live_view_ascii(void)
{
    static const char *const variables[] = { "LC_ALL", "LC_CTYPE", "LANG" };
    bool chosen = false;
    for (size_t i = 0; i < COUNT(variables); i++)
        chosen |= getenv(variables[i]) && *getenv(variables[i]);
    return chosen && isatty(STDOUT_FILENO) && strcmp(nl_langinfo(CODESET), "UTF-8") != 0;
}

static atomic_bool entered;

static void put(int fd, const char *data, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, data, len);
        if (n <= 0)
            return;
        data += n;
        len -= (size_t)n;
    }
}

/* Standard error while the view is shown; -1: it is no terminal, or could not be kept. */
static int kept = -1, shown = -1;

static void keep_errors(void)
{
    if (!isatty(STDERR_FILENO))
        return;
    shown = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
    kept = memfd_create("stderr", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    bool ok = shown >= 0 && kept >= 0 && ftruncate(kept, KEPT_BYTES) == 0 && fcntl(kept, F_ADD_SEALS, F_SEAL_GROW) == 0;
    if (ok && dup2(kept, STDERR_FILENO) >= 0)
        return;
    close(shown);
    close(kept);
    kept = shown = -1;
}

/* In a signal handler, too. The offset is shared with what standard error was. */
static void show_errors(void)
{
    char block[512];
    off_t len = kept < 0 ? 0 : lseek(kept, 0, SEEK_CUR), at = 0;
    if (kept < 0)
        return;
    dup2(shown, STDERR_FILENO);
    for (ssize_t n; at < len && (n = pread(kept, block, sizeof(block) < (size_t)(len - at) ? sizeof(block) : (size_t)(len - at), at)) > 0; at += n)
        put(STDERR_FILENO, block, (size_t)n);
}

void live_view_enter(int fd)
{
    static const char on[] = "\x1b[?1049h\x1b[?25l\x1b[H\x1b[2J";
    keep_errors();
    entered = true;
    put(fd, on, sizeof(on) - 1);
}

void live_view_leave(int fd)
{
    static const char off[] = "\x1b[?25h\x1b[?1049l";
    if (!atomic_exchange(&entered, false))
        return;
    put(fd, off, sizeof(off) - 1);
    show_errors();
}

void live_view_draw(int fd, const struct view *v)
{
    struct buffer text, frame;
    buffer_init(&text, 0);
    buffer_init(&frame, 0);
    live_view_render(v, &text);
    buffer_puts(&frame, "\x1b[H");
    for (const char *line = buffer_str(&text); *line;) {
        size_t n = strcspn(line, "\n");
        buffer_append(&frame, line, n);
        buffer_puts(&frame, "\x1b[K"); /* what the old frame had to the right */
        line += n;
        if (*line) {
            buffer_puts(&frame, "\r\n");
            line++;
        }
    }
    buffer_puts(&frame, "\x1b[J");
    put(fd, frame.data, frame.len);
    buffer_fini(&text);
    buffer_fini(&frame);
}
