/* html_fuzz.c - a page as the extractor takes it: scan, parse under limits, walk over everything. */
#include "tests/fuzz/fuzz.h"

#include "base/charset.h"
#include "base/clock.h"
#include "base/html.h"
#include "base/html_scan.h"
#include "base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct arena *arena;
    struct buffer text, lean;
    struct html_scan scan;
    static struct html_held held;

    if (!arena)
        arena = arena_create((size_t)32 << 20);
    buffer_init(&text, 0);
    buffer_init(&lean, 0);
    PROMISE(charset_to_utf8(data, size, NULL, CHARSET_HTML, NULL, &text, NULL, NULL));
    PROMISE(html_scan(buffer_str(&text), text.len, &held, &lean, &scan, NULL));
    PROMISE(lean.len <= text.len && text_valid_utf8(buffer_str(&lean), lean.len));
    for (unsigned i = 0; i < scan.script_count; i++)
        PROMISE(scan.scripts[i].bytes >= text.data && scan.scripts[i].bytes + scan.scripts[i].len <= text.data + text.len);
    struct html_limits limits = { .deadline_ms = 500, .depth_known = scan.copied_from == text.len, .held = &held };
    GumboOutput *out = html_parse(arena, buffer_str(&lean), lean.len, &limits, NULL);
    size_t nodes = 0;
    for (const GumboNode *n = out ? out->root : NULL; n; n = html_next(out->root, n)) {
        html_attr(n, "class");
        nodes++;
    }
    PROMISE(!out || nodes > 0);
    arena_reset(arena, (size_t)1 << 20);
    buffer_fini(&lean);
    buffer_fini(&text);
    return 0;
}
