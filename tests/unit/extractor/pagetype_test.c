/* pagetype_test.c - what kind of page it is, as shipped: pages that stand for others, live blogs, videos, galleries, short articles. */
#include "small_page.h"

#define P "<p>" LINE "</p><p>The mayor, Ann Weaver, said that the works would take four months and cost two million, which the town has not got.</p>" \
          "<p>“We have crossed this river for a hundred years,” said a baker on the other bank, “and we shall cross it again.”</p>"
#define LD(type) "<script type='application/ld+json'>{\"@type\":\"" type "\",\"headline\":\"The bridge is closed\",\"datePublished\":\"2026-03-01T10:00:00Z\"}</script>"
#define TITLE(t) "<title>" t "</title><h1>" t "</h1>"
#define VI "<p>Sáng 12-3, Ủy ban nhân dân huyện cho biết cây cầu bắc qua sông đã tạm dừng lưu thông để kiểm tra, dự kiến kéo dài bốn tháng.</p>" \
           "<p>Ông Nguyễn Văn Hùng, chủ tịch xã, nói người dân hai bên bờ phải đi vòng hơn mười cây số, nhất là học sinh và công nhân.</p>" \
           "<p>“Chúng tôi mong cầu sớm thông xe trước mùa mưa”, bà Lê Thị Lan, bán hàng ở chợ gần cầu, chia sẻ.</p>"

static const struct { const char *name, *url, *page; enum page_type want; const char *reason; } pages[] = {
    { "soft 404", "https://town.example/a", TITLE("Page not found") "<p>Sorry, the page you are looking for is not here.</p>", PAGE_ERROR, "soft 404" },
    { "soft 404 in Vietnamese", "https://bao.example/a", TITLE("Không tìm thấy trang") "<p>Trang bạn tìm không còn nữa.</p>", PAGE_ERROR, "soft 404" },
    { "bot check", "https://town.example/a", "<title>Just a moment...</title><p>Checking your browser before you go on.</p>", PAGE_ERROR, "bot check" },
    { "bot check by its name", "https://town.example/a", TITLE("Access Denied") "<p>You don't have permission. Reference #18.</p>", PAGE_ERROR, "bot check" },
    { "consent wall", "https://town.example/a", TITLE("Before you continue") "<p>We use cookies. Accept all or reject all.</p>", PAGE_ERROR, "consent wall" },
    { "consent wall in German", "https://stadt.example/a", TITLE("Mit Werbung weiterlesen") "<p>Besuchen Sie uns wie gewohnt mit Werbung.</p>", PAGE_ERROR, "consent wall" },
    { "login", "https://town.example/a", TITLE("Sign in to continue") "<form><input type=password></form><p>Use your account.</p>", PAGE_ERROR, "login" },
    { "nothing", "https://town.example/a", "<p>Loading", PAGE_ERROR, "empty page" },
    { "an article about a 404", "https://town.example/news/404-not-found-history.html", LD("NewsArticle") TITLE("404: page not found, the history of an error") P P,
      PAGE_ARTICLE, NULL },
    { "live", "https://town.example/news/live-bridge", LD("LiveBlogPosting") TITLE("The bridge is closed") P P P, PAGE_LIVE, NULL },
    { "video", "https://town.example/video/bridge", "<meta property=og:type content=video.other>" TITLE("The bridge is closed") "<video src=/v.mp4></video><p>" LINE "</p>", PAGE_VIDEO, NULL },
    { "gallery", "https://town.example/photos/bridge", LD("ImageGallery") TITLE("The bridge is closed") "<img src=/1.jpg><p>One</p><img src=/2.jpg><p>Two</p>", PAGE_GALLERY, NULL },
    { "three paragraphs", "https://town.example/news/bridge-closed.html", "<meta property=og:type content=article>" TITLE("The bridge is closed") "<article>" P "</article>", PAGE_ARTICLE, NULL },
    { "three paragraphs, no metadata", "https://town.example/news/bridge-closed.html", TITLE("The bridge is closed") "<div>1 March 2026</div><div>" P "</div>", PAGE_ARTICLE, NULL },
    { "three Vietnamese paragraphs", "https://bao.example/cau-tam-dung-luu-thong-20260312091500.htm", TITLE("Cầu tạm dừng lưu thông bốn tháng") "<div>09:15 | 12/03/2026 GMT+7</div><div>" VI "</div>",
      PAGE_ARTICLE, NULL },
    { "paywalled", "https://town.example/news/bridge.html",
      "<script type='application/ld+json'>{\"@type\":\"NewsArticle\",\"headline\":\"The bridge is closed\",\"isAccessibleForFree\":false}</script>"
      TITLE("The bridge is closed") "<article>" P "</article><div>Subscribe to continue reading</div>", PAGE_ARTICLE, NULL },
};

static void test_pages(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(pages); i++) {
        struct article_fields f = small_run(&(struct extract_input){ .url = pages[i].url }, pages[i].page, NULL);
        CHECK(f.page_type == pages[i].want, "%s: %s (%s)", pages[i].name, page_type_name(f.page_type), f.page_reason);
        CHECK(!pages[i].reason || strcmp(f.page_reason, pages[i].reason) == 0, "%s: %s", pages[i].name, f.page_reason);
    }
    small_end();
}

/* A front page: headlines, each a link, with a line below. */
static void test_front_page(void **state)
{
    (void)state;
    struct buffer page;
    buffer_init(&page, 0);
    buffer_puts(&page, TITLE("Daily Town"));
    for (int i = 0; i < 30; i++)
        buffer_printf(&page, "<div><h3><a href=/news/%d>What the town did about bridge number %d this week</a></h3><p>A line about it.</p></div>", i, i);
    struct article_fields f = small_run(&(struct extract_input){ .url = "https://town.example/" }, buffer_str(&page), NULL);
    CHECK(f.page_type == PAGE_LISTING, "%s (%s)", page_type_name(f.page_type), f.page_reason);
    buffer_fini(&page);
    small_end();
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_pages), cmocka_unit_test(test_front_page) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
