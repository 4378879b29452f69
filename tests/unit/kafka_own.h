/* kafka_own.h - a real Kafka of its own for a test: deploy/kafka/kafka.sh on a free port, its records in a fresh directory.
 * Tests run in the project's root. One serves a group of tests: cmocka_run_group_tests(tests, kafka_up, kafka_down). */
#ifndef TESTS_UNIT_KAFKA_OWN_H
#define TESTS_UNIT_KAFKA_OWN_H

#include "tests/unit/check.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

struct kafka_server {
    char dir[64], address[32];
    pid_t watch; /* stops the broker should this process be killed */
};

static int kafka_server_do(const struct kafka_server *s, const char *command)
{
    char line[200];
    snprintf(line, sizeof(line), "deploy/kafka/kafka.sh %s --dir %s 2>%s/test.log", command, s->dir, s->dir);
    return system(line);
}

/* A child that lives as long as this process does. */
static pid_t kafka_server_watch(const struct kafka_server *s)
{
    int ends[2];
    CHECK(pipe(ends) == 0, "pipe");
    pid_t pid = fork();
    CHECK(pid >= 0, "fork");
    if (pid == 0) {
        char c;
        setsid();
        close(ends[1]);
        while (read(ends[0], &c, 1) > 0)
            ;
        kafka_server_do(s, "kill");
        _exit(0);
    }
    close(ends[0]); /* the other end stays open until we end, in whatever way */
    return pid;
}

static void kafka_server_start(struct kafka_server *s)
{
    char path[96];
    int port = 0;
    snprintf(s->dir, sizeof(s->dir), "/tmp/tidings-test-XXXXXX");
    CHECK(mkdtemp(s->dir), "mkdtemp");
    CHECK(kafka_server_do(s, "start") == 0, "deploy/kafka/kafka.sh did not start; see %s/test.log", s->dir);
    snprintf(path, sizeof(path), "%s/port", s->dir);
    FILE *f = fopen(path, "r");
    CHECK(f && fscanf(f, "%d", &port) == 1, "%s", path);
    fclose(f);
    snprintf(s->address, sizeof(s->address), "127.0.0.1:%d", port);
    s->watch = kafka_server_watch(s);
}

static void kafka_server_stop(struct kafka_server *s)
{
    char line[96];
    kafka_server_do(s, "kill");
    kill(s->watch, SIGKILL);
    waitpid(s->watch, NULL, 0);
    snprintf(line, sizeof(line), "rm -rf %s", s->dir);
    CHECK(system(line) == 0, "%s", line);
}

static struct kafka_server kafka; /* of the group */

static __attribute__((unused)) int kafka_up(void **state)
{
    (void)state;
    kafka_server_start(&kafka);
    return 0;
}

static __attribute__((unused)) int kafka_down(void **state)
{
    (void)state;
    kafka_server_stop(&kafka);
    return 0;
}

#endif
