/* row.h - reading and printing the JSON objects that answers are made of. */
#ifndef CLI_ROW_H
#define CLI_ROW_H

#include <jansson.h>
#include <stdint.h>

int64_t row_number(const json_t *row, const char *field);   /* 0: not there */
const char *row_text(const json_t *row, const char *field); /* "": not there */
/* The row of rows whose field is text; lent, NULL: there is none. */
const json_t *row_with(const json_t *rows, const char *field, const char *text);
/* Of a source: its status, and who polls what it shows, too. The caller frees it. */
char *row_source_status(const json_t *row);
void row_print(const json_t *row);                          /* one line on standard output */

#endif
