#include "cli/command.h"

#include "tests/unit/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void test_every_command_explains_itself(void **state)
{
    (void)state;
    const struct command *c;
    for (size_t i = 0; (c = command_at(i)); i++) {
        struct buffer help;
        char start[64];
        buffer_init(&help, 0);
        command_help(c, &help);
        snprintf(start, sizeof(start), "tidings %s", c->name);
        CHECK(strncmp(buffer_str(&help), start, strlen(start)) == 0, "%s", c->name);
        CHECK(c->example && strstr(c->example, start), "%s: an example that begins with its name", c->name);
        CHECK(strstr(buffer_str(&help), "\nExample:\n"), "%s", c->name);
        CHECK(strlen(c->summary) < 64 && c->usage && c->run, "%s", c->name);
        assert_ptr_equal(command_find(c->name), c);
        for (int o = 0; c->options && c->options[o].name; o++)
            CHECK(o < COMMAND_OPTION_MAX && c->options[o].help, "%s --%s", c->name, c->options[o].name);
        buffer_fini(&help);
    }
    assert_null(command_find("nonsense"));
}

static const struct { const char *name, *line; int status; } lines[] = {
    { "nothing", "tidings", STATUS_USAGE },
    { "help", "tidings --help", STATUS_OK },
    { "help of help", "tidings help", STATUS_OK },
    { "version", "tidings --version", STATUS_OK },
    { "no such command", "tidings nonsense", STATUS_USAGE },
    { "help on no such command", "tidings help nonsense", STATUS_USAGE },
};

static void test_lines(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(lines); i++) {
        char line[128], *argv[16], *save = NULL;
        int argc = 0;
        snprintf(line, sizeof(line), "%s", lines[i].line);
        for (char *word = strtok_r(line, " ", &save); word; word = strtok_r(NULL, " ", &save))
            argv[argc++] = word;
        argv[argc] = NULL;
        int status = command_main(argc, argv);
        CHECK(status == lines[i].status, "%s: %d", lines[i].name, status);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_every_command_explains_itself), cmocka_unit_test(test_lines) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
