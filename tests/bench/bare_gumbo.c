/* bare_gumbo.c - what `extract` is measured against: gumbo_parse with its default options and malloc, and nothing else. Reads the
 * names of plain HTML files on standard input, loads them all, then parses and frees one after another; prints the CPU seconds of
 * that, without the loading. */
#include <gumbo.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { PAGES_MAX = 20000 };

static struct { char *text; size_t len; } pages[PAGES_MAX];

static double cpu_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static size_t load(const char *path, char **text)
{
    FILE *f = fopen(path, "rb");
    if (!f || fseek(f, 0, SEEK_END) != 0) {
        perror(path);
        exit(1);
    }
    size_t len = (size_t)ftell(f);
    rewind(f);
    *text = malloc(len + 1);
    if (!*text || fread(*text, 1, len, f) != len) {
        perror(path);
        exit(1);
    }
    fclose(f);
    return len;
}

int main(void)
{
    char path[4096];
    size_t count = 0;
    while (count < PAGES_MAX && fgets(path, sizeof(path), stdin)) {
        path[strcspn(path, "\n")] = '\0';
        pages[count].len = load(path, &pages[count].text);
        count++;
    }
    double start = cpu_s();
    for (size_t i = 0; i < count; i++)
        gumbo_destroy_output(&kGumboDefaultOptions, gumbo_parse_with_options(&kGumboDefaultOptions, pages[i].text, pages[i].len));
    printf("%.6f\n", cpu_s() - start);
    return 0;
}
