/* pagetype.c - see pagetype.h. */
#include "extractor/pagetype.h"

#include "base/html.h"
#include "base/mem.h"

#include <ctype.h>
#include <math.h>
#include <string.h>
#include <strings.h>

/* ---- the address ---- */

static const char *const url_words[] = { /* one feature each: does the path or host have one of them as a segment's word */
    "blog news article articles story stories post posts press tin bai",
    "product products shop item store buy p dp pd itm",
    "forum forums thread threads topic topics questions question discussion community viewtopic showthread t",
    "docs doc documentation wiki api guide manual reference help kb learn tutorial",
    "category categories tag tags collection collections search list archive archives section topics c all",
    "service services solutions about contact pricing features company industries",
    "video videos watch tv clip", "gallery photo photos slideshow anh", "live liveblog liveticker truc-tiep",
};

static bool path_has(const char *path, const char *words)
{
    while (*words) {
        size_t n = strcspn(words, " ");
        for (const char *s = path; *s; s++) {
            bool starts = s == path || !isalnum((unsigned char)s[-1]);
            if (starts && strncasecmp(s, words, n) == 0 && !isalnum((unsigned char)s[n]))
                return true;
        }
        words += n + (words[n] == ' ');
    }
    return false;
}

static void url_row(const char *url, float *row)
{
    const char *host = url ? strstr(url, "://") : NULL;
    if (!host)
        return;
    host += 3;
    const char *path = host + strcspn(host, "/?#");
    size_t path_len = strcspn(path, "?#");
    const char *last = path, *before_end = path + path_len;
    if (before_end > path && before_end[-1] == '/')
        before_end--;
    int segments = 0, hyphens = 0, digits = 0, run = 0, longest_run = 0;
    for (const char *s = path; s < before_end; s++) {
        segments += *s == '/';
        if (*s == '/')
            last = s + 1;
    }
    for (const char *s = last; s < before_end; s++) {
        hyphens += *s == '-' || *s == '_';
        digits += isdigit((unsigned char)*s) != 0;
        run = isdigit((unsigned char)*s) ? run + 1 : 0;
        longest_run = run > longest_run ? run : longest_run;
    }
    bool year = false;
    for (const char *s = path; s + 5 < before_end; s++)
        year |= s[0] == '/' && (s[1] == '1' || s[1] == '2') && isdigit((unsigned char)s[2]) && isdigit((unsigned char)s[3])
                && isdigit((unsigned char)s[4]) && s[5] == '/';
    row[0] = 1;
    row[1] = (float)segments;
    row[2] = (float)path_len;
    row[3] = (float)(before_end - last);
    row[4] = (float)hyphens;
    row[5] = (float)digits;
    row[6] = (float)longest_run;
    row[7] = year;
    row[8] = path_len <= 1;
    row[9] = path[path_len] == '?';
    row[10] = path_len > 5 && memmem(path, path_len, ".htm", 4) != NULL;
    row[11] = path_len > 1 && path[path_len - 1] == '/';
    row[12] = strncasecmp(host, "www.", 4) == 0;
    for (size_t i = 0; i < COUNT(url_words); i++)
        row[13 + i] = path_has(host, url_words[i]);
}

/* ---- the markup ---- */

static void markup_row(const struct page_view *v, float *row)
{
    static const GumboTag counted[] = { GUMBO_TAG_H1, GUMBO_TAG_H2, GUMBO_TAG_H3, GUMBO_TAG_P, GUMBO_TAG_A, GUMBO_TAG_IMG, GUMBO_TAG_LI,
                                        GUMBO_TAG_TABLE, GUMBO_TAG_FORM, GUMBO_TAG_INPUT, GUMBO_TAG_PRE, GUMBO_TAG_CODE, GUMBO_TAG_TIME,
                                        GUMBO_TAG_IFRAME, GUMBO_TAG_VIDEO, GUMBO_TAG_ARTICLE, GUMBO_TAG_FIGURE, GUMBO_TAG_BUTTON,
                                        GUMBO_TAG_SELECT, GUMBO_TAG_SECTION, GUMBO_TAG_BLOCKQUOTE, GUMBO_TAG_DT, GUMBO_TAG_TD };
    static const char *const types[] = { "article", "website", "product", "video", "profile" };
    const struct meta *m = v->meta;
    int n = 0;
    for (int bit = 0; bit < 12; bit++)
        row[n++] = (float)(m->ld.types >> bit & 1);
    const char *type = m->slot[META_TYPE];
    for (size_t i = 0; i < COUNT(types); i++)
        row[n++] = type && strncasecmp(type, types[i], strlen(types[i])) == 0;
    row[n++] = type == NULL;
    row[n++] = m->named_published;
    row[n++] = m->slot[META_PUBLISHED] != NULL;
    row[n++] = m->item_published != NULL;
    row[n++] = m->authors.count > 0;
    row[n++] = m->slot[META_SECTION] != NULL || m->ld.sections.count;
    row[n++] = m->tags.count > 0;
    for (size_t i = 0; i < COUNT(counted); i++)
        row[n++] = logf(1 + (float)v->doc->tags[counted[i]]);
    row[n++] = (float)(m->ld.main_type & LD_ARTICLE);
}

/* ---- the blocks ---- */

static bool has_price(const struct doc *d, const struct block *b)
{
    if (b->n > 40 || b->digit_n == 0)
        return false;
    static const char *const signs[] = { "$", "€", "£", "¥", "₫", "VND", "USD", "EUR", "kr", "zł" };
    for (size_t i = 0; i < COUNT(signs); i++)
        if (memmem(d->text + b->text, b->len, signs[i], strlen(signs[i])))
            return true;
    return false;
}

struct tally {
    float text, links, good, longest, kept_text, kept_links, kept, kept_p, headline_text, headlines, comment_text, related_text, prices,
        stops, questions, headings, repeats, blocks, list_text, kept_stops, after_kept, top_p, kept_headings, kept_lists, times, commas, calls, bylines, dates, social, form_text, run, longest_run, kept_links_count, code, questions_kept,
        long_kept;
};

static struct tally tally_blocks(const struct page_view *v)
{
    const struct doc *d = v->doc;
    struct tally t = { 0 };
    for (size_t i = 0; i < d->block_count; i++) {
        const struct block *b = &d->blocks[i];
        const struct element *e = &d->elements[b->owner];
        const struct verdict *w = &v->verdicts[i];
        float links = block_link_density(b);
        bool heading = e->owner >= OWNER_H1 && e->owner <= OWNER_H4;
        t.blocks++;
        t.text += b->n;
        t.links += b->link_n;
        t.good += block_good(b);
        t.longest = b->n > t.longest ? b->n : t.longest;
        t.stops += (float)b->stops;
        t.headings += heading;
        t.repeats += b->hash_count > 1;
        t.prices += has_price(d, b);
        t.questions += b->len && d->text[b->text + b->len - 1] == '?';
        t.times += b->has_time;
        t.commas += (float)b->commas;
        if (links > 0.8f && b->n >= 20 && b->n <= 120) {
            t.headlines++;
            t.headline_text += b->n;
        }
        t.comment_text += e->far[GROUP_COMMENT] <= 3 ? b->n : 0;
        t.related_text += e->far[GROUP_RELATED] <= 2 ? b->n : 0;
        t.list_text += e->around & IN_LI ? b->n : 0;
        t.calls += links > 0.9f && b->links == 1 && b->words <= 4 && !(e->around & (IN_NAV | IN_FOOTER | IN_LI)); /* buttons */
        t.bylines += e->far[GROUP_BYLINE] <= 1 && b->n < 60;
        t.dates += e->far[GROUP_META] <= 1 && b->digit_n >= 3 && b->n < 60;
        t.social += e->far[GROUP_SOCIAL] <= 1;
        t.form_text += e->around & IN_FORM ? b->n : 0;
        t.code += e->around & IN_PRE ? b->n : 0;
        t.top_p = w->probability > t.top_p ? w->probability : t.top_p;
        if (w->keep) {
            t.kept++;
            t.kept_text += b->n;
            t.kept_links += b->link_n;
            t.kept_p += w->probability * b->n;
            t.kept_stops += (float)b->stops;
            t.kept_headings += heading;
            t.kept_lists += (e->around & IN_LI) != 0;
            t.after_kept = 0;
            t.kept_links_count += (float)b->links;
            t.questions_kept += heading && d->text[b->text + b->len - 1] == '?';
            t.long_kept += b->words >= 25 ? b->n : 0;
            t.run = heading || b->words >= 12 ? t.run + b->n : 0;
            t.longest_run = t.run > t.longest_run ? t.run : t.longest_run;
        } else {
            t.run = links < 0.5f && b->words >= 12 ? 0 : t.run;
            t.after_kept += b->n;
        }
    }
    return t;
}

/* What the first word of a host says: 1 documentation, 2 forum, 3 news or blog, 4 shop. */
static float host_kind(const char *url)
{
    static const char *const kinds[] = { "docs. doc. developer. developers. help. support. wiki. learn. manual. api.",
                                         "forum. forums. community. discuss. discussions. board. answers.",
                                         "blog. blogs. news. medium. magazine. stories.", "shop. store. buy. promotions. pages." };
    const char *host = url ? strstr(url, "://") : NULL;
    for (size_t k = 0; host && k < COUNT(kinds); k++)
        for (const char *s = kinds[k]; *s;) {
            size_t n = strcspn(s, " ");
            if (strncasecmp(host + 3, s, n) == 0)
                return (float)(k + 1);
            s += n + (s[n] == ' ');
        }
    return 0;
}

static float ratio(float a, float b)
{
    return b > 0 ? a / b : 0;
}

/* Shares of the words that speak for each kind: of the kept text, then of the rest; then how many words were kept. */
static void word_row(const struct page_view *v, float *row)
{
    float kinds[2][WORD_KINDS] = { { 0 } }, words[2] = { 0 };
    for (size_t i = 0; i < v->doc->block_count; i++) {
        const struct block *b = &v->doc->blocks[i];
        bool kept = v->verdicts[i].keep;
        for (uint32_t k = 0; k < b->words; k++) {
            int kind = phrases_word(v->phrases, v->doc->words[b->word + k]);
            kinds[kept][kind < 0 ? 0 : kind] += kind >= 0;
        }
        words[kept] += (float)b->words;
    }
    for (int k = 0; k < WORD_KINDS; k++) {
        *row++ = ratio(kinds[1][k], words[1]);
        *row++ = ratio(kinds[0][k], words[0]);
    }
    *row = logf(1 + words[1]);
}

static void block_row(const struct page_view *v, const struct article_fields *f, float *row)
{
    struct tally t = tally_blocks(v);
    const struct landmarks *m = v->marks;
    int n = 0;
    row[n++] = logf(1 + t.blocks);
    row[n++] = logf(1 + t.text);
    row[n++] = logf(1 + t.good);
    row[n++] = ratio(t.good, t.text);
    row[n++] = ratio(t.links, t.text);
    row[n++] = logf(1 + t.longest);
    row[n++] = logf(1 + t.kept_text);
    row[n++] = logf(1 + t.kept);
    row[n++] = ratio(t.kept_text, t.text);
    row[n++] = ratio(t.kept_links, t.kept_text);
    row[n++] = ratio(t.kept_p, t.kept_text);
    row[n++] = ratio(t.kept_text, t.kept);
    row[n++] = ratio(t.kept_stops, t.kept);
    row[n++] = t.top_p;
    row[n++] = logf(1 + t.headlines);
    row[n++] = ratio(t.headline_text, t.text);
    row[n++] = ratio(t.comment_text, t.text);
    row[n++] = ratio(t.related_text, t.text);
    row[n++] = logf(1 + t.prices);
    row[n++] = ratio(t.stops, t.blocks);
    row[n++] = ratio(t.questions, t.blocks);
    row[n++] = ratio(t.headings, t.blocks);
    row[n++] = ratio(t.repeats, t.blocks);
    row[n++] = ratio(t.list_text, t.text);
    row[n++] = ratio(t.after_kept, t.text);
    row[n++] = ratio(t.kept_headings, t.kept);
    row[n++] = ratio(t.kept_lists, t.kept);
    row[n++] = logf(1 + t.times);
    row[n++] = (float)m->semantic_level;
    row[n++] = m->semantic_share;
    row[n++] = m->title_score;
    row[n++] = f->has_published ? (float)f->origin[FIELD_PUBLISHED] : 0;
    row[n++] = (float)f->authors.count;
    row[n++] = (float)f->origin[FIELD_AUTHORS];
    row[n++] = f->has_modified;
    row[n++] = t.calls;
    row[n++] = t.bylines;
    row[n++] = t.dates;
    row[n++] = logf(1 + t.social);
    row[n++] = ratio(t.form_text, t.text);
    row[n++] = logf(1 + t.longest_run);
    row[n++] = ratio(t.kept_links_count, t.kept_text) * 1000;
    row[n++] = ratio(t.code, t.text);
    row[n++] = t.questions_kept;
    row[n++] = ratio(t.long_kept, t.kept_text);
    row[n++] = (float)strlen(f->title ? f->title : "");
    row[n++] = m->title == DOC_NONE ? -1 : ratio((float)m->title, t.blocks);
    row[n++] = (float)f->tags.count;
    row[n++] = f->image.url != NULL;
    row[n++] = host_kind(v->in->url);
    word_row(v, row + n);
}

void pagetype_row(const struct page_view *v, const struct article_fields *f, float row[PAGE_FEATURE_COUNT])
{
    memset(row, 0, PAGE_FEATURE_COUNT * sizeof(*row));
    url_row(v->in->url, row);
    markup_row(v, row + PAGE_URL_FEATURES);
    block_row(v, f, row + PAGE_URL_FEATURES + PAGE_MARKUP_FEATURES);
}

/* ---- verdicts ---- */

/* What a page says that stands for another: asked of its title and of its first lines, and only when it says little else. */
static const struct { const char *reason; const char *phrases; } errors[] = {
    { "soft 404", "404|page not found|not found|page you are looking for|page you requested|page doesn't exist|page does not exist|"
                  "no longer available|không tìm thấy|trang không tồn tại|bài viết không tồn tại|seite nicht gefunden|nicht gefunden|"
                  "page introuvable|página no encontrada|página não encontrada|pagina non trovata|pagina niet gevonden|"
                  "страница не найдена|ページが見つかりません|页面不存在|sidan hittades inte" },
    { "bot check", "just a moment|checking your browser|are you a robot|are you human|verify you are human|access denied|"
                   "attention required|enable javascript and cookies|unusual traffic|request blocked|pardon our interruption|"
                   "security check|captcha|403 forbidden|forbidden|xác minh bạn|please wait while we" },
    { "consent wall", "before you continue|we value your privacy|your privacy choices|cookie consent|datenschutzeinstellungen|"
                      "zustimmung|mit werbung weiterlesen|consent to cookies|accept cookies to continue|pur-abo|privacy settings" },
    { "login", "log in to continue|sign in to continue|please log in|please sign in|login|sign in|log in|đăng nhập|anmelden|connexion|"
               "iniciar sesión|create an account" },
};

static bool says(const char *text, const char *phrases)
{
    char phrase[80];
    while (text && *phrases) {
        size_t n = strcspn(phrases, "|");
        memcpy(phrase, phrases, n);
        phrase[n] = '\0';
        if (strcasestr(text, phrase))
            return true;
        phrases += n + (phrases[n] == '|');
    }
    return false;
}

static const char *error_of(const struct page_view *v, const struct article_fields *f)
{
    const struct doc *d = v->doc;
    size_t words = 0;
    for (size_t i = 0; i < d->block_count; i++)
        words += block_good(&d->blocks[i]) > 0 ? d->blocks[i].words : 0;
    bool empty = f->word_count < 60 && words < 150;
    if (v->meta->ld.article && f->word_count >= 20)
        return NULL;
    for (size_t i = 0; i < COUNT(errors); i++) {
        bool login = i == 3;
        if (login && !d->passwords)
            continue;
        if (empty && (says(f->title, errors[i].phrases) || says(v->meta->html_title, errors[i].phrases)))
            return errors[i].reason;
        if (empty && words < 60 && f->word_count && says(f->text, errors[i].phrases))
            return errors[i].reason;
    }
    if (d->word_count < 5)
        return "empty page";
    return NULL;
}

static void set(struct article_fields *f, enum page_type type, const char *reason)
{
    f->page_type = type;
    f->page_reason = reason;
}

static bool type_is(const struct meta *m, const char *type)
{
    return m->slot[META_TYPE] && strncasecmp(m->slot[META_TYPE], type, strlen(type)) == 0;
}

static bool is_special(const struct page_view *v, struct article_fields *f, const float *row)
{
    const struct meta *m = v->meta;
    const float *url = row + 13;
    bool has_video = v->doc->videos || v->doc->iframes || (m->ld.types & LD_VIDEO);
    if (m->ld.main_type & LD_LIVE)
        set(f, PAGE_LIVE, "JSON-LD LiveBlogPosting");
    else if (url[8] != 0 && v->doc->times.count >= 8 && v->doc->tags[GUMBO_TAG_TIME] >= 8)
        set(f, PAGE_LIVE, "live in the address, many times on the page");
    else if (f->word_count < 150 && (type_is(m, "video") || ((m->ld.types & LD_VIDEO) && !m->ld.article) || (url[6] != 0 && has_video)))
        set(f, PAGE_VIDEO, "video with little text");
    else if (f->word_count < 150 && ((m->ld.types & LD_GALLERY) || (url[7] != 0 && f->image_count >= 4)))
        set(f, PAGE_GALLERY, "pictures with little text");
    else
        return false;
    return true;
}

static const char *says_article(const struct meta *m)
{
    if (m->ld.article)
        return "JSON-LD article";
    if (type_is(m, "article"))
        return "og:type article";
    return m->named_published ? "article:published_time" : NULL;
}

#define SAID_LEAST 0.45f
#define SAID_MORE_LEAST 0.1f

/* Markup of the news itself, with text: what calls itself a NewsArticle is hardly ever anything else. */
static bool says_more(const struct page_view *v, const struct article_fields *f)
{
    return (v->meta->ld.main_type & LD_NEWS) && f->word_count >= 30;
}

#define SHORT_LEAST 0.1f
#define SHORT_LIKELY 0.25f
#define SHORT_WORDS 400
#define SHORT_PARAGRAPHS 2

/* A short report is little text among much else, which looks like none to the model: some whole paragraphs below the title,
 * dated, signed, at an address like an article's or called one, and no other prose on the page. */
static bool is_short_article(const struct page_view *v, const struct article_fields *f, const float *url, bool said, float p)
{
    const struct doc *d = v->doc;
    unsigned paragraphs = 0, signs = said + f->has_published + (f->authors.count > 0) + (url[13] != 0 || url[6] >= 6 || url[7] != 0);
    float kept = 0, other = 0;
    bool else_named = url[14] != 0 || url[15] != 0 || url[16] != 0 || url[17] != 0 || url[18] != 0; /* a shop, a forum, … */
    if (f->word_count > SHORT_WORDS || v->marks->title == DOC_NONE || else_named || (v->meta->ld.types & (LD_PRODUCT | LD_FORUM | LD_LISTING)))
        return false;
    for (size_t i = 0; i < d->block_count; i++) {
        const struct block *b = &d->blocks[i];
        bool prose = b->words >= 12 && b->ends_mark && block_link_density(b) < 0.3f;
        if (prose && v->verdicts[i].keep && i > v->marks->title) {
            paragraphs++;
            kept += b->n;
        } else if (prose) {
            other += b->n;
        }
    }
    signs += kept > 4 * other;
    return paragraphs >= SHORT_PARAGRAPHS && kept > 2 * other && signs >= (p > SHORT_LIKELY ? 2 : 3);
}

void pagetype_fill(const struct page_view *v, const struct model *model, struct article_fields *f)
{
    float row[PAGE_FEATURE_COUNT];
    const char *error = error_of(v, f);
    if (error) {
        set(f, PAGE_ERROR, error);
        return;
    }
    pagetype_row(v, f, row);
    if (is_special(v, f, row))
        return;
    float p = model_probability(model, row);
    const char *said = says_article(v->meta);
    const float *blocks = row + PAGE_URL_FEATURES + PAGE_MARKUP_FEATURES;
    if (p > 0.5f)
        set(f, PAGE_ARTICLE, "page model");
    else if (p > SHORT_LEAST && is_short_article(v, f, row, said != NULL, p))
        set(f, PAGE_ARTICLE, "a few paragraphs below a title");
    else if (said && (p > SAID_LEAST || (says_more(v, f) && p > SAID_MORE_LEAST)))
        set(f, PAGE_ARTICLE, said);
    else if (row[8] != 0)
        set(f, PAGE_LISTING, "front page");
    else if (blocks[15] > 0.3f || blocks[14] > 3.5f)
        set(f, PAGE_LISTING, "mostly linked headlines");
    else
        set(f, PAGE_OTHER, "page model");
}
