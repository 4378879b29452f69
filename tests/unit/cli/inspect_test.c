/* inspect_test.c - what `inspect front` tells of a page's links. */
#include "cli/inspect.h"

#include "base/mem.h"
#include "tests/unit/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char path[] = "/tmp/tidings-test-XXXXXX";

static json_t *front_of(const char *html)
{
    struct error err;
    FILE *f = fopen(path, "we");
    assert_non_null(f);
    fputs(html, f);
    fclose(f);
    json_t *o = inspect_front(path, "https://news.example/", &err);
    CHECK(o, "%s", err.message);
    return o;
}

static void links_and_why(void **state)
{
    static const struct { const char *url, *shape; bool taken; const char *why; } want[] = {
        { "https://news.example/sport", "news.example/{word}", false, "it stands in a menu or a footer" },
        { "https://news.example/story/bridge-opens-at-last-4711.html", "news.example/story/{words}-{id}.html", true, "it looks like a headline" },
        { "https://news.example/about", "news.example/{word}", false, "nothing about it looks like an article" },
    };
    (void)state;
    json_t *o = front_of("<title>News</title><nav><a href=/sport>Sport</a></nav><h2><a href=/story/bridge-opens-at-last-4711.html>The bridge opens</a></h2>"
                         "<p><a href=/about>About</a>"), *links = json_object_get(o, "links");
    assert_int_equal(json_array_size(links), COUNT(want));
    for (size_t i = 0; i < COUNT(want); i++) {
        const json_t *l = json_array_get(links, i);
        assert_string_equal(json_string_value(json_object_get(l, "url")), want[i].url);
        assert_string_equal(json_string_value(json_object_get(l, "shape")), want[i].shape);
        assert_string_equal(json_string_value(json_object_get(l, "why")), want[i].why);
        assert_int_equal(json_is_true(json_object_get(l, "taken")), want[i].taken);
    }
    json_decref(o);
    o = front_of("<script>window._cf_chl_opt={}</script>");
    assert_string_equal(json_string_value(json_array_get(json_object_get(o, "warnings"), 0)), "a wall against programs: Cloudflare check");
    json_decref(o);
}

static void needs_an_address(void **state)
{
    struct error err;
    (void)state;
    assert_null(inspect_front(path, NULL, &err));
    assert_non_null(strstr(err.message, "its address"));
    assert_null(inspect_front("/nonexistent", "https://news.example/", &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(links_and_why), cmocka_unit_test(needs_an_address) };
    int fd = mkstemp(path);
    CHECK(fd >= 0, "mkstemp");
    close(fd);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    unlink(path);
    return failed;
}
