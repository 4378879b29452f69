/* zygote.c - see zygote.h. Both ends: messages on a socket that keeps their bounds, descriptors with them. Only the zygote waits
 * for children and kills them, so that no signal can hit a process that has taken over a number. */
#include "extractor/zygote.h"

#include "base/mem.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum order { ORDER_FORK, ORDER_KILL };
enum news { NEWS_STARTED, NEWS_EXIT };

struct order_message { int32_t order, slot; };
struct news_message { int32_t news, slot, value; }; /* value: the pid, or the status */

union fd_space { /* aligned as a control message must be */
    char bytes[CMSG_SPACE(3 * sizeof(int))];
    struct cmsghdr header;
};

/* --- the owner's end --- */

struct zygote {
    struct zygote_callbacks callbacks;
    uv_process_t process;
    uv_poll_t poll;
    int fd, open_handles;
    bool lost;
    bool alive[ZYGOTE_SLOTS_MAX]; /* on_exit() will come */
    void (*on_closed)(void *arg);
    void *closed_arg;
};

static void on_handle_closed(uv_handle_t *h)
{
    struct zygote *z = h->data;

    if (--z->open_handles > 0 || !z->on_closed)
        return;
    close(z->fd);
    z->on_closed(z->closed_arg);
    free(z);
}

static void child_ended(struct zygote *z, int slot, int status)
{
    z->alive[slot] = false;
    z->callbacks.on_exit(z->callbacks.arg, slot, status);
}

static void lose(struct zygote *z)
{
    z->lost = true;
    uv_poll_stop(&z->poll);
    for (int slot = 0; slot < ZYGOTE_SLOTS_MAX; slot++)
        if (z->alive[slot])
            child_ended(z, slot, SIGKILL);
    z->callbacks.on_lost(z->callbacks.arg);
}

static void on_process_exit(uv_process_t *process, int64_t status, int signal)
{
    struct zygote *z = process->data;

    (void)status, (void)signal;
    uv_close((uv_handle_t *)process, on_handle_closed);
    if (!z->lost && !z->on_closed)
        lose(z); /* the socket's end may be late: a child that was forked last still has it */
}

static void on_news(uv_poll_t *poll, int status, int events)
{
    struct zygote *z = poll->data;
    struct news_message m;
    ssize_t n;

    (void)status, (void)events;
    while (!z->on_closed && (n = recv(z->fd, &m, sizeof(m), MSG_DONTWAIT)) == sizeof(m) && m.slot >= 0 && m.slot < ZYGOTE_SLOTS_MAX) {
        if (m.news == NEWS_STARTED)
            z->callbacks.on_started(z->callbacks.arg, m.slot, m.value);
        else
            child_ended(z, m.slot, m.value);
    }
    if (!z->on_closed && !z->lost && !(n < 0 && (errno == EAGAIN || errno == EINTR)))
        lose(z);
}

/* The handle of a process that was not started. */
static void free_zygote(uv_handle_t *h)
{
    free(h->data);
}

static int spawn(struct zygote *z, uv_loop_t *loop, const char *program, char **args, char **env, int theirs)
{
    uv_stdio_container_t stdio[3] = { { .flags = UV_INHERIT_FD, .data.fd = theirs }, { .flags = UV_IGNORE },
                                      { .flags = UV_INHERIT_FD, .data.fd = STDERR_FILENO } };
    uv_process_options_t o = { .file = program, .args = args, .env = env, .exit_cb = on_process_exit, .stdio_count = 3, .stdio = stdio };

    return uv_spawn(loop, &z->process, &o);
}

struct zygote *zygote_create(uv_loop_t *loop, const char *program, char **args, char **env, const struct zygote_callbacks *callbacks,
                             struct error *err)
{
    int ends[2];

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
        error_set(err, ERROR_SYSTEM, "parsers cannot be started: %s", strerror(errno));
        return NULL;
    }
    struct zygote *z = xcalloc(1, sizeof(*z));
    z->callbacks = *callbacks;
    z->fd = ends[0];
    z->process.data = z->poll.data = z;
    int rc = spawn(z, loop, program, args, env, ends[1]);
    close(ends[1]);
    if (rc != 0) {
        error_set(err, ERROR_SYSTEM, "parsers cannot be started: %s: %s", program, uv_strerror(rc));
        close(z->fd);
        uv_close((uv_handle_t *)&z->process, free_zygote);
        return NULL;
    }
    uv_poll_init(loop, &z->poll, z->fd);
    uv_poll_start(&z->poll, UV_READABLE | UV_DISCONNECT, on_news);
    z->open_handles = 2;
    return z;
}

static bool order(struct zygote *z, enum order what, int slot, const int *fds)
{
    struct order_message m = { (int32_t)what, slot };
    struct iovec bytes = { &m, sizeof(m) };
    union fd_space space;
    struct msghdr message = { .msg_iov = &bytes, .msg_iovlen = 1 };

    if (fds) {
        memset(&space, 0, sizeof(space));
        message.msg_control = space.bytes;
        message.msg_controllen = sizeof(space.bytes);
        struct cmsghdr *c = CMSG_FIRSTHDR(&message);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(3 * sizeof(int));
        memcpy(CMSG_DATA(c), fds, 3 * sizeof(int));
    }
    return !z->lost && sendmsg(z->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT) == sizeof(m);
}

bool zygote_fork(struct zygote *z, int slot, const int fds[3])
{
    assert(slot >= 0 && slot < ZYGOTE_SLOTS_MAX && !z->alive[slot]);
    z->alive[slot] = order(z, ORDER_FORK, slot, fds);
    return z->alive[slot];
}

void zygote_kill(struct zygote *z, int slot)
{
    order(z, ORDER_KILL, slot, NULL); /* if it cannot be said now, on_check() of the pool says it again */
}

void zygote_destroy(struct zygote *z, void (*on_closed)(void *arg), void *arg)
{
    z->on_closed = on_closed;
    z->closed_arg = arg;
    if (!uv_is_closing((uv_handle_t *)&z->process))
        uv_process_kill(&z->process, SIGKILL);
    uv_close((uv_handle_t *)&z->poll, on_handle_closed);
}

/* --- the zygote --- */

struct nursery {
    int fd, signals;
    pid_t pids[ZYGOTE_SLOTS_MAX]; /* 0: free */
};

static void tell(const struct nursery *n, enum news news, int slot, int value)
{
    struct news_message m = { (int32_t)news, slot, value };
    (void)!send(n->fd, &m, sizeof(m), MSG_NOSIGNAL); /* nobody there: the next look shows it */
}

/* The order and its descriptors; false when the owner has gone. */
static bool hear(const struct nursery *n, struct order_message *m, int fds[3], bool *with_fds)
{
    struct iovec bytes = { m, sizeof(*m) };
    union fd_space space;
    struct msghdr message = { .msg_iov = &bytes, .msg_iovlen = 1, .msg_control = space.bytes, .msg_controllen = sizeof(space.bytes) };
    ssize_t got;

    while ((got = recvmsg(n->fd, &message, MSG_CMSG_CLOEXEC)) < 0 && errno == EINTR)
        ;
    const struct cmsghdr *c = got > 0 ? CMSG_FIRSTHDR(&message) : NULL;
    *with_fds = c && c->cmsg_type == SCM_RIGHTS && c->cmsg_len == CMSG_LEN(3 * sizeof(int));
    if (*with_fds)
        memcpy(fds, CMSG_DATA(c), 3 * sizeof(int));
    return got == sizeof(*m) && m->slot >= 0 && m->slot < ZYGOTE_SLOTS_MAX;
}

static void fork_child(struct nursery *n, int slot, const int fds[3], void (*child)(void *arg), void *arg)
{
    pid_t pid = fork();

    if (pid == 0) {
        sigset_t none;
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);
        for (int i = 0; i < 3; i++)
            dup2(fds[i], i);
        child(arg);
        abort();
    }
    n->pids[slot] = pid > 0 ? pid : 0;
    if (pid > 0)
        tell(n, NEWS_STARTED, slot, pid);
    else
        tell(n, NEWS_EXIT, slot, ZYGOTE_NOT_FORKED);
}

static void bury(struct nursery *n)
{
    struct signalfd_siginfo info;
    int status;
    pid_t pid;

    (void)!read(n->signals, &info, sizeof(info));
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
        for (int slot = 0; slot < ZYGOTE_SLOTS_MAX; slot++)
            if (n->pids[slot] == pid) {
                n->pids[slot] = 0;
                tell(n, NEWS_EXIT, slot, status);
            }
}

static bool obey(struct nursery *n, void (*child)(void *arg), void *arg)
{
    struct order_message m;
    int fds[3];
    bool with_fds;

    if (!hear(n, &m, fds, &with_fds))
        return false;
    if (m.order == ORDER_FORK && with_fds)
        fork_child(n, m.slot, fds, child, arg);
    else if (m.order == ORDER_KILL && n->pids[m.slot])
        kill(n->pids[m.slot], SIGKILL);
    for (int i = 0; with_fds && i < 3; i++)
        close(fds[i]);
    return true;
}

void zygote_serve(int fd, void (*child)(void *arg), void *arg)
{
    struct nursery n = { .fd = fd };
    sigset_t ends;

    sigemptyset(&ends);
    sigaddset(&ends, SIGCHLD);
    sigprocmask(SIG_BLOCK, &ends, NULL);
    n.signals = signalfd(-1, &ends, SFD_CLOEXEC | SFD_NONBLOCK);
    struct pollfd both[] = { { .fd = fd, .events = POLLIN }, { .fd = n.signals, .events = POLLIN } };
    bool owned = n.signals >= 0;
    while (owned) {
        if (poll(both, COUNT(both), -1) < 0)
            continue;
        if (both[1].revents)
            bury(&n);
        if (both[0].revents)
            owned = obey(&n, child, arg);
    }
    for (int slot = 0; slot < ZYGOTE_SLOTS_MAX; slot++)
        if (n.pids[slot])
            kill(n.pids[slot], SIGKILL);
}
