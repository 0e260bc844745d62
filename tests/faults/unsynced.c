/* Loaded into every process of the program (LD_PRELOAD): writes down, in order, what a disk is told
 * below one folder, and cuts the power at one moment. `tests.faults.disk` reads it and knows what
 * of it a disk would still have.
 *
 * UNSYNCED_ROOT: the folder, real and absolute. UNSYNCED_LOG: a file that begins with 24 bytes:
 * how many syncs were asked for until now, at which of them power fails (0: never), and whether it
 * has failed. The sync at which it fails has no effect any more. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

struct head {
    uint64_t syncs, fails_at, has_failed;
};

struct __attribute__((packed)) entry {
    uint8_t kind;
    uint32_t mode;
    uint64_t inode;
    int64_t offset;
    uint32_t first_bytes, second_bytes;
};

static const char *root, *log_path;
static size_t root_bytes;


__attribute__((constructor)) static void begin(void) {
    root = getenv("UNSYNCED_ROOT");
    log_path = getenv("UNSYNCED_LOG");
    if (!root || !log_path) root = log_path = NULL;
    root_bytes = root ? strlen(root) : 0;
}

static void die(void) {
    for (;;) kill(getpid(), SIGKILL);
}

/* Plain system calls: the functions of the library are the ones replaced here. */
static void put(int log, const void *bytes, size_t n) {
    const char *at = bytes;
    while (n) {
        ssize_t done = syscall(SYS_write, log, at, n);
        if (done < 0 && errno == EINTR) continue;
        if (done <= 0) abort();
        at += done;
        n -= (size_t)done;
    }
}

/* The journal, locked against all threads of all processes: each has a description of its own. */
static int journal(void) {
    int saved = errno, log = (int)syscall(SYS_openat, AT_FDCWD, log_path, O_RDWR | O_CLOEXEC);
    if (log < 0) abort();
    while (flock(log, LOCK_EX)) if (errno != EINTR) abort();
    struct head head;
    if (syscall(SYS_pread64, log, &head, sizeof head, 0L) != sizeof head) abort();
    if (head.has_failed) die();
    errno = saved;
    return log;
}

static void leave(int log) {
    int saved = errno;
    flock(log, LOCK_UN); /* A child that was forked meanwhile may have it open. */
    syscall(SYS_close, log);
    errno = saved;
}

static void note(int log, char kind, const struct stat *of, int64_t offset, const void *first,
                 size_t first_bytes, const char *second) {
    int saved = errno;
    struct entry entry = {(uint8_t)kind, of ? of->st_mode : 0, of ? of->st_ino : 0, offset,
                          (uint32_t)first_bytes, second ? (uint32_t)strlen(second) : 0};
    lseek(log, 0, SEEK_END);
    put(log, &entry, sizeof entry);
    put(log, first, first_bytes);
    if (second) put(log, second, strlen(second));
    errno = saved;
}

static int is_below(const char *path) {
    return root && !strncmp(path, root, root_bytes) && (!path[root_bytes] || path[root_bytes] == '/');
}

static int fd_is_below(int fd) {
    char link[64], path[PATH_MAX];
    if (!root) return 0;
    int saved = errno;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, sizeof path - 1);
    errno = saved;
    if (n < 0) return 0;
    path[n] = 0;
    return is_below(path);
}

/* The absolute path of a name; whether it lies below the folder. */
static int resolved(int folder, const char *name, char *path) {
    if (!root || !name) return 0;
    int saved = errno;
    path[0] = 0;
    if (name[0] != '/') {
        char link[64];
        if (folder == AT_FDCWD) snprintf(link, sizeof link, "/proc/self/cwd");
        else snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
        ssize_t n = readlink(link, path, PATH_MAX - 2);
        if (n < 0) n = 0;
        path[n] = '/';
        path[n + 1] = 0;
    }
    strncat(path, name, PATH_MAX - 1 - strlen(path));
    errno = saved;
    return is_below(path);
}

static int opened(int folder, const char *name, int flags, mode_t mode) {
    char path[PATH_MAX];
    struct stat before, after;
    if (!(flags & (O_CREAT | O_TRUNC)) || (flags & O_TMPFILE) == O_TMPFILE ||
        !resolved(folder, name, path))
        return (int)syscall(SYS_openat, folder, name, flags, mode);
    int log = journal();
    int was_there = !fstatat(folder, name, &before, 0);
    int fd = (int)syscall(SYS_openat, folder, name, flags, mode);
    if (fd >= 0 && !fstat(fd, &after)) {
        if (!was_there) note(log, 'C', &after, 0, path, strlen(path), NULL);
        else if (flags & O_TRUNC) note(log, 'T', &after, 0, "", 0, NULL);
    }
    leave(log);
    return fd;
}

#define MODE_OF(flags, last)                                                                       \
    mode_t mode = 0;                                                                               \
    if ((flags) & (O_CREAT | O_TMPFILE)) {                                                         \
        va_list more;                                                                              \
        va_start(more, last);                                                                      \
        mode = va_arg(more, mode_t);                                                               \
        va_end(more);                                                                              \
    }

int open(const char *name, int flags, ...) {
    MODE_OF(flags, flags)
    return opened(AT_FDCWD, name, flags, mode);
}
int open64(const char *name, int flags, ...) {
    MODE_OF(flags, flags)
    return opened(AT_FDCWD, name, flags, mode);
}
int openat(int folder, const char *name, int flags, ...) {
    MODE_OF(flags, flags)
    return opened(folder, name, flags, mode);
}
int openat64(int folder, const char *name, int flags, ...) {
    MODE_OF(flags, flags)
    return opened(folder, name, flags, mode);
}
int creat(const char *name, mode_t mode) {
    return opened(AT_FDCWD, name, O_CREAT | O_WRONLY | O_TRUNC, mode);
}
int creat64(const char *name, mode_t mode) {
    return opened(AT_FDCWD, name, O_CREAT | O_WRONLY | O_TRUNC, mode);
}

/* Where a write without an offset goes. */
static int64_t offset_of(int fd, const struct stat *now) {
    if (fcntl(fd, F_GETFL) & O_APPEND) return now->st_size;
    return lseek(fd, 0, SEEK_CUR);
}

ssize_t write(int fd, const void *bytes, size_t n) {
    if (!fd_is_below(fd)) return syscall(SYS_write, fd, bytes, n);
    int log = journal();
    struct stat now;
    fstat(fd, &now);
    int64_t at = offset_of(fd, &now);
    ssize_t done = syscall(SYS_write, fd, bytes, n);
    if (done > 0) note(log, 'W', &now, at, bytes, (size_t)done, NULL);
    leave(log);
    return done;
}

ssize_t pwrite64(int fd, const void *bytes, size_t n, off64_t at) {
    if (!fd_is_below(fd)) return syscall(SYS_pwrite64, fd, bytes, n, at);
    int log = journal();
    struct stat now;
    fstat(fd, &now);
    ssize_t done = syscall(SYS_pwrite64, fd, bytes, n, at);
    if (done > 0) note(log, 'W', &now, at, bytes, (size_t)done, NULL);
    leave(log);
    return done;
}
ssize_t pwrite(int fd, const void *bytes, size_t n, off_t at) { return pwrite64(fd, bytes, n, at); }

ssize_t writev(int fd, const struct iovec *parts, int n) {
    if (!fd_is_below(fd)) return syscall(SYS_writev, fd, parts, n);
    ssize_t all = 0;
    for (int i = 0; i < n; i++) {
        ssize_t done = write(fd, parts[i].iov_base, parts[i].iov_len);
        if (done < 0) return all ? all : done;
        all += done;
        if ((size_t)done < parts[i].iov_len) break;
    }
    return all;
}

/* What the kernel copied is read back: it never was in this process. */
static void note_copied(int log, int fd, int64_t at, ssize_t n) {
    char link[64];
    struct stat now;
    char *bytes = malloc((size_t)n);
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    int again = (int)syscall(SYS_openat, AT_FDCWD, link, O_RDONLY | O_CLOEXEC);
    if (!bytes || again < 0 || syscall(SYS_pread64, again, bytes, n, at) != n) abort();
    fstat(fd, &now);
    note(log, 'W', &now, at, bytes, (size_t)n, NULL);
    syscall(SYS_close, again);
    free(bytes);
}

ssize_t sendfile64(int out, int in, off64_t *from, size_t n) {
    if (!fd_is_below(out)) return syscall(SYS_sendfile, out, in, from, n);
    int log = journal();
    struct stat now;
    fstat(out, &now);
    int64_t at = offset_of(out, &now);
    ssize_t done = syscall(SYS_sendfile, out, in, from, n);
    if (done > 0) note_copied(log, out, at, done);
    leave(log);
    return done;
}
ssize_t sendfile(int out, int in, off_t *from, size_t n) { return sendfile64(out, in, from, n); }

ssize_t copy_file_range(int in, off64_t *from, int out, off64_t *to, size_t n, unsigned flags) {
    if (!fd_is_below(out)) return syscall(SYS_copy_file_range, in, from, out, to, n, flags);
    int log = journal();
    struct stat now;
    fstat(out, &now);
    int64_t at = to ? *to : offset_of(out, &now);
    ssize_t done = syscall(SYS_copy_file_range, in, from, out, to, n, flags);
    if (done > 0) note_copied(log, out, at, done);
    leave(log);
    return done;
}

int ftruncate64(int fd, off64_t size) {
    if (!fd_is_below(fd)) return (int)syscall(SYS_ftruncate, fd, size);
    int log = journal();
    struct stat now;
    int failed = (int)syscall(SYS_ftruncate, fd, size);
    if (!failed && !fstat(fd, &now)) note(log, 'T', &now, size, "", 0, NULL);
    leave(log);
    return failed;
}
int ftruncate(int fd, off_t size) { return ftruncate64(fd, size); }

int truncate64(const char *name, off64_t size) {
    int fd = (int)syscall(SYS_openat, AT_FDCWD, name, O_WRONLY | O_CLOEXEC), saved;
    if (fd < 0) return -1;
    int failed = ftruncate64(fd, size);
    saved = errno;
    syscall(SYS_close, fd);
    errno = saved;
    return failed;
}
int truncate(const char *name, off_t size) { return truncate64(name, size); }

static int synced(int fd, long call) {
    if (!fd_is_below(fd)) return (int)syscall(call, fd);
    int log = journal();
    struct head head;
    struct stat now;
    if (syscall(SYS_pread64, log, &head, sizeof head, 0L) != sizeof head) abort();
    head.syncs++;
    head.has_failed = head.syncs == head.fails_at;
    if (syscall(SYS_pwrite64, log, &head, sizeof head, 0L) != sizeof head) abort();
    if (head.has_failed) die();
    /* The real one would only cost time: what a disk has is told by the journal. */
    if (!fstat(fd, &now)) note(log, 'S', &now, 0, "", 0, NULL);
    leave(log);
    return 0;
}
int fsync(int fd) { return synced(fd, SYS_fsync); }
int fdatasync(int fd) { return synced(fd, SYS_fdatasync); }

static int renamed(int from_folder, const char *from, int to_folder, const char *to, unsigned flags) {
    char a[PATH_MAX], b[PATH_MAX];
    int has_a = resolved(from_folder, from, a), has_b = resolved(to_folder, to, b);
    if (!has_a && !has_b)
        return (int)syscall(SYS_renameat2, from_folder, from, to_folder, to, flags);
    /* Exchanging two names, or bringing in what was written elsewhere, is nowhere in the program. */
    if (!has_a || !has_b || (flags & RENAME_EXCHANGE)) abort();
    int log = journal();
    struct stat now;
    int failed = (int)syscall(SYS_renameat2, from_folder, from, to_folder, to, flags);
    if (!failed && !fstatat(to_folder, to, &now, AT_SYMLINK_NOFOLLOW))
        note(log, 'R', &now, 0, a, strlen(a), b);
    leave(log);
    return failed;
}
int rename(const char *from, const char *to) { return renamed(AT_FDCWD, from, AT_FDCWD, to, 0); }
int renameat(int f, const char *from, int t, const char *to) { return renamed(f, from, t, to, 0); }
int renameat2(int f, const char *from, int t, const char *to, unsigned flags) {
    return renamed(f, from, t, to, flags);
}

int linkat(int f, const char *from, int t, const char *to, int flags) {
    char a[PATH_MAX], b[PATH_MAX];
    resolved(f, from, a);
    if (!resolved(t, to, b)) return (int)syscall(SYS_linkat, f, from, t, to, flags);
    int log = journal();
    struct stat now;
    int failed = (int)syscall(SYS_linkat, f, from, t, to, flags);
    if (!failed && !fstatat(t, to, &now, AT_SYMLINK_NOFOLLOW)) note(log, 'L', &now, 0, b, strlen(b), NULL);
    leave(log);
    return failed;
}
int link(const char *from, const char *to) { return linkat(AT_FDCWD, from, AT_FDCWD, to, 0); }

static int removed(int folder, const char *name, int flags) {
    char path[PATH_MAX];
    if (!resolved(folder, name, path)) return (int)syscall(SYS_unlinkat, folder, name, flags);
    int log = journal();
    int failed = (int)syscall(SYS_unlinkat, folder, name, flags);
    if (!failed) note(log, 'U', NULL, 0, path, strlen(path), NULL);
    leave(log);
    return failed;
}
int unlink(const char *name) { return removed(AT_FDCWD, name, 0); }
int unlinkat(int folder, const char *name, int flags) { return removed(folder, name, flags); }
int rmdir(const char *name) { return removed(AT_FDCWD, name, AT_REMOVEDIR); }

static int made(int folder, const char *name, mode_t mode) {
    char path[PATH_MAX];
    if (!resolved(folder, name, path)) return (int)syscall(SYS_mkdirat, folder, name, mode);
    int log = journal();
    struct stat now;
    int failed = (int)syscall(SYS_mkdirat, folder, name, mode);
    if (!failed && !fstatat(folder, name, &now, 0)) note(log, 'D', &now, 0, path, strlen(path), NULL);
    leave(log);
    return failed;
}
int mkdir(const char *name, mode_t mode) { return made(AT_FDCWD, name, mode); }
int mkdirat(int folder, const char *name, mode_t mode) { return made(folder, name, mode); }
