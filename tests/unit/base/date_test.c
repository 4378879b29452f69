/* date_test.c - dates as feeds, headers and pages write them. */
#include "base/date.h"

#include "tests/unit/check.h"

#include <string.h>

/* want: RFC 3339, or the day alone where no time was given, with "?" where no zone was; NULL: no date. */
static void describe(const struct date *d, char out[DATE_TEXT_MAX + 2])
{
    date_format(d, out);
    if (!d->has_time)
        out[10] = '\0';
    else if (!d->has_zone)
        strcpy(out + 19, "?");
}

static const struct { const char *text, *want; } whole[] = {
    /* feeds, headers */
    { "Wed, 13 Jan 2021 20:45:00 +0700", "2021-01-13T20:45:00+07:00" },
    { "Wed, 13 Jan 2021 20:45:00 GMT", "2021-01-13T20:45:00Z" },
    { "Wed, 13 Jan 2021 20:45 GMT", "2021-01-13T20:45:00Z" },
    { "Mon, 13 Jan 2021 20:45:00 EST", "2021-01-13T20:45:00-05:00" },
    { "13 Jan 2021 20:45:00 PDT", "2021-01-13T20:45:00-07:00" },
    { "Wed, 13 Jan 2021 20:45:00 ICT", "2021-01-13T20:45:00+07:00" },
    { "Wed, 13 Jan 21 20:45:00 Z", "2021-01-13T20:45:00Z" },
    { "Wednesday, 13-Jan-21 20:45:00 GMT", "2021-01-13T20:45:00Z" },
    { "Wed Jan 13 20:45:00 2021", "2021-01-13T20:45:00?" },
    { "Wed, 13 Jan 2021 20:45:00 GMT+7", "2021-01-13T20:45:00+07:00" },
    { "Wed, 13 Jan 2021 20:45:00 +07:00", "2021-01-13T20:45:00+07:00" },
    { "Wed, 13 Jan 2021 24:00:00 GMT", "2021-01-14T00:00:00Z" },
    { "Wed,13 Jan 2021 20:45:00+0700", "2021-01-13T20:45:00+07:00" },
    { "Wed, 13 Jan 2021", "2021-01-13" },
    { "13 January 2021 08:45 PM", "2021-01-13T20:45:00?" },
    { "Sept 3, 2021 5:07 a.m.", "2021-09-03T05:07:00?" },
    /* ISO */
    { "2021-01-13T20:45:00+07:00", "2021-01-13T20:45:00+07:00" },
    { "2021-01-13T20:45:00Z", "2021-01-13T20:45:00Z" },
    { "2021-01-13T20:45:00.123456Z", "2021-01-13T20:45:00Z" },
    { "2021-01-13T20:45+0700", "2021-01-13T20:45:00+07:00" },
    { "2021-01-13T20:45-05", "2021-01-13T20:45:00-05:00" },
    { "2021-01-13 20:45:00", "2021-01-13T20:45:00?" },
    { "2021-01-13 20:45:00 +0700", "2021-01-13T20:45:00+07:00" },
    { "2021-01-13T20:45:00", "2021-01-13T20:45:00?" },
    { "2021-01-13", "2021-01-13" },
    { "2021-01", "2021-01-01" },
    { "20210113", "2021-01-13" },
    { "20210113T204500Z", "2021-01-13T20:45:00Z" },
    { "2021/01/13 20:45", "2021-01-13T20:45:00?" },
    { "1610545500", "2021-01-13T13:45:00Z" },
    { "1610545500000", "2021-01-13T13:45:00Z" },
    /* Vietnamese */
    { "20:45 | 13/01/2021 GMT+7", "2021-01-13T20:45:00+07:00" },
    { "Th\u1EE9 t\u01B0, 13/1/2021, 20:45 (GMT+7)", "2021-01-13T20:45:00+07:00" },
    { "C\u1EADp nh\u1EADt 10:05 ng\u00E0y 3/2/2021", "2021-02-03T10:05:00?" },
    { "Th\u1EE9 4, ng\u00E0y 13 th\u00E1ng 1 n\u0103m 2021", "2021-01-13" },
    { "ng\u00E0y 13 th\u00E1ng 01, 2021 l\u00FAc 20h45", "2021-01-13T20:45:00?" },
    { "13 Th\u00E1ng M\u01B0\u1EDDi Hai, 2021", "2021-12-13" },
    { "13-01-2021 - 08:45 PM", "2021-01-13T20:45:00?" },
    { "13/01/2021 20:45 +07:00", "2021-01-13T20:45:00+07:00" },
    { "20h45 - Th\u1EE9 T\u01B0, 13/1/2021", "2021-01-13T20:45:00?" },
    /* others */
    { "January 13, 2021 at 8:45 p.m. ET", "2021-01-13T20:45:00-05:00" },
    { "July 13, 2021 8:45 PM ET", "2021-07-13T20:45:00-04:00" },
    { "Jan. 13, 2021", "2021-01-13" },
    { "13th of January, 2021", "2021-01-13" },
    { "13. Januar 2021, 20:45 Uhr", "2021-01-13T20:45:00?" },
    { "13.01.2021 um 20.45 Uhr", "2021-01-13T20:45:00?" },
    { "13 janvier 2021 \u00E0 20h45", "2021-01-13T20:45:00?" },
    { "1er f\u00E9vrier 2021", "2021-02-01" },
    { "13 de enero de 2021", "2021-01-13" },
    { "13 de mar\u00E7o de 2021 \u00E0s 20h45", "2021-03-13T20:45:00?" },
    { "13 gennaio 2021 alle 20:45", "2021-01-13T20:45:00?" },
    { "13 januari 2021 20:45", "2021-01-13T20:45:00?" },
    { "13 stycznia 2021, godz. 20:45", "2021-01-13T20:45:00?" },
    { "13 \u044F\u043D\u0432\u0430\u0440\u044F 2021, 20:45", "2021-01-13T20:45:00?" },
    { "13 \u0441\u0456\u0447\u043D\u044F 2021 \u0440.", "2021-01-13" },
    { "13 Ocak 2021 saat 20:45", "2021-01-13T20:45:00?" },
    { "2021. janu\u00E1r 13. 20:45", "2021-01-13T20:45:00?" },
    { "13 \u0399\u03B1\u03BD\u03BF\u03C5\u03B1\u03C1\u03AF\u03BF\u03C5 2021", "2021-01-13" },
    { "2021\u5E741\u670813\u65E5 20:45", "2021-01-13T20:45:00?" },
    { "2021\u5E7401\u670813\u65E5\uFF08\u6C34\uFF0920\u664245\u5206", "2021-01-13T20:45:00?" },
    { "2021\uB144 1\uC6D4 13\uC77C \uC624\uD6C4 8:45", "2021-01-13T20:45:00?" },
    { "2021.01.13 20:45", "2021-01-13T20:45:00?" },
    { "13 \u0E21\u0E01\u0E23\u0E32\u0E04\u0E21 2564", "2021-01-13" },
    { "13 \u064A\u0646\u0627\u064A\u0631 2021", "2021-01-13" },
    { "\u0661\u0663 \u064A\u0646\u0627\u064A\u0631 \u0662\u0660\u0662\u0661", "2021-01-13" },
    { "January 13, 2021 8:45pm", "2021-01-13T20:45:00?" },
    { "13 janvier 2021 \u00E0 20 h 45", "2021-01-13T20:45:00?" },
    { "13 Ocak 2021 \u00C7ar\u015Famba 20:45", "2021-01-13T20:45:00?" },
    { "2021\uB144 1\uC6D4 13\uC77C \uC218\uC694\uC77C \uC624\uD6C4 8\uC2DC 45\uBD84", "2021-01-13T20:45:00?" },
    { "\u6C11\u570B110\u5E741\u670813\u65E5", "2021-01-13" },
    { "\u4EE4\u548C3\u5E741\u670813\u65E5", "2021-01-13" },
    { "110\u5E741\u670813\u65E5", NULL },
    { "13 \u0643\u0627\u0646\u0648\u0646 \u0627\u0644\u062B\u0627\u0646\u064A 2021", "2021-01-13" },
    { "13 \u062A\u0634\u0631\u064A\u0646 \u0627\u0644\u0623\u0648\u0644 2021", "2021-10-13" },
    { "\u09E7\u09E9 \u099C\u09BE\u09A8\u09C1\u09AF\u09BC\u09BE\u09B0\u09BF \u09E8\u09E6\u09E8\u09E7", "2021-01-13" },
    { "2021 m. sausio 13 d.", "2021-01-13" }, { "2021. gada 13. janv\u0101ris", "2021-01-13" }, { "13. jaanuar 2021", "2021-01-13" },
    { "2021-yil 13-yanvar", "2021-01-13" }, { "13 \u049B\u0430\u04A3\u0442\u0430\u0440 2021", "2021-01-13" }, { "13 Ogos 2021", "2021-08-13" },
    { "13 listopada 2021", "2021-11-13" }, { "13. listopada 2021.", "2021-10-13" }, { "13. listopadu 2021", "2021-11-13" },
    { "Macbook Pro 13 2020", NULL },
    { "1/13/2021", "2021-01-13" },
    { "3/2/2021", "2021-02-03" },
    { "13.1.21", "2021-01-13" },
    { "29/2/2020", "2020-02-29" },
    /* none */
    { "", NULL }, { "0", NULL }, { "-1", NULL }, { "120", NULL }, { "tomorrow", NULL }, { "29/2/2021", NULL }, { "32/1/2021", NULL },
    { "20:45", NULL }, { "192.168.1.20", NULL }, { "2021", NULL }, { "1.2.3.4.5", NULL }, { "13/13/2021", NULL }, { "99999999999999999999", NULL },
};

static void test_whole(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(whole); i++) {
        struct date d;
        char got[DATE_TEXT_MAX + 2] = "none";
        if (date_parse(whole[i].text, strlen(whole[i].text), &d))
            describe(&d, got);
        CHECK(!strcmp(got, whole[i].want ? whole[i].want : "none"), "\"%s\": %s, expected %s", whole[i].text, got, whole[i].want ? whole[i].want : "none");
    }
}

static const struct { const char *text; bool us; const char *want, *rest; } inside[] = {
    { "By A. Writer | Published Jan 13, 2021 8:45 pm | 12 comments", true, "2021-01-13T20:45:00?", " | 12 comments" },
    { "Posted 01/02/2021 in News", true, "2021-01-02", " in News" },
    { "Posted 01/02/2021 in News", false, "2021-02-01", " in News" },
    { "Version 1.2.3, 45 views, 13 May 2021", false, "2021-05-13", "" },
    { "https://a.example/2021/01/13/slug-99", false, "2021-01-13", "/slug-99" },
    { "https://a.example/news/20-years-on.html", false, NULL, NULL },
    { "\u0110\u0103ng l\u00FAc 20:45, 13/01/2021. \u1EA2nh", false, "2021-01-13T20:45:00?", ". \u1EA2nh" },
    { "In May 10 people met 2021 times", false, NULL, NULL },
    { "call 0123-456-789 or 2021-13-45", false, NULL, NULL },
    { "Tanja Karrasch3.11.2023", false, "2023-11-03", "" },
    { "release v3.11.2023", false, NULL, NULL },
    { "10:30 - 13/01/2021 - 5 comments", false, "2021-01-13T10:30:00?", " - 5 comments" },
};

static void test_inside(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(inside); i++) {
        struct date d;
        size_t used = 0;
        char got[DATE_TEXT_MAX + 2] = "none";
        if (date_find(inside[i].text, strlen(inside[i].text), inside[i].us, &d, &used))
            describe(&d, got);
        CHECK(!strcmp(got, inside[i].want ? inside[i].want : "none"), "\"%s\": %s", inside[i].text, got);
        if (inside[i].want)
            CHECK(!strcmp(inside[i].text + used, inside[i].rest), "\"%s\": left \"%s\"", inside[i].text, inside[i].text + used);
    }
}

static void test_http(void **state)
{
    (void)state;
    static const struct { const char *text; bool ok; int64_t want; } cases[] = { /* RFC 9110, 5.6.7 */
        { "Sun, 06 Nov 1994 08:49:37 GMT", true, 784111777 },
        { "Sunday, 06-Nov-94 08:49:37 GMT", true, 784111777 },
        { "Sun Nov  6 08:49:37 1994", true, 784111777 },
        { "0", false, 0 }, { "-1", false, 0 }, { "120", false, 0 }, { "1610545500", false, 0 }, { "2021-01-13", false, 0 },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        int64_t got = 0;
        bool ok = date_parse_http(cases[i].text, &got);
        CHECK(ok == cases[i].ok && (!ok || got == cases[i].want), "%s", cases[i].text);
    }
}

static void test_format(void **state)
{
    (void)state;
    char out[DATE_TEXT_MAX];
    date_format_ms(1610545500123, out);
    assert_string_equal(out, "2021-01-13T13:45:00.123Z");
    date_format_ms(-1, out);
    assert_string_equal(out, "1969-12-31T23:59:59.999Z");
    date_format(&(struct date){ .unix_s = 1610545500, .offset_min = -210, .has_time = true, .has_zone = true }, out);
    assert_string_equal(out, "2021-01-13T10:15:00-03:30");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole),
        cmocka_unit_test(test_inside),
        cmocka_unit_test(test_http),
        cmocka_unit_test(test_format),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
