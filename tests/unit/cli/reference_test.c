/* The files that are made from the tables of commands and settings say what these say. After a change:
 * TIDINGS_WRITE_REFERENCE=1 build/tests/cli_reference_test */
#include "cli/reference.h"

#include "config/config.h"
#include "config/reference.h"
#include "config/settings.h"
#include "tests/unit/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct {
    const char *path;
    void (*make)(struct buffer *out);
    const char *begin, *end; /* the part between these lines; NULL: the whole file */
} files[] = {
    { "config/tidings.yaml", reference_yaml, NULL, NULL },
    { "man/tidings.1", reference_commands_man, NULL, NULL },
    { "man/tidings.yaml.5", reference_settings_man, NULL, NULL },
    { "docs/manual.md", reference_commands_markdown, "<!-- made from the table of commands -->\n", "<!-- end of commands -->\n" },
    { "docs/manual.md", reference_settings_markdown, "<!-- made from the table of settings -->\n", "<!-- end of settings -->\n" },
};

static char *whole(const char *path)
{
    char chunk[8192];
    size_t n;
    struct buffer b;
    buffer_init(&b, 0);
    FILE *f = fopen(path, "r");
    while (f && (n = fread(chunk, 1, sizeof(chunk), f)) > 0)
        buffer_append(&b, chunk, n);
    if (f)
        fclose(f);
    return buffer_take(&b);
}

/* What the file should be, made part and the rest. */
static char *wanted(size_t i, const char *now)
{
    struct buffer b;
    buffer_init(&b, 0);
    const char *begin = files[i].begin ? strstr(now, files[i].begin) : NULL, *end = files[i].end ? strstr(now, files[i].end) : NULL;
    if (files[i].begin) {
        CHECK(begin && end && end > begin, "%s: where is \"%s\"?", files[i].path, files[i].begin);
        begin += strlen(files[i].begin);
        buffer_append(&b, now, (size_t)(begin - now));
    }
    files[i].make(&b);
    buffer_puts(&b, files[i].end ? end : "");
    return buffer_take(&b);
}

static void test_files(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(files); i++) {
        char *now = whole(files[i].path), *text = wanted(i, now);
        bool same = strcmp(now, text) == 0;
        if (!same && getenv("TIDINGS_WRITE_REFERENCE")) {
            FILE *f = fopen(files[i].path, "w");
            assert_non_null(f);
            fputs(text, f);
            fclose(f);
            same = true;
        }
        CHECK(same, "%s is not what the tables say now: TIDINGS_WRITE_REFERENCE=1 build/tests/cli_reference_test writes it", files[i].path);
        free(now);
        free(text);
    }
}

static void no_change(void *arg, const char *name, bool reload)
{
    (void)reload;
    CHECK(false, "%s: config/tidings.yaml changes %s", (const char *)arg, name);
}

/* The example as it stands, and with every default uncommented, is the default configuration. */
static void test_example(void **state)
{
    (void)state;
    struct error err;
    char path[] = "/tmp/tidings-example-XXXXXX", *text = whole("config/tidings.yaml"), *save = NULL;
    struct config *plain = config_load(NULL, NULL, 0, &err), *example = config_load("config/tidings.yaml", NULL, 0, &err);
    CHECK(example, "%s", err.message);
    config_compare(plain, example, no_change, "as it stands");
    config_destroy(example);

    FILE *f = fdopen(mkstemp(path), "w");
    char *sources = strstr(text, "\n#sources:");
    if (sources)
        *sources = '\0';
    for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        size_t indent = strspn(line, " ");
        const char *colon = strchr(line, ':');
        bool value = line[indent] == '#' && line[indent + 1] != ' ' && colon && colon[1] == ' ';
        if (value)
            fprintf(f, "%.*s%s\n", (int)indent, line, line + indent + 1);
        else
            fprintf(f, "%s\n", line);
    }
    fclose(f);
    example = config_load(path, NULL, 0, &err);
    CHECK(example, "%s", err.message);
    config_compare(plain, example, no_change, "uncommented");
    config_destroy(example);
    config_destroy(plain);
    unlink(path);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_files), cmocka_unit_test(test_example) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
