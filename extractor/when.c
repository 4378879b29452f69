/* when.c - when the article was published and modified, in the site's own zone.
 *
 * Published, in the order of belief: JSON-LD, meta elements, microdata, other JSON-LD, the first <time>, the URL, dates in
 * the text near the title, then anywhere; the feed's hint last. */
#include "extractor/fields.h"

#include "base/html.h"
#include "base/mem.h"
#include "extractor/zone.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define EARLIEST_S 315532800  /* 1980: what is older is no publishing date of a web page */
#define LATEST_S 4102444800   /* 2100 */
#define NEAR_BLOCKS 8
#define TRIES_MAX 2000 /* blocks that are searched for a date */

struct found { struct date date; enum origin origin; bool ok; };

static bool plausible(const struct date *d)
{
    return d->unix_s > EARLIEST_S && d->unix_s < LATEST_S;
}

/* The host of an address, "//host/…" too; false when it has none. */
static bool host_in(const char *address, char *out, size_t size)
{
    size_t n = address ? strcspn(address, "/") : 0;
    if (!address || address[n] != '/' || address[n + 1] != '/' || (n > 0 && address[n - 1] != ':'))
        return false;
    address += n + 2;
    n = strcspn(address, "/:?#");
    if (n == 0 || n >= size)
        return false;
    memcpy(out, address, n);
    out[n] = '\0';
    return true;
}

/* The site's: by the page's address, or, where that is not known, by the one it gives itself. */
static bool host_of(const struct page_view *v, char *out, size_t size)
{
    if (v->in->url)
        return host_in(v->in->url, out, size);
    return host_in(v->meta->canonical, out, size) || host_in(v->meta->slot[META_URL], out, size);
}

/* Month before day: pages in American English only. */
static bool american(const struct page_view *v)
{
    const char *language = v->meta->html_language ? v->meta->html_language : v->meta->slot[META_LOCALE];
    char host[256];
    bool generic = !host_of(v, host, sizeof(host)) || !zone_of_host(host);
    if (!language)
        return generic;
    if (strncasecmp(language, "en", 2) != 0)
        return false;
    if (strlen(language) >= 5)
        return strncasecmp(language + 3, "US", 2) == 0;
    return generic;
}

static bool parse_value(const struct page_view *v, const char *s, struct date *out)
{
    size_t used;
    if (!s || !*s)
        return false;
    size_t len = strlen(s);
    if (len > 200)
        return false;
    if (date_parse(s, len, out) && plausible(out))
        return true;
    return date_find(s, len, american(v), out, &used) && plausible(out);
}

static bool try_value(const struct page_view *v, const char *s, enum origin origin, struct found *out)
{
    if (out->ok || !parse_value(v, s, &out->date))
        return false;
    out->origin = origin;
    out->ok = true;
    return true;
}

/* ---- in the page ---- */

static bool digits(const char *s, int n, int *value)
{
    *value = 0;
    for (int i = 0; i < n; i++) {
        if (!isdigit((unsigned char)s[i]))
            return false;
        *value = *value * 10 + (s[i] - '0');
    }
    return true;
}

/* /2024/05/03/, /2024-05-03, /20240503: year, month, day with one kind of separator. */
static bool url_date(const char *url, struct date *out)
{
    const char *path = strstr(url, "://");
    path = path ? strchr(path + 3, '/') : NULL;
    for (const char *s = path; s && *s; s++) {
        int y, m, d;
        char text[40];
        if (isdigit((unsigned char)s[-1]))
            continue;
        if (digits(s, 2, &d) && (s[2] == '-' || s[2] == '_') && digits(s + 3, 2, &m) && s[5] == s[2] && digits(s + 6, 4, &y)
            && !isdigit((unsigned char)s[10]) && y >= 1990 && y <= 2099 && m >= 1 && m <= 12 && d >= 1 && d <= 31) { /* 29-10-2021 */
            snprintf(text, sizeof(text), "%04d-%02d-%02d", y, m, d);
            return date_parse(text, 10, out) && plausible(out);
        }
        if (!digits(s, 4, &y) || y < 1990 || y > 2099)
            continue;
        const char *rest = s + 4;
        bool separated = *rest == '/' || *rest == '-' || *rest == '_';
        if (separated) {
            char mark = *rest++;
            if (!digits(rest, 2, &m) || rest[2] != mark || !digits(rest + 3, 2, &d) || isdigit((unsigned char)rest[5]))
                continue;
        } else if (!digits(rest, 2, &m) || !digits(rest + 2, 2, &d) || isdigit((unsigned char)rest[4])) {
            continue;
        }
        if (m < 1 || m > 12 || d < 1 || d > 31)
            continue;
        snprintf(text, sizeof(text), "%04d-%02d-%02d", y, m, d);
        return date_parse(text, 10, out) && plausible(out);
    }
    return false;
}

static void try_times(const struct page_view *v, struct found *out)
{
    const struct doc *d = v->doc;
    for (size_t i = 0; i < d->times.count && i < 40 && !out->ok; i++) {
        const char *value = html_attr(d->times.items[i], "datetime");
        struct date date;
        if (value && parse_value(v, value, &date)) {
            out->date = date;
            out->origin = ORIGIN_HTML;
            out->ok = true;
        }
    }
}

static bool try_block(const struct page_view *v, size_t i, struct found *out)
{
    const struct doc *d = v->doc;
    const struct block *b = &d->blocks[i];
    size_t used, len = b->len < 400 ? b->len : 400;
    if (b->digit_n < 3 || !date_find(d->text + b->text, len, american(v), &out->date, &used) || !plausible(&out->date))
        return false;
    out->origin = ORIGIN_TEXT;
    return out->ok = true;
}

static bool marginal(const struct doc *d, const struct block *b)
{
    const struct element *e = &d->elements[b->owner];
    return (e->around & (IN_NAV | IN_FOOTER | IN_ASIDE)) || e->far[GROUP_RELATED] <= 1 || e->far[GROUP_COMMENT] <= 2 || b->has_copyright;
}

/* Short lines beside the title and those whose names speak of a date, before whole paragraphs. */
static void try_text(const struct page_view *v, struct found *out)
{
    const struct doc *d = v->doc;
    size_t title = v->marks && v->marks->title != DOC_NONE ? v->marks->title : 0;
    for (size_t step = 1; step <= NEAR_BLOCKS; step++) {
        size_t after = title + step;
        if (after < d->block_count && d->blocks[after].n < 160 && try_block(v, after, out))
            return;
        if (title >= step && d->blocks[title - step].n < 80 && !marginal(d, &d->blocks[title - step]) && try_block(v, title - step, out))
            return;
    }
    unsigned tries = 0;
    for (int pass = 0; pass < 4; pass++)
        for (size_t i = 0; i < d->block_count && tries < TRIES_MAX; i++) {
            const struct block *b = &d->blocks[i];
            const struct element *e = &d->elements[b->owner];
            bool dated = e->far[GROUP_META] <= 1 || b->has_time || (b->says >> GROUP_META & 1);
            bool aside = pass < 2 ? marginal(d, b) : (e->around & (IN_NAV | IN_FOOTER)) || e->far[GROUP_COMMENT] <= 2 || b->has_copyright;
            bool fits = pass == 0 || pass == 2 ? dated && b->n < 120 : pass == 1 ? b->n < 200 : v->verdicts && v->verdicts[i].keep;
            tries += !aside && fits && b->digit_n >= 3;
            if (!aside && fits && try_block(v, i, out))
                return;
        }
}

/* A member of some script's object: "datePublished":"2016-10-03T…". Its first value, where the page names it by a name that only
 * publishing has. */
static void try_scripts(const struct page_view *v, struct found *out)
{
    static const char *const names[] = { "datePublished", "date_published", "publishedAt", "published_at", "publishDate", "publish_date", "publishedDate",
                                         "published_date", "publicationDate", "publication_date", "firstPublished", "originalPublishDate", "pubDate" };
    const char *end = v->page->data + v->page->len;
    for (size_t i = 0; i < COUNT(names) && !out->ok; i++) {
        size_t n = strlen(names[i]);
        const char *s = memmem(v->page->data, v->page->len, names[i], n);
        if (!s)
            continue;
        s += n;
        while (s < end && strchr("\\\": ", *s))
            s++;
        if (end - s < 10 || !isdigit((unsigned char)*s))
            continue;
        size_t len = 0;
        while (len < 40 && s + len < end && (isalnum((unsigned char)s[len]) || strchr("-:.+ ", s[len])))
            len++;
        if (date_parse(s, len, &out->date) && plausible(&out->date)) {
            out->origin = ORIGIN_JSON_LD;
            out->ok = true;
        }
    }
}

/* What the page says of itself in prose: "News of 14 January 2020". */
static void try_prose(const struct page_view *v, struct found *out)
{
    const struct meta *m = v->meta;
    const char *said[] = { m->slot[META_TITLE], m->html_title, m->slot[META_DESCRIPTION] };
    size_t used;
    for (size_t i = 0; i < COUNT(said) && !out->ok; i++)
        if (said[i] && date_find(said[i], strlen(said[i]), american(v), &out->date, &used) && plausible(&out->date)) {
            out->origin = ORIGIN_META;
            out->ok = true;
        }
}

/* ---- zone and doubts ---- */

static void apply_zone(const struct page_view *v, struct date *d, bool *assumed)
{
    char host[256];
    int offset = 0;
    const char *zone = v->in->timezone;
    *assumed = false;
    if (d->has_zone)
        return;
    if (!zone && host_of(v, host, sizeof(host)))
        zone = zone_of_host(host);
    *assumed = !v->in->timezone;
    if (!zone || !zone_offset(zone, d->unix_s, &offset))
        offset = 0;
    d->unix_s -= (int64_t)offset * 60;
    d->offset_min = offset;
    d->has_zone = true;
}

static int64_t day_of(int64_t unix_s, int offset_min)
{
    int64_t local = unix_s + (int64_t)offset_min * 60;
    return local / 86400 - (local % 86400 < 0);
}

/* Many sites write UTC and mean the instant, while their readers and their addresses have the local day: the offset is that of
 * the site's zone, or, where the address names the day before or after, the nearest whole hour that explains it. */
static bool localise(const struct page_view *v, struct date *d)
{
    struct date named;
    char host[256];
    int offset = 0;
    if (!d->has_time || !d->has_zone || d->offset_min != 0)
        return false;
    const char *zone = v->in->timezone ? v->in->timezone : host_of(v, host, sizeof(host)) ? zone_of_host(host) : NULL;
    if (zone && zone_offset(zone, d->unix_s, &offset)) {
        d->offset_min = offset;
        return false;
    }
    if (!v->in->url || !url_date(v->in->url, &named))
        return false;
    int64_t want = day_of(named.unix_s, 0), have = day_of(d->unix_s, 0), hour = (d->unix_s - have * 86400) / 3600;
    if (want == have - 1 && hour < 12)
        d->offset_min = (int)-(hour + 1) * 60;
    else if (want == have + 1 && hour >= 10)
        d->offset_min = (int)(24 - hour) * 60;
    return d->offset_min != 0;
}

static void doubt(const struct page_view *v, struct article_fields *f, const struct date *d, bool assumed)
{
    if (!d->has_time)
        fields_warn(v, f, "day only");
    if (assumed)
        fields_warn(v, f, "zone assumed");
    if (v->in->fetched_at_s && d->unix_s > v->in->fetched_at_s + (d->has_time ? 300 : 86400))
        fields_warn(v, f, "date in future");
}

void when_fill(const struct page_view *v, struct article_fields *f)
{
    const struct meta *m = v->meta;
    struct found published = { .ok = false }, modified = { .ok = false };
    bool assumed;

    try_value(v, m->ld.published, ORIGIN_JSON_LD, &published);
    try_value(v, m->slot[META_PUBLISHED], ORIGIN_META, &published);
    try_value(v, m->item_published, ORIGIN_MICRODATA, &published);
    try_value(v, m->ld.dated, ORIGIN_JSON_LD, &published);
    if (!published.ok)
        try_times(v, &published);
    if (!published.ok && v->in->url && url_date(v->in->url, &published.date)) {
        published.ok = true;
        published.origin = ORIGIN_URL;
    }
    if (!published.ok)
        try_scripts(v, &published);
    if (!published.ok)
        try_text(v, &published);
    if (!published.ok)
        try_prose(v, &published);
    try_value(v, v->in->hint_published, ORIGIN_FEED, &published);
    try_value(v, m->ld.modified, ORIGIN_JSON_LD, &modified);
    try_value(v, m->slot[META_MODIFIED], ORIGIN_META, &modified);
    try_value(v, m->item_modified, ORIGIN_MICRODATA, &modified);
    try_value(v, m->ld.dated_modified, ORIGIN_JSON_LD, &modified);

    if (published.ok) {
        apply_zone(v, &published.date, &assumed);
        assumed |= localise(v, &published.date);
        f->has_published = true;
        f->published = published.date;
        f->origin[FIELD_PUBLISHED] = published.origin;
        doubt(v, f, &f->published, assumed);
    } else {
        fields_warn(v, f, "no date");
    }
    if (modified.ok) {
        apply_zone(v, &modified.date, &assumed);
        if (published.ok && modified.date.has_time && modified.date.offset_min == 0)
            modified.date.offset_min = published.date.offset_min;
        f->has_modified = true;
        f->modified = modified.date;
        f->origin[FIELD_MODIFIED] = modified.origin;
    }
}
