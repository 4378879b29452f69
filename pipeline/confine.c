/* confine.c - see confine.h. A list of what is denied, not of what is allowed: libraries of three distributions start threads, map
 * files and open sockets in their own ways, and a worker that a newer C library kills is an outage. */
#include "pipeline/confine.h"

#include "base/mem.h"

#include <errno.h>
#include <seccomp.h>
#include <string.h>

static const int never[] = {
    SCMP_SYS(ptrace), SCMP_SYS(process_vm_readv), SCMP_SYS(process_vm_writev), SCMP_SYS(process_madvise), SCMP_SYS(pidfd_getfd),
    SCMP_SYS(kcmp), SCMP_SYS(userfaultfd), SCMP_SYS(perf_event_open), SCMP_SYS(bpf), SCMP_SYS(lookup_dcookie),
    SCMP_SYS(add_key), SCMP_SYS(request_key), SCMP_SYS(keyctl),
    SCMP_SYS(init_module), SCMP_SYS(finit_module), SCMP_SYS(delete_module), SCMP_SYS(kexec_load), SCMP_SYS(kexec_file_load),
    SCMP_SYS(mount), SCMP_SYS(umount2), SCMP_SYS(move_mount), SCMP_SYS(open_tree), SCMP_SYS(fsopen), SCMP_SYS(fsconfig), SCMP_SYS(fsmount),
    SCMP_SYS(fspick), SCMP_SYS(mount_setattr), SCMP_SYS(pivot_root), SCMP_SYS(chroot), SCMP_SYS(setns), SCMP_SYS(unshare),
    SCMP_SYS(open_by_handle_at), SCMP_SYS(quotactl), SCMP_SYS(acct), SCMP_SYS(swapon), SCMP_SYS(swapoff), SCMP_SYS(reboot),
    SCMP_SYS(sethostname), SCMP_SYS(setdomainname), SCMP_SYS(settimeofday), SCMP_SYS(clock_settime), SCMP_SYS(iopl), SCMP_SYS(ioperm),
};
static const int starting_programs[] = { SCMP_SYS(execve), SCMP_SYS(execveat) };

static int deny(scmp_filter_ctx filter, const int *calls, size_t count)
{
    int rc = 0;

    for (size_t i = 0; i < count && rc == 0; i++)
        rc = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), calls[i], 0);
    return rc;
}

bool confine(bool exec, struct error *err)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    int rc = filter ? seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1) : -ENOMEM; /* threads that run already, too */

    if (rc == 0)
        rc = deny(filter, never, COUNT(never));
    if (rc == 0 && exec)
        rc = deny(filter, starting_programs, COUNT(starting_programs));
    if (rc == 0)
        rc = seccomp_load(filter); /* sets no_new_privs */
    seccomp_release(filter);
    return rc == 0 || error_set(err, ERROR_SYSTEM, "seccomp filter not loaded: %s", strerror(-rc));
}
