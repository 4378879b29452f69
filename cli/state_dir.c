/* state_dir.c - see state_dir.h. Everything is opened relative to one descriptor of the directory, so that it may be
 * renamed while in use, and a path may be longer than a socket's address. */
#include "cli/state_dir.h"

#include "base/clock.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define FORMAT 1
#define SMALL_FILE_BYTES 65536
#define ORPHAN_MS 10000

struct state_dir {
    char *path;
    int fd;
    int lock_fd; /* -1: not ours */
};

/* mkdir -p, the last one 0700. */
static bool make_path(const char *path, struct error *err)
{
    char *copy = xstrdup(path);
    bool ok = true;
    for (char *p = copy + 1; ok && *p; p++) {
        if (*p != '/')
            continue;
        *p = '\0';
        ok = mkdir(copy, 0755) == 0 || errno == EEXIST;
        *p = '/';
    }
    ok = ok && (mkdir(copy, 0700) == 0 || errno == EEXIST);
    if (!ok)
        error_set(err, ERROR_INVALID, "state directory %s: cannot be made: %s. Choose another with --state-dir", path, strerror(errno));
    free(copy);
    return ok;
}

static bool check_owner(struct state_dir *d, struct error *err)
{
    struct stat st;
    if (fstat(d->fd, &st) != 0)
        return error_set(err, ERROR_INVALID, "state directory %s: %s", d->path, strerror(errno));
    if (st.st_uid != geteuid())
        return error_set(err, ERROR_INVALID, "state directory %s belongs to user %u, this is user %u: run as that user, or choose another "
                         "with --state-dir", d->path, (unsigned)st.st_uid, (unsigned)geteuid());
    if ((st.st_mode & 077) && fchmod(d->fd, 0700) != 0) /* it holds a Redis without a password */
        return error_set(err, ERROR_INVALID, "state directory %s is open to others and cannot be closed: chmod 700 it", d->path);
    return true;
}

static bool check_format(struct state_dir *d, bool create, struct error *err)
{
    char fresh[32];
    int version = 0;
    char *text = state_dir_read(d, "format");
    if (!text) {
        snprintf(fresh, sizeof(fresh), "tidings state %d\n", FORMAT);
        return !create || state_dir_write(d, "format", fresh, err);
    }
    bool known = sscanf(text, "tidings state %d", &version) == 1 && version >= 1;
    free(text);
    if (!known)
        return error_set(err, ERROR_INVALID, "state directory %s: its file `format` is not ours: choose another with --state-dir", d->path);
    if (version > FORMAT)
        return error_set(err, ERROR_INVALID, "state directory %s was written by a newer tidings (format %d, this program knows %d): use "
                         "that program, or another --state-dir", d->path, version, FORMAT);
    return true;
}

struct state_dir *state_dir_open(const char *path, bool create, struct error *err)
{
    struct state_dir *d = xcalloc(1, sizeof(*d));
    d->fd = d->lock_fd = -1;
    if (create && !make_path(path, err))
        goto fail;
    d->path = realpath(path, NULL);
    if (d->path)
        d->fd = open(d->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (d->fd < 0) {
        error_set(err, ERROR_INVALID, "state directory %s: %s. %s", path, strerror(errno),
                  errno == ENOENT ? "`tidings run` makes it; or name another with --state-dir, or a Redis with --config"
                                  : "Run as the user it belongs to, or choose another with --state-dir");
        goto fail;
    }
    if (!check_owner(d, err) || !check_format(d, create, err))
        goto fail;
    return d;

fail:
    state_dir_close(d);
    return NULL;
}

void state_dir_close(struct state_dir *d)
{
    if (!d)
        return;
    if (d->lock_fd >= 0)
        close(d->lock_fd); /* a child that has it too keeps the lock until it ends */
    if (d->fd >= 0)
        close(d->fd);
    free(d->path);
    free(d);
}

const char *state_dir_path(const struct state_dir *d)
{
    return d->path;
}

static bool say_locked(const struct state_dir *d, struct error *err)
{
    char command[32];
    pid_t pid = state_dir_holder(d, command, sizeof(command));
    if (!pid)
        return error_set(err, ERROR_LIMIT, "state directory %s is in use by another process: stop that first, or choose another with "
                         "--state-dir", d->path);
    return error_set(err, ERROR_LIMIT, "state directory %s is in use by process %d (tidings %s): stop that first (kill %d), or choose "
                     "another with --state-dir", d->path, (int)pid, command, (int)pid);
}

/* Its private Redis has the lock still, and goes. */
static bool holder_died(const struct state_dir *d)
{
    char command[32];
    pid_t pid = state_dir_holder(d, command, sizeof(command));
    return pid && kill(pid, 0) != 0 && errno == ESRCH;
}

bool state_dir_lock(struct state_dir *d, const char *command, int64_t wait_ms, struct error *err)
{
    char text[64];
    int64_t until_ms = clock_mono_ms() + wait_ms;
    int fd = openat(d->fd, "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return error_set(err, ERROR_INVALID, "state directory %s: its file `lock` cannot be opened: %s", d->path, strerror(errno));
    while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        if (clock_mono_ms() >= until_ms + (wait_ms && holder_died(d) ? ORPHAN_MS : 0)) {
            close(fd);
            return say_locked(d, err);
        }
        poll(NULL, 0, 20);
    }
    int n = snprintf(text, sizeof(text), "%d %s\n", (int)getpid(), command);
    if (ftruncate(fd, 0) != 0 || pwrite(fd, text, (size_t)n, 0) != n) {
        error_set(err, ERROR_SYSTEM, "state directory %s: cannot be written: %s", d->path, strerror(errno));
        close(fd);
        return false;
    }
    d->lock_fd = fd;
    return true;
}

int state_dir_lock_fd(const struct state_dir *d)
{
    return d->lock_fd;
}

pid_t state_dir_holder(const struct state_dir *d, char *command, size_t size)
{
    char text[64] = "";
    int pid = 0, at = 0;
    int fd = openat(d->fd, "lock", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return 0;
    bool free_now = flock(fd, LOCK_SH | LOCK_NB) == 0;
    ssize_t n = free_now ? 0 : pread(fd, text, sizeof(text) - 1, 0);
    close(fd);
    if (n <= 0 || sscanf(text, "%d %n", &pid, &at) != 1 || pid <= 0)
        return 0;
    text[strcspn(text, "\n")] = '\0';
    snprintf(command, size, "%s", text + at);
    return pid;
}

char *state_dir_read(const struct state_dir *d, const char *name)
{
    int fd = openat(d->fd, name, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return NULL;
    char *text = xmalloc(SMALL_FILE_BYTES + 1);
    ssize_t n = read(fd, text, SMALL_FILE_BYTES);
    close(fd);
    if (n < 0) {
        free(text);
        return NULL;
    }
    text[n] = '\0';
    return text;
}

bool state_dir_write(const struct state_dir *d, const char *name, const char *text, struct error *err)
{
    char fresh[64];
    size_t len = strlen(text);
    snprintf(fresh, sizeof(fresh), "%s.new", name);
    int fd = openat(d->fd, fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool ok = fd >= 0 && write(fd, text, len) == (ssize_t)len && fdatasync(fd) == 0 && renameat(d->fd, fresh, d->fd, name) == 0;
    if (!ok)
        error_set(err, ERROR_SYSTEM, "state directory %s: %s cannot be written: %s", d->path, name, strerror(errno));
    if (fd >= 0)
        close(fd);
    return ok;
}

int64_t state_dir_bytes(const struct state_dir *d)
{
    char *paths[] = { d->path, NULL };
    int64_t bytes = 0;
    FTSENT *e;
    FTS *walk = fts_open(paths, FTS_PHYSICAL | FTS_XDEV | FTS_NOCHDIR, NULL);
    while (walk && (e = fts_read(walk)))
        if (e->fts_info == FTS_F)
            bytes += (int64_t)e->fts_statp->st_blocks * 512;
    if (walk)
        fts_close(walk);
    return bytes;
}
