/* table.c - see table.h. */
#include "cli/table.h"

#include "base/buffer.h"
#include "base/mem.h"
#include "base/text.h"
#include "cli/live_view.h"
#include "cli/paragraph.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CELL_COLUMNS_MAX 2000
#define CUT_COLUMNS_MIN 10 /* a cell is not cut below it, nor below its header */
#define TABLE_COLUMNS_MAX 16

struct table {
    const char *const *headers;
    size_t columns, count, room;
    char **cells; /* owned, shown as they are */
};

struct table *table_create(const char *const *headers)
{
    struct table *t = xcalloc(1, sizeof(*t));
    t->headers = headers;
    while (headers[t->columns])
        t->columns++;
    return t;
}

void table_put(struct table *t, const char *cell)
{
    struct buffer b;
    const char *text = cell && *cell ? cell : "-";
    buffer_init(&b, 0);
    text_for_terminal(text, strlen(text), CELL_COLUMNS_MAX, live_view_ascii(), &b);
    if (t->count == t->room) {
        t->room = t->room ? t->room * 2 : 64;
        t->cells = xrealloc(t->cells, t->room * sizeof(*t->cells));
    }
    t->cells[t->count++] = buffer_take(&b);
}

void table_number(struct table *t, int64_t n)
{
    char text[24];
    snprintf(text, sizeof(text), "%" PRId64, n);
    table_put(t, text);
}

struct age age_of(int64_t now_ms, int64_t at_ms)
{
    static const struct { int64_t from_s, unit_s; const char *name; } units[] = {
        { 2 * 86400, 86400, "d" }, { 2 * 3600, 3600, "h" }, { 120, 60, "min" }, { 1, 1, "s" } };
    struct age a = { "now" };
    int64_t s = (now_ms > at_ms ? now_ms - at_ms : at_ms - now_ms) / 1000;
    for (size_t i = 0; i < COUNT(units); i++) {
        if (s >= units[i].from_s) {
            snprintf(a.s, sizeof(a.s), "%" PRId64 " %s", s / units[i].unit_s % 1000000, units[i].name);
            return a;
        }
    }
    return a;
}

struct age ago_of(int64_t now_ms, int64_t at_ms)
{
    struct age a = age_of(now_ms, at_ms);
    if (strcmp(a.s, "now") == 0)
        return (struct age){ "just now" };
    strcat(a.s, " ago"); /* at most 10 bytes before it */
    return a;
}

void table_age(struct table *t, int64_t now_ms, int64_t at_ms)
{
    table_put(t, at_ms ? age_of(now_ms, at_ms).s : NULL);
}

static void print_cell(const struct table *t, const char *text, size_t column, const int *widths)
{
    struct buffer b;
    bool right = t->headers[column][0] == '>', last = column + 1 == t->columns;
    buffer_init(&b, 0);
    text_for_terminal(text, strlen(text), widths[column], live_view_ascii(), &b);
    int pad = widths[column] - text_columns(buffer_str(&b), b.len);
    printf("%*s%s%*s%s", right ? pad : 0, "", buffer_str(&b), right || last ? 0 : pad, "", last ? "\n" : "  ");
    buffer_fini(&b);
}

static int header_width(const struct table *t, size_t column)
{
    return (int)strlen(t->headers[column]) - (t->headers[column][0] == '>');
}

/* On a terminal the widest columns give way until a row fits; in a pipe nothing is cut. */
static void fit(const struct table *t, int *widths)
{
    int columns = paragraph_columns(), total = 2 * (int)(t->columns - 1);
    for (size_t c = 0; c < t->columns; c++)
        total += widths[c];
    for (; columns && total > columns; total--) {
        size_t widest = t->columns;
        for (size_t c = 0; c < t->columns; c++)
            if (widths[c] > CUT_COLUMNS_MIN && widths[c] > header_width(t, c) && (widest == t->columns || widths[c] >= widths[widest]))
                widest = c;
        if (widest == t->columns)
            return;
        widths[widest]--;
    }
}

void table_print(struct table *t)
{
    int widths[TABLE_COLUMNS_MAX] = { 0 };
    for (size_t c = 0; c < t->columns; c++)
        widths[c] = header_width(t, c);
    for (size_t i = 0; i < t->count; i++) {
        int width = text_columns(t->cells[i], strlen(t->cells[i]));
        if (width > widths[i % t->columns])
            widths[i % t->columns] = width;
    }
    fit(t, widths);
    for (size_t c = 0; c < t->columns && t->count > 0; c++)
        print_cell(t, t->headers[c] + (t->headers[c][0] == '>'), c, widths);
    for (size_t i = 0; i < t->count; i++) {
        print_cell(t, t->cells[i], i % t->columns, widths);
        free(t->cells[i]);
    }
    free(t->cells);
    free(t);
}
