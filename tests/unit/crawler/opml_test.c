/* opml_test.c - lists of feeds as other programs write them; writing is tested with `tidings sources export`. */
#include "crawler/opml.h"

#include "tests/unit/check.h"

#include <stdlib.h>
#include <string.h>

#define OPML(body) "<?xml version='1.0'?><opml version='1.1'><head><title>T</title></head><body>" body "</body></opml>"

static const struct { const char *name, *text; size_t sources; const char *url, *title; size_t feeds; } opml[] = {
    { "a reader's", OPML("<outline text='News'><outline type='rss' text='A' title='Site A' xmlUrl='https://a.example/rss' htmlUrl='https://a.example'/></outline>"),
      1, "https://a.example/", "Site A", 1 },
    { "no htmlUrl", OPML("<outline text='A' xmlUrl='https://a.example/rss'/>"), 1, "https://a.example/rss", "A", 1 },
    { "two feeds of a site", OPML("<outline text='A' xmlUrl='https://a.example/1' htmlUrl='http://a.example/'/>"
                                  "<outline text='B' xmlUrl='https://a.example/2' htmlUrl='https://a.example'/>"), 1, "http://a.example/", "A", 2 },
    { "the same feed twice", OPML("<outline xmlUrl='https://a.example/1'/><outline xmlUrl='https://a.example/1'/>"), 1, "https://a.example/1", NULL, 1 },
    { "a link", OPML("<outline type='link' text='L' url='https://l.example/'/>"), 1, "https://l.example/", "L", 0 },
    { "odd capitals, bare ampersand", OPML("<Outline TEXT='A & B' XMLURL='https://a.example/?a=1&b=2'/>"), 1, "https://a.example/?a=1&b=2", "A & B", 1 },
    { "broken", "<opml><body><outline xmlUrl='https://a.example/1'><outline xmlUrl='https://b.example/1'>", 2, "https://a.example/1", NULL, 1 },
    { "windows-1252", "<?xml version='1.0' encoding='windows-1252'?><opml><outline text='Caf\xe9' xmlUrl='https://a.example/'/></opml>", 1, "https://a.example/",
      "Caf\xc3\xa9", 1 },
    { "nothing that leads anywhere", OPML("<outline text='A' xmlUrl='feed:nowhere'/><outline text='B'/>"), 0, NULL, NULL, 0 },
    { "no OPML", "hello", 0, NULL, NULL, 0 },
};

static void reading_opml(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(opml); i++) {
        struct source *list;
        struct error err = { .message = "" };
        size_t count, feeds = 0;
        bool ok = opml_read(opml[i].text, strlen(opml[i].text), &list, &count, &err);
        CHECK(ok == (opml[i].sources > 0) && count == opml[i].sources, "%s: %zu sources %s", opml[i].name, count, err.message);
        CHECK(ok || err.kind == ERROR_INVALID, "%s", opml[i].name);
        if (ok) {
            while (list[0].feeds.items[feeds])
                feeds++;
            CHECK(strcmp(list[0].url, opml[i].url) == 0 && feeds == opml[i].feeds, "%s: %s %zu", opml[i].name, list[0].url, feeds);
            CHECK(opml[i].title ? list[0].title && strcmp(list[0].title, opml[i].title) == 0 : !list[0].title, "%s: %s", opml[i].name,
                  list[0].title);
        }
        for (size_t k = 0; k < count; k++)
            source_fini(&list[k]);
        free(list);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(reading_opml) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
