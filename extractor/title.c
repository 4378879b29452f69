/* title.c - the headline. In order: an h1 that the metadata repeat or that says much the same, JSON-LD's headline, og:title without the site's name,
 * the only h1, the longest part of the title element. */
#include "extractor/fields.h"

#include "base/mem.h"

#include <string.h>
#include <strings.h>

#define TITLE_WORDS_MAX 80
#define H1_MAX 8
#define LEAST_ALIKE 0.33f /* an h1 that shares fewer words with the metadata's titles is no headline */

struct hashed { uint32_t words[TITLE_WORDS_MAX]; size_t count; };

static struct hashed hash_title(const struct page_view *v, const char *s)
{
    struct hashed h = { .count = 0 };
    if (s)
        h.count = words_hash(v->doc->chars, s, strlen(s), h.words, TITLE_WORDS_MAX);
    return h;
}

static bool contains(const struct hashed *outer, const struct hashed *inner)
{
    if (!inner->count)
        return false;
    for (size_t i = 0; i + inner->count <= outer->count; i++)
        if (memcmp(outer->words + i, inner->words, inner->count * sizeof(*inner->words)) == 0)
            return true;
    return false;
}

static bool same(const struct hashed *a, const struct hashed *b)
{
    return a->count == b->count && contains(a, b);
}

static const char *const separators[] = { " | ", " - ", " – ", " — ", " » ", " :: ", " · ", " • ", " / ", " ‹ ", " « ", "|", "ㅣ", "｜" };

static size_t separator_at(const char *s)
{
    for (size_t i = 0; i < COUNT(separators); i++)
        if (strncmp(s, separators[i], strlen(separators[i])) == 0)
            return strlen(separators[i]);
    return 0;
}

/* Cuts the last part off as long as it names the site. */
static const char *without_site(const struct page_view *v, const char *title, const char *site)
{
    struct hashed name = hash_title(v, site);
    for (;;) {
        const char *cut = NULL;
        size_t width = 0;
        for (const char *s = title; *s; s++)
            if (separator_at(s) && s != title) {
                cut = s;
                width = separator_at(s);
            }
        if (!cut)
            return title;
        struct hashed tail = hash_title(v, cut + width);
        bool names = name.count && (contains(&tail, &name) || contains(&name, &tail));
        const char *url = v->in->url;
        if (!names && url && tail.count) { /* "… - example.com", "… | Example" of www.example.com */
            char squeezed[64];
            size_t n = 0;
            for (const char *s = cut + width; *s && n + 1 < sizeof(squeezed); s++)
                if (*s != ' ' && *s != '.')
                    squeezed[n++] = *s;
            squeezed[n] = '\0';
            char host[128];
            const char *from = strstr(url, "://");
            size_t k = 0;
            for (from = from ? from + 3 : url; *from && *from != '/' && k + 1 < sizeof(host); from++)
                if (*from != '-' && *from != '.')
                    host[k++] = *from;
            host[k] = '\0';
            names = n >= 3 && strcasestr(host, squeezed) != NULL;
        }
        if (!names)
            return title;
        title = arena_strndup(v->arena, title, (size_t)(cut - title));
        if (!title)
            return "";
    }
}

static const char *longest_part(const struct page_view *v, const char *title)
{
    const char *best = title, *from = title;
    size_t best_len = 0;
    for (const char *s = title;; s++) {
        size_t width = *s ? separator_at(s) : 1;
        if (!width)
            continue;
        if ((size_t)(s - from) > best_len) {
            best_len = (size_t)(s - from);
            best = from;
        }
        if (!*s)
            break;
        s += width - 1;
        from = s + 1;
    }
    return arena_strndup(v->arena, best, best_len);
}

static bool in_heading(const struct doc *d, uint32_t element, GumboTag tag, uint32_t *heading)
{
    for (int level = 0; level < 4 && element != DOC_NONE; level++) {
        if (d->elements[element].tag == tag) {
            *heading = element;
            return true;
        }
        element = d->elements[element].up;
    }
    return false;
}

struct heading_text { const char *text; uint32_t element; bool marginal; };

static size_t collect_h1(const struct page_view *v, struct heading_text out[H1_MAX])
{
    const struct doc *d = v->doc;
    size_t count = 0;
    for (size_t i = 0; i < d->block_count && count < H1_MAX; i++) {
        uint32_t heading;
        const struct block *b = &d->blocks[i];
        if (!in_heading(d, b->owner, GUMBO_TAG_H1, &heading) || b->len > 500)
            continue;
        if (count && out[count - 1].element == heading)
            continue; /* only its first line */
        out[count++] = (struct heading_text){ clean_block(v->arena, v->scratch, d, b), heading,
                                              (d->elements[b->owner].around & (IN_NAV | IN_FOOTER | IN_ASIDE)) != 0 };
    }
    return count;
}

/* Words two titles share, as a share of the shorter one. */
static float shared(const struct hashed *a, const struct hashed *b)
{
    size_t common = 0, shorter = a->count < b->count ? a->count : b->count;
    for (size_t i = 0; i < a->count; i++)
        for (size_t k = 0; k < b->count; k++)
            if (a->words[i] == b->words[k]) {
                common++;
                break;
            }
    return shorter ? (float)common / (float)shorter : 0;
}

/* A kicker or an end that only one place has: where og:title stands whole in the h1 of a news page, and where the h1 closes what
 * og:title and JSON-LD's headline both say, the metadata's form is the headline. */
static bool og_is_better(const struct meta *m, const struct hashed *h1, const struct hashed *og, const struct hashed *html,
                         const struct hashed *ld)
{
    if (og->count < 3 || same(og, h1))
        return false;
    if (contains(h1, og))
        return (m->ld.types & LD_NEWS) || contains(html, og);
    bool closes = h1->count < og->count && memcmp(og->words + og->count - h1->count, h1->words, h1->count * sizeof(*h1->words)) == 0;
    return closes && same(og, ld);
}

const char *title_said(const struct meta *m)
{
    return m->slot[META_TITLE] ? m->slot[META_TITLE] : m->ld.headline ? m->ld.headline : m->html_title;
}

const char *title_find(const struct page_view *v, enum origin *origin)
{
    const struct meta *m = v->meta;
    struct heading_text h1[H1_MAX];
    size_t count = collect_h1(v, h1);
    struct hashed og = hash_title(v, m->slot[META_TITLE]), html = hash_title(v, m->html_title), ld = hash_title(v, m->ld.headline);
    const char *site = m->slot[META_SITE] ? m->slot[META_SITE] : m->ld.publisher;
    struct hashed site_words = hash_title(v, site);

    *origin = ORIGIN_HTML;
    const char *best = NULL, *alike = NULL;
    size_t best_words = 0;
    float best_alike = LEAST_ALIKE;
    for (size_t i = 0; i < count; i++) {
        struct hashed h = hash_title(v, h1[i].text);
        bool repeated = contains(&og, &h) || contains(&html, &h) || same(&ld, &h);
        if (repeated && !same(&h, &site_words) && h.count > best_words && (h.count > 1 || count == 1)) {
            best = h1[i].text;
            best_words = h.count;
        }
        float a = shared(&h, &og), b = shared(&h, &html), c = shared(&h, &ld);
        a = a > b ? a : b;
        a = a > c ? a : c;
        if (!h1[i].marginal && h.count >= 3 && !same(&h, &site_words) && a > best_alike) {
            best_alike = a;
            alike = h1[i].text;
        }
    }
    if (!best)
        best = alike;
    struct hashed chosen = hash_title(v, best);
    bool disowned = (m->ld.types & LD_NEWS) && og.count && !contains(&og, &chosen) && !same(&ld, &chosen);
    if (best && !disowned && og_is_better(m, &chosen, &og, &html, &ld)) {
        *origin = ORIGIN_META;
        return without_site(v, m->slot[META_TITLE], site);
    }
    if (best && !disowned) /* a news page whose h1 is neither og:title nor headline is headed by a variant: metadata agree */
        return best;
    if (best) {
        *origin = ORIGIN_META;
        return without_site(v, m->slot[META_TITLE], site);
    }
    if (m->ld.headline) {
        *origin = ORIGIN_JSON_LD;
        return m->ld.headline;
    }
    if (m->slot[META_TITLE]) {
        *origin = ORIGIN_META;
        return without_site(v, m->slot[META_TITLE], site);
    }
    if (count == 1 && h1[0].text && !h1[0].marginal)
        return h1[0].text;
    if (m->html_title)
        return longest_part(v, without_site(v, m->html_title, site));
    return count ? h1[0].text : NULL;
}
