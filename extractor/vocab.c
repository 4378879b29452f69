/* vocab.c - words of class and id names. */
#include "extractor/vocab.h"

#include "base/hash.h"
#include "base/mem.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

const char *const group_names[GROUP_COUNT] = { "nav", "side", "foot", "related", "social", "comment", "ad", "newsletter",
                                               "caption", "byline", "meta", "cookie", "toc", "lead", "positive", "credit", "points", "box" };

/* Common English words of templates, and Vietnamese, Spanish, Portuguese, German, French ones. */
static const char *const group_words[GROUP_COUNT] = {
    [GROUP_NAV] = "nav navbar navigation menu breadcrumb breadcrumbs submenu topnav mainnav megamenu sitemap pagination pager "
                  "paging toolbar hamburger",
    [GROUP_SIDE] = "sidebar side aside rail rightrail widget widgets right colright secondary",
    [GROUP_FOOT] = "footer foot copyright colophon legal bottom",
    [GROUP_RELATED] = "related relate relacionadas relacionados recommend recommended recommendation recommendations recirc "
                      "recirculation more readmore popular trending mostread most latest suggested similar also outbrain taboola "
                      "teaser teasers card cards promo promos carousel slider swiper list listing feed headlines upnext next prev "
                      "previous tinlienquan lienquan khac moinhat docnhieu xemthem verwandt weitere mehr gerelateerd correlati lies connexe "
                      "similaire souvisejici relaterat relaterte lignende powiazane polecane doporucene onecikan ilgili",
    [GROUP_SOCIAL] = "share sharing social facebook twitter whatsapp pinterest addthis sharedaddy follow socials bookmark print teilen compartir "
                     "partager condividi udostepnij chiase zalo",
    [GROUP_COMMENT] = "comment comments disqus commentlist respond reply replies coral livefyre discussion responses reviews kommentar kommentare "
                      "commentaires comentarios reacties komentarze diskuse binhluan ykien",
    [GROUP_AD] = "ad ads advert advertisement advertising sponsor sponsored sponsors banner dfp adsense adslot adunit gpt partner "
                 "commercial outstream quangcao anzeige werbung publicidad publicite reklam reklama inzerce annonce",
    [GROUP_NEWSLETTER] = "newsletter subscribe subscription signup register login signin paywall cta optin email donate donation "
                         "membership subscriber regwall piano abonnieren boletin infolettre nieuwsbrief",
    [GROUP_CAPTION] = "caption figcaption credit credits photo image img picture figure gallery media thumb thumbnail photographer "
                      "legend lightbox slideshow video player",
    [GROUP_BYLINE] = "author authors byline bio biography avatar contributor writer profile autor autores auteur auteurs redakteur verfasser tacgia autore",
    [GROUP_META] = "meta date time timestamp dateline published pubdate updated info tag tags tagged topic topics category "
                   "categories label labels kicker section keywords datum fecha ngay thoigian tukhoa schlagwort etiquetas",
    [GROUP_COOKIE] = "cookie cookies consent gdpr privacy popup modal overlay dialog notice notification alert toast cmp onetrust "
                     "didomi",
    [GROUP_TOC] = "toc contents tableofcontents jump anchor skip",
    [GROUP_LEAD] = "lead lede intro sapo summary excerpt description standfirst subtitle subheadline dek chapeau deck abstract "
                   "teasertext strapline vorspann entradilla bajada occhiello sommario ingress manchet perex zajawka chapo tomtat",
    [GROUP_POSITIVE] = "article articlebody body content entry post story text detail main paragraph maincontent singular news "
                       "noidung chitiet artikel articulo texto corpo contenu inhalt nota noticia cuerpo materia artigo articolo articol "
                       "artykul clanek artikkel brodtext brodtekst tekst texte tresc",
    [GROUP_CREDIT] = "caption captions figcaption captiontext legend credit credits bildunterschrift bijschrift leyenda didascalia "
                     "chuthich legende billedtekst bildtext imagecaption photocaption copyright",
    [GROUP_POINTS] = "keypoints takeaways takeaway tldr bullets bulletpoints keyfacts faq faqs",
    [GROUP_BOX] = "inset factbox infobox fact facts callout pullquote pull quote embed embedded insert infographic chart interactive "
                  "timeline",
};

/* Two words of one class name that together name an article's body: the thing, then its body. */
static const char body_of[] = "article post entry story news blog single singular detail noticia nota artikel materia content fck cms";
static const char body_words[] = "body content text main detail details copy contents bodytext";
static const char body_alone[] = "articlebody articlecontent entrycontent postcontent postbody storybody storycontent fulltext prose "
                                 "wysiwyg articletext newscontent newsbody detailcontent contentdetail bodytext bodycopy noidung";
/* … and words that unsay it. */
static const char body_never[] = "comment comments related sidebar footer header widget teaser promo recommend newsletter card cards "
                                 "list nav share social meta title caption";
static const char main_words[] = "main content maincontent primary";

enum {
    WORD_BODY_OF = 1 << 24, WORD_BODY = 1 << 25, WORD_BODY_ALONE = 1 << 26, WORD_BODY_NEVER = 1 << 27, WORD_MAIN = 1 << 28,
    WORD_SCREEN = 1 << 29, WORD_READER = 1 << 30,
};
#define WORD_SLOTS 1024
#define CACHE_SLOTS 2048

struct vocab {
    struct { uint64_t hash; uint32_t says; } words[WORD_SLOTS];
    struct { uint64_t hash; uint32_t says; } cache[CACHE_SLOTS];
};

static void learn(struct vocab *v, const char *word, size_t len, uint32_t says)
{
    uint64_t h = hash64(word, len) | 1;
    size_t i = h % WORD_SLOTS;
    while (v->words[i].hash && v->words[i].hash != h)
        i = (i + 1) % WORD_SLOTS;
    v->words[i].hash = h;
    v->words[i].says |= says;
}

static void learn_list(struct vocab *v, const char *list, uint32_t says)
{
    while (*list) {
        size_t len = strcspn(list, " ");
        learn(v, list, len, says);
        list += len + (list[len] == ' ');
    }
}

struct vocab *vocab_create(void)
{
    struct vocab *v = xcalloc(1, sizeof(*v));
    for (int g = 0; g < GROUP_COUNT; g++)
        learn_list(v, group_words[g], 1u << g);
    learn_list(v, body_of, WORD_BODY_OF);
    learn_list(v, body_words, WORD_BODY);
    learn_list(v, body_alone, WORD_BODY_ALONE);
    learn_list(v, body_never, WORD_BODY_NEVER);
    learn_list(v, main_words, WORD_MAIN);
    learn_list(v, "hidden hide invisible", NAME_HIDDEN);
    learn_list(v, "rollover tooltip popover hovercard", NAME_POPOVER);
    learn_list(v, "screen sr visually", WORD_SCREEN);
    learn_list(v, "reader only hidden", WORD_READER);
    learn_list(v, "tweet instagram tiktok fb", NAME_EMBED);
    learn_list(v, "title headline heading", NAME_TITLE);
    return v;
}

void vocab_destroy(struct vocab *v)
{
    free(v);
}

static uint32_t word_says(const struct vocab *v, const char *word, size_t len)
{
    uint64_t h = hash64(word, len) | 1;
    for (size_t i = h % WORD_SLOTS; v->words[i].hash; i = (i + 1) % WORD_SLOTS)
        if (v->words[i].hash == h)
            return v->words[i].says;
    return 0;
}

/* One name between spaces: "article__body--wide". */
static uint32_t name_says(const struct vocab *v, const char *s, size_t len)
{
    char word[32];
    uint32_t all = 0, previous = 0;
    bool content = false;

    for (size_t i = 0; i < len;) {
        size_t n = 0;
        if (!isalpha((unsigned char)s[i])) {
            i++;
            continue;
        }
        do {
            if (n < sizeof(word))
                word[n++] = (char)tolower((unsigned char)s[i]);
            i++;
        } while (i < len && isalpha((unsigned char)s[i]) && !(isupper((unsigned char)s[i]) && islower((unsigned char)s[i - 1])));
        uint32_t says = word_says(v, word, n);
        content |= (says & WORD_BODY_ALONE) || ((previous & WORD_BODY_OF) && (says & WORD_BODY));
        if ((previous & WORD_SCREEN) && (says & WORD_READER))
            all |= NAME_POPOVER;
        all |= says;
        previous = says;
    }
    uint32_t out = all & ((1u << GROUP_COUNT) - 1);
    out |= all & (NAME_HIDDEN | NAME_POPOVER | NAME_EMBED | NAME_TITLE);
    if (!(all & WORD_BODY_NEVER))
        out |= (content ? NAME_CONTENT : 0) | (all & WORD_MAIN ? NAME_MAIN : 0);
    return out;
}

uint32_t vocab_lookup(struct vocab *v, const char *name)
{
    size_t len = strlen(name);
    uint64_t h = hash64(name, len) | 1ull << 63; /* 0: a free slot */
    size_t slot = h % CACHE_SLOTS;
    if (v->cache[slot].hash == h)
        return v->cache[slot].says;

    uint32_t says = 0;
    for (const char *s = name; *s;) {
        size_t n = strcspn(s, " \t\r\n\f");
        if (n)
            says |= name_says(v, s, n);
        s += n + (s[n] != '\0');
    }
    v->cache[slot].hash = h;
    v->cache[slot].says = says;
    return says;
}
