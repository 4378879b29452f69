/* pool_child.c - the process that forks the pool's children, and a child of it. The one opens all that a child will ever need:
 * converters, the extractor's memory and what the C library makes at first use (the seed of jansson's hashes, the memory size
 * that qsort() asks for). The other gives up the right to open anything, then parses one page after the other. */
#include "base/charset.h"
#include "base/mem.h"
#include "extractor/pool.h"
#include "extractor/pool_wire.h"
#include "extractor/zygote.h"
#include "pipeline/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#else
#define SANITIZED 0
#endif

#define REQUEST_KEEP ((size_t)4 << 20)

struct child {
    struct parse_limits limits;
    pid_t zygote;
    struct parser *parser;
    struct buffer request, answer;
    struct header headers[WIRE_HEADERS_MAX];
};

/* --- giving up rights --- */

static bool allow(scmp_filter_ctx filter, const int *calls, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls[i], 0) != 0)
            return false;
    return true;
}

static bool fill_filter(scmp_filter_ctx filter)
{
    static const int calls[] = {
        SCMP_SYS(read), SCMP_SYS(write), SCMP_SYS(readv), SCMP_SYS(writev), SCMP_SYS(futex),
        SCMP_SYS(brk), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise),
        SCMP_SYS(clock_gettime), SCMP_SYS(gettimeofday), SCMP_SYS(time), SCMP_SYS(clock_getres),
        SCMP_SYS(exit), SCMP_SYS(exit_group), SCMP_SYS(rt_sigreturn), SCMP_SYS(restart_syscall),
    };
    static const int sanitizer_calls[] = { /* what the sanitizers' own runtime does */
        SCMP_SYS(sigaltstack), SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask), SCMP_SYS(getpid), SCMP_SYS(gettid),
        SCMP_SYS(sched_yield), SCMP_SYS(tgkill), SCMP_SYS(prctl), SCMP_SYS(nanosleep), SCMP_SYS(clock_nanosleep),
        SCMP_SYS(sched_getaffinity), SCMP_SYS(getrusage), SCMP_SYS(mincore),
    };

    if (!allow(filter, calls, COUNT(calls)))
        return false;
    if (SANITIZED && !allow(filter, sanitizer_calls, COUNT(sanitizer_calls)))
        return false;
    /* Memory without a file behind it, and none that can be executed. */
    return seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 2, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0),
                            SCMP_A3(SCMP_CMP_MASKED_EQ, MAP_ANONYMOUS, MAP_ANONYMOUS)) == 0 &&
           seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0)) == 0;
}

bool pool_child_confine(struct error *err)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
    int rc = -ENOMEM;

    if (filter && fill_filter(filter))
        rc = seccomp_load(filter); /* sets no_new_privs, too */
    seccomp_release(filter);
    return rc == 0 || error_set(err, ERROR_SYSTEM, "seccomp filter not loaded: %s; set extractor.sandbox to false where the kernel has none",
                                strerror(-rc));
}

static void limit(int resource, rlim_t value)
{
    struct rlimit l = { value, value };
    setrlimit(resource, &l);
}

/* A terminal's Ctrl-C reaches the whole group: the parent decides when we end, by closing our input. */
static void ignore_signals(void)
{
    static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE };

    for (size_t i = 0; i < COUNT(signals); i++)
        signal(signals[i], SIG_IGN);
}

/* The zygote needs to fork and to hear of its children's ends; what worker.h says of sanitizers is so here, too. */
static bool settle(struct error *err)
{
    ignore_signals();
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    prctl(PR_SET_NAME, "tidings-zygote");
    limit(RLIMIT_CORE, 0);
    if (chdir("/") != 0)
        return error_set(err, ERROR_SYSTEM, "the folder / cannot be entered: %s", strerror(errno));
    return SANITIZED || confine(true, err);
}

static void drop_rights(const struct child *c)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != c->zygote)
        _exit(1); /* it ended before that */
    prctl(PR_SET_NAME, "tidings-parse");
    close_range(3, ~0U, 0);
    if (!SANITIZED)
        limit(RLIMIT_AS, 2 * c->limits.memory_bytes + ((size_t)512 << 20));
}

static int compare_ints(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

/* What the C library opens at first use. */
static void warm_up(void)
{
    int *numbers = xcalloc(4096, sizeof(int));

    qsort(numbers, 4096, sizeof(int), compare_ints);
    free(numbers);
    json_object_seed(1);
    strerror(ENOENT);
}

/* --- pages --- */

static bool read_all(void *to, size_t len)
{
    char *at = to;

    while (len > 0) {
        ssize_t n = read(STDIN_FILENO, at, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        at += n;
        len -= (size_t)n;
    }
    return true;
}

static bool write_all(const void *from, size_t len)
{
    const char *at = from;

    while (len > 0) {
        ssize_t n = write(STDOUT_FILENO, at, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        at += n;
        len -= (size_t)n;
    }
    return true;
}

/* Points r into the request's bytes; names are NUL-terminated there. */
static bool take_record(struct child *c, const struct wire_request *w, struct record *r)
{
    const char *at = c->request.data, *end = at + w->head_len;

    for (uint32_t i = 0; i < w->header_count; i++) {
        struct wire_header h;
        if ((size_t)(end - at) < sizeof(h))
            return false;
        memcpy(&h, at, sizeof(h));
        at += sizeof(h);
        if ((size_t)(end - at) < (size_t)h.name_len + 1 + h.value_len)
            return false;
        c->headers[i] = (struct header){ at, at + h.name_len + 1, h.value_len };
        at += (size_t)h.name_len + 1 + h.value_len;
    }
    if ((size_t)(end - at) != w->key_len)
        return false;
    *r = (struct record){ .topic = TOPIC_PAGES, .key = at, .key_len = w->key_len, .value = w->has_value ? end : NULL,
                          .value_len = w->value_len, .headers = c->headers, .header_count = w->header_count };
    return true;
}

/* False when the parent has gone, or speaks nonsense. */
static bool serve_one(struct child *c)
{
    struct wire_request w;
    struct record r;

    if (!read_all(&w, sizeof(w)) || w.magic != WIRE_MAGIC || w.header_count > WIRE_HEADERS_MAX || w.head_len > WIRE_PART_MAX ||
        w.value_len > WIRE_PART_MAX)
        return false;
    size_t len = (size_t)w.head_len + w.value_len;
    buffer_clear(&c->request);
    buffer_reserve(&c->request, len + 1);
    if (!read_all(c->request.data, len) || !take_record(c, &w, &r))
        return false;
    struct wire_answer head = { WIRE_MAGIC, 0 };
    buffer_clear(&c->answer);
    buffer_append(&c->answer, &head, sizeof(head));
    parser_run(c->parser, &r, &c->answer);
    head.len = (uint32_t)(c->answer.len - sizeof(head));
    memcpy(c->answer.data, &head, sizeof(head));
    bool ok = write_all(c->answer.data, c->answer.len);
    if (c->request.cap > REQUEST_KEEP)
        buffer_fini(&c->request);
    return ok;
}

static void child_main(void *arg)
{
    struct child *c = arg;
    struct error err;

    drop_rights(c);
    if (!pool_child_confine(&err)) {
        dprintf(STDERR_FILENO, "%s\n", err.message);
        _exit(POOL_CHILD_NEVER_BEGAN);
    }
    while (serve_one(c))
        ;
    _exit(0); /* no leak check: it would need threads */
}

/* argv: program, POOL_CHILD_ARGUMENT, decoded bytes, memory bytes, deadline ms */
int pool_child_main(int argc, char **argv)
{
    struct child c = { .zygote = getpid() };
    struct error err;

    if (argc != 5) {
        fprintf(stderr, "%s is started by tidings itself\n", POOL_CHILD_ARGUMENT);
        return 2;
    }
    c.limits = (struct parse_limits){ strtoull(argv[2], NULL, 10), strtoull(argv[3], NULL, 10), strtoll(argv[4], NULL, 10) };
    warm_up();
    c.parser = parser_create(&c.limits);
    if (!settle(&err) || !charset_prepare(&err)) {
        fprintf(stderr, "%s\n", err.message);
        return 1;
    }
    zygote_serve(STDIN_FILENO, child_main, &c);
    _exit(0);
}
