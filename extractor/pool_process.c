/* pool_process.c - the pool's children: forked by a zygote (zygote.h), joined by three pipes (request, answer, messages).
 *
 * A child holds two jobs: the one it parses and the next, already in its pipe, so that it never waits for the loop. When it
 * dies, the first is to blame: its page gets the verdict, the other goes back to the front. Who was killed by SIGKILL from
 * outside (the kernel short of memory, a person) may be innocent: such a page is tried once more. The deadline is CPU time of
 * the child, so that a crowded machine condemns no page; ten times that in real time ends a child that sleeps. */
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "extractor/pool_private.h"
#include "extractor/pool_wire.h"
#include "extractor/zygote.h"
#include "pipeline/metrics.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define DEPTH 2               /* jobs a child holds */
#define PIPE_BYTES (1 << 20)  /* wanted capacity of a pipe; less is slower, not wrong */
#define GRACE_MS 2000         /* above the child's own deadline, for decoding, metadata and writing */
#define CHECK_MS 250
#define RESTART_MS 500        /* after a child that ended without having answered anything */
#define ANSWER_MAX ((size_t)64 << 20)
#define MESSAGE_MAX 400

struct child;

struct slot {
    struct job *job;
    struct child *child;
    struct buffer head;    /* what goes before the body; lives until written */
    uv_write_t write;
    bool writing;
    bool answered;
};

struct child {
    struct processes *owner;
    int slot;
    pid_t pid;
    uv_pipe_t in, out, messages;
    uv_timer_t timer;          /* deadline, or the pause before a start */
    int open_handles;          /* to be closed before it may start again */
    bool forked;               /* the zygote was asked for it, and has not said that it ended */
    bool running, closing;
    const char *kill_reason;   /* why we killed it; static; NULL: we did not */
    int status;                /* as waitpid() gives it, or ZYGOTE_NOT_FORKED */
    uint64_t answers;          /* since its start */
    struct slot slots[DEPTH];  /* a ring: slots[first] is the one that is parsed */
    unsigned first, held;
    int64_t job_started_ms;    /* monotonic: when slots[first] became the first */
    int64_t job_cpu_ms;        /* CPU time the child had used then */
    struct buffer answer;
    char message[MESSAGE_MAX]; /* the line it writes on standard error */
    size_t message_len;
};

struct processes {
    struct pool *pool;      /* borrowed */
    uv_loop_t *loop;
    struct zygote *zygote;  /* owned */
    int64_t kill_after_ms;
    int count;
    struct child *children; /* owned */
    bool destroying;
    bool zygote_lost;       /* nobody starts a child any more; on_fatal was told */
    void (*on_fatal)(void *arg, const struct error *err);
    void *fatal_arg;
    int live_timers;
    void (*on_closed)(void *arg);
    void *closed_arg;
    struct metric *deaths;
};

static void child_start_later(struct child *c, uint64_t ms);
static void child_feed(struct child *c);

/* --- one page to a child --- */

static void write_head(struct buffer *b, const struct record *r)
{
    struct wire_request w = { .magic = WIRE_MAGIC, .key_len = (uint32_t)r->key_len, .value_len = (uint32_t)r->value_len,
                              .has_value = r->value != NULL };

    w.header_count = (uint32_t)(r->header_count < WIRE_HEADERS_MAX ? r->header_count : WIRE_HEADERS_MAX);
    buffer_clear(b);
    buffer_append(b, &w, sizeof(w));
    for (uint32_t i = 0; i < w.header_count; i++) {
        const struct header *h = &r->headers[i];
        struct wire_header wh = { (uint32_t)strlen(h->name), (uint32_t)h->len };
        buffer_append(b, &wh, sizeof(wh));
        buffer_append(b, h->name, wh.name_len + 1);
        buffer_append(b, h->value, h->len);
    }
    buffer_append(b, r->key, r->key_len);
    w.head_len = (uint32_t)(b->len - sizeof(w));
    memcpy(b->data, &w, sizeof(w));
}

/* The job is over once its request is written, too: the body is borrowed until then. */
static void slot_release(struct child *c)
{
    struct slot *s = &c->slots[c->first];

    assert(s->answered && !s->writing);
    struct job *j = s->job;
    s->job = NULL;
    c->first = (c->first + 1) % DEPTH;
    c->held--;
    c->answers++;
    c->job_started_ms = clock_mono_ms();
    c->job_cpu_ms = -1;
    size_t head = sizeof(struct wire_answer);
    struct buffer answer = c->answer;
    struct wire_answer w;
    memcpy(&w, answer.data, head);
    /* The rest of the buffer is the next answer's beginning: keep it while done() may submit more. */
    buffer_init(&c->answer, 0);
    if (answer.len > head + w.len)
        buffer_append(&c->answer, answer.data + head + w.len, answer.len - head - w.len);
    pool_finish_job(c->owner->pool, j, answer.data + head, w.len);
    if (c->answer.len == 0 && answer.cap <= (size_t)1 << 20) { /* the memory serves the next one */
        buffer_fini(&c->answer);
        c->answer = answer;
        buffer_clear(&c->answer);
    } else {
        buffer_fini(&answer);
    }
}

static void take_answers(struct child *c);

static void on_written(uv_write_t *req, int status)
{
    struct slot *s = req->data;

    (void)status; /* a broken pipe shows as the child's end */
    s->writing = false;
    if (!s->child->closing)
        take_answers(s->child);
}

static void slot_send(struct child *c, struct job *j)
{
    struct slot *s = &c->slots[(c->first + c->held) % DEPTH];
    uv_buf_t bufs[2];

    s->job = j;
    s->child = c;
    s->answered = false;
    s->writing = true;
    s->write.data = s;
    write_head(&s->head, j->record);
    bufs[0] = uv_buf_init(s->head.data, (unsigned)s->head.len);
    bufs[1] = uv_buf_init((char *)j->record->value, (unsigned)j->record->value_len);
    if (c->held++ == 0) {
        c->job_started_ms = clock_mono_ms();
        c->job_cpu_ms = -1;
    }
    if (uv_write(&s->write, (uv_stream_t *)&c->in, bufs, j->record->value_len ? 2 : 1, on_written) != 0)
        s->writing = false; /* the child is ending: its exit gives the verdict */
}

static void child_feed(struct child *c)
{
    struct job *j;

    while (c->running && !c->closing && c->held < DEPTH && (j = pool_next_job(c->owner->pool)))
        slot_send(c, j);
}

/* --- its answers --- */

static bool answer_complete(const struct child *c, bool *broken)
{
    struct wire_answer w;

    if (c->answer.len < sizeof(w))
        return false;
    memcpy(&w, c->answer.data, sizeof(w));
    *broken = w.magic != WIRE_MAGIC || w.len > ANSWER_MAX || c->held == 0;
    return !*broken && c->answer.len >= sizeof(w) + w.len;
}

static void child_kill(struct child *c, const char *reason)
{
    c->kill_reason = reason;
    zygote_kill(c->owner->zygote, c->slot);
}

static void take_answers(struct child *c)
{
    bool broken = false;

    while (answer_complete(c, &broken)) {
        struct slot *s = &c->slots[c->first];
        s->answered = true;
        if (s->writing)
            return; /* on_written() goes on */
        slot_release(c);
    }
    if (broken)
        child_kill(c, "the parser's answer is broken");
    child_feed(c);
}

static void on_alloc(uv_handle_t *h, size_t suggested, uv_buf_t *buf)
{
    struct child *c = h->data;

    buffer_reserve(&c->answer, suggested);
    *buf = uv_buf_init(c->answer.data + c->answer.len, (unsigned)suggested);
}

static void on_answer(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct child *c = stream->data;

    (void)buf;
    if (n <= 0 || c->closing)
        return; /* the end shows as the child's exit */
    c->answer.len += (size_t)n;
    take_answers(c);
}

static void on_message_alloc(uv_handle_t *h, size_t suggested, uv_buf_t *buf)
{
    struct child *c = h->data;

    (void)suggested;
    *buf = uv_buf_init(c->message + c->message_len, (unsigned)(sizeof(c->message) - 1 - c->message_len));
}

static void on_message(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct child *c = stream->data;

    (void)buf;
    if (n <= 0)
        return;
    c->message_len += (size_t)n;
    c->message[c->message_len] = '\0';
    if (c->message_len < sizeof(c->message) - 1 && c->message[c->message_len - 1] != '\n')
        return; /* the rest of the line is on its way */
    log_warn("a parser says pid=%d text=%s", (int)c->pid, log_quote_n(c->message, c->message_len));
    c->message_len = 0;
}

/* --- its deadline --- */

static int64_t cpu_ms(pid_t pid)
{
    clockid_t clock;
    struct timespec t;

    if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &t) != 0)
        return -1;
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void on_check(uv_timer_t *timer)
{
    struct child *c = timer->data;
    int64_t limit_ms = c->owner->kill_after_ms;

    if (c->kill_reason && !c->closing)
        zygote_kill(c->owner->zygote, c->slot); /* again: the first order may have found no room */
    if (c->held == 0 || c->closing || c->kill_reason)
        return;
    int64_t used_ms = cpu_ms(c->pid);
    if (c->job_cpu_ms < 0)
        c->job_cpu_ms = used_ms;
    if ((used_ms >= 0 && used_ms - c->job_cpu_ms > limit_ms) || clock_mono_ms() - c->job_started_ms > 10 * limit_ms)
        child_kill(c, "parsing took too long");
}

/* --- its end --- */

static bool never_began(const struct child *c)
{
    return c->status == ZYGOTE_NOT_FORKED || (WIFEXITED(c->status) && WEXITSTATUS(c->status) == POOL_CHILD_NEVER_BEGAN);
}

static void blame(struct child *c, struct job *j)
{
    char reason[128];
    int term_signal = WIFSIGNALED(c->status) ? WTERMSIG(c->status) : 0;

    if (c->kill_reason) {
        pool_fail_job(c->owner->pool, j, ERROR_LIMIT, c->kill_reason);
    } else if (!c->running || never_began(c)) {
        pool_return_job(c->owner->pool, j);
    } else if (term_signal == SIGKILL && j->tries == 0) {
        j->tries = 1;
        pool_return_job(c->owner->pool, j);
    } else if (term_signal) {
        snprintf(reason, sizeof(reason), "the parser died on it: signal %d (%s)", term_signal, strsignal(term_signal));
        pool_fail_job(c->owner->pool, j, ERROR_INVALID, reason);
    } else {
        snprintf(reason, sizeof(reason), "the parser ended on it: status %d", WEXITSTATUS(c->status));
        pool_fail_job(c->owner->pool, j, ERROR_INVALID, reason);
    }
}

static void tell_death(const struct child *c, unsigned pages)
{
    log_warn("a parser ended pid=%d signal=%d status=%d pages=%u", (int)c->pid, WIFSIGNALED(c->status) ? WTERMSIG(c->status) : 0,
             WIFEXITED(c->status) ? WEXITSTATUS(c->status) : -1, pages);
    metric_add(c->owner->deaths, 1);
}

/* All handles are closed, no write is under way: the jobs' records may be let go. */
static void child_bury(struct child *c)
{
    struct processes *ps = c->owner;
    struct job *jobs[DEPTH];
    unsigned held = c->held, first = c->first;
    bool idle = c->answers == 0;

    for (unsigned i = 0; i < held; i++)
        jobs[i] = c->slots[(first + i) % DEPTH].job;
    for (unsigned i = 0; i < DEPTH; i++)
        c->slots[i].job = NULL;
    c->held = c->first = 0;
    buffer_fini(&c->answer);
    if (ps->destroying) {
        for (unsigned i = 0; i < held; i++)
            free(jobs[i]);
    } else {
        if (c->status != ZYGOTE_NOT_FORKED) /* else there was none */
            tell_death(c, held);
        for (unsigned i = held; i > 1; i--)
            pool_return_job(ps->pool, jobs[i - 1]);
        if (held > 0)
            blame(c, jobs[0]);
    }
    c->closing = c->running = false;
    child_start_later(c, idle ? RESTART_MS : 0);
}

static void on_handle_closed(uv_handle_t *h)
{
    struct child *c = h->data;

    if (--c->open_handles == 0)
        child_bury(c);
}

/* Closes what was opened, in order; child_bury() follows. */
static void child_close(struct child *c, int pipes)
{
    uv_pipe_t *handles[] = { &c->in, &c->out, &c->messages };

    c->closing = true;
    uv_timer_stop(&c->timer);
    for (int i = 0; i < pipes; i++)
        uv_close((uv_handle_t *)handles[i], on_handle_closed);
    if (pipes == 0)
        child_bury(c);
}

static void on_child_exit(void *arg, int slot, int status)
{
    struct processes *ps = arg;
    struct child *c = &ps->children[slot];

    c->forked = false;
    c->status = status;
    if (status == ZYGOTE_NOT_FORKED)
        log_error("no parser could be started reason=\"it could not be forked\"");
    if (never_began(c) && ps->on_fatal && !ps->destroying) {
        struct error err;
        error_set(&err, ERROR_SYSTEM, "parsers cannot be confined or forked; the log says why. Where the kernel has no seccomp, set "
                  "extractor.sandbox to false");
        ps->on_fatal(ps->fatal_arg, &err);
    }
    child_close(c, 3);
}

static void on_zygote_lost(void *arg)
{
    struct processes *ps = arg;
    struct error err;

    ps->zygote_lost = true;
    error_set(&err, ERROR_SYSTEM, "the process that starts the parsers ended: start this one again");
    log_error("no parser can be started any more reason=%s", log_quote(err.message));
    if (ps->on_fatal && !ps->destroying)
        ps->on_fatal(ps->fatal_arg, &err);
}

/* --- its start --- */

/* A pipe whose one end is the child's and the other ours. */
static bool open_pipe(struct child *c, uv_pipe_t *handle, bool ours_writes, int *theirs)
{
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) != 0)
        return false;
    /* From here on the handle is open: uv_pipe_open() fails for no pipe. */
    fcntl(ends[0], F_SETPIPE_SZ, PIPE_BYTES);
    uv_pipe_init(c->owner->loop, handle, 0);
    handle->data = c;
    c->open_handles++;
    int ours = ours_writes ? ends[1] : ends[0];
    *theirs = ours_writes ? ends[0] : ends[1];
    fcntl(ours, F_SETFL, O_NONBLOCK);
    return uv_pipe_open(handle, ours) == 0;
}

/* Nothing of ours but what the dynamic linker, the C library's converters and sanitizers go by: secrets may stand in the
 * environment. */
static char **child_environment(void)
{
    static const char *const kept[] = { "LD_LIBRARY_PATH", "GCONV_PATH", "ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS" };
    char **env = xcalloc(COUNT(kept) + 1, sizeof(char *));
    size_t n = 0;

    for (size_t i = 0; i < COUNT(kept); i++)
        if (getenv(kept[i]))
            env[n++] = xasprintf("%s=%s", kept[i], getenv(kept[i]));
    return env;
}

/* Opens the pipes in order; how many were opened. */
static int open_pipes(struct child *c, int theirs[3])
{
    if (!open_pipe(c, &c->in, true, &theirs[0]))
        return 0;
    if (!open_pipe(c, &c->out, false, &theirs[1]))
        return 1;
    return open_pipe(c, &c->messages, false, &theirs[2]) ? 3 : 2;
}

static void child_start(struct child *c)
{
    int theirs[3] = { -1, -1, -1 };

    if (c->owner->zygote_lost)
        return; /* on_zygote_lost() said so, once */
    c->open_handles = 0;
    c->closing = false;
    c->kill_reason = NULL;
    c->status = 0;
    c->pid = 0;
    c->answers = 0;
    c->message_len = 0;
    int opened = open_pipes(c, theirs);
    c->forked = opened == 3 && zygote_fork(c->owner->zygote, c->slot, theirs);
    for (int i = 0; i < 3; i++)
        if (theirs[i] >= 0)
            close(theirs[i]);
    if (c->forked)
        return; /* on_child_started() goes on */
    log_error("no parser could be started reason=\"%s\"", opened < 3 ? "no pipes: raise the limit of open files" : "nobody starts it");
    c->status = ZYGOTE_NOT_FORKED;
    child_close(c, opened);
}

static void on_child_started(void *arg, int slot, pid_t pid)
{
    struct child *c = &((struct processes *)arg)->children[slot];

    c->pid = pid;
    c->running = true;
    uv_timer_start(&c->timer, on_check, CHECK_MS, CHECK_MS);
    uv_read_start((uv_stream_t *)&c->out, on_alloc, on_answer);
    uv_read_start((uv_stream_t *)&c->messages, on_message_alloc, on_message);
    child_feed(c);
}

/* --- the end of all --- */

static void on_zygote_closed(void *arg)
{
    struct processes *ps = arg;
    void (*on_closed)(void *arg) = ps->on_closed;
    void *closed_arg = ps->closed_arg;

    free(ps->children);
    free(ps);
    on_closed(closed_arg);
}

static void on_timer_closed(uv_handle_t *h)
{
    struct child *c = h->data;
    struct processes *ps = c->owner;

    for (int i = 0; i < DEPTH; i++)
        buffer_fini(&c->slots[i].head);
    if (--ps->live_timers == 0)
        zygote_destroy(ps->zygote, on_zygote_closed, ps);
}

static void on_start(uv_timer_t *timer)
{
    child_start(timer->data);
}

static void child_start_later(struct child *c, uint64_t ms)
{
    if (c->owner->destroying)
        uv_close((uv_handle_t *)&c->timer, on_timer_closed);
    else
        uv_timer_start(&c->timer, on_start, ms, 0);
}

/* --- the backend --- */

static void processes_wake(void *self)
{
    struct processes *ps = self;

    /* The first job goes to a child that has none; only then are pipes filled. */
    for (unsigned depth = 1; depth <= DEPTH; depth++)
        for (int i = 0; i < ps->count; i++) {
            struct child *c = &ps->children[i];
            struct job *j;
            if (c->running && !c->closing && c->held < depth && (j = pool_next_job(ps->pool)))
                slot_send(c, j);
        }
}

static void processes_destroy(void *self, void (*on_closed)(void *arg), void *arg)
{
    struct processes *ps = self;

    ps->destroying = true;
    ps->on_closed = on_closed;
    ps->closed_arg = arg;
    for (int i = 0; i < ps->count; i++) {
        struct child *c = &ps->children[i];
        if (c->forked)
            child_kill(c, "the end");
        else if (!c->closing)
            uv_close((uv_handle_t *)&c->timer, on_timer_closed);
    }
}

static struct zygote *start_zygote(struct processes *ps, const struct pool_options *o, const char *program, struct error *err)
{
    char decoded[24], memory[24], deadline[24];
    char *args[] = { "tidings", POOL_CHILD_ARGUMENT, decoded, memory, deadline, NULL };
    struct zygote_callbacks callbacks = { on_child_started, on_child_exit, on_zygote_lost, ps };

    snprintf(decoded, sizeof(decoded), "%zu", o->limits.decoded_bytes);
    snprintf(memory, sizeof(memory), "%zu", o->limits.memory_bytes);
    snprintf(deadline, sizeof(deadline), "%" PRId64, o->limits.deadline_ms);
    char **env = child_environment();
    struct zygote *z = zygote_create(ps->loop, program, args, env, &callbacks, err);
    for (char **e = env; *e; e++)
        free(*e);
    free(env);
    return z;
}

static void *processes_create(struct pool *p, uv_loop_t *loop, const struct pool_options *options, int workers, struct error *err)
{
    const char *program = options->program ? options->program : "/proc/self/exe";

    if (access(program, X_OK) != 0) {
        error_set(err, ERROR_SYSTEM, "parsers cannot be started: %s: %s", program, strerror(errno));
        return NULL;
    }
    struct processes *ps = xcalloc(1, sizeof(*ps));
    ps->pool = p;
    ps->loop = loop;
    ps->on_fatal = options->on_fatal;
    ps->fatal_arg = options->fatal_arg;
    ps->zygote = start_zygote(ps, options, program, err);
    if (!ps->zygote) {
        free(ps);
        return NULL;
    }
    ps->kill_after_ms = options->kill_after_ms ? options->kill_after_ms : options->limits.deadline_ms + GRACE_MS;
    ps->count = ps->live_timers = workers < ZYGOTE_SLOTS_MAX ? workers : ZYGOTE_SLOTS_MAX;
    ps->children = xcalloc((size_t)ps->count, sizeof(struct child));
    ps->deaths = metric_counter("tidings_parser_deaths_total", "Parser processes that ended and were replaced", NULL, NULL);
    for (int i = 0; i < ps->count; i++) {
        struct child *c = &ps->children[i];
        c->owner = ps;
        c->slot = i;
        c->timer.data = c;
        uv_timer_init(loop, &c->timer);
    }
    for (int i = 0; i < ps->count; i++)
        child_start(&ps->children[i]);
    return ps;
}

static int processes_children(const void *self, pid_t *pids, int max)
{
    const struct processes *ps = self;
    int n = 0;

    for (int i = 0; i < ps->count && n < max; i++)
        if (ps->children[i].running && !ps->children[i].closing)
            pids[n++] = ps->children[i].pid;
    return n;
}

const struct backend pool_processes = { processes_create, processes_wake, processes_destroy, processes_children };
