/* virtual_clock.h - time as a test says it is. The program that includes this tells its own time, monotonic and real, by one number
 * in shared memory: libuv's timers, base/clock.h and everything else there ask the C library, whose functions are replaced
 * here. virtual_clock.c does the same with the wall clock of another process, put before its C library (LD_PRELOAD): a
 * redis-server's TIME and times to live. Until the clock is begun it is the real one. */
#ifndef TESTS_UNIT_VIRTUAL_CLOCK_H
#define TESTS_UNIT_VIRTUAL_CLOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static volatile int64_t *virtual_unix_ms; /* shared; NULL: the real clock */
static int64_t virtual_mono_zero_ms;      /* what it was when monotonic time was 0; 0: monotonic time is the real one */

int clock_gettime(clockid_t id, struct timespec *t)
{
    bool real = id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE, monotonic = id == CLOCK_MONOTONIC || id == CLOCK_MONOTONIC_COARSE;
    if (!virtual_unix_ms || (!real && !(monotonic && virtual_mono_zero_ms)))
        return (int)syscall(SYS_clock_gettime, id, t);
    int64_t ms = *virtual_unix_ms - (monotonic ? virtual_mono_zero_ms : 0);
    *t = (struct timespec){ .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };
    return 0;
}

int gettimeofday(struct timeval *restrict tv, void *restrict zone)
{
    struct timespec t;
    (void)zone;
    int rc = clock_gettime(CLOCK_REALTIME, &t);
    *tv = (struct timeval){ .tv_sec = t.tv_sec, .tv_usec = t.tv_nsec / 1000 };
    return rc;
}

time_t time(time_t *out)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    if (out)
        *out = t.tv_sec;
    return t.tv_sec;
}

#endif
