/* feed_draft.c - the item in work and what is known of its feed: what the readers of all formats put their findings in. */
#include "base/mem.h"
#include "base/text.h"
#include "base/url.h"
#include "crawler/feed_reader.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

void feed_draft_init(struct feed_draft *d, const char *base, bool (*on_item)(void *, const struct feed_item *), void *arg)
{
    *d = (struct feed_draft){ .on_item = on_item, .arg = arg };
    d->base = base && *base ? xstrdup(base) : NULL;
    struct buffer *all[] = { &d->url, &d->id, &d->title, &d->summary, &d->content, &d->language };
    for (size_t i = 0; i < COUNT(all); i++)
        buffer_init(all[i], FEED_MAX_BYTES);
}

static void drop_authors(struct feed_draft *d)
{
    for (size_t i = 0; i < d->author_count; i++)
        free(d->authors[i]);
    d->author_count = 0;
}

void feed_draft_fini(struct feed_draft *d)
{
    struct buffer *all[] = { &d->url, &d->id, &d->title, &d->summary, &d->content, &d->language };
    for (size_t i = 0; i < COUNT(all); i++)
        buffer_fini(all[i]);
    drop_authors(d);
    const char **strings[] = { &d->info.title, &d->info.language, &d->info.site_url, &d->info.self_url, &d->info.hub_url, &d->base };
    for (size_t i = 0; i < COUNT(strings); i++)
        feed_set(strings[i], NULL);
    for (size_t i = 0; i < d->info.warning_count; i++)
        free((char *)d->info.warnings[i]);
    d->info.warning_count = 0;
}

void feed_set(const char **slot, char *owned)
{
    free((char *)*slot);
    *slot = owned;
}

void feed_warn(struct feed_draft *d, const char *fmt, ...)
{
    char text[512];
    va_list args;
    if (d->info.warning_count == FEED_WARNINGS_MAX)
        return;
    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    struct buffer clean;
    buffer_init(&clean, 0);
    text_for_terminal(text, strlen(text), 400, false, &clean);
    d->info.warnings[d->info.warning_count++] = buffer_take(&clean);
}

char *feed_address(const struct feed_draft *d, const char *text, size_t len, const char *base)
{
    if (len == 0)
        return NULL;
    base = base ? base : d->base ? d->base : d->info.site_url ? d->info.site_url : d->info.self_url;
    return url_absolute(text, len, base);
}

bool feed_read_date(struct feed_draft *d, const char *what, const char *text, size_t len, struct date *out)
{
    while (len > 0 && (unsigned char)text[0] <= ' ') {
        text++;
        len--;
    }
    while (len > 0 && (unsigned char)text[len - 1] <= ' ')
        len--;
    if (len == 0)
        return false;
    char year[sizeof("2021-01")];
    if (len == 4 && snprintf(year, sizeof(year), "%.4s-01", text) > 0 && date_parse(year, 7, out)) /* W3C-DTF has years alone */
        return true;
    if (date_parse(text, len, out))
        return true;
    feed_warn(d, "item %lu: %s \"%.*s\" is no date that can be read", d->item_number, what, (int)(len < 80 ? len : 80), text);
    return false;
}

/* --- items --- */

void feed_item_begin(struct feed_draft *d)
{
    struct buffer *all[] = { &d->url, &d->id, &d->title, &d->summary, &d->content, &d->language };
    for (size_t i = 0; i < COUNT(all); i++)
        buffer_clear(all[i]);
    drop_authors(d);
    d->has_published = d->has_modified = false;
    d->item_number++;
}

static const char *filled(const struct buffer *b)
{
    return b->len ? b->data : NULL;
}

void feed_item_end(struct feed_draft *d)
{
    const char *name = filled(&d->title);
    if (d->url.len == 0) {
        feed_warn(d, "item %lu%s%.80s%s has no address and is left out", d->item_number, name ? " (" : "", name ? name : "", name ? ")" : "");
        return;
    }
    const struct feed_item item = {
        .url = d->url.data, .id = filled(&d->id), .title = name, .summary = filled(&d->summary), .content = filled(&d->content),
        .language = filled(&d->language), .has_published = d->has_published, .has_modified = d->has_modified,
        .published = d->published, .modified = d->modified,
        .authors = (const char *const *)d->authors, .author_count = d->author_count,
    };
    if (!d->stopped && !d->on_item(d->arg, &item))
        d->stopped = true;
}

/* --- authors --- */

struct span {
    const char *p;
    size_t len;
};

static struct span trim(const char *p, size_t len)
{
    while (len > 0 && strchr(" \t\r\n\"',;-", *p)) {
        p++;
        len--;
    }
    while (len > 0 && strchr(" \t\r\n\"',;-", p[len - 1]))
        len--;
    return (struct span){ p, len };
}

static bool has_mail(struct span s)
{
    return memchr(s.p, '@', s.len) != NULL;
}

/* The part in brackets, and what is left without it. */
static bool take_brackets(struct span s, char open, char close, struct span *inside, struct buffer *outside)
{
    const char *a = memchr(s.p, open, s.len), *b = a ? memchr(a, close, s.len - (size_t)(a - s.p)) : NULL;
    if (!b)
        return false;
    *inside = trim(a + 1, (size_t)(b - a) - 1);
    buffer_append(outside, s.p, (size_t)(a - s.p));
    buffer_putc(outside, ' ');
    buffer_append(outside, b + 1, (size_t)(s.p + s.len - b) - 1);
    return true;
}

/* Words with an "@" in them are addresses. */
static void drop_mail_words(struct span s, struct buffer *out)
{
    for (size_t i = 0; i < s.len;) {
        size_t n = 0;
        while (i + n < s.len && s.p[i + n] != ' ')
            n++;
        const char *word = s.p + i;
        /* "@handle" is a name of its own kind */
        const char *at = memchr(word, '@', n);
        if (n > 0 && !(at && at > word)) {
            if (out->len)
                buffer_putc(out, ' ');
            buffer_append(out, word, n);
        }
        i += n + 1;
    }
}

static void keep_author(struct feed_draft *d, struct span s)
{
    struct buffer name;
    buffer_init(&name, 0);
    drop_mail_words(s, &name);
    struct span t = trim(buffer_str(&name), name.len);
    for (size_t i = 0; i < d->author_count && t.len; i++)
        if (strlen(d->authors[i]) == t.len && memcmp(d->authors[i], t.p, t.len) == 0)
            t.len = 0;
    if (t.len > 0 && d->author_count < FEED_AUTHORS_MAX)
        d->authors[d->author_count++] = xstrndup(t.p, t.len);
    buffer_fini(&name);
}

void feed_add_author(struct feed_draft *d, const char *text, size_t len)
{
    struct span s = trim(text, len), inside;
    struct buffer outside;
    buffer_init(&outside, 0);
    bool brackets = take_brackets(s, '(', ')', &inside, &outside) || take_brackets(s, '<', '>', &inside, &outside);
    struct span rest = trim(buffer_str(&outside), outside.len);
    if (!brackets || (!has_mail(inside) && !has_mail(rest)))
        keep_author(d, s);
    else if (has_mail(inside))
        keep_author(d, rest);
    else
        keep_author(d, inside.len ? inside : rest);
    buffer_fini(&outside);
}
