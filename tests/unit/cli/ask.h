/* ask.h - runs a command line as main() does, on a redis-server of the test's own, and keeps what it printed. */
#ifndef TESTS_UNIT_CLI_ASK_H
#define TESTS_UNIT_CLI_ASK_H

#include "base/buffer.h"
#include "cli/command.h"
#include "tests/unit/redis_own.h"

#include <jansson.h>

#define ASK_WORDS_MAX 32

static struct redis_server ask_server;

/* Of the words of one line (no quoting); `--set redis.frontier=…` is added. The output is the caller's. */
static __attribute__((unused)) char *ask_words(int status, int argc, const char *const *words)
{
    char set[160], *argv[ASK_WORDS_MAX + 4] = { "tidings" };
    int n = 1;
    snprintf(set, sizeof(set), "redis.frontier=%s", ask_server.socket);
    for (int i = 0; i < argc; i++)
        argv[n++] = (char *)words[i];
    argv[n++] = "--set";
    argv[n++] = set;
    argv[n] = NULL;
    FILE *kept = tmpfile();
    fflush(stdout);
    int out = dup(STDOUT_FILENO);
    dup2(fileno(kept), STDOUT_FILENO);
    int got = command_main(n, argv);
    fflush(stdout);
    dup2(out, STDOUT_FILENO);
    close(out);
    struct buffer b;
    char block[4096];
    size_t len;
    buffer_init(&b, 0);
    rewind(kept);
    while ((len = fread(block, 1, sizeof(block), kept)) > 0)
        buffer_append(&b, block, len);
    fclose(kept);
    CHECK(got == status, "%s %s: exit status %d, not %d:\n%s", words[0], argc > 1 ? words[1] : "", got, status, buffer_str(&b));
    return buffer_take(&b);
}

static __attribute__((unused)) char *ask(int status, const char *line)
{
    char *copy = xstrdup(line), *save = NULL;
    const char *words[ASK_WORDS_MAX];
    int argc = 0;
    for (char *word = strtok_r(copy, " ", &save); word; word = strtok_r(NULL, " ", &save))
        words[argc++] = word;
    char *answer = ask_words(status, argc, words);
    free(copy);
    return answer;
}

/* What it said on standard error. The caller's. */
static __attribute__((unused)) char *ask_said(int status, const char *line)
{
    char block[4096];
    FILE *kept = tmpfile();
    int err = dup(STDERR_FILENO);
    dup2(fileno(kept), STDERR_FILENO);
    free(ask(status, line));
    dup2(err, STDERR_FILENO);
    close(err);
    rewind(kept);
    size_t len = fread(block, 1, sizeof(block), kept);
    fclose(kept);
    return xstrndup(block, len);
}

/* The lines of its output as a JSON array. */
static __attribute__((unused)) json_t *ask_json(int status, const char *line)
{
    json_t *all = json_array();
    char *text = ask(status, line), *save = NULL;
    for (char *one = strtok_r(text, "\n", &save); one; one = strtok_r(NULL, "\n", &save)) {
        json_error_t err;
        json_t *o = json_loads(one, 0, &err);
        CHECK(o, "%s: %s", err.text, one);
        json_array_append_new(all, o);
    }
    free(text);
    return all;
}

static __attribute__((unused)) void ask_empty(void)
{
    freeReplyObject(redis_server_ask(&ask_server, "FLUSHALL"));
}

#endif
