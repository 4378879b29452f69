/* paragraph_test.c - lines broken to a terminal's width, and tables that fit; in a pipe everything stays as it is. */
#include "cli/paragraph.h"

#include "base/buffer.h"
#include "base/text.h"
#include "cli/table.h"
#include "tests/unit/check.h"

#include <locale.h>
#include <pty.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

static void print_all(void)
{
    static const char *const headers[] = { "NAME", ">NUMBER", "ADDRESS", NULL };
    struct table *t = table_create(headers), *none = table_create(headers);
    fputs("label: ", stdout);
    paragraph_print("one two three four five six seven eight nine ten", 7, 2);
    paragraph_print("a-word-that-is-longer-than-the-line-is-printed-whole x", 0, 0);
    table_put(t, "báo mới với một cái tên dài");
    table_number(t, 7);
    table_put(t, "https://news.example.org/a/very/long/address/that/does/not/fit");
    table_print(t);
    table_print(none);
    fflush(stdout);
}

/* What print_all() writes on a terminal of so many columns; 0: into a pipe. */
static char *printed(int columns)
{
    struct winsize size = { .ws_col = (unsigned short)columns, .ws_row = 24 };
    struct termios raw = { 0 };
    int fds[2] = { -1, -1 }, status;
    char block[4096];
    struct buffer out;
    buffer_init(&out, 0);
    cfmakeraw(&raw);
    if (columns == 0)
        assert_int_equal(pipe(fds), 0);
    pid_t child = columns ? forkpty(&fds[0], NULL, &raw, &size) : fork();
    if (child == 0) {
        if (columns == 0)
            dup2(fds[1], STDOUT_FILENO);
        print_all();
        _exit(0);
    }
    if (columns == 0)
        close(fds[1]);
    for (ssize_t n; (n = read(fds[0], block, sizeof(block))) > 0;)
        buffer_append(&out, block, (size_t)n);
    close(fds[0]);
    waitpid(child, &status, 0);
    return buffer_take(&out);
}

static void test_on_a_terminal(void **state)
{
    (void)state;
    char *text = printed(40);
    const char *want = "label: one two three four five six seven\n"
                       "  eight nine ten\n"
                       "a-word-that-is-longer-than-the-line-is-printed-whole\n"
                       "x\n"
                       "NAME             NUMBER  ADDRESS\n"
                       "báo mới với mộ…       7  https://news.e…\n";
    CHECK(strcmp(text, want) == 0, "\n%s", text);
    free(text);
}

static void test_in_a_pipe(void **state)
{
    (void)state;
    char *text = printed(0);
    CHECK(strstr(text, "label: one two three four five six seven eight nine ten\n") && strstr(text, "dài       7  https://") &&
          strstr(text, "/that/does/not/fit\n"), "%s", text);
    free(text);
}

int main(void)
{
    setlocale(LC_CTYPE, "C.UTF-8");
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_on_a_terminal), cmocka_unit_test(test_in_a_pipe) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
