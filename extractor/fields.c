/* fields.c - see fields.h: language, section, tags, images, links, canonical address, site, summary, rights. */
#include "extractor/fields.h"

#include "base/html.h"
#include "base/mem.h"
#include "base/url.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define LIST_MAX 64
#define IMAGES_MAX 40
#define LINKS_MAX 200
#define URL_BYTES 2048

void strings_add(struct arena *a, struct article_strings *s, const char *item)
{
    if (!item || !*item || s->count >= LIST_MAX)
        return;
    for (size_t i = 0; i < s->count; i++)
        if (strcasecmp(s->items[i], item) == 0)
            return;
    if (!s->items)
        s->items = arena_alloc(a, LIST_MAX * sizeof(*s->items));
    if (s->items)
        s->items[s->count++] = item;
}

void fields_warn(const struct page_view *v, struct article_fields *f, const char *text)
{
    strings_add(v->arena, &f->warnings, text);
}

static const char *absolute(const struct page_view *v, const char *href)
{
    size_t len = href ? strlen(href) : 0;
    if (len == 0 || len > URL_BYTES || strncasecmp(href, "data:", 5) == 0 || strncasecmp(href, "javascript:", 11) == 0)
        return NULL;
    char *url = url_absolute(href, len, v->in->url);
    const char *copy = NULL;
    if (url && (strncasecmp(url, "http://", 7) == 0 || strncasecmp(url, "https://", 8) == 0))
        copy = clean_text(v->arena, v->scratch, url, strlen(url));
    free(url);
    return copy;
}

/* ---- language ---- */

/* "VI_vn" -> "vi-VN"; NULL for what is no tag. */
static const char *tag_of(const struct page_view *v, const char *s)
{
    char out[16];
    size_t n = 0, part = 0, subtag = 0;
    if (!s)
        return NULL;
    while (isspace((unsigned char)*s))
        s++;
    for (; *s && n + 1 < sizeof(out); s++) {
        if (*s == '-' || *s == '_') {
            if (part == 0 || subtag >= 2)
                break;
            subtag++;
            part = 0;
            out[n++] = '-';
            continue;
        }
        if (!isalnum((unsigned char)*s))
            break;
        out[n++] = (char)(subtag ? toupper((unsigned char)*s) : tolower((unsigned char)*s));
        part++;
    }
    while (n && out[n - 1] == '-')
        n--;
    size_t primary = 0;
    while (primary < n && isalpha((unsigned char)out[primary]))
        primary++;
    if (primary < 2 || primary > 3)
        return NULL;
    if (n - primary == 5) /* a script: zh-Hant */
        for (size_t i = primary + 2; i < n; i++)
            out[i] = (char)tolower((unsigned char)out[i]);
    return arena_strndup(v->arena, out, n);
}

static bool same_language(const char *tag, const char *guess)
{
    static const char *const near[] = { "no nb", "no nn", "da no", "da nb", "id ms", "hr sr", "hr bs", "sr bs", "cs sk", "pt gl", "es gl", "es ca",
                                        "zh yue", "en sco", "de lb", "nl af", "vi vn", "fa ar", "zh ja" };
    if (strncasecmp(tag, guess, strlen(guess)) == 0)
        return true;
    for (size_t i = 0; i < COUNT(near); i++) {
        size_t n = strcspn(near[i], " ");
        const char *other = near[i] + n + 1;
        if ((strncasecmp(near[i], guess, n) == 0 && strncasecmp(other, tag, strlen(other)) == 0)
            || (strncasecmp(near[i], tag, n) == 0 && strncasecmp(other, guess, strlen(other)) == 0))
            return true;
    }
    return false;
}

static void fill_language(const struct page_view *v, struct article_fields *f)
{
    const struct meta *m = v->meta;
    const struct { const char *value; enum origin origin; } said[] = {
        { m->html_language, ORIGIN_HTML }, { m->ld.language, ORIGIN_JSON_LD }, { m->slot[META_LOCALE], ORIGIN_META },
        { m->slot[META_LANGUAGE], ORIGIN_META }, { v->in->content_language, ORIGIN_HTTP }, { v->in->language, ORIGIN_FEED },
    };
    const char *guess = language_guess(f->text, strlen(f->text));
    for (size_t i = 0; i < COUNT(said) && !f->language; i++) {
        const char *tag = tag_of(v, said[i].value);
        if (!tag || (guess && !same_language(tag, guess)))
            continue;
        f->language = tag;
        f->origin[FIELD_LANGUAGE] = said[i].origin;
    }
    if (f->language)
        return;
    bool declared = tag_of(v, m->html_language) != NULL;
    if (guess) {
        f->language = guess;
        f->origin[FIELD_LANGUAGE] = ORIGIN_TEXT;
        if (declared)
            fields_warn(v, f, "declared language differs");
    } else {
        fields_warn(v, f, "no language");
    }
}

/* ---- section, tags ---- */

static void add_split(const struct page_view *v, struct article_strings *out, const char *s)
{
    while (s && *s) {
        size_t n = strcspn(s, ",;|");
        const char *part = clean_text(v->arena, v->scratch, s, n);
        if (part && strlen(part) < 80)
            strings_add(v->arena, out, part);
        s += n + (s[n] != '\0');
    }
}

static void fill_section(const struct page_view *v, struct article_fields *f)
{
    const struct meta *m = v->meta;
    for (size_t i = 0; i < m->ld.sections.count && i < 8; i++)
        add_split(v, &f->section, m->ld.sections.items[i]);
    f->origin[FIELD_SECTION] = f->section.count ? ORIGIN_JSON_LD : ORIGIN_NONE;
    if (!f->section.count && m->slot[META_SECTION] && !strstr(m->slot[META_SECTION], "://")) {
        add_split(v, &f->section, m->slot[META_SECTION]);
        f->origin[FIELD_SECTION] = f->section.count ? ORIGIN_META : ORIGIN_NONE;
    }
}

static void fill_tags(const struct page_view *v, struct article_fields *f)
{
    const struct meta *m = v->meta;
    for (size_t i = 0; i < m->tags.count; i++)
        add_split(v, &f->tags, m->tags.items[i]);
    add_split(v, &f->tags, m->slot[META_KEYWORDS]);
    f->origin[FIELD_TAGS] = f->tags.count ? ORIGIN_META : ORIGIN_NONE;
    for (size_t i = 0; i < m->ld.keywords.count; i++)
        add_split(v, &f->tags, m->ld.keywords.items[i]);
    if (f->tags.count && !f->origin[FIELD_TAGS])
        f->origin[FIELD_TAGS] = ORIGIN_JSON_LD;
    for (size_t i = 0; i < v->doc->rel_links.count; i++) {
        const GumboNode *node = v->doc->rel_links.items[i];
        const char *rel = html_attr(node, "rel");
        if (!rel || !strcasestr(rel, "tag"))
            continue;
        const char *text = clean_node(v->arena, v->scratch, node);
        if (text && strlen(text) < 80)
            strings_add(v->arena, &f->tags, text);
        if (!f->origin[FIELD_TAGS] && f->tags.count)
            f->origin[FIELD_TAGS] = ORIGIN_HTML;
    }
}

/* ---- images and links ---- */

static int dimension(const char *s)
{
    long n = s ? strtol(s, NULL, 10) : 0;
    return n > 0 && n < 100000 ? (int)n : 0;
}

static const char *image_address(const GumboNode *node)
{
    static const char *const names[] = { "data-src", "data-original", "data-lazy-src", "src" };
    for (size_t i = 0; i < COUNT(names); i++) {
        const char *s = html_attr(node, names[i]);
        if (s && *s && strncasecmp(s, "data:", 5) != 0)
            return s;
    }
    return NULL;
}

/* The caption block just after an image, in the same figure, table or container. */
static const char *caption_of(const struct page_view *v, const struct image *image)
{
    const struct doc *d = v->doc;
    for (size_t i = image->block; i < d->block_count && i < image->block + 2; i++) {
        const struct block *b = &d->blocks[i];
        const struct element *e = &d->elements[b->owner];
        if (b->words > 100 || v->verdicts[i].keep)
            return NULL;
        bool named = e->owner == OWNER_FIGCAPTION || e->far[GROUP_CAPTION] <= 1 || (e->around & IN_FIGURE) || v->verdicts[i].aside;
        uint32_t around = e->up == DOC_NONE ? DOC_NONE : d->elements[e->up].up;
        bool near = (e->up != DOC_NONE && element_inside(d, image->element, e->up))
                    || (around != DOC_NONE && (e->around & IN_TABLE) && element_inside(d, image->element, around));
        if (named || near)
            return clean_block(v->arena, v->scratch, d, b);
    }
    return NULL;
}

static void body_range(const struct page_view *v, size_t *first, size_t *last)
{
    *first = v->doc->block_count;
    *last = 0;
    for (size_t i = 0; i < v->doc->block_count; i++)
        if (v->verdicts[i].keep) {
            if (*first == v->doc->block_count)
                *first = i;
            *last = i;
        }
}

static void fill_images(const struct page_view *v, struct article_fields *f)
{
    const struct meta *m = v->meta;
    const char *lead = absolute(v, m->slot[META_IMAGE]);
    f->image = (struct article_image){ .url = lead, .width = dimension(m->slot[META_IMAGE_WIDTH]),
                                       .height = dimension(m->slot[META_IMAGE_HEIGHT]) };
    f->origin[FIELD_IMAGE] = lead ? ORIGIN_META : ORIGIN_NONE;
    if (!lead && (lead = absolute(v, m->ld.image))) {
        f->image = (struct article_image){ .url = lead, .width = m->ld.image_width, .height = m->ld.image_height };
        f->origin[FIELD_IMAGE] = ORIGIN_JSON_LD;
    }
    size_t first, last;
    body_range(v, &first, &last);
    f->images = arena_alloc(v->arena, IMAGES_MAX * sizeof(*f->images));
    for (size_t i = 0; f->images && i < v->doc->image_count && f->image_count < IMAGES_MAX; i++) {
        const struct image *image = &v->doc->images[i];
        const struct element *e = &v->doc->elements[image->element];
        if (image->block + 3 < first || image->block > last + 1 || (e->around & (IN_NAV | IN_FOOTER | IN_ASIDE))
            || e->far[GROUP_RELATED] <= 2 || e->far[GROUP_SOCIAL] <= 2 || e->far[GROUP_BYLINE] <= 2)
            continue;
        int width = dimension(html_attr(image->node, "width")), height = dimension(html_attr(image->node, "height"));
        const char *url = (width && width < 60) || (height && height < 60) ? NULL : absolute(v, image_address(image->node));
        bool known = false;
        for (size_t k = 0; url && k < f->image_count; k++)
            known |= strcmp(f->images[k].url, url) == 0;
        if (url && !known)
            f->images[f->image_count++] = (struct article_image){ url, caption_of(v, image), width, height };
    }
    if (!f->image.url && f->image_count) {
        f->image = f->images[0];
        f->origin[FIELD_IMAGE] = ORIGIN_HTML;
    }
    for (size_t i = 0; f->image.url && !f->image.caption && i < f->image_count; i++)
        if (i == 0 || strcmp(f->images[i].url, f->image.url) == 0)
            f->image.caption = strcmp(f->images[i].url, f->image.url) == 0 ? f->images[i].caption : NULL;
}

static void fill_links(const struct page_view *v, struct article_fields *f)
{
    const struct doc *d = v->doc;
    f->links.items = arena_alloc(v->arena, LINKS_MAX * sizeof(*f->links.items));
    for (size_t i = 0; f->links.items && i < d->link_count && f->links.count < LINKS_MAX; i++) {
        if (!v->verdicts[d->links[i].block].keep)
            continue;
        const char *url = absolute(v, html_attr(d->links[i].node, "href"));
        bool known = false;
        for (size_t k = 0; url && k < f->links.count; k++)
            known |= strcmp(f->links.items[k], url) == 0;
        if (url && !known)
            f->links.items[f->links.count++] = url;
    }
}

/* ---- the rest ---- */

#define TRUNCATED_WORDS 250 /* a page behind a paywall that shows less is a beginning */
#define OFFER_BLOCKS 12

/* "Subscribe to continue reading", said where the text breaks off. */
static bool offers_the_rest(const struct page_view *v)
{
    static const char *const offers[] = {
        "to continue reading", "to keep reading", "to read the full", "to read this article", "continue reading with", "subscribe to read",
        "this article is for subscribers", "this content is for subscribers", "for subscribers only", "unlock this article", "already a subscriber",
        "weiterlesen mit", "jetzt weiterlesen", "um weiterzulesen", "artikel freischalten", "pour lire la suite", "la suite est réservée",
        "article réservé aux abonnés", "réservé à nos abonnés", "para seguir leyendo", "contenido exclusivo para suscriptores", "para continuar lendo",
        "conteúdo exclusivo para assinantes", "per continuare a leggere", "contenuto riservato agli abbonati", "lees verder met", "alleen voor abonnees",
        "dla prenumeratorów", "czytaj dalej po zalogowaniu", "fortsätt läsa", "les videre med", "læs videre med", "только для подписчиков",
        "để đọc tiếp", "dành cho thuê bao", "dành cho độc giả đăng ký", "有料会員", "この記事は会員限定", "会員限定記事", "订阅后继续阅读", "구독자 전용",
    };
    const struct doc *d = v->doc;
    size_t first, last;
    body_range(v, &first, &last);
    for (size_t i = last; i < d->block_count && i <= last + OFFER_BLOCKS; i++) {
        const struct block *b = &d->blocks[i];
        const struct element *e = &d->elements[b->owner];
        if (b->words > 60 || (e->around & (IN_NAV | IN_FOOTER | IN_HIDDEN)))
            continue;
        for (size_t k = 0; k < COUNT(offers); k++) {
            size_t n = strlen(offers[k]);
            for (const char *s = d->text + b->text, *end = s + b->len; (size_t)(end - s) >= n; s++)
                if ((*s | 0x20) == (offers[k][0] | 0x20) && strncasecmp(s, offers[k], n) == 0)
                    return true;
        }
    }
    return false;
}

static void fill_rights(const struct page_view *v, struct article_fields *f)
{
    const struct meta *m = v->meta;
    for (size_t i = 0; i < m->robots.count; i++)
        add_split(v, &f->rights.robots_meta, m->robots.items[i]);
    if (v->in->x_robots_tag)
        add_split(v, &f->rights.robots_meta, v->in->x_robots_tag);
    f->rights.tdm_reservation = v->in->tdm_reservation ? clean_text(v->arena, v->scratch, v->in->tdm_reservation,
                                                                    strlen(v->in->tdm_reservation))
                                                       : m->slot[META_TDM];
    const char *tier = m->slot[META_FREE];
    bool offered = offers_the_rest(v);
    f->rights.paywall = offered || m->ld.free_access == 0 || (tier && (strcasecmp(tier, "locked") == 0 || strcasecmp(tier, "metered") == 0
                                                            || strcasecmp(tier, "false") == 0));
    if (offered || (f->rights.paywall && f->word_count < TRUNCATED_WORDS))
        fields_warn(v, f, "truncated");
}

static void fill_summary(const struct page_view *v, struct article_fields *f)
{
    const struct meta *m = v->meta;
    for (size_t i = 0; i < f->block_count; i++)
        if (f->blocks[i].kind == BLOCK_STANDFIRST) {
            f->summary = f->blocks[i].text;
            f->origin[FIELD_SUMMARY] = ORIGIN_TEXT;
            return;
        }
    f->summary = m->slot[META_DESCRIPTION] ? m->slot[META_DESCRIPTION] : m->ld.description;
    f->origin[FIELD_SUMMARY] = m->slot[META_DESCRIPTION] ? ORIGIN_META : f->summary ? ORIGIN_JSON_LD : ORIGIN_NONE;
    if (!f->summary && v->in->hint_summary) {
        f->summary = clean_text(v->arena, v->scratch, v->in->hint_summary, strlen(v->in->hint_summary));
        f->origin[FIELD_SUMMARY] = ORIGIN_FEED;
    }
}

void fields_fill(const struct page_view *v, struct article_fields *f)
{
    const struct meta *m = v->meta;
    const char *canonical = m->canonical ? m->canonical : m->slot[META_URL];
    f->canonical_url = absolute(v, canonical);
    f->origin[FIELD_CANONICAL] = !f->canonical_url ? ORIGIN_NONE : m->canonical ? ORIGIN_HTML : ORIGIN_META;
    f->site_name = m->slot[META_SITE] ? m->slot[META_SITE] : m->ld.publisher;
    f->origin[FIELD_SITE_NAME] = m->slot[META_SITE] ? ORIGIN_META : f->site_name ? ORIGIN_JSON_LD : ORIGIN_NONE;
    fill_summary(v, f);
    fill_language(v, f);
    fill_section(v, f);
    fill_tags(v, f);
    fill_images(v, f);
    fill_links(v, f);
    fill_rights(v, f);
}
