/* ledger.c - `tidings ledger`: was anything lost? Each sum of the books, term by term, and what is still open. */
#include "cli/command.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "cli/connect.h"
#include "cli/letters.h"
#include "cli/live_view.h"
#include "cli/paragraph.h"
#include "cli/row.h"
#include "cli/source_named.h"
#include "cli/table.h"
#include "pipeline/deadletter_count.h"
#include "pipeline/ledger.h"
#include "pipeline/meta.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LOOKS 5          /* a book that is out of balance in all of them is */
#define LOOK_MS 200
#define OPEN_SHOWN 20
#define URL_COLUMNS 100
#define LINE_COLUMNS 2000

static int64_t sum(const json_t *numbers)
{
    int64_t total = 0;
    const char *field;
    json_t *n;
    json_object_foreach((json_t *)numbers, field, n)
        total += json_integer_value(n);
    return total;
}

/* --- reading --- */

static json_t *of_day(json_t *rows, const char *day)
{
    for (size_t i = json_array_size(rows); day && i-- > 0;)
        if (strcmp(row_text(json_array_get(rows, i), "day"), day) != 0)
            json_array_remove(rows, i);
    return rows;
}

static size_t unbalanced(const json_t *rows)
{
    size_t i, n = 0;
    json_t *row;
    json_array_foreach((json_t *)rows, i, row)
        n += !json_is_true(json_object_get(row, "balanced"));
    return n;
}

/* A source's first URL of a day may be counted between two of our calls: then they are read again. */
static json_t *read_books(struct invocation *inv, redisContext *c, int partitions, struct error *err)
{
    for (int look = 1;; look++) {
        json_t *rows = ledger_read(c, inv->config->prefix, partitions, option(inv, "source"), err);
        if (!rows)
            return NULL;
        of_day(rows, option(inv, "day"));
        if (unbalanced(rows) == 0 || look == LOOKS)
            return rows;
        json_decref(rows);
        poll(NULL, 0, LOOK_MS);
    }
}

/* --- printing --- */

/* " + 3 reason (a 1, b 2)" for the fields that begin with prefix; nothing when there is none. */
static void put_group(struct buffer *out, const json_t *outcomes, const char *prefix)
{
    struct buffer details;
    const char *field;
    json_t *n;
    size_t len = strlen(prefix);
    int64_t total = 0;
    buffer_init(&details, 0);
    json_object_foreach((json_t *)outcomes, field, n) {
        if (strncmp(field, prefix, len) != 0 || (field[len] && field[len] != ':'))
            continue;
        total += json_integer_value(n);
        if (field[len] == ':')
            buffer_printf(&details, "%s%s %lld", details.len ? ", " : "", field + len + 1, (long long)json_integer_value(n));
    }
    if (total > 0)
        buffer_printf(out, " + %s %lld", prefix, (long long)total);
    if (details.len)
        buffer_printf(out, " (%s)", buffer_str(&details));
    buffer_fini(&details);
}

/* "what 3 (a 1, b 2)" */
static void put_sum(struct buffer *out, const char *what, const json_t *numbers)
{
    const char *field, *before = " (";
    json_t *n;
    buffer_printf(out, "%s %lld", what, (long long)sum(numbers));
    json_object_foreach((json_t *)numbers, field, n) {
        buffer_printf(out, "%s%s %lld", before, field, (long long)json_integer_value(n));
        before = ", ";
    }
    if (before[0] == ',')
        buffer_putc(out, ')');
}

/* A line of text, indented; the buffer is empty afterwards. */
static void put_line(struct buffer *line)
{
    struct buffer shown;
    buffer_init(&shown, 0);
    text_for_terminal(buffer_str(line), line->len, LINE_COLUMNS, live_view_ascii(), &shown);
    fputs("  ", stdout);
    paragraph_print(buffer_str(&shown), 2, 4);
    buffer_fini(&shown);
    buffer_clear(line);
}

static void put_shown(const char *s, int columns)
{
    struct buffer b;
    buffer_init(&b, 0);
    text_for_terminal(s, strlen(s), columns, live_view_ascii(), &b);
    fputs(buffer_str(&b), stdout);
    buffer_fini(&b);
}

static void put_book(const json_t *row)
{
    const json_t *outcomes = json_object_get(row, "outcomes");
    put_shown(row_text(row, "source"), URL_COLUMNS);
    printf("  %s  %s", row_text(row, "day"), json_is_true(json_object_get(row, "balanced")) ? "balances" : "DOES NOT BALANCE");
    if (row_number(row, "moved") > 0)
        printf(", give or take %lld that moved while it was read", (long long)row_number(row, "moved"));
    putchar('\n');
    struct buffer line;
    buffer_init(&line, 0);
    buffer_printf(&line, "found %lld + reopened %lld = seen %lld + ", (long long)row_number(row, "found"), (long long)row_number(row, "reopened"),
                  (long long)row_number(row, "seen"));
    put_sum(&line, "filtered", json_object_get(row, "filtered"));
    buffer_printf(&line, " + accepted %lld", (long long)row_number(row, "accepted"));
    put_line(&line);
    buffer_printf(&line, "accepted %lld = ", (long long)row_number(row, "accepted"));
    put_sum(&line, "open", json_object_get(row, "open"));
    for (int o = 0; o < OUTCOME_COUNT; o++)
        put_group(&line, outcomes, outcome_name((enum outcome)o));
    put_line(&line);
    buffer_fini(&line);
}

static void put_open(const json_t *open, int64_t total)
{
    size_t i;
    json_t *o;
    if (json_array_size(open) == 0)
        return;
    printf("open:\n");
    json_array_foreach((json_t *)open, i, o) {
        const char *url = row_text(o, "url");
        printf("  %-10s  ", row_text(o, "stage"));
        put_shown(*url ? url : row_text(o, "id"), URL_COLUMNS);
        printf("  since %s\n", age_of(clock_unix_ms(), row_number(o, "opened_at")).s);
    }
    if (total > (int64_t)i)
        printf("  and %lld more\n", (long long)(total - (int64_t)i));
}

static int64_t all_open(const json_t *rows)
{
    size_t i;
    json_t *row;
    int64_t total = 0;
    json_array_foreach((json_t *)rows, i, row)
        total += sum(json_object_get(row, "open"));
    return total;
}

static void print_json(const json_t *rows)
{
    size_t i;
    json_t *row;
    json_array_foreach((json_t *)rows, i, row)
        row_print(row);
}

/* Beside the books: what the loader refused belongs to no request, and some records never were one. */
static void put_letters(const json_t *letters, const char *day)
{
    struct buffer text;
    if (letters_of(letters, NULL) == 0)
        return;
    buffer_init(&text, 0);
    letters_say(letters, &text);
    if (day)
        printf("dead letters, %s:\n", day);
    else
        printf("dead letters, last %d days:\n", DEADLETTER_DAYS);
    buffer_puts(&text, "; see `tidings deadletters list`");
    put_line(&text);
    buffer_fini(&text);
}

static void print_text(const json_t *rows, const json_t *open, bool chosen)
{
    size_t i, bad = unbalanced(rows);
    json_t *row;
    json_array_foreach((json_t *)rows, i, row)
        put_book(row);
    put_open(open, all_open(rows));
    if (json_array_size(rows) == 0)
        fprintf(stderr, "tidings ledger: nothing %s\n", chosen ? "was counted of that source or day" : "has been counted yet");
    else if (bad == 0)
        printf("books: %zu, all balance; open requests: %lld\n", json_array_size(rows), (long long)all_open(rows));
    else
        printf("out of balance: %zu of %zu books\n", bad, json_array_size(rows));
}

/* --- the command --- */

static int answer(struct invocation *inv, const struct connection *servers, int partitions)
{
    redisContext *c = servers->frontier;
    struct error err;
    json_t *rows = read_books(inv, c, partitions, &err);
    json_t *open = rows && !inv->json && all_open(rows) > 0
        ? ledger_open(c, inv->config->prefix, partitions, option(inv, "source"), OPEN_SHOWN, &err) : json_array();
    json_t *letters = inv->json ? json_object() : deadletter_counts(c, inv->config->prefix, option(inv, "day"), clock_unix_ms(), &err);
    int status;
    if (!rows || !open || !letters) {
        status = command_fail(inv, &err);
    } else if (json_array_size(rows) == 0 && option(inv, "source") && (status = source_named(inv, servers, option(inv, "source"))) != STATUS_OK) {
        /* it has said so */
    } else {
        status = unbalanced(rows) ? STATUS_NO : STATUS_OK;
        if (inv->json) {
            print_json(rows);
        } else {
            print_text(rows, open, option(inv, "source") || option(inv, "day"));
            put_letters(letters, option(inv, "day"));
        }
    }
    json_decref(letters);
    json_decref(rows);
    json_decref(open);
    return status;
}

static bool is_day(const char *s)
{
    struct tm tm = { 0 };
    char again[16];
    const char *end = strptime(s, "%Y-%m-%d", &tm);
    if (!end || *end)
        return false;
    int64_t unix_s = timegm(&tm);
    ledger_day(again, unix_s * 1000);
    return strcmp(again, s) == 0; /* no 31st of November */
}

static int run(struct invocation *inv)
{
    struct error err;
    const char *day = option(inv, "day");
    if (inv->argc > 0)
        return command_usage(inv, "takes no argument; --source names a source");
    if (day && !is_day(day))
        return command_usage(inv, "--day: expected a day in UTC like 2026-11-25");
    struct connection *c = connect_open(inv->config, &err);
    struct meta *meta = c ? meta_load(c->frontier, inv->config->prefix, 0, false, &err) : NULL;
    int status = meta ? answer(inv, c, meta_partitions(meta)) : command_fail(inv, &err);
    meta_destroy(meta);
    connect_close(c);
    return status;
}

const struct command ledger_command = {
    .name = "ledger",
    .summary = "was anything lost? the books of every source and day",
    .usage = "[--source NAME] [--day DAY]",
    .description = "For each source and day (UTC) every URL that was found or opened again, and what became of it:\n"
                   "\n"
                   "  found + reopened = seen + filtered + accepted\n"
                   "  accepted = open + article + updated + unchanged + removed + duplicate\n"
                   "             + redirected + not_article + failed + deadlettered\n"
                   "\n"
                   "Every term is counted where it happens, none is worked out from the others. Exits with 1 when a sum does not\n"
                   "balance. With more than 100,000 open requests they are read one after another, and a book says how many moved meanwhile:\n"
                   "so far its second sum may be out. Dead letters stand below, by stage and reason: those of the loader, and of what was no record, are in no\n"
                   "book. With --json one line is one source and day; `tidings status --json` has the dead letters.",
    .options = (const struct command_option[]){
        { "source", 's', "NAME", "only this source" },
        { "day", 'd', "DAY", "only this day, in UTC: 2026-11-25" },
        { 0 } },
    .flags = COMMAND_CONFIG | COMMAND_STATE | COMMAND_JSON,
    .example = "tidings ledger --day 2026-11-25",
    .run = run,
};
