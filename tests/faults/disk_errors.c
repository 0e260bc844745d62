/* A disk that fails, between the program and the C library (LD_PRELOAD).
 *
 * The file named by DISK_ERRORS holds a line "KIND ERRNO PREFIX" for as long as the fault lasts:
 * whatever reads (KIND r) or writes (KIND w) below PREFIX fails with that errno; with 0 it waits
 * until the fault is over, as for a file server that does not answer. The first call that meets
 * the fault makes the file DISK_ERRORS.met.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The errno with which a call of this kind fails on this path; -1: it does not. */
static int fault(char kind, const char *path) {
    const char *control = getenv("DISK_ERRORS");
    if (control == NULL || path == NULL) return -1;
    for (;;) {
        char line[PATH_MAX + 32], prefix[PATH_MAX], kinds;
        int number;
        long fd = syscall(SYS_openat, AT_FDCWD, control, O_RDONLY | O_CLOEXEC);
        if (fd < 0) return -1;
        long size = syscall(SYS_read, fd, line, sizeof line - 1);
        syscall(SYS_close, fd);
        if (size <= 0) return -1;
        line[size] = 0;
        if (sscanf(line, "%c %d %[^\n]", &kinds, &number, prefix) != 3) return -1;
        if (kinds != kind || strncmp(path, prefix, strlen(prefix)) != 0) return -1;
        char met[PATH_MAX];
        snprintf(met, sizeof met, "%s.met", control);
        fd = syscall(SYS_openat, AT_FDCWD, met, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        if (fd >= 0) syscall(SYS_close, fd);
        if (number != 0) return number;
        usleep(2000);
    }
}

static int fault_of(char kind, int fd) {
    char link[64], path[PATH_MAX];
    int kept = errno;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    long size = syscall(SYS_readlinkat, AT_FDCWD, link, path, sizeof path - 1);
    int number = -1;
    if (size > 0) {
        path[size] = 0;
        number = fault(kind, path);
    }
    errno = kept;
    return number;
}

#define NEXT(type, name) ((type)dlsym(RTLD_NEXT, name))
#define REFUSE(number) if ((number) >= 0) { errno = (number); return -1; }

#define BY_FD(result, name, kind, parameters, arguments) \
    result name parameters { \
        int number = fault_of(kind, fd); \
        REFUSE(number) \
        return NEXT(result (*) parameters, #name) arguments; \
    }

BY_FD(ssize_t, read, 'r', (int fd, void *to, size_t n), (fd, to, n))
BY_FD(ssize_t, pread, 'r', (int fd, void *to, size_t n, off_t at), (fd, to, n, at))
BY_FD(ssize_t, pread64, 'r', (int fd, void *to, size_t n, off64_t at), (fd, to, n, at))
BY_FD(ssize_t, write, 'w', (int fd, const void *from, size_t n), (fd, from, n))
BY_FD(ssize_t, pwrite, 'w', (int fd, const void *from, size_t n, off_t at), (fd, from, n, at))
BY_FD(ssize_t, pwrite64, 'w', (int fd, const void *from, size_t n, off64_t at), (fd, from, n, at))
BY_FD(int, ftruncate, 'w', (int fd, off_t n), (fd, n))
BY_FD(int, ftruncate64, 'w', (int fd, off64_t n), (fd, n))
BY_FD(int, fsync, 'w', (int fd), (fd))
BY_FD(int, fdatasync, 'w', (int fd), (fd))

static int refused(const char *path, int flags) {
    int writes = (flags & O_ACCMODE) != O_RDONLY || (flags & O_CREAT);
    int kept = errno, number = fault(writes ? 'w' : 'r', path);
    errno = kept;
    return number;
}

#define OPEN(name) \
    int name(const char *path, int flags, ...) { \
        va_list rest; \
        va_start(rest, flags); \
        mode_t mode = va_arg(rest, mode_t); \
        va_end(rest); \
        int number = refused(path, flags); \
        REFUSE(number) \
        return NEXT(int (*)(const char *, int, ...), #name)(path, flags, mode); \
    }

OPEN(open)
OPEN(open64)

#define BY_PATH(name, parameters, arguments) \
    int name parameters { \
        int number = fault('w', path); \
        REFUSE(number) \
        return NEXT(int (*) parameters, #name) arguments; \
    }

BY_PATH(mkdir, (const char *path, mode_t mode), (path, mode))
BY_PATH(unlink, (const char *path), (path))
BY_PATH(rename, (const char *path, const char *to), (path, to))
