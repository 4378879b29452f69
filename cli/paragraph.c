/* paragraph.c - see paragraph.h. */
#include "cli/paragraph.h"

#include "base/text.h"
#include "cli/live_view.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

int paragraph_columns(void)
{
    int columns, rows;
    if (!isatty(STDOUT_FILENO))
        return 0;
    live_view_size(STDOUT_FILENO, &columns, &rows);
    return columns;
}

void paragraph_print(const char *text, int used, int indent)
{
    int columns = paragraph_columns(), at = used;
    for (const char *word = text; *word;) {
        size_t space = strspn(word, " "), len = strcspn(word + space, " ");
        int width = text_columns(word + space, len), gap = (int)space;
        if (columns && at > indent && at + gap + width > columns) {
            printf("\n%*s", indent, "");
            at = indent;
            gap = 0;
        }
        printf("%*s%.*s", gap, "", (int)len, word + space);
        at += gap + width;
        word += space + len;
    }
    putchar('\n');
}
