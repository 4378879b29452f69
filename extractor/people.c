/* people.c - who wrote it. In the order of belief: JSON-LD, meta elements, links and microdata that say author, short lines
 * whose names say byline, the last short bold line of the body (Vietnamese papers sign there); the feed's hint last. A name
 * that is the site's own is no author while a better one can be found. */
#include "extractor/fields.h"

#include "base/html.h"
#include "base/mem.h"
#include "base/text.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#define NAME_BYTES 120
#define NAME_WORDS 6

static const char *const separators[] = { ", ", "; ", " | ", " / ", " & ", " and ", " und ", " et ", " y ", " e ", " og ", " och ",
                                          " và ", "、", " i ", " en ", " - ", " – ", ",", ";", "|", " · ", " • ", "，" };
static const char *const prefixes[] = { "by ", "By: ", "von ", "por ", "par ", "di ", "door ", "av ", "af ", "text: ", "texto: ",
                                        "автор: ", "tác giả: ", "bài và ảnh: ", "bài: ", "thực hiện: ", "theo ", "written by ",
                                        "posted by ", "reported by ", "author: ", "autor: ", "auteur : ", "opinion by ", "pv ",
                                        "story by ", "words by ", "words: ", "reviewed by ", "from " };

static size_t separator_at(const char *s, const char *end)
{
    for (size_t i = 0; i < COUNT(separators); i++) {
        size_t n = strlen(separators[i]);
        if ((size_t)(end - s) >= n && strncasecmp(s, separators[i], n) == 0)
            return n;
    }
    return 0;
}

static const char *skip_prefix(const char *s)
{
    for (size_t i = 0; i < COUNT(prefixes); i++) {
        size_t n = strlen(prefixes[i]);
        if (strncasecmp(s, prefixes[i], n) == 0) {
            s += n;
            i = (size_t)-1; /* "Written by: By …" */
        }
        while (*s == ' ' || *s == ':')
            s++;
    }
    return s;
}

static bool equal_words(const struct page_view *v, const char *a, const char *b)
{
    uint32_t x[16], y[16];
    if (!a || !b)
        return false;
    size_t n = words_hash(v->doc->chars, a, strlen(a), x, 16), k = words_hash(v->doc->chars, b, strlen(b), y, 16);
    return n && n == k && memcmp(x, y, n * sizeof(*x)) == 0;
}

static bool is_site(const struct page_view *v, const char *name)
{
    const struct meta *m = v->meta;
    return equal_words(v, name, m->slot[META_SITE]) || equal_words(v, name, m->ld.publisher);
}

static bool plausible(const struct page_view *v, const char *s)
{
    uint32_t words[NAME_WORDS + 3];
    size_t len = strlen(s);
    if (len < 2 || len > NAME_BYTES || strstr(s, "://") || strchr(s, '@') || strchr(s, '{'))
        return false;
    for (size_t i = 0; i < len; i++)
        if (isdigit((unsigned char)s[i]))
            return false;
    size_t n = words_hash(v->doc->chars, s, len, words, NAME_WORDS + 3);
    if (n == 0 || n > NAME_WORDS + 2)
        return false;
    static const char *const never[] = { "admin", "administrator", "staff", "editor", "guest", "unknown", "anonymous", "null", "user",
                                         "author", "super user", "root", "webmaster", "undefined", "default" };
    for (size_t i = 0; i < COUNT(never); i++)
        if (strcasecmp(s, never[i]) == 0)
            return false;
    return true;
}

static void add_name(const struct page_view *v, struct article_strings *out, const char *s, size_t len)
{
    char name[NAME_BYTES * 2];
    const char *bracket = memchr(s, '(', len);
    if (bracket && bracket > s)
        len = (size_t)(bracket - s);
    while (len && strchr(" .,:;|-*\t", s[len - 1]) && !(s[len - 1] == '.' && len > 2 && isupper((unsigned char)s[len - 2])))
        len--;
    if (!len || len >= sizeof(name))
        return;
    memcpy(name, s, len);
    name[len] = '\0';
    const char *clean = skip_prefix(name);
    if (plausible(v, clean))
        strings_add(v->arena, out, arena_strndup(v->arena, clean, strlen(clean)));
}

/* Adds the names of a list such as "By Anna Smith and Bob Jones". */
static void add_names(const struct page_view *v, struct article_strings *out, const char *s)
{
    if (!s || strlen(s) > 400)
        return;
    s = skip_prefix(s);
    const char *end = s + strlen(s), *from = s;
    for (const char *at = s; at < end;) {
        size_t width = separator_at(at, end);
        if (!width) {
            at++;
            continue;
        }
        add_name(v, out, from, (size_t)(at - from));
        at += width;
        from = at;
    }
    add_name(v, out, from, (size_t)(end - from));
}

static bool usable(const struct page_view *v, const struct article_strings *names)
{
    for (size_t i = 0; i < names->count; i++)
        if (!is_site(v, names->items[i]))
            return true;
    return false;
}

static struct article_strings from_list(const struct page_view *v, const struct ld_list *l)
{
    struct article_strings out = { NULL, 0 };
    for (size_t i = 0; i < l->count; i++)
        add_names(v, &out, l->items[i]);
    return out;
}

/* rel=author links near the title, at most three. */
static struct article_strings from_links(const struct page_view *v)
{
    struct article_strings out = { NULL, 0 };
    for (size_t i = 0; i < v->doc->rel_links.count && out.count < 3; i++) {
        const GumboNode *node = v->doc->rel_links.items[i];
        const char *rel = html_attr(node, "rel");
        if (rel && strcasestr(rel, "author"))
            add_names(v, &out, clean_node(v->arena, v->scratch, node));
    }
    return out;
}

static bool byline_block(const struct page_view *v, const struct block *b)
{
    const struct doc *d = v->doc;
    const struct element *e = &d->elements[b->owner];
    if (b->n > 60 || b->words > 12 || b->digit_n > 0 || (e->around & (IN_NAV | IN_FOOTER)) || e->far[GROUP_COMMENT] <= 3
        || e->far[GROUP_RELATED] <= 1)
        return false;
    return e->far[GROUP_BYLINE] == 0 || e->far[GROUP_BYLINE] == 1 || (b->says >> GROUP_BYLINE & 1);
}

static struct article_strings from_bylines(const struct page_view *v)
{
    struct article_strings out = { NULL, 0 };
    const struct doc *d = v->doc;
    for (size_t i = 0; i < d->block_count && out.count == 0; i++) {
        const struct block *b = &d->blocks[i];
        if (!byline_block(v, b))
            continue;
        if (b->words && (float)b->capitalised / (float)b->words < 0.5f && d->chars && !(b->says >> GROUP_BYLINE & 1))
            continue;
        add_names(v, &out, clean_block(v->arena, v->scratch, d, b));
    }
    return out;
}

/* The last blocks of the body, or just after it: a short line of capitalised words, bold or alone. */
static struct article_strings from_end(const struct page_view *v)
{
    struct article_strings out = { NULL, 0 };
    const struct doc *d = v->doc;
    size_t last = d->block_count;
    for (size_t i = d->block_count; v->verdicts && i-- > 0;)
        if (v->verdicts[i].keep) {
            last = i;
            break;
        }
    if (last == d->block_count)
        return out;
    for (size_t i = last > 1 ? last - 1 : 0; i <= last + 2 && i < d->block_count && !out.count; i++) {
        const struct block *b = &d->blocks[i];
        const struct element *e = &d->elements[b->owner];
        bool names = b->words >= 2 && b->words <= 5 && b->capitalised == b->words && !b->ends_stop && b->digit_n == 0;
        if (names && b->link_n == 0 && (b->bold_n > 0.9f * b->n || e->far[GROUP_BYLINE] <= 1) && e->owner != OWNER_LI
            && !(e->owner >= OWNER_H1 && e->owner <= OWNER_H4))
            add_names(v, &out, clean_block(v->arena, v->scratch, d, b));
    }
    return out;
}

static bool take(struct article_fields *f, const struct page_view *v, struct article_strings names, enum origin origin,
                 struct article_strings *spare, enum origin *spare_origin)
{
    if (usable(v, &names)) {
        f->authors.items = names.items;
        f->authors.count = 0;
        for (size_t i = 0; i < names.count; i++) /* in place: the site's own name goes */
            if (!is_site(v, names.items[i]))
                f->authors.items[f->authors.count++] = names.items[i];
        f->origin[FIELD_AUTHORS] = origin;
        return true;
    }
    if (names.count && !spare->count) {
        *spare = names;
        *spare_origin = origin;
    }
    return false;
}

void people_fill(const struct page_view *v, struct article_fields *f)
{
    const struct meta *m = v->meta;
    struct article_strings spare = { NULL, 0 }, hint = { NULL, 0 };
    enum origin spare_origin = ORIGIN_NONE;

    if (take(f, v, from_list(v, &m->ld.authors), ORIGIN_JSON_LD, &spare, &spare_origin)
        || take(f, v, from_list(v, &m->authors), ORIGIN_META, &spare, &spare_origin)
        || take(f, v, from_links(v), ORIGIN_HTML, &spare, &spare_origin)
        || take(f, v, from_list(v, &m->item_authors), ORIGIN_MICRODATA, &spare, &spare_origin)
        || take(f, v, from_bylines(v), ORIGIN_TEXT, &spare, &spare_origin)
        || take(f, v, from_end(v), ORIGIN_TEXT, &spare, &spare_origin))
        return;
    if (v->in->hint_authors)
        add_names(v, &hint, v->in->hint_authors);
    if (hint.count && take(f, v, hint, ORIGIN_FEED, &spare, &spare_origin))
        return;
    if (spare.count) {
        f->authors = spare;
        f->origin[FIELD_AUTHORS] = spare_origin;
        fields_warn(v, f, "byline is the site");
    }
}
