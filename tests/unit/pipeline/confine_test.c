/* confine_test.c - what a confined process can no longer do, and that it can still work. Each attempt in a child of its own. */
#include "pipeline/confine.h"

#include "tests/unit/check.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

/* --- attempts: 0, or errno --- */

static int result(long rc) { return rc < 0 ? errno : 0; }
static int try_ptrace(void) { return result(ptrace(PTRACE_TRACEME, 0, NULL, NULL)); }
static int try_read_memory(void)
{
    char a = 1, b = 2;
    struct iovec to = { &a, 1 }, from = { &b, 1 };
    return result(process_vm_readv(getpid(), &to, 1, &from, 1, 0));
}
static int try_keys(void) { return result(syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_PROCESS_KEYRING, 1)); }
static int try_bpf(void) { return result(syscall(SYS_bpf, -1, NULL, 0)); }                       /* else EINVAL */
static int try_perf(void) { return result(syscall(SYS_perf_event_open, NULL, 0, -1, -1, 0)); }   /* else EFAULT */
static int try_userfault(void) { return result(syscall(SYS_userfaultfd, -1)); }                  /* else EINVAL */
static int try_module(void) { return result(syscall(SYS_finit_module, -1, "", 0)); }             /* else EBADF */
static int try_mount(void) { return result(mount("none", "/nonexistent", "tmpfs", 0, NULL)); }   /* else ENOENT */
static int try_namespace(void) { return result(unshare(0)); }
static int try_execveat(void)
{
    char *argv[] = { (char *)"true", NULL };
    int folder = open("/bin", O_RDONLY | O_DIRECTORY);
    return result(syscall(SYS_execveat, folder, "true", argv, argv + 1, 0));
}
static int try_exec(void) { return result(execl("/bin/true", "true", (char *)NULL)); }
static int try_file(void) { return result(open("/etc/hostname", O_RDONLY)); }
static int try_socket(void) { return result(socket(AF_INET, SOCK_STREAM, 0)); }
static int try_fork(void)
{
    pid_t pid = fork();
    if (pid == 0)
        _exit(try_ptrace() == EPERM ? 0 : 1); /* children inherit it */
    int status = -1;
    return waitpid(pid, &status, 0) == pid && status == 0 ? 0 : ECHILD;
}
static void *nothing(void *arg) { return arg; }
static int try_thread(void)
{
    pthread_t t;
    return pthread_create(&t, NULL, nothing, NULL) || pthread_join(t, NULL);
}

static const struct { const char *name; int (*act)(void); int want, want_with_exec; } acts[] = {
    { "ptrace", try_ptrace, EPERM, EPERM },       { "another's memory", try_read_memory, EPERM, EPERM },
    { "keys", try_keys, EPERM, EPERM },           { "bpf", try_bpf, EPERM, EPERM },
    { "perf", try_perf, EPERM, EPERM },           { "userfaultfd", try_userfault, EPERM, EPERM },
    { "a module", try_module, EPERM, EPERM },     { "mount", try_mount, EPERM, EPERM },
    { "a namespace", try_namespace, EPERM, EPERM }, { "execveat", try_execveat, EPERM, 0 },
    { "exec", try_exec, EPERM, 0 },               { "a file", try_file, 0, 0 },
    { "a socket", try_socket, 0, 0 },             { "fork", try_fork, 0, 0 },
    { "a thread", try_thread, 0, 0 },
};

/* What the act gives in a confined child; an exec that works ends it with /bin/true's 0. */
static int in_child(int (*act)(void), bool exec)
{
    int status;
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0)
        _exit(confine(exec, NULL) ? act() : 200);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void test_acts(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(acts); i++) {
        int without = in_child(acts[i].act, true), with = in_child(acts[i].act, false);
        CHECK(without == acts[i].want, "%s: %s", acts[i].name, strerror(without));
        CHECK(with == acts[i].want_with_exec, "%s, exec allowed: %s", acts[i].name, strerror(with));
    }
}

static atomic_int turn; /* 1: confined; 2: tried */
static int tried;

static void *try_in_thread(void *arg)
{
    (void)arg;
    while (turn != 1)
        sched_yield();
    tried = try_exec();
    turn = 2;
    return NULL;
}

static int thread_before(void)
{
    pthread_t t;
    if (pthread_create(&t, NULL, try_in_thread, NULL) || !confine(true, NULL) || !confine(true, NULL)) /* twice is once */
        return 100;
    turn = 1;
    pthread_join(t, NULL);
    return tried;
}

static void test_threads_that_ran_already(void **state)
{
    int status;
    (void)state;
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0)
        _exit(thread_before());
    assert_int_equal(waitpid(pid, &status, 0), pid);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == EPERM, "status %x", (unsigned)status);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_acts),
        cmocka_unit_test(test_threads_that_ran_already),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
