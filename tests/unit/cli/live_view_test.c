#include "cli/live_view.h"

#include "base/text.h"
#include "tests/unit/check.h"

#include <locale.h>
#include <pty.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct view_source sources[] = {
    { .name = "vnexpress.net", .status = "ok", .last_poll_ms = 995000, .next_poll_ms = 1055000, .pages = 120, .articles = 44, .errors = 0 },
    { .name = "báo mới với một cái tên dài hơn bốn mươi cột trên màn hình.vn", .status = "http 503", .errors = 7, .next_poll_ms = 1012000 },
    { .name = "evil\x1b[2J\xe2\x80\xae\nsource", .idle = "paused" },
};

static const struct view_title titles[] = {
    { .source = "vnexpress.net", .title = "Bão số 9 đổ bộ: miền Trung mưa lớn, hàng nghìn người sơ tán trong đêm nay và ngày mai", .at_ms = 999000 },
    { .source = "evil", .title = "\x1b]0;owned\x07 \xff\xfe 日本語のとても長い見出しがここに続きます、そしてまだ続きます", .at_ms = 700000 },
    { .source = NULL, .title = NULL, .at_ms = 1 },
};

static struct view base(int columns, int rows)
{
    return (struct view){ .sources = sources, .source_count = COUNT(sources), .titles = titles, .title_count = COUNT(titles),
                          .now_ms = 1000000, .state_path = "/var/lib/tidings", .log_path = "/var/lib/tidings/tidings.log",
                          .state_bytes = 3123456, .columns = columns, .rows = rows };
}

/* No line wider, no more lines than asked; nothing but text in it. */
static void check_fits(const struct view *v, const char *text, const char *name)
{
    int lines = 0;
    while (*text) {
        size_t n = strcspn(text, "\n");
        CHECK(text_columns(text, n) <= v->columns, "%s: %.*s", name, (int)n, text);
        for (size_t i = 0; i < n; i++)
            CHECK((unsigned char)text[i] >= 0x20 && text[i] != 0x7f && (!v->ascii || (unsigned char)text[i] < 0x80), "%s: %.*s", name, (int)n, text);
        lines++;
        text += n + (text[n] == '\n');
    }
    CHECK(lines <= v->rows, "%s: %d lines", name, lines);
}

static void test_sizes(void **state)
{
    (void)state;
    static const struct { const char *name; int columns, rows; bool ascii; const char *notice; } sizes[] = {
        { "40 columns", 40, 24, false, NULL }, { "80 columns", 80, 24, false, NULL }, { "200 columns", 200, 60, false, NULL },
        { "20 columns", 20, 10, false, NULL }, { "few rows", 80, 5, false, "draining" }, { "one row", 80, 1, false, NULL },
        { "not UTF-8", 80, 24, true, "draining: waits for 3 transfers" }, { "not UTF-8, narrow", 40, 12, true, NULL },
        { "notice", 60, 24, false, "the private Redis cannot store: No space left on device" },
    };
    for (size_t i = 0; i < COUNT(sizes); i++) {
        struct view v = base(sizes[i].columns, sizes[i].rows);
        struct buffer out;
        v.ascii = sizes[i].ascii;
        v.notice = sizes[i].notice;
        buffer_init(&out, 0);
        live_view_render(&v, &out);
        check_fits(&v, buffer_str(&out), sizes[i].name);
        buffer_fini(&out);
    }
}

static void test_content(void **state)
{
    (void)state;
    struct view v = base(80, 24);
    struct buffer out;
    buffer_init(&out, 0);
    live_view_render(&v, &out);
    const char *text = buffer_str(&out);
    static const char *const wanted[] = {
        "tidings  3 sources  44 articles  state 3.1 MB, /var/lib/tidings\n",
        "SOURCE                         POLLED    PAGES ARTICLES   ERRORS  STATUS\n",
        "vnexpress.net                     5 s      120       44        0  ok\n",
        "  not yet        0        0        7  http 503\n",
        "   paused",
        "    1 s  vnexpress.net       Bão số 9 đổ bộ: miền Trung mưa lớn,",
        "…",
        "(no title)",
        "log: /var/lib/tidings/tidings.log  Ctrl-C stops",
    };
    for (size_t i = 0; i < COUNT(wanted); i++)
        CHECK(strstr(text, wanted[i]), "%s\nin\n%s", wanted[i], text);
    buffer_clear(&out);
    v.colour = true;
    live_view_render(&v, &out);
    assert_non_null(strstr(buffer_str(&out), "\x1b[1mNEWEST\x1b[0m\n"));
    buffer_fini(&out);
}

static void test_no_articles_yet(void **state)
{
    (void)state;
    struct view v = base(80, 24);
    struct buffer out;
    buffer_init(&out, 0);
    v.title_count = 0;
    live_view_render(&v, &out);
    CHECK(strstr(buffer_str(&out), "No new articles yet; the next poll is of báo mới"), "%s", buffer_str(&out));
    buffer_clear(&out);
    v.sources++, v.source_count = 1;
    live_view_next_poll(&v, &out);
    CHECK(strstr(buffer_str(&out), "No articles yet; ") && strstr(buffer_str(&out), " in 12 s"), "%s", buffer_str(&out));
    buffer_clear(&out);
    v.source_count = 0;
    live_view_next_poll(&v, &out);
    assert_string_equal(buffer_str(&out), "No articles yet; no source is watched: tidings sources add SITE");
    buffer_fini(&out);
}

static _Noreturn void say_in_view(void)
{
    live_view_enter(STDOUT_FILENO);
    fputs("said first\n", stderr);
    for (int i = 0; i < 5000; i++) /* more than is kept */
        fputs("a line of chatter\n", stderr);
    live_view_leave(STDOUT_FILENO);
    live_view_leave(STDOUT_FILENO); /* again, as after a crash */
    fputs("said after\n", stderr);
    _exit(0);
}

/* What is written to the terminal as standard error while the view is shown comes after it: on the other screen it would be lost. */
static void test_errors_are_shown_afterwards(void **state)
{
    int master, status;
    char block[4096];
    struct buffer out;
    (void)state;
    buffer_init(&out, 0);
    pid_t child = forkpty(&master, NULL, NULL, NULL);
    assert_true(child >= 0);
    if (child == 0)
        say_in_view();
    for (ssize_t n; (n = read(master, block, sizeof(block))) > 0;) /* EIO when the child has ended */
        buffer_append(&out, block, (size_t)n);
    close(master);
    waitpid(child, &status, 0);
    const char *left = strstr(buffer_str(&out), "\x1b[?1049l"), *said = strstr(buffer_str(&out), "said first");
    CHECK(left && said && said > left, "%.300s", buffer_str(&out));
    CHECK(strstr(said, "said after") && out.len > 60000 && out.len < 90000, "%zu bytes", out.len);
    assert_null(strstr(said + 1, "said first"));
    buffer_fini(&out);
}

int main(void)
{
    setlocale(LC_CTYPE, "C.UTF-8");
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_sizes), cmocka_unit_test(test_content), cmocka_unit_test(test_no_articles_yet),
                                        cmocka_unit_test(test_errors_are_shown_afterwards) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
