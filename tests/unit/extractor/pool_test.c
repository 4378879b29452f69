/* Parsing in children and in threads: answers, what a child may not do, deaths, deadlines, ends. The test program is its own
 * child: main() hands over as the program's does. */
#include "extractor/pool.h"

#include "../check.h"
#include "base/clock.h"
#include "base/hash.h"
#include "pipeline/confine.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define MORE "<p>What the mayor, the engineers and the neighbours of the bridge think about it today fills one more paragraph of the story.</p>"

static const char article[] =
    "<!doctype html><html lang=en><head><title>The bridge opens</title><meta charset=utf-8>"
    "<meta property='og:type' content='article'><meta property='article:published_time' content='2026-03-01T10:00:00+07:00'>"
    "<script type='application/ld+json'>{\"@context\":\"https://schema.org\",\"@type\":\"NewsArticle\",\"headline\":\"The bridge opens\","
    "\"datePublished\":\"2026-03-01T10:00:00+07:00\",\"author\":{\"@type\":\"Person\",\"name\":\"Ann Weaver\"}}</script></head><body>"
    "<article><h1>The bridge opens</h1>"
    "<p>The new bridge over the river was opened to traffic on Sunday morning after four years of work, the city said in a statement.</p>"
    "<p>Thousands of people walked across it before the first cars were let through, many of them with children and flags in their hands.</p>"
    "<p>It will shorten the way between the two banks by nearly half an hour, and a second one is planned for the end of the decade.</p>"
    MORE MORE MORE MORE MORE MORE MORE MORE MORE MORE
    "</article></body></html>";

/* --- records --- */

struct sample {
    struct record r;
    struct header headers[12];
    char id[ID_HEX_LEN + 1];
};

static void put(struct sample *s, const char *name, const char *value)
{
    s->headers[s->r.header_count++] = (struct header){ name, value, strlen(value) };
}

static void sample_init(struct sample *s, const char *body, size_t len);

/* --- the loop --- */

struct run {
    uv_loop_t loop;
    struct pool *pool;
    size_t done, ok, articles;
    char reason[200];
    int fatal;
    bool closed;
};

static void on_done(void *arg, const struct parsed *p)
{
    struct run *run = arg;

    run->done++;
    run->ok += p->ok;
    run->articles += p->ok && p->page_type == PAGE_ARTICLE && strstr(p->members, "\"title\":\"The bridge opens\"") && p->text_hash;
    snprintf(run->reason, sizeof(run->reason), "%s", p->reason);
}

static void on_closed(void *arg)
{
    ((struct run *)arg)->closed = true;
}

static void run_init(struct run *run, bool sandbox, int workers)
{
    struct pool_options o = { .workers = workers, .sandbox = sandbox, .limits = { .deadline_ms = 500 } };
    struct error err;

    memset(run, 0, sizeof(*run));
    uv_loop_init(&run->loop);
    run->pool = pool_create(&run->loop, &o, &err);
    CHECK(run->pool, "%s", err.message);
}

static void run_until(struct run *run, size_t done)
{
    while (run->done < done)
        uv_run(&run->loop, UV_RUN_ONCE);
}

static void run_fini(struct run *run)
{
    pool_destroy(run->pool, on_closed, run);
    uv_run(&run->loop, UV_RUN_DEFAULT);
    assert_true(run->closed);
    assert_int_equal(uv_loop_close(&run->loop), 0);
}

/* --- tests --- */

static void answers(bool sandbox)
{
    struct run run;
    struct sample s, empty, big;
    char *body = xmalloc(1200000);

    sample_init(&s, article, strlen(article));
    sample_init(&empty, "", 0);
    memset(body, ' ', 1200000); /* more than a pipe holds */
    memcpy(body + 1200000 - strlen(article), article, strlen(article));
    sample_init(&big, body, 1200000);
    run_init(&run, sandbox, 2);
    for (int i = 0; i < 60; i++)
        pool_submit(run.pool, i % 20 == 19 ? &empty.r : i % 20 == 18 ? &big.r : &s.r, on_done, &run);
    assert_int_equal(pool_jobs(run.pool), 60);
    run_until(&run, 60);
    assert_int_equal(pool_jobs(run.pool), 0);
    assert_int_equal(run.articles, 57);
    run_fini(&run);
    free(body);
}

static void children_answer(void **state)
{
    (void)state;
    answers(true);
}

static void threads_answer(void **state)
{
    (void)state;
    answers(false);
}

static void a_record_without_headers_is_invalid(void **state)
{
    struct run run;
    struct record r = { .topic = TOPIC_PAGES, .key = "k", .key_len = 1, .value = "x", .value_len = 1 };

    (void)state;
    run_init(&run, true, 1);
    pool_submit(run.pool, &r, on_done, &run);
    run_until(&run, 1);
    assert_int_equal(run.ok, 0);
    assert_true(run.reason[0]);
    run_fini(&run);
}

/* The first page is answered, so the child is past its start and idle. */
static pid_t one_child(struct run *run, struct sample *s)
{
    pid_t pid = 0;

    pool_submit(run->pool, &s->r, on_done, run);
    run_until(run, 1);
    assert_int_equal(pool_children(run->pool, &pid, 1), 1);
    return pid;
}

static int status_of(pid_t pid, const char *name)
{
    char path[64], line[200];
    int value = -1;

    snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
    FILE *f = fopen(path, "r");
    CHECK(f, "%s", path);
    while (fgets(line, sizeof(line), f))
        if (strncmp(line, name, strlen(name)) == 0)
            value = atoi(line + strlen(name));
    fclose(f);
    return value;
}

static void a_child_holds_pipes_and_nothing_else(void **state)
{
    struct run run;
    struct sample s;
    char path[300], target[300];
    int count = 0;
    struct dirent *e;

    (void)state;
    sample_init(&s, article, strlen(article));
    run_init(&run, true, 1);
    pid_t pid = one_child(&run, &s);
    snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
    DIR *d = opendir(path);
    assert_non_null(d);
    while ((e = readdir(d))) {
        if (e->d_name[0] == '.')
            continue;
        snprintf(path, sizeof(path), "/proc/%d/fd/%s", (int)pid, e->d_name);
        ssize_t n = readlink(path, target, sizeof(target) - 1);
        target[n > 0 ? n : 0] = '\0';
        CHECK(strncmp(target, "pipe:", 5) == 0, "fd %s is %s", e->d_name, target);
        count++;
    }
    closedir(d);
    assert_int_equal(count, 3);
    assert_int_equal(status_of(pid, "Seccomp:"), 2); /* filtered */
    run_fini(&run);
}

static int try_read(void) { char c; return read(0, &c, 0) == 0; }
static int try_memory(void) { void *p = malloc((size_t)8 << 20); memset(p, 1, (size_t)8 << 20); free(p); return 1; }
static int try_clock(void) { return clock_mono_ms() > 0; }
static int try_open(void) { return open("/etc/hostname", O_RDONLY) >= 0; }
static int try_create(void) { return open("/tmp/tidings-never", O_CREAT | O_WRONLY, 0600) >= 0; }
static int try_socket(void) { return socket(AF_INET, SOCK_STREAM, 0) >= 0; }
static int try_unix_socket(void) { return socket(AF_UNIX, SOCK_STREAM, 0) >= 0; }
static int try_fork(void) { return fork() >= 0; }
static int try_exec(void) { return execl("/bin/true", "true", (char *)NULL) == 0; }
static int try_kill(void) { return kill(getppid(), 0) == 0; }
static int try_map_code(void) { return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED; }
static int try_map_file(void) { return mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, 0, 0) != MAP_FAILED; }

static const struct { const char *name; int (*act)(void); bool allowed; } acts[] = {
    { "read", try_read, true },        { "memory", try_memory, true },           { "clock", try_clock, true },
    { "open", try_open, false },       { "create", try_create, false },          { "socket", try_socket, false },
    { "unix", try_unix_socket, false }, { "fork", try_fork, false },             { "exec", try_exec, false },
    { "kill", try_kill, false },       { "map code", try_map_code, false },      { "map file", try_map_file, false },
};

static void a_confined_process_can_open_nothing(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(acts); i++) {
        int status;
        fflush(NULL);
        pid_t pid = fork();
        if (pid == 0) {
            if (!pool_child_confine(NULL))
                _exit(9);
            _exit(acts[i].act() ? 0 : 3);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        if (acts[i].allowed)
            CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0, "%s: %x", acts[i].name, (unsigned)status);
        else
            CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS, "%s: %x", acts[i].name, (unsigned)status);
    }
}

static void a_killed_child_is_replaced_and_its_page_tried_again(void **state)
{
    struct run run;
    struct sample s;
    pid_t again = 0;

    (void)state;
    sample_init(&s, article, strlen(article));
    run_init(&run, true, 1);
    pid_t pid = one_child(&run, &s);
    kill(pid, SIGSTOP); /* so that it surely has the page when it dies */
    pool_submit(run.pool, &s.r, on_done, &run);
    pool_submit(run.pool, &s.r, on_done, &run);
    pool_submit(run.pool, &s.r, on_done, &run);
    kill(pid, SIGKILL);
    run_until(&run, 4);
    assert_int_equal(run.articles, 4);
    assert_int_equal(pool_children(run.pool, &again, 1), 1);
    assert_true(again != pid);
    run_fini(&run);
}

static void a_child_that_crashes_is_a_verdict(void **state)
{
    struct run run;
    struct sample s;

    (void)state;
    sample_init(&s, article, strlen(article));
    run_init(&run, true, 1);
    pid_t pid = one_child(&run, &s);
    kill(pid, SIGSTOP);
    pool_submit(run.pool, &s.r, on_done, &run);
    pool_submit(run.pool, &s.r, on_done, &run);
    kill(pid, SIGSEGV);
    kill(pid, SIGCONT);
    run_until(&run, 3);
    assert_int_equal(run.articles, 2); /* the page after it is none the worse */
    run_fini(&run);
}

static void a_child_that_hangs_is_killed(void **state)
{
    struct run run;
    struct sample s;

    (void)state;
    sample_init(&s, article, strlen(article));
    memset(&run, 0, sizeof(run));
    struct pool_options o = { .workers = 1, .sandbox = true, .kill_after_ms = 100 };
    uv_loop_init(&run.loop);
    run.pool = pool_create(&run.loop, &o, NULL);
    pid_t pid = one_child(&run, &s);
    kill(pid, SIGSTOP);
    pool_submit(run.pool, &s.r, on_done, &run);
    run_until(&run, 2);
    assert_int_equal(run.articles, 1);
    assert_non_null(strstr(run.reason, "too long"));
    run_fini(&run);
}

static void jobs_under_way_are_forgotten_at_the_end(void **state)
{
    struct run run;
    struct sample s;

    (void)state;
    sample_init(&s, article, strlen(article));
    for (int sandbox = 0; sandbox < 2; sandbox++) {
        run_init(&run, sandbox, 2);
        for (int i = 0; i < 20; i++)
            pool_submit(run.pool, &s.r, on_done, &run);
        run_until(&run, 1);
        run_fini(&run);
    }
}

static void a_missing_program_is_told(void **state)
{
    struct pool_options o = { .workers = 1, .sandbox = true, .program = "/nonexistent/tidings" };
    struct error err;
    uv_loop_t loop;

    (void)state;
    uv_loop_init(&loop);
    assert_null(pool_create(&loop, &o, &err));
    assert_non_null(strstr(err.message, "/nonexistent/tidings"));
    uv_loop_close(&loop);
}

/* --- the process that forks them --- */

static void on_fatal(void *arg, const struct error *err)
{
    struct run *run = arg;
    CHECK(err->kind == ERROR_SYSTEM, "%s", err->message);
    run->fatal++;
}

static void run_init_fatal(struct run *run, const char *program)
{
    struct pool_options o = { .workers = 2, .sandbox = true, .program = program, .on_fatal = on_fatal, .fatal_arg = run };
    struct error err;

    memset(run, 0, sizeof(*run));
    uv_loop_init(&run->loop);
    run->pool = pool_create(&run->loop, &o, &err);
    CHECK(run->pool, "%s", err.message);
}

/* Both children, past their start. */
static void two_children(struct run *run, pid_t pids[2])
{
    while (pool_children(run->pool, pids, 2) < 2)
        uv_run(&run->loop, UV_RUN_ONCE);
    for (int i = 0; i < 2; i++)
        while (status_of(pids[i], "Seccomp:") != 2)
            sched_yield();
}

static void nobody_forks_any_more(void **state)
{
    struct run run;
    struct sample s;

    (void)state;
    sample_init(&s, article, strlen(article));
    run_init_fatal(&run, NULL);
    pid_t pids[2];
    two_children(&run, pids);
    pid_t zygote = status_of(pids[0], "PPid:");
    assert_true(zygote != getpid() && status_of(pids[1], "PPid:") == zygote);
    kill(pids[0], SIGSTOP); /* so that neither answers before it dies */
    kill(pids[1], SIGSTOP);
    kill(zygote, SIGKILL);
    pool_submit(run.pool, &s.r, on_done, &run);
    while (!run.fatal)
        uv_run(&run.loop, UV_RUN_ONCE);
    assert_int_equal(run.done, 0); /* the page waits: it is not to blame */
    assert_int_equal(pool_jobs(run.pool), 1);
    run_fini(&run);
    run_init_fatal(&run, "/bin/true"); /* ends at once */
    while (!run.fatal)
        uv_run(&run.loop, UV_RUN_ONCE);
    run_fini(&run);
}

/* In a process of its own: what is given up is given up. */
static int replaced_after_giving_up(void)
{
    struct run run;
    struct sample s;
    pid_t again = 0;

    sample_init(&s, article, strlen(article));
    run_init(&run, true, 1);
    pid_t pid = one_child(&run, &s);
    if (!confine(true, NULL) || execl("/bin/true", "true", (char *)NULL) == 0)
        return 2;
    kill(pid, SIGKILL);
    pool_submit(run.pool, &s.r, on_done, &run);
    run_until(&run, 2);
    bool ok = run.articles == 2 && pool_children(run.pool, &again, 1) == 1 && again != pid;
    run_fini(&run);
    return ok ? 0 : 3;
}

static void children_are_replaced_where_no_program_can_be_started(void **state)
{
    int status;

    (void)state;
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0)
        _exit(replaced_after_giving_up());
    assert_int_equal(waitpid(pid, &status, 0), pid);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0, "status %x", (unsigned)status);
}

static void sample_init(struct sample *s, const char *body, size_t len)
{
    struct id id = id_of("https://a.example/1", 19);

    memset(s, 0, sizeof(*s));
    memcpy(s->id, id.hex, sizeof(s->id));
    s->r = (struct record){ .topic = TOPIC_PAGES, .key = s->id, .key_len = ID_HEX_LEN, .value = body, .value_len = len, .headers = s->headers };
    put(s, "tidings-url", "https://a.example/1");
    put(s, "tidings-version", "1772334000000");
    put(s, "tidings-request-partition", "3");
    put(s, "tidings-fetched-at", "1772334000000");
    put(s, "tidings-source", "a");
    put(s, "content-type", "text/html; charset=utf-8");
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], POOL_CHILD_ARGUMENT) == 0)
        return pool_child_main(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(children_answer),
        cmocka_unit_test(threads_answer),
        cmocka_unit_test(a_record_without_headers_is_invalid),
        cmocka_unit_test(a_child_holds_pipes_and_nothing_else),
        cmocka_unit_test(a_confined_process_can_open_nothing),
        cmocka_unit_test(a_killed_child_is_replaced_and_its_page_tried_again),
        cmocka_unit_test(a_child_that_crashes_is_a_verdict),
        cmocka_unit_test(a_child_that_hangs_is_killed),
        cmocka_unit_test(jobs_under_way_are_forgotten_at_the_end),
        cmocka_unit_test(nobody_forks_any_more),
        cmocka_unit_test(children_are_replaced_where_no_program_can_be_started),
        cmocka_unit_test(a_missing_program_is_told),
    };
    signal(SIGPIPE, SIG_IGN); /* as main() does */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
