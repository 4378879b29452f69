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

/* What surely parts names, and words that do so only between whole names ("Maria & Katerina" is one signature). */
static const char *const separators[] = { "; ", " | ", " / ", "、", ";", "|", " · ", " • ", "，", " - ", " – " };
static const char *const weak_separators[] = { ", ", " & ", " and ", " und ", " et ", " y ", " e ", " og ", " och ", " và ", " i ", " en ", ",", "/" };
static const char *const prefixes[] = { "by ", "By: ", "von ", "por ", "par ", "di ", "door ", "av ", "af ", "text: ", "texto: ",
                                        "автор: ", "tác giả: ", "bài và ảnh: ", "bài, ảnh: ", "bài - ảnh: ", "bài: ", "thực hiện: ", "theo ", "written by ",
                                        "posted by ", "reported by ", "author: ", "autor: ", "auteur : ", "opinion by ", "pv ",
                                        "story by ", "words by ", "words: ", "author ", "photo by ", "bài " };

static size_t match_any(const char *const *list, size_t count, const char *s, const char *end)
{
    for (size_t i = 0; i < count; i++) {
        size_t n = strlen(list[i]);
        if ((size_t)(end - s) >= n && strncasecmp(s, list[i], n) == 0)
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

/* "SongKhoe.vn", "The Daily Sun" of thedailysun.com: nothing but letters of the host. */
static bool is_host(const struct page_view *v, const char *name)
{
    char squeezed[64], host[128];
    size_t n = 0, k = 0;
    const char *s = v->in->url ? strstr(v->in->url, "://") : NULL;
    for (const char *c = name; *c && n + 1 < sizeof(squeezed); c++)
        if (isalnum((unsigned char)*c))
            squeezed[n++] = *c;
    squeezed[n] = '\0';
    for (s = s ? s + 3 : ""; *s && *s != '/' && k + 1 < sizeof(host); s++)
        if (isalnum((unsigned char)*s))
            host[k++] = *s;
    host[k] = '\0';
    return n >= 4 && n == strlen(squeezed) && strcasestr(host, squeezed) != NULL && (strchr(name, '.') || n >= 6);
}

static bool is_site(const struct page_view *v, const char *name)
{
    const struct meta *m = v->meta;
    return equal_words(v, name, m->slot[META_SITE]) || equal_words(v, name, m->ld.publisher) || is_host(v, name);
}

static bool plausible(const struct page_view *v, const char *s)
{
    uint32_t words[NAME_WORDS + 3];
    size_t len = strlen(s);
    if (len < 2 || len > NAME_BYTES || strstr(s, "://") || strchr(s, '@') || strchr(s, '{') || strstr(s, "©"))
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
    static const char *const parts[] = { "posts", "related", "spotlight", "view all", "view more", "read more", "image:", "getty", "topics",
                                         "comments", "share", "follow", "subscribe", "the author", "click", "newsletter", "published",
                                         "written by", "minutes", "updated", "sign up", "log in", "editorial", "copyright", "xem các",
                                         "tác giả", "bài viết" };
    for (size_t i = 0; i < COUNT(parts); i++)
        if (strcasestr(s, parts[i]))
            return false;
    return strcasecmp(s, "by") != 0;
}

static void add_name(const struct page_view *v, struct article_strings *out, const char *s, size_t len)
{
    char name[NAME_BYTES * 2];
    const char *bracket = memchr(s, '(', len);
    if (bracket && bracket > s)
        len = (size_t)(bracket - s);
    static const char *const titles[] = { " 기자", " 특파원", "記者" };
    for (size_t i = 0; i < COUNT(titles); i++) {
        size_t n = strlen(titles[i]);
        if (len > n && memcmp(s + len - n, titles[i], n) == 0)
            len -= n;
    }
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

static size_t words_in(const struct page_view *v, const char *s, const char *end)
{
    uint32_t words[4];
    return words_hash(v->doc->chars, s, (size_t)(end - s), words, 4);
}

/* Adds the names of a list such as "By Anna Smith and Bob Jones". A weak separator counts between two names of two words or
 * more: what else follows a comma is a degree or a post. */
/* "Anna Smith, Bob Jones, Cleo Ray": three whole names or more, so that the commas are no degrees or posts. */
static bool is_list(const struct page_view *v, const char *s)
{
    size_t parts = 0;
    for (const char *from = s;; from += 1) {
        const char *to = from + strcspn(from, ",");
        uint32_t words[10];
        size_t n = words_hash(v->doc->chars, from, (size_t)(to - from), words, 10);
        if (n < 2 || n > (*to ? 4 : 9)) /* the last may be two: "… and Di Day" */
            return false;
        parts++;
        if (!*to)
            return parts >= 3;
        from = to;
    }
}

static void add_names(const struct page_view *v, struct article_strings *out, const char *s, bool one)
{
    if (!s || strlen(s) > 400)
        return;
    s = skip_prefix(s);
    const char *end = s + strlen(s), *from = s;
    if (one && is_list(v, s))
        one = false;
    for (const char *at = s; at < end;) {
        size_t width = match_any(separators, COUNT(separators), at, end);
        if (!width && (!one || *at == ' ') && (width = match_any(weak_separators, COUNT(weak_separators), at, end))) {
            const char *next = at + width, *to = next;
            while (to < end && !match_any(separators, COUNT(separators), to, end)
                   && !match_any(weak_separators, COUNT(weak_separators), to, end))
                to++;
            if (words_in(v, from, at) < 2 || words_in(v, next, to) < 2)
                width = 0;
        }
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
        add_names(v, &out, l->items[i], l == &v->meta->ld.authors);
    return out;
}

static bool names_author(const GumboNode *link)
{
    static const char *const paths[] = { "/author", "/by/", "/byline", "/profile", "/people/", "/journalist", "/autor", "/auteur", "/contributor",
                                         "/writer", "/staff/", "/reporter", "/tac-gia", "/redakteur", "/skribent", "/redaktion/", "/team/",
                                         "/our-team", "/user/", "/users/", "/@", "/experts/", "/columnist" };
    const char *rel = html_attr(link, "rel"), *href = html_attr(link, "href");
    if (rel && strcasestr(rel, "author"))
        return true;
    for (size_t i = 0; href && i < COUNT(paths); i++)
        if (strcasestr(href, paths[i]))
            return true;
    return false;
}

/* Blocks where a byline may stand: from a little before the title to the first paragraphs, or to the end of the body. */
static bool near_title(const struct page_view *v, size_t i)
{
    const struct landmarks *m = v->marks;
    size_t title = m->title == DOC_NONE ? 0 : m->title;
    return i + 8 >= title && i <= title + 14;
}

static bool marginal(const struct page_view *v, const struct block *b)
{
    const struct element *e = &v->doc->elements[b->owner];
    return (e->around & (IN_NAV | IN_FOOTER)) || e->far[GROUP_COMMENT] <= 3 || e->far[GROUP_RELATED] <= 1;
}

/* Links to authors' pages near the title, at most five. */
static struct article_strings from_links(const struct page_view *v)
{
    struct article_strings out = { NULL, 0 };
    const struct doc *d = v->doc;
    for (size_t i = 0; i < d->link_count && out.count < 5; i++) {
        const struct block *b = &d->blocks[d->links[i].block];
        if (b->n > 200 || !near_title(v, d->links[i].block) || marginal(v, b) || !names_author(d->links[i].node))
            continue;
        const char *text = clean_node(v->arena, v->scratch, d->links[i].node);
        if (text && words_in(v, text, text + strlen(text)) >= 1 && strlen(text) < 60)
            add_names(v, &out, text, false);
    }
    return out;
}

/* "By Anna Smith" near the title; the name alone when the line before it says only "By". */
static struct article_strings from_phrases(const struct page_view *v)
{
    struct article_strings out = { NULL, 0 };
    const struct doc *d = v->doc;
    for (size_t i = 0; i < d->block_count && !out.count; i++) {
        const struct block *b = &d->blocks[i];
        if (!near_title(v, i) || b->n > 70 || b->words < 1 || b->words > 9 || marginal(v, b) || b->ends_stop)
            continue;
        const char *text = clean_block(v->arena, v->scratch, d, b);
        const char *rest = text ? skip_prefix(text) : NULL;
        if (!rest || rest == text)
            continue;
        if (*rest)
            add_names(v, &out, rest, false);
        else if (i + 1 < d->block_count && d->blocks[i + 1].n < 60)
            add_names(v, &out, clean_block(v->arena, v->scratch, d, &d->blocks[i + 1]), false);
    }
    return out;
}

/* "Written by" before a name says it wherever it stands. */
static bool signs(const char *text)
{
    static const char *const starts[] = { "written by", "article by", "story by", "author:", "words by", "posted by", "published by", "tác giả", "verfasst von",
                                          "escrito por", "écrit par", "scritto da", "автор", "geschreven door", "about the author" };
    for (size_t i = 0; i < COUNT(starts); i++)
        if (strncasecmp(text, starts[i], strlen(starts[i])) == 0)
            return true;
    return false;
}

static struct article_strings from_signatures(const struct page_view *v)
{
    struct article_strings out = { NULL, 0 };
    const struct doc *d = v->doc;
    for (size_t i = 0; i < d->block_count && !out.count; i++) {
        const struct block *b = &d->blocks[i];
        if (b->n > 60 || b->words < 1 || b->words > 8 || marginal(v, b) || b->ends_stop)
            continue;
        const char *text = clean_block(v->arena, v->scratch, d, b);
        if (!text || !signs(text))
            continue;
        const char *rest = skip_prefix(text);
        const struct block *next = i + 1 < d->block_count ? &d->blocks[i + 1] : NULL;
        if (rest != text && *rest)
            add_names(v, &out, rest, false);
        else if (next && next->words >= 1 && next->words <= 5 && next->n < 50 && !next->ends_stop)
            add_names(v, &out, clean_block(v->arena, v->scratch, d, next), false);
    }
    return out;
}

/* A line of its own between title and text that is nothing but a name. */
static struct article_strings from_lines(const struct page_view *v)
{
    struct article_strings out = { NULL, 0 };
    const struct doc *d = v->doc;
    size_t title = v->marks->title;
    if (title == DOC_NONE || !v->verdicts)
        return out;
    unsigned kept = 0;
    for (size_t i = title + 1; i < d->block_count && i <= title + 10 && kept < 3 && !out.count; i++) {
        const struct block *b = &d->blocks[i];
        const struct element *e = &d->elements[b->owner];
        kept += v->verdicts[i].keep && b->words > 12;
        if (b->words < 2 || b->words > 4 || b->capitalised < b->words || b->digit_n > 0 || b->ends_mark || b->n > 40 || b->link_n > 0
            || marginal(v, b) || (e->owner >= OWNER_H1 && e->owner <= OWNER_H4) || e->owner == OWNER_LI || (v->verdicts[i].aside && v->verdicts[i].kind == BLOCK_CAPTION))
            continue;
        bool before_text = i + 1 < d->block_count && v->verdicts[i + 1].keep && d->blocks[i + 1].words > 5
                           && d->blocks[i + 1].ends_mark;
        if (before_text)
            add_names(v, &out, clean_block(v->arena, v->scratch, d, b), false);
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
        if (b->links >= 2 && b->link_n > 0.8f * b->n) { /* a link a name */
            for (size_t k = b->first_link; k < d->link_count && d->links[k].block == i && out.count < 5; k++)
                add_names(v, &out, clean_node(v->arena, v->scratch, d->links[k].node), false);
            continue;
        }
        if (b->words && (float)b->capitalised / (float)b->words < 0.5f && d->chars && !(b->says >> GROUP_BYLINE & 1))
            continue;
        add_names(v, &out, clean_block(v->arena, v->scratch, d, b), false);
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
        bool signs_off = v->verdicts[i].rule == RULE_SIGNATURE || e->far[GROUP_BYLINE] <= 1 || b->bold_n > 0.9f * b->n || b->italic_n > 0.9f * b->n;
        if (names && b->link_n == 0 && signs_off && e->owner != OWNER_LI
            && !(e->owner >= OWNER_H1 && e->owner <= OWNER_H4))
            add_names(v, &out, clean_block(v->arena, v->scratch, d, b), false);
        else if (i > last && b->words <= 8 && !b->ends_stop && b->link_n == 0) { /* "Bài, ảnh: An" */
            const char *text = clean_block(v->arena, v->scratch, d, b), *rest = text ? skip_prefix(text) : text;
            if (rest != text && *rest && strncasecmp(text, "theo", 4) != 0)
                add_names(v, &out, rest, false);
        }
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
        || take(f, v, from_phrases(v), ORIGIN_TEXT, &spare, &spare_origin)
        || take(f, v, from_bylines(v), ORIGIN_TEXT, &spare, &spare_origin)
        || take(f, v, from_signatures(v), ORIGIN_TEXT, &spare, &spare_origin)
        || take(f, v, from_lines(v), ORIGIN_TEXT, &spare, &spare_origin)
        || take(f, v, from_end(v), ORIGIN_TEXT, &spare, &spare_origin))
        return;
    if (v->in->hint_authors)
        add_names(v, &hint, v->in->hint_authors, false);
    if (hint.count && take(f, v, hint, ORIGIN_FEED, &spare, &spare_origin))
        return;
    if (spare.count) {
        f->authors = spare;
        f->origin[FIELD_AUTHORS] = spare_origin;
        fields_warn(v, f, "byline is the site");
    }
}
