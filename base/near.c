/* near.c - see near.h. Three rows of the table of distances are enough. */
#include "base/near.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

static size_t least3(size_t a, size_t b, size_t c)
{
    size_t ab = a < b ? a : b;
    return ab < c ? ab : c;
}

static bool same_letter(char a, char b)
{
    return tolower((unsigned char)a) == tolower((unsigned char)b);
}

size_t near_distance(const char *a, const char *b)
{
    size_t rows[3][NEAR_MAX + 1], m = strlen(a), n = strlen(b);
    if (m > NEAR_MAX || n > NEAR_MAX)
        return SIZE_MAX;
    for (size_t i = 0; i <= m; i++) {
        size_t *row = rows[i % 3], *above = rows[(i + 2) % 3], *above2 = rows[(i + 1) % 3];
        row[0] = i;
        for (size_t j = 1; j <= n; j++) {
            if (i == 0) {
                row[j] = j;
                continue;
            }
            row[j] = least3(above[j - 1] + !same_letter(a[i - 1], b[j - 1]), above[j] + 1, row[j - 1] + 1);
            bool swapped = i > 1 && j > 1 && same_letter(a[i - 1], b[j - 2]) && same_letter(a[i - 2], b[j - 1]);
            if (swapped && above2[j - 2] + 1 < row[j])
                row[j] = above2[j - 2] + 1;
        }
    }
    return rows[m % 3][n];
}
