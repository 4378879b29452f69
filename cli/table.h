/* table.h - columns of text for people: what came from outside is shown without control, escape and bidi characters, cells
 * are as wide as their column's longest; on a terminal the widest columns are cut until a row
 * fits. Without rows nothing is printed. */
#ifndef CLI_TABLE_H
#define CLI_TABLE_H

#include <stdint.h>

struct table;

/* headers: NULL-terminated, static; one that begins with '>' is of a column of numbers. */
struct table *table_create(const char *const *headers);
void table_put(struct table *t, const char *cell);              /* the next cell of the row; NULL: "-" */
void table_number(struct table *t, int64_t n);
void table_age(struct table *t, int64_t now_ms, int64_t at_ms); /* "12 s", "3 min" …; 0: "-" */
void table_print(struct table *t);                              /* to standard output; frees it */

/* "12 s", "3 min", "5 h", "2 d" between two times, whichever is later; "now" below a second. */
struct age { char s[24]; };
struct age age_of(int64_t now_ms, int64_t at_ms);
struct age ago_of(int64_t now_ms, int64_t at_ms); /* "12 s ago", "just now" */

#endif
