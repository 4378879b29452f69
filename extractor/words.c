/* words.c - see words.h. */
#include "extractor/words.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

size_t words_hash(const struct chars *c, const char *text, size_t len, uint32_t *out, size_t max)
{
    const char *end = text + len;
    size_t count = 0;
    uint32_t hash = 0;

    while (text < end && count < max) {
        uint32_t cp = chars_next(&text, end);
        unsigned class = chars_class(c, cp);
        if (!class || cp == 0xAD) /* marks of format join */
            continue;
        bool letter = class & (CHAR_LETTER | CHAR_DIGIT);
        if (hash && (!letter || (class & CHAR_DENSE))) {
            out[count++] = hash;
            hash = 0;
        }
        if (letter && count < max)
            hash = word_add(hash ? hash : WORD_SEED, chars_lower(c, cp));
        if (hash && (class & CHAR_DENSE) && count < max) {
            out[count++] = hash;
            hash = 0;
        }
    }
    if (hash && count < max)
        out[count++] = hash;
    return count;
}

void key_set_init(struct key_set *s, size_t keys)
{
    size_t size = 64;
    while (size < keys * 2)
        size *= 2;
    s->slots = xcalloc(size, sizeof(*s->slots));
    s->mask = size - 1;
    s->count = 0;
}

void key_set_fini(struct key_set *s)
{
    free(s->slots);
    *s = (struct key_set){ 0 };
}

static uint64_t *slot_of(const struct key_set *s, uint64_t key)
{
    size_t i = (key ^ key >> 31) & s->mask;
    while (s->slots[i] && s->slots[i] != key)
        i = (i + 1) & s->mask;
    return &s->slots[i];
}

bool key_set_add(struct key_set *s, uint64_t key)
{
    key += !key;
    uint64_t *slot = slot_of(s, key);
    if (*slot || s->count * 4 > s->mask * 3)
        return false;
    *slot = key;
    s->count++;
    return true;
}

bool key_set_has(const struct key_set *s, uint64_t key)
{
    return s->slots && *slot_of(s, key + !key) != 0;
}

void key_set_add_grams(struct key_set *s, const uint32_t *words, size_t count, unsigned n)
{
    for (size_t i = 0; i + n <= count; i++)
        key_set_add(s, words_gram(words + i, n));
}

float key_set_cover(const struct key_set *s, const uint32_t *words, size_t count, unsigned n)
{
    size_t hits = 0;
    if (!s->count || count < n)
        return 0;
    for (size_t i = 0; i + n <= count; i++)
        hits += key_set_has(s, words_gram(words + i, n));
    return (float)hits / (float)(count - n + 1);
}

/* ---- phrases ---- */

#define PHRASE_WORDS 4

static const struct { unsigned kind; const char *starts; } phrase_lists[] = {
    { PHRASE_RELATED,
      "read more|read also|also read|see also|more on|more from|related|recommended|you may also like|you might also like|"
      "up next|most read|most popular|trending|latest news|next article|previous article|keep reading|"
      "xem thêm|đọc thêm|tin liên quan|tin bài liên quan|bài liên quan|các tin bài khác|các tin khác|tin khác|tin mới|tin cùng "
      "chuyên mục|cùng chuyên mục|đọc nhiều|xem nhiều|mời độc giả|mời bạn đọc|bài viết liên quan|có thể bạn quan tâm|chủ đề|từ khóa|"
      "lire aussi|à lire aussi|à lire|voir aussi|sur le même sujet|lesen sie auch|lesen sie|mehr zum thema|mehr dazu|auch interessant|"
      "das könnte sie|weitere artikel|leia também|leia mais|veja também|saiba mais|lee también|lea también|te puede interesar|"
      "más información|ver más|relacionad|leggi anche|leggi tutto|potrebbe interessarti|читайте также|смотрите также|читать далее|"
      "по теме|lees ook|lees meer|læs også|læs mere|les også|les mer|läs också|läs mer|lue myös|czytaj także|czytaj więcej|zobacz "
      "także|čtěte také|mohlo by vás zajímat|olvassa el|citește și|citeste si|διαβάστε ακόμη|διαβάστε επίσης|ayrıca bakınız|ilgili "
      "haberler|baca juga|simak juga|関連記事|おすすめ|あわせて読みたい|相关阅读|相关新闻|延伸阅读|推荐阅读|관련기사|اقرأ أيضا|اقرأ المزيد|اقرأ ايضا" },
    { PHRASE_SOURCE,
      "ảnh|nguồn|nguồn ảnh|ảnh minh họa|minh họa|đồ họa|video|clip|theo|photo|photos|photograph|picture|image|credit|source|getty|"
      "afp|reuters|ap photo|foto|fotos|bild|bilder|quelle|crédit|crédits|fuente|fonte|imagem|imagen|afbeelding|beeld|kuva|zdjęcie|"
      "фото|источник|kép|写真|图|图片|사진" },
    { PHRASE_PROMO,
      "sign up|subscribe|follow us|join|download|get the|click here|share|advertisement|sponsored|newsletter|support|donate|become a "
      "member|already a|log in|register|copyright|all rights|this article|about the author|đăng ký|đăng nhập|bình luận|chia sẻ|gửi bình luận|"
      "quảng cáo|theo dõi|liên hệ|bản quyền|abonnez|abonnieren|anzeige|werbung|newsletter|suscríbete|publicidad|assine|publicidade|"
      "teilen|kommentare|comments|leave a|post a|tags|topics|filed under|posted in|categories" },
    { PHRASE_BYLINE, "by|von|par|por|di|av|af|door|автор|tác giả|thực hiện|biên tập|bài|pv|written by|posted by|author" },
};

static const char *const kind_words[WORD_KINDS] = {
    [WORD_OFFER] = "our we us services service clients client quote contact call free solutions customers book schedule appointment pricing plan "
                   "plans today team experts trusted offer offers request demo enroll apply tuition chúng tôi dịch vụ liên hệ",
    [WORD_DOCS] = "function parameter parameters example examples install configure api click section chapter code command file files server "
                  "returns type value default syntax method note table page object run create directory settings option options",
    [WORD_FORUM] = "reply replies posted thread threads joined member members posts quote forum forums topic topics likes moderator solved answer "
                   "answers question questions thanks edited",
    [WORD_STORY] = "said says told according year years he she they was were had after who his her when on monday tuesday wednesday thursday friday "
                   "saturday sunday ông bà ngày theo cho biết người",
    [WORD_SHOP] = "cart shipping add price sale product products reviews stars size color stock checkout buy warranty delivery returns quantity shop "
                  "items item giỏ hàng giá mua",
};

struct phrases {
    struct { uint64_t key; unsigned kind; } slots[1024];
    struct { uint32_t word; int kind; } words[512]; /* kind + 1; 0: empty */
};

static void word_learn(struct phrases *p, uint32_t word, int kind)
{
    size_t i = word % COUNT(p->words);
    while (p->words[i].kind && p->words[i].word != word)
        i = (i + 1) % COUNT(p->words);
    if (!p->words[i].kind) {
        p->words[i].word = word;
        p->words[i].kind = kind + 1;
    }
}

int phrases_word(const struct phrases *p, uint32_t word)
{
    for (size_t i = word % COUNT(p->words); p->words[i].kind; i = (i + 1) % COUNT(p->words))
        if (p->words[i].word == word)
            return p->words[i].kind - 1;
    return -1;
}

static void phrase_learn(struct phrases *p, uint64_t key, unsigned kind)
{
    size_t i = key % COUNT(p->slots);
    while (p->slots[i].kind && p->slots[i].key != key)
        i = (i + 1) % COUNT(p->slots);
    p->slots[i].key = key;
    p->slots[i].kind |= kind;
}

struct phrases *phrases_create(const struct chars *c)
{
    struct phrases *p = xcalloc(1, sizeof(*p));
    uint32_t list[64];
    for (int k = 0; k < WORD_KINDS; k++) {
        size_t n = words_hash(c, kind_words[k], strlen(kind_words[k]), list, COUNT(list));
        for (size_t i = 0; i < n; i++)
            word_learn(p, list[i], k);
    }
    for (size_t k = 0; k < COUNT(phrase_lists); k++)
        for (const char *s = phrase_lists[k].starts; *s;) {
            size_t len = strcspn(s, "|");
            uint32_t words[PHRASE_WORDS];
            size_t n = words_hash(c, s, len, words, PHRASE_WORDS);
            if (n)
                phrase_learn(p, words_gram(words, (unsigned)n) + n, phrase_lists[k].kind);
            s += len + (s[len] == '|');
        }
    return p;
}

void phrases_destroy(struct phrases *p)
{
    free(p);
}

unsigned phrases_at(const struct phrases *p, const uint32_t *words, size_t count)
{
    unsigned kind = 0;
    for (unsigned n = 1; n <= PHRASE_WORDS && n <= count; n++) {
        uint64_t key = words_gram(words, n) + n;
        for (size_t i = key % COUNT(p->slots); p->slots[i].kind; i = (i + 1) % COUNT(p->slots))
            if (p->slots[i].key == key)
                kind |= p->slots[i].kind;
    }
    return kind;
}
