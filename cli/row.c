/* row.c - see row.h. */
#include "cli/row.h"

#include "base/buffer.h"

#include <stdio.h>
#include <string.h>

int64_t row_number(const json_t *row, const char *field)
{
    return json_integer_value(json_object_get(row, field));
}

const char *row_text(const json_t *row, const char *field)
{
    const char *text = json_string_value(json_object_get(row, field));
    return text ? text : "";
}

const json_t *row_with(const json_t *rows, const char *field, const char *text)
{
    size_t i;
    json_t *row;
    json_array_foreach((json_t *)rows, i, row)
        if (strcmp(row_text(row, field), text) == 0)
            return row;
    return NULL;
}

char *row_source_status(const json_t *row)
{
    size_t i;
    json_t *one;
    struct buffer b;
    buffer_init(&b, 0);
    buffer_puts(&b, row_text(row, "status"));
    json_array_foreach(json_object_get(row, "shared"), i, one)
        buffer_printf(&b, "%s%s is polled for %s", b.len ? "; " : "", row_text(one, "url"), row_text(one, "with"));
    return buffer_take(&b);
}

void row_print(const json_t *row)
{
    json_dumpf(row, stdout, JSON_COMPACT);
    putchar('\n');
}
