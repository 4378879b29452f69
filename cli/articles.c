#include "cli/articles.h"

#include "base/date.h"
#include "base/mem.h"
#include "base/text.h"
#include "cli/live_view.h"
#include "cli/paragraph.h"
#include "pipeline/keys.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SOURCE_COLUMNS 20
#define TITLE_COLUMNS 100 /* where no terminal says how much room there is */
#define TITLE_COLUMNS_MIN 20

bool articles_id(const char *text, struct id *out)
{
    if (!id_valid(text, strlen(text)))
        return false;
    memcpy(out->hex, text, ID_HEX_LEN + 1);
    return true;
}

bool articles_follow(redisContext *cache, const char *prefix, const struct id *url_id, struct id *out, struct error *err)
{
    redisReply *r = redis_ask(cache, err, "GET %s", key_url(prefix, url_id->hex).s);

    if (!r)
        return false;
    *out = *url_id;
    if (r->type == REDIS_REPLY_STRING && id_valid(r->str, r->len))
        memcpy(out->hex, r->str, ID_HEX_LEN + 1);
    freeReplyObject(r);
    return true;
}

bool articles_fetch(redisContext *cache, const char *prefix, const char *const *ids, size_t count, char **texts, struct error *err)
{
    memset(texts, 0, count * sizeof(*texts));
    for (size_t i = 0; i < count; i++)
        if (redisAppendCommand(cache, "GET %s", key_article(prefix, ids[i]).s) != REDIS_OK)
            return error_set(err, ERROR_SYSTEM, "out of memory for a command to Redis");
    for (size_t i = 0; i < count; i++) {
        redisReply *r = NULL;
        if (redisGetReply(cache, (void **)&r) != REDIS_OK || !r) {
            articles_free(texts, count);
            return error_set(err, ERROR_TRANSIENT, "Redis does not answer (%s): is it still running? Try again", cache->errstr);
        }
        if (r->type == REDIS_REPLY_STRING)
            texts[i] = xstrndup(r->str, r->len);
        freeReplyObject(r);
    }
    return true;
}

void articles_free(char **texts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(texts[i]);
        texts[i] = NULL;
    }
}

static const char *member(const json_t *article, const char *name)
{
    const char *s = json_string_value(json_object_get(article, name));
    return s ? s : "";
}

static long long number(const json_t *article, const char *name)
{
    return (long long)json_integer_value(json_object_get(article, name));
}

bool articles_match(const json_t *article, const char *source, const char *language)
{
    const char *lang = member(article, "language");

    if (source && strcmp(member(article, "source"), source) != 0)
        return false;
    return !language || (strncasecmp(lang, language, strlen(language)) == 0 && strchr("-_", lang[strlen(language)]));
}

/* --- for people --- */

void articles_print_text(const char *s, int columns)
{
    struct buffer b;

    buffer_init(&b, 0);
    text_for_terminal(s, strlen(s), columns ? columns : INT_MAX, live_view_ascii(), &b);
    fputs(buffer_str(&b), stdout);
    buffer_fini(&b);
}

/* When it was published, else fetched, in the reader's time zone: a list of many sites has one clock. */
static void print_time(const json_t *article)
{
    const char *at = member(article, *member(article, "published_at") ? "published_at" : "fetched_at");
    struct date d;
    struct tm tm;
    char text[32] = "";

    if (date_parse(at, strlen(at), &d) && localtime_r(&(time_t){ d.unix_s }, &tm))
        strftime(text, sizeof(text), "%Y-%m-%d %H:%M", &tm);
    printf("%-16s", text);
}

/* What an article's time and source leave of a line. */
static int title_columns(void)
{
    int columns = paragraph_columns() - (16 + 2 + SOURCE_COLUMNS + 2);

    if (!paragraph_columns())
        return TITLE_COLUMNS;
    return columns < TITLE_COLUMNS_MIN ? TITLE_COLUMNS_MIN : columns;
}

static const char *source_of(const json_t *article)
{
    const char *name = member(article, "source_name");
    return *name ? name : member(article, "source");
}

static void print_padded(const char *s, int columns)
{
    struct buffer b;

    buffer_init(&b, 0);
    text_for_terminal(s, strlen(s), columns, live_view_ascii(), &b);
    printf("%s%*s", buffer_str(&b), columns - text_columns(buffer_str(&b), b.len), "");
    buffer_fini(&b);
}

void articles_print_line(const json_t *article)
{
    print_time(article);
    fputs("  ", stdout);
    print_padded(source_of(article), SOURCE_COLUMNS);
    fputs("  ", stdout);
    articles_print_text(*member(article, "title") ? member(article, "title") : "(no title)", title_columns());
    putchar('\n');
}

static void print_list(const char *label, const json_t *list)
{
    size_t i;
    json_t *item;

    json_array_foreach((json_t *)list, i, item) {
        fputs(i == 0 ? label : ", ", stdout);
        articles_print_text(json_string_value(item) ? json_string_value(item) : "", 0);
    }
    if (i > 0)
        putchar('\n');
}

static void print_member(const char *label, const json_t *article, const char *name)
{
    const char *s = member(article, name);

    if (!*s)
        return;
    fputs(label, stdout);
    articles_print_text(s, 0);
    putchar('\n');
}

/* A line of text each; blank lines stay. */
static void print_paragraphs(const char *text)
{
    while (*text) {
        size_t len = strcspn(text, "\n");
        char *line = xstrndup(text, len);
        struct buffer b;
        buffer_init(&b, 0);
        text_for_terminal(line, len, INT_MAX, live_view_ascii(), &b);
        paragraph_print(buffer_str(&b), 0, 0);
        buffer_fini(&b);
        free(line);
        text += len + (text[len] == '\n');
    }
}

void articles_print(const json_t *article)
{
    print_member("", article, "title");
    print_member("", article, "url");
    fputs("source     ", stdout);
    articles_print_text(source_of(article), 0);
    putchar('\n');
    print_list("authors    ", json_object_get(article, "authors"));
    print_member("published  ", article, "published_at");
    print_member("modified   ", article, "modified_at");
    print_member("fetched    ", article, "fetched_at");
    print_member("language   ", article, "language");
    print_list("section    ", json_object_get(article, "section"));
    print_list("tags       ", json_object_get(article, "tags"));
    print_list("warnings   ", json_object_get(json_object_get(article, "quality"), "warnings"));
    printf("id         %s, version %lld, revision %lld\n\n", member(article, "id"), number(article, "version"),
           number(article, "revision"));
    print_paragraphs(member(article, "text"));
}
