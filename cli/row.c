/* row.c - see row.h. */
#include "cli/row.h"

#include <stdio.h>

int64_t row_number(const json_t *row, const char *field)
{
    return json_integer_value(json_object_get(row, field));
}

const char *row_text(const json_t *row, const char *field)
{
    const char *text = json_string_value(json_object_get(row, field));
    return text ? text : "";
}

void row_print(const json_t *row)
{
    json_dumpf(row, stdout, JSON_COMPACT);
    putchar('\n');
}
