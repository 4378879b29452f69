#include "pipeline/health.h"

#include "tests/unit/check.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static bool alive = true, ready;

static bool is_alive(void *arg, struct buffer *why)
{
    (void)arg;
    buffer_puts(why, "the loop hangs");
    return alive;
}

static bool is_ready(void *arg, struct buffer *why)
{
    (void)arg;
    buffer_puts(why, "no broker answers");
    return ready;
}

static const struct health_callbacks callbacks = { .alive = is_alive, .ready = is_ready };

/* The whole answer to one request. */
static char *ask(int port, const char *request)
{
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    struct buffer b;
    char chunk[4096];
    ssize_t n;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
    assert_int_equal(write(fd, request, strlen(request)), (ssize_t)strlen(request));
    buffer_init(&b, 0);
    while ((n = read(fd, chunk, sizeof(chunk))) > 0)
        buffer_append(&b, chunk, (size_t)n);
    close(fd);
    return buffer_take(&b);
}

static const struct { const char *name, *request, *status, *body; bool alive, ready; } answers[] = {
    { "alive", "GET /healthz HTTP/1.0\r\n\r\n", "200", "ok\n", true, false },
    { "hangs", "GET /healthz HTTP/1.0\r\n\r\n", "503", "the loop hangs\n", false, false },
    { "not ready", "GET /readyz HTTP/1.0\r\n\r\n", "503", "no broker answers\n", true, false },
    { "ready", "GET /readyz HTTP/1.0\r\n\r\n", "200", "ok\n", true, true },
    { "metrics", "GET /metrics HTTP/1.0\r\n\r\n", "200", "\nprocess_open_fds ", true, true },
    { "version", "GET /metrics HTTP/1.0\r\n\r\n", "200", "tidings_build_info{version=\"" TIDINGS_VERSION "\"} 1\n", true, true },
    { "elsewhere", "GET /../etc/passwd HTTP/1.0\r\n\r\n", "404", "/healthz", true, true },
    { "other method", "POST /healthz HTTP/1.0\r\nContent-Length: 0\r\n\r\n", "405", "Allow: GET, HEAD", true, true },
};

static void test_answers(void **state)
{
    (void)state;
    struct error err;
    struct health *h = health_start("127.0.0.1", 20000 + (int)getpid() % 20000, 200, &callbacks, &err);
    CHECK(h, "%s", err.message);
    for (size_t i = 0; i < COUNT(answers); i++) {
        alive = answers[i].alive;
        ready = answers[i].ready;
        char *got = ask(health_port(h), answers[i].request);
        CHECK(strncmp(got + 9, answers[i].status, 3) == 0 && strstr(got, answers[i].body), "%s: %s", answers[i].name, got);
        free(got);
    }
    health_stop(h);
}

static void test_next_port(void **state)
{
    (void)state;
    struct error err;
    struct health *a = health_start("127.0.0.1", 40000 + (int)getpid() % 20000, 200, &callbacks, &err);
    CHECK(a, "%s", err.message);
    struct health *b = health_start("127.0.0.1", health_port(a), 200, &callbacks, &err);
    CHECK(b && health_port(b) > health_port(a), "%s", err.message);
    assert_null(health_start("127.0.0.1", health_port(a), 1, &callbacks, &err));
    CHECK(strstr(err.message, "is in use: choose another, or 0"), "%s", err.message);
    assert_null(health_start("not an address", 9000, 5, &callbacks, &err));
    CHECK(strstr(err.message, "health.address: cannot listen at not an address"), "%s", err.message);
    health_stop(a);
    health_stop(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_answers), cmocka_unit_test(test_next_port) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
