/* verdict.c - see verdict.h. */
#include "cli/verdict.h"

#include "base/buffer.h"
#include "base/clock.h"
#include "base/decode.h"
#include "base/text.h"
#include "crawler/trouble.h"
#include "crawler/wall.h"
#include "extractor/extract.h"
#include "pipeline/page.h"

#include <stdio.h>
#include <string.h>

#define COLUMNS 120
#define REMEDY_COLUMNS 200

static json_t *problem(const char *fmt, const char *what, int number)
{
    char text[300];
    snprintf(text, sizeof(text), fmt, what, number);
    return json_pack("{ss}", "problem", text);
}

/* No request came to an answer. */
static json_t *no_answer(const struct visited *v)
{
    json_t *o = problem("%.200s", v->message, 0);
    json_object_set_new(o, "remedy", json_string(trouble_remedy_of_failure(v->message)));
    return o;
}

static json_t *no_page(const struct visited *v)
{
    switch (v->end) {
    case VISITED_ANSWER: return problem("%shttp %d", "", v->status);
    case VISITED_DENIED: return problem("robots.txt, line %2$d: %1$.200s", v->rule ? v->rule : "denied", (int)v->line);
    case VISITED_LATE: return problem("%s", "no time was left", 0);
    default: return no_answer(v);
    }
}

static json_t *read_page(const struct visited *v, const struct buffer *text, bool truncated)
{
    struct extractor *x = extractor_create(NULL);
    struct article_fields f;
    struct error err;
    struct extract_input in = { .bytes = text->data ? text->data : "", .len = text->len, .truncated = truncated, .url = v->url,
                                .content_type = v->header[HEADER_CONTENT_TYPE], .content_language = v->header[HEADER_CONTENT_LANGUAGE],
                                .x_robots_tag = v->header[HEADER_X_ROBOTS_TAG], .tdm_reservation = v->header[HEADER_TDM_RESERVATION],
                                .fetched_at_s = clock_unix_ms() / 1000 };
    json_t *o;
    if (extract_run(x, &in, &f, &err)) {
        char date[DATE_TEXT_MAX] = "";
        if (f.has_published)
            date_format(&f.published, date);
        o = json_pack("{ss ss* ss* sI ss* so}", "page_type", page_type_name(f.page_type), "title", f.title, "published_at",
                      date[0] ? date : NULL, "words", (json_int_t)f.word_count, "reason", f.page_reason, "article", extract_to_json(&f));
    } else {
        o = problem("%.250s", err.message, 0);
    }
    extractor_destroy(x);
    return o;
}

/* As many bytes as it would be on the topic `pages`. */
static int64_t travel_bytes(const struct visited *v)
{
    struct buffer framed;
    bool coded = page_is_coded(v->header[HEADER_CONTENT_ENCODING]);
    buffer_init(&framed, 0);
    int64_t bytes = !coded && encode_frame_zstd(v->body.data, v->body.len, PAGE_FRAME_LEVEL, &framed, NULL) ? (int64_t)framed.len
                                                                                                         : (int64_t)v->body.len;
    buffer_fini(&framed);
    return bytes;
}

json_t *verdict_of(const struct visited *v, int64_t travel_max)
{
    struct buffer text;
    bool truncated = false;
    struct decode_limits limits = { .max_bytes = VERDICT_MAX_BYTES };
    if (v->end != VISITED_ANSWER || !v->body.data)
        return no_page(v);
    buffer_init(&text, VERDICT_MAX_BYTES + 1);
    decode_body(v->body.data, v->body.len, v->header[HEADER_CONTENT_ENCODING], &limits, &text, &truncated, NULL);
    const char *wall = wall_of(v->status, buffer_str(&text), text.len);
    json_t *o;
    if (wall)
        o = problem("a wall against programs: %s (http %d)", wall, v->status);
    else if (v->status != 200)
        o = no_page(v);
    else if (travel_bytes(v) > travel_max)
        o = problem("the body is larger than may travel (crawler.max_body_bytes)%s", "", 0);
    else
        o = read_page(v, &text, truncated);
    buffer_fini(&text);
    return o;
}

static void say(const char *label, const char *text, int columns)
{
    struct buffer b;
    if (!text)
        return;
    buffer_init(&b, 0);
    text_for_terminal(text, strlen(text), columns, false, &b);
    printf("%s%s", label, buffer_str(&b));
    buffer_fini(&b);
}

void verdict_say(const char *first, const char *rest, const json_t *v)
{
    const char *trouble = json_string_value(json_object_get(v, "problem")), *title = json_string_value(json_object_get(v, "title"));
    const char *remedy = json_string_value(json_object_get(v, "remedy"));
    printf("%s", first);
    if (trouble) {
        say("not read: ", trouble, COLUMNS);
    } else {
        int64_t words = json_integer_value(json_object_get(v, "words"));
        printf("%s, %lld word%s", json_string_value(json_object_get(v, "page_type")), (long long)words, text_plural(words));
        say(", published ", json_string_value(json_object_get(v, "published_at")), COLUMNS);
        say(" (", json_string_value(json_object_get(v, "reason")), COLUMNS);
        printf("%s", json_object_get(v, "reason") ? ")" : "");
    }
    printf("\n");
    if (title) {
        say(rest, title, COLUMNS);
        printf("\n");
    }
    if (remedy) {
        say(rest, remedy, REMEDY_COLUMNS);
        printf("\n");
    }
}
