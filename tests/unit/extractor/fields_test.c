/* fields_test.c - title, authors, times, language, rights: small pages, one source of the field each. */
#include "small_page.h"

#define BODY "<p>" LINE "</p><p>" LINE " And once more.</p><p>" LINE " And a third time.</p>"
#define LD(json) "<script type='application/ld+json'>" json "</script>"

/* ---- title ---- */

static const struct { const char *name, *page, *want; enum origin origin; } titles[] = {
    { "h1 that og repeats", "<meta property=og:title content='The bridge is closed'><h1>The bridge is closed</h1>" BODY, "The bridge is closed", ORIGIN_HTML },
    { "h1 that the title element holds", "<title>The bridge is closed | Daily Town</title><h1>The bridge is closed</h1>" BODY, "The bridge is closed", ORIGIN_HTML },
    { "the site's name as h1", "<title>The bridge is closed | Daily Town</title><meta property=og:site_name content='Daily Town'>"
      "<meta property=og:title content='The bridge is closed'><h1>Daily Town</h1>" BODY, "The bridge is closed", ORIGIN_META },
    { "JSON-LD", LD("{\"@type\":\"NewsArticle\",\"headline\":\"The bridge is closed\"}") BODY, "The bridge is closed", ORIGIN_JSON_LD },
    { "og without the site", "<meta property=og:site_name content='Daily Town'><meta property=og:title content='The bridge is closed - Daily Town'>" BODY,
      "The bridge is closed", ORIGIN_META },
    { "a kicker in the h1", "<meta property=og:title content='The bridge is closed'><title>The bridge is closed - News</title>"
      "<h1>Traffic - The bridge is closed</h1>" BODY, "The bridge is closed", ORIGIN_META },
    { "the longest part of the title element", "<title>News: Town | The old bridge is closed for good | DT</title>" BODY,
      "The old bridge is closed for good", ORIGIN_HTML },
    { "references and spaces", "<meta property=og:title content='Fish &amp;amp; chips  today in town'>" BODY, "Fish & chips today in town", ORIGIN_META },
    { "nothing", BODY, NULL, ORIGIN_NONE },
};

static void test_titles(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(titles); i++) {
        struct article_fields f = small_page(titles[i].page);
        CHECK(titles[i].want ? f.title && strcmp(f.title, titles[i].want) == 0 : !f.title, "%s: %s", titles[i].name, f.title);
        CHECK(f.origin[FIELD_TITLE] == titles[i].origin, "%s: from %d", titles[i].name, (int)f.origin[FIELD_TITLE]);
    }
    small_end();
}

/* ---- authors ---- */

static const struct { const char *name, *page, *want, *warning; } authors[] = {
    { "JSON-LD person", LD("{\"@type\":\"NewsArticle\",\"headline\":\"x\",\"author\":{\"@type\":\"Person\",\"name\":\"Ann Weaver\"}}") BODY, "Ann Weaver", NULL },
    { "JSON-LD by reference", LD("{\"@graph\":[{\"@type\":\"Article\",\"headline\":\"x\",\"author\":{\"@id\":\"#p\"}},{\"@type\":\"Person\",\"@id\":\"#p\","
      "\"name\":\"Ann Weaver\"}]}") BODY, "Ann Weaver", NULL },
    { "a list in one name", LD("{\"@type\":\"Article\",\"headline\":\"x\",\"author\":{\"name\":\"Ann Weaver, Bob Miller, Cleo Smith and Dee Day\"}}") BODY,
      "Ann Weaver|Bob Miller|Cleo Smith|Dee Day", NULL },
    { "a degree is no name", LD("{\"@type\":\"Article\",\"headline\":\"x\",\"author\":{\"name\":\"Ann Weaver, MD\"}}") BODY, "Ann Weaver, MD", NULL },
    { "the site signs, a person stands below the title", LD("{\"@type\":\"NewsArticle\",\"headline\":\"The bridge is closed\",\"author\":{\"@type\":"
      "\"Organization\",\"name\":\"Daily Town\"},\"publisher\":{\"name\":\"Daily Town\"}}") "<h1>The bridge is closed</h1><p>By Ann Weaver</p>" BODY,
      "Ann Weaver", NULL },
    { "only the site", "<meta property=og:site_name content='Daily Town'><meta name=author content='Daily Town'>" BODY, "Daily Town", "byline is the site" },
    { "meta", "<meta name=author content='By Ann Weaver'>" BODY, "Ann Weaver", NULL },
    { "rel=author", "<h1>The bridge is closed</h1><div><a rel=author href=/a>Ann Weaver</a> and <a rel=author href=/b>Bob Miller</a></div>" BODY,
      "Ann Weaver|Bob Miller", NULL },
    { "a class of bylines with two links", "<h1>The bridge is closed</h1><div class=byline><a href=/p/1>Ann Weaver</a> <a href=/p/2>Bob Miller</a></div>" BODY,
      "Ann Weaver|Bob Miller", NULL },
    { "written by, then the name", "<h1>The bridge is closed</h1>" BODY "<p>Written by</p><p>Ann Weaver</p>", "Ann Weaver", NULL },
    { "signed at the end, as Vietnamese papers do", "<h1>Cầu đóng cửa</h1>" BODY "<p align=right><strong>Nguyễn Văn An</strong></p>", "Nguyễn Văn An", NULL },
    { "no mail address", "<meta name=author content='ann@town.example'>" BODY, "", NULL },
};

static void test_authors(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(authors); i++) {
        struct article_fields f = small_page(authors[i].page);
        char *got = small_join(&f.authors), *warnings = small_join(&f.warnings);
        CHECK(strcmp(got, authors[i].want) == 0, "%s: %s", authors[i].name, got);
        CHECK(!authors[i].warning || strstr(warnings, authors[i].warning), "%s: %s", authors[i].name, warnings);
        free(got);
        free(warnings);
    }
    small_end();
}

/* ---- times ---- */

#define DATE_LINE "<h1>Cầu đóng cửa</h1><div>Thứ tư, 13/1/2021, 20:45</div>"

static const struct { const char *name, *url, *page, *want; enum origin origin; } times[] = {
    { "JSON-LD", NULL, LD("{\"@type\":\"NewsArticle\",\"headline\":\"x\",\"datePublished\":\"2026-03-01T10:00:00+07:00\"}") BODY, "2026-03-01T10:00:00+07:00", ORIGIN_JSON_LD },
    { "meta", NULL, "<meta property=article:published_time content='2026-03-01T10:00:00Z'>" BODY, "2026-03-01T10:00:00Z", ORIGIN_META },
    { "microdata", NULL, "<span itemprop=datePublished content='2026-03-01T10:00:00+01:00'></span>" BODY, "2026-03-01T10:00:00+01:00", ORIGIN_MICRODATA },
    { "time element", NULL, "<time datetime='2026-03-01T10:00:00Z'>today</time>" BODY, "2026-03-01T10:00:00Z", ORIGIN_HTML },
    { "address", "https://town.example/2026/03/01/bridge", BODY, "2026-03-01T00:00:00Z", ORIGIN_URL },
    { "Vietnamese line", "https://bao.vn/bai-1.htm", "<h1>Cầu đóng cửa</h1><div>20:45 | 13/01/2021 GMT+7</div>" BODY, "2021-01-13T20:45:00+07:00", ORIGIN_TEXT },
    { "the site's zone", "https://bao.vn/bai-1.htm", DATE_LINE BODY, "2021-01-13T20:45:00+07:00", ORIGIN_TEXT },
    { "no address but the canonical", NULL, "<link rel=canonical href='https://bao.vn/bai-1.htm'>" DATE_LINE BODY, "2021-01-13T20:45:00+07:00", ORIGIN_TEXT },
    { "no address but og:url", NULL, "<link rel=canonical href='/bai-1.htm'><meta property=og:url content='//bao.vn/bai-1.htm'>" DATE_LINE BODY,
      "2021-01-13T20:45:00+07:00", ORIGIN_TEXT },
    { "its address before its canonical", "https://town.example/a", "<link rel=canonical href='https://bao.vn/bai-1.htm'>" DATE_LINE BODY,
      "2021-01-13T20:45:00Z", ORIGIN_TEXT },
    { "an address without a host", NULL, "<link rel=canonical href='bai//bao.vn/1.htm'>" DATE_LINE BODY, "2021-01-13T20:45:00Z", ORIGIN_TEXT },
    { "UTC told by a site of another zone", "https://bao.vn/bai-1.htm", "<meta property=article:published_time content='2026-03-01T20:00:00Z'>" BODY,
      "2026-03-02T03:00:00+07:00", ORIGIN_META },
    { "UTC, and an address that names the day before", "https://town.example/2026/02/28/a", "<meta property=article:published_time content='2026-03-01T02:25:00Z'>" BODY,
      "2026-02-28T23:25:00-03:00", ORIGIN_META },
    { "month before day in America", "https://town.example/a", "<html lang=en-US><h1>The bridge</h1><div>02/03/2026</div>" BODY, "2026-02-03T00:00:00Z", ORIGIN_TEXT },
    { "day before month elsewhere", "https://town.example/a", "<html lang=fr><h1>Le pont</h1><div>02/03/2026</div>" BODY, "2026-03-02T00:00:00Z", ORIGIN_TEXT },
};

static void test_times(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(times); i++) {
        struct article_fields f = small_run(&(struct extract_input){ .url = times[i].url }, times[i].page, &hand_models);
        char got[DATE_TEXT_MAX] = "none";
        if (f.has_published)
            date_format(&f.published, got);
        CHECK(strcmp(got, times[i].want) == 0, "%s: %s", times[i].name, got);
        CHECK(f.origin[FIELD_PUBLISHED] == times[i].origin, "%s: from %d", times[i].name, (int)f.origin[FIELD_PUBLISHED]);
    }
    small_end();
}

/* ---- the rest ---- */

static const struct { const char *name, *page; bool paywall; const char *warning, *never; } rights[] = {
    { "free", BODY, false, NULL, "truncated" },
    { "says it is not free, and is short", LD("{\"@type\":\"NewsArticle\",\"headline\":\"x\",\"isAccessibleForFree\":false}") BODY, true, "truncated", NULL },
    { "offers the rest", BODY "<div>Subscribe to continue reading this story.</div>", true, "truncated", NULL },
    { "offers the rest, in Vietnamese", BODY "<div>Bạn cần đăng ký để đọc tiếp</div>", true, "truncated", NULL },
    { "a newsletter is no paywall", BODY "<div>Subscribe to our newsletter.</div>", false, NULL, "truncated" },
};

static void test_rights(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rights); i++) {
        struct article_fields f = small_page(rights[i].page);
        char *warnings = small_join(&f.warnings);
        CHECK(f.rights.paywall == rights[i].paywall, "%s", rights[i].name);
        CHECK(!rights[i].warning || strstr(warnings, rights[i].warning), "%s: %s", rights[i].name, warnings);
        CHECK(!rights[i].never || !strstr(warnings, rights[i].never), "%s: %s", rights[i].name, warnings);
        CHECK(f.page_type == PAGE_ARTICLE, "%s: %s", rights[i].name, page_type_name(f.page_type));
        free(warnings);
    }
    small_end();
}

#define VIETNAMESE "<p>Những người dân trong vùng cho biết đã chờ cây cầu này nhiều năm và mong được đi lại thuận tiện hơn trước.</p>" \
                   "<p>Theo ông, việc này không chỉ là của một xã mà còn là của cả huyện, và đã được bàn đến trong nhiều cuộc họp.</p>"

static void test_language_and_links(void **state)
{
    (void)state;
    struct article_fields f = small_page("<html lang=en>" VIETNAMESE VIETNAMESE);
    char *warnings = small_join(&f.warnings);
    CHECK(f.language && strcmp(f.language, "vi") == 0 && strstr(warnings, "declared language differs"), "%s %s", f.language, warnings);
    free(warnings);
    f = small_run(&(struct extract_input){ .url = "https://town.example/a/b" },
                  "<html lang=vi-VN><link rel=canonical href='/a/c'><meta property=og:image content='//img.example/1.jpg'>"
                  "<meta name=keywords content='bridge, town'><p>" LINE " <a href='../x'>More about it</a> in our archive of the last years.</p>" BODY, &hand_models);
    char *links = small_join(&f.links), *tags = small_join(&f.tags);
    assert_string_equal(links, "https://town.example/x");
    assert_string_equal(tags, "bridge|town");
    assert_string_equal(f.canonical_url, "https://town.example/a/c");
    assert_string_equal(f.image.url, "https://img.example/1.jpg");
    free(links);
    free(tags);
    small_end();
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_titles), cmocka_unit_test(test_authors), cmocka_unit_test(test_times),
                                        cmocka_unit_test(test_rights), cmocka_unit_test(test_language_and_links) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
