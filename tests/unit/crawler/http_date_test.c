#include "crawler/http_date.h"

#include "base/mem.h"
#include "tests/unit/check.h"

#include <stdlib.h>
#include <string.h>

static const struct { const char *text; bool packed; } cases[] = {
    { "Sun, 06 Nov 1994 08:49:37 GMT", true },
    { "Thu, 01 Jan 1970 00:00:00 GMT", true },
    { "Mon, 29 Feb 2044 23:59:59 GMT", true },
    { "Sunday, 06-Nov-94 08:49:37 GMT", false }, /* RFC 9110, 5.6.7: obsolete forms */
    { "Sun Nov  6 08:49:37 1994", false },
    { "Mon, 06 Nov 1994 08:49:37 GMT", false }, /* no Monday: sent back as it came */
    { "Sun, 6 Nov 1994 08:49:37 GMT", false },
    { "Sun, 06 Nov 1994 08:49:37 +0000", false },
    { "sun, 06 nov 1994 08:49:37 gmt", false },
    { "Thu, 01 Jan 2300 00:00:00 GMT", false },
    { "yesterday", false },
};

static void comes_back_as_it_came(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        unsigned char packed[HTTP_DATE_PACKED];
        CHECK(http_date_pack(cases[i].text, packed) == cases[i].packed, "%s", cases[i].text);
        if (!cases[i].packed)
            continue;
        char *back = http_date_unpack((const char *)packed, sizeof(packed));
        assert_string_equal(back, cases[i].text);
        free(back);
    }
}

static void other_text_stays(void **state)
{
    (void)state;
    unsigned char packed[HTTP_DATE_PACKED];
    char *back = http_date_unpack("today", 5);
    assert_string_equal(back, "today");
    free(back);
    assert_null(http_date_unpack("", 0));
    assert_false(http_date_pack(NULL, packed));
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(comes_back_as_it_came), cmocka_unit_test(other_text_stays) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
