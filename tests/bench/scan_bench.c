/* scan_bench.c - what the scan is worth: pages a second through bare gumbo_parse (default options, malloc) and through the scan,
 * the arena and the limits, on the same bytes in the same run.
 *
 *   scan_bench ROUNDS < FILES       FILES: paths of pages, a line each, plain or gzip */
#include "base/arena.h"
#include "base/buffer.h"
#include "base/charset.h"
#include "base/decode.h"
#include "base/html.h"
#include "base/html_scan.h"
#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { PAGES_MAX = 10000 };

static struct buffer pages[PAGES_MAX];
static size_t count, bytes, lean_bytes, refused;

static double cpu_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static bool load(const char *path)
{
    FILE *f = fopen(path, "rb");
    struct buffer raw, body;
    char piece[65536];
    size_t n;

    if (!f || count == PAGES_MAX)
        return false;
    buffer_init(&raw, 0);
    buffer_init(&body, 0);
    while ((n = fread(piece, 1, sizeof(piece), f)) > 0)
        buffer_append(&raw, piece, n);
    fclose(f);
    bool ok = decode_body(buffer_str(&raw), raw.len, NULL, NULL, &body, NULL, NULL) &&
              charset_to_utf8(buffer_str(&body), body.len, NULL, CHARSET_HTML, NULL, &pages[count], NULL, NULL);
    bytes += pages[count].len;
    count += ok;
    buffer_fini(&raw);
    buffer_fini(&body);
    return ok;
}

static double bare_s(void)
{
    double start = cpu_s();
    for (size_t i = 0; i < count; i++)
        gumbo_destroy_output(&kGumboDefaultOptions, gumbo_parse_with_options(&kGumboDefaultOptions, buffer_str(&pages[i]), pages[i].len));
    return cpu_s() - start;
}

static double ours_s(struct arena *arena, struct buffer *lean, double *scan_s)
{
    static struct html_scan scan;
    double start = cpu_s();

    lean_bytes = refused = 0;
    *scan_s = 0;
    for (size_t i = 0; i < count; i++) {
        double before = cpu_s();
        buffer_clear(lean);
        html_scan(buffer_str(&pages[i]), pages[i].len, lean, &scan, NULL);
        *scan_s += cpu_s() - before;
        struct html_limits limits = { .depth_known = scan.copied_from == pages[i].len };
        refused += html_parse(arena, buffer_str(lean), lean->len, &limits, NULL) == NULL;
        arena_reset(arena, (size_t)8 << 20);
        lean_bytes += lean->len;
    }
    return cpu_s() - start;
}

int main(int argc, char **argv)
{
    char path[4096];
    int rounds = argc > 1 ? atoi(argv[1]) : 3;
    struct arena *arena = arena_create((size_t)96 << 20);
    struct buffer lean;

    buffer_init(&lean, 0);
    while (fgets(path, sizeof(path), stdin)) {
        path[strcspn(path, "\n")] = '\0';
        if (!load(path))
            fprintf(stderr, "%s: left out\n", path);
    }
    if (!count) {
        fprintf(stderr, "no pages: give their paths on standard input\n");
        return 2;
    }
    for (int i = 0; i < rounds; i++) {
        double scan_s, bare = bare_s(), ours = ours_s(arena, &lean, &scan_s);
        printf("pages %zu mb %.1f lean_mb %.1f refused %zu bare_pages_s %.0f ours_pages_s %.0f ratio %.2f scan_s %.3f\n", count, (double)bytes / 1e6,
               (double)lean_bytes / 1e6, refused, (double)count / bare, (double)count / ours, bare / ours, scan_s);
    }
    buffer_fini(&lean);
    arena_destroy(arena);
    return 0;
}
