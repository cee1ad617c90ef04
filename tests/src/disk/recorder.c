/* Writes down what a program does to the files below one folder, so that a test can make the folder as a loss of
 * power would have left it. Loaded before libc (LD_PRELOAD); the format of the journal is in journal.rs.
 *
 * A change is written down after it was made and before its caller goes on, one at a time, so that the journal has
 * them in the order in which they happened. A sync is written down twice, when it begins and when it has
 * succeeded: it promises what was there when it began. sync_file_range promises nothing and is not written down.
 * What this cannot follow (shared writable maps, say) is written down as such, and the test fails. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define REAL(name) ((__typeof__(&name))real(#name))

static char root[PATH_MAX];
static size_t root_len;
static int journal = -1;
static int told = 0;
static char own_env[3][PATH_MAX + 32];
static pthread_mutex_t one = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;

static void *real(const char *name) {
  void *found = dlsym(RTLD_NEXT, name);
  if (!found) abort();
  return found;
}

static ssize_t raw_writev(int fd, const struct iovec *parts, int n) { return REAL(writev)(fd, parts, n); }

__attribute__((constructor)) static void begin(void) {
  const char *folder = getenv("DISK_RECORDER_ROOT"), *file = getenv("DISK_RECORDER_JOURNAL");
  const char *library = getenv("LD_PRELOAD");
  if (!folder || !file || !library || strlen(folder) >= sizeof root) return;
  snprintf(own_env[0], sizeof own_env[0], "DISK_RECORDER_ROOT=%s", folder);
  snprintf(own_env[1], sizeof own_env[1], "DISK_RECORDER_JOURNAL=%s", file);
  snprintf(own_env[2], sizeof own_env[2], "LD_PRELOAD=%s", library);
  told = getenv("DISK_RECORDER_TOLD") != NULL;
  strcpy(root, folder);
  root_len = strlen(root);
  journal = REAL(open)(file, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
  if (journal < 0) abort();
}

/* A program that ends while another of its threads is between a change and its record would leave the change out: what
 * has begun is waited for, and nothing begins after it but by the thread that ends. */
__attribute__((destructor)) static void end(void) { pthread_mutex_lock(&one); }

/* One record: length of the rest, kind, two numbers, length of the first text; the two texts. */
static void record(char kind, uint64_t a, uint64_t b, const char *text, const void *bytes, size_t len) {
  struct __attribute__((packed)) { uint32_t rest; char kind; uint64_t a, b; uint32_t text; } head;
  size_t text_len = text ? strlen(text) : 0;
  head.rest = (uint32_t)(sizeof head - sizeof head.rest + text_len + len);
  head.kind = kind;
  head.a = a;
  head.b = b;
  head.text = (uint32_t)text_len;
  struct iovec parts[3] = {{&head, sizeof head}, {(void *)text, text_len}, {(void *)bytes, len}};
  int before = errno;
  if (raw_writev(journal, parts, 3) != (ssize_t)(sizeof head + text_len + len)) abort();
  errno = before;
}

/* The path below the root, or NULL. */
static const char *below(const char *path) {
  if (journal < 0 || strncmp(path, root, root_len) != 0) return NULL;
  if (path[root_len] == 0) return "";
  return path[root_len] == '/' ? path + root_len + 1 : NULL;
}

static const char *of_fd(int fd, char *buffer) {
  char link[40];
  int before = errno;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t n = journal < 0 ? -1 : readlink(link, buffer, PATH_MAX - 1);
  errno = before;
  if (n < 0) return NULL;
  buffer[n] = 0;
  return below(buffer);
}

static const char *of_path(int at, const char *path, char *buffer) {
  if (journal < 0 || !path) return NULL;
  if (path[0] == '/') return below(path);
  char base[PATH_MAX];
  int before = errno;
  if (at == AT_FDCWD) {
    if (!getcwd(base, sizeof base)) base[0] = 0;
  } else {
    char link[40];
    snprintf(link, sizeof link, "/proc/self/fd/%d", at);
    ssize_t n = readlink(link, base, sizeof base - 1);
    base[n < 0 ? 0 : n] = 0;
  }
  errno = before;
  if (snprintf(buffer, PATH_MAX, "%s/%s", base, path) >= PATH_MAX) return NULL;
  return below(buffer);
}

static uint64_t inode(int fd) {
  struct stat s;
  return fstat(fd, &s) == 0 ? (uint64_t)s.st_ino : 0;
}

static void cannot(const char *what) { record('X', 0, 0, what, NULL, 0); }

static int opened(int at, const char *path, int flags, mode_t mode) {
  char buffer[PATH_MAX];
  const char *inside = of_path(at, path, buffer);
  if (!inside || (flags & O_ACCMODE) == O_RDONLY) return REAL(openat)(at, path, flags, mode);
  if ((flags & O_TMPFILE) == O_TMPFILE) cannot("O_TMPFILE");
  pthread_mutex_lock(&one);
  struct stat s;
  int before = errno, was = fstatat(at, path, &s, 0) == 0;
  errno = before;
  int fd = REAL(openat)(at, path, flags, mode);
  if (fd >= 0 && !was) record('C', inode(fd), 0, inside, NULL, 0);
  if (fd >= 0 && was && (flags & O_TRUNC) && s.st_size > 0) record('T', inode(fd), 0, NULL, NULL, 0);
  pthread_mutex_unlock(&one);
  return fd;
}

#define MODE(flags) \
  mode_t mode = 0; \
  if ((flags) & (O_CREAT | O_TMPFILE)) { va_list l; va_start(l, flags); mode = va_arg(l, mode_t); va_end(l); }
int open(const char *path, int flags, ...) { MODE(flags) return opened(AT_FDCWD, path, flags, mode); }
int open64(const char *path, int flags, ...) { MODE(flags) return opened(AT_FDCWD, path, flags, mode); }
int openat(int at, const char *path, int flags, ...) { MODE(flags) return opened(at, path, flags, mode); }
int openat64(int at, const char *path, int flags, ...) { MODE(flags) return opened(at, path, flags, mode); }
int creat(const char *path, mode_t mode) { return opened(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode); }

/* `at` is below zero for a write at the file's own position. */
static void wrote(int fd, const struct iovec *parts, ssize_t n, off_t at) {
  uint64_t from = at < 0 ? (uint64_t)(lseek(fd, 0, SEEK_CUR) - n) : (uint64_t)at;
  uint64_t file = inode(fd);
  while (n > 0) {
    size_t len = parts->iov_len < (size_t)n ? parts->iov_len : (size_t)n;
    record('W', file, from, NULL, parts->iov_base, len);
    from += len;
    n -= (ssize_t)len;
    parts++;
  }
}

ssize_t write(int fd, const void *bytes, size_t len) {
  char buffer[PATH_MAX];
  if (fd == 1 && told && journal >= 0) record('A', 0, 0, NULL, bytes, len);
  if (!of_fd(fd, buffer)) return REAL(write)(fd, bytes, len);
  struct iovec part = {(void *)bytes, len};
  pthread_mutex_lock(&one);
  ssize_t n = REAL(write)(fd, bytes, len);
  if (n > 0) wrote(fd, &part, n, -1);
  pthread_mutex_unlock(&one);
  return n;
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
  char buffer[PATH_MAX];
  if (fd == journal || !of_fd(fd, buffer)) return REAL(writev)(fd, parts, count);
  pthread_mutex_lock(&one);
  ssize_t n = REAL(writev)(fd, parts, count);
  if (n > 0) wrote(fd, parts, n, -1);
  pthread_mutex_unlock(&one);
  return n;
}

/* Not by its own name: the program may have a `pwrite64` of its own, which ends in `pwrite`. */
static ssize_t written_at(int fd, const void *bytes, size_t len, off64_t at) {
  char buffer[PATH_MAX];
  if (!of_fd(fd, buffer)) return REAL(pwrite64)(fd, bytes, len, at);
  struct iovec part = {(void *)bytes, len};
  pthread_mutex_lock(&one);
  ssize_t n = REAL(pwrite64)(fd, bytes, len, at);
  if (n > 0) wrote(fd, &part, n, at);
  pthread_mutex_unlock(&one);
  return n;
}
ssize_t pwrite64(int fd, const void *bytes, size_t len, off64_t at) { return written_at(fd, bytes, len, at); }
ssize_t pwrite(int fd, const void *bytes, size_t len, off_t at) { return written_at(fd, bytes, len, at); }

ssize_t pwritev64(int fd, const struct iovec *parts, int count, off64_t at) {
  char buffer[PATH_MAX];
  if (!of_fd(fd, buffer)) return REAL(pwritev64)(fd, parts, count, at);
  pthread_mutex_lock(&one);
  ssize_t n = REAL(pwritev64)(fd, parts, count, at);
  if (n > 0) wrote(fd, parts, n, at);
  pthread_mutex_unlock(&one);
  return n;
}
ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t at) { return pwritev64(fd, parts, count, at); }

int ftruncate64(int fd, off64_t len) {
  char buffer[PATH_MAX];
  if (!of_fd(fd, buffer)) return REAL(ftruncate64)(fd, len);
  pthread_mutex_lock(&one);
  int done = REAL(ftruncate64)(fd, len);
  if (done == 0) record('T', inode(fd), (uint64_t)len, NULL, NULL, 0);
  pthread_mutex_unlock(&one);
  return done;
}
int ftruncate(int fd, off_t len) { return ftruncate64(fd, len); }

static int synced(int fd, int (*sync)(int)) {
  char buffer[PATH_MAX];
  const char *inside = of_fd(fd, buffer);
  if (!inside) return sync(fd);
  static uint64_t next = 1;
  uint64_t id = ((uint64_t)getpid() << 32) | __atomic_fetch_add(&next, 1, __ATOMIC_RELAXED);
  record('B', inode(fd), id, inside, NULL, 0);
  int done = sync(fd);
  if (done == 0) record('E', 0, id, NULL, NULL, 0);
  return done;
}
int fsync(int fd) { return synced(fd, REAL(fsync)); }
int fdatasync(int fd) { return synced(fd, REAL(fdatasync)); }

static int moved(int at, const char *from, int to_at, const char *to, unsigned flags) {
  char b1[PATH_MAX], b2[PATH_MAX];
  const char *old = of_path(at, from, b1), *new = of_path(to_at, to, b2);
  if (!old && !new) return REAL(renameat2)(at, from, to_at, to, flags);
  if (!old || !new || flags) cannot("a rename across the root or with flags");
  pthread_mutex_lock(&one);
  int done = REAL(renameat2)(at, from, to_at, to, flags);
  if (done == 0 && old && new) record('N', 0, 0, old, new, strlen(new));
  pthread_mutex_unlock(&one);
  return done;
}
int rename(const char *from, const char *to) { return moved(AT_FDCWD, from, AT_FDCWD, to, 0); }
int renameat(int at, const char *from, int to_at, const char *to) { return moved(at, from, to_at, to, 0); }
int renameat2(int at, const char *from, int to_at, const char *to, unsigned f) { return moved(at, from, to_at, to, f); }

int linkat(int at, const char *from, int to_at, const char *to, int flags) {
  char b1[PATH_MAX], b2[PATH_MAX];
  const char *old = of_path(at, from, b1), *new = of_path(to_at, to, b2);
  if (!new) return REAL(linkat)(at, from, to_at, to, flags);
  if (!old) cannot("a link from outside");
  pthread_mutex_lock(&one);
  int done = REAL(linkat)(at, from, to_at, to, flags);
  if (done == 0 && old) record('L', 0, 0, old, new, strlen(new));
  pthread_mutex_unlock(&one);
  return done;
}
int link(const char *from, const char *to) { return linkat(AT_FDCWD, from, AT_FDCWD, to, 0); }

int unlinkat(int at, const char *path, int flags) {
  char buffer[PATH_MAX];
  const char *inside = of_path(at, path, buffer);
  if (!inside) return REAL(unlinkat)(at, path, flags);
  pthread_mutex_lock(&one);
  int done = REAL(unlinkat)(at, path, flags);
  if (done == 0) record('U', 0, 0, inside, NULL, 0);
  pthread_mutex_unlock(&one);
  return done;
}
int unlink(const char *path) { return unlinkat(AT_FDCWD, path, 0); }
int rmdir(const char *path) { return unlinkat(AT_FDCWD, path, AT_REMOVEDIR); }

int mkdirat(int at, const char *path, mode_t mode) {
  char buffer[PATH_MAX];
  const char *inside = of_path(at, path, buffer);
  if (!inside) return REAL(mkdirat)(at, path, mode);
  pthread_mutex_lock(&one);
  int done = REAL(mkdirat)(at, path, mode);
  struct stat s;
  if (done == 0 && fstatat(at, path, &s, 0) == 0) record('M', (uint64_t)s.st_ino, 0, inside, NULL, 0);
  pthread_mutex_unlock(&one);
  return done;
}
int mkdir(const char *path, mode_t mode) { return mkdirat(AT_FDCWD, path, mode); }

/* Who copies within the kernel is told to write instead. */
#define NOT_BELOW(fd, why) \
  char buffer[PATH_MAX]; \
  if (of_fd(fd, buffer)) { errno = why; return -1; }
ssize_t copy_file_range(int in, off64_t *from, int out, off64_t *to, size_t len, unsigned flags) {
  NOT_BELOW(out, ENOSYS)
  return REAL(copy_file_range)(in, from, out, to, len, flags);
}
ssize_t sendfile64(int out, int in, off64_t *from, size_t len);
ssize_t sendfile64(int out, int in, off64_t *from, size_t len) {
  NOT_BELOW(out, EINVAL)
  return REAL(sendfile64)(out, in, from, len);
}
ssize_t splice(int in, off64_t *from, int out, off64_t *to, size_t len, unsigned flags) {
  NOT_BELOW(out, EINVAL)
  return REAL(splice)(in, from, out, to, len, flags);
}
int fallocate64(int fd, int mode, off64_t from, off64_t len) {
  NOT_BELOW(fd, EOPNOTSUPP)
  return REAL(fallocate64)(fd, mode, from, len);
}

void *mmap64(void *at, size_t len, int access, int flags, int fd, off64_t from) {
  char buffer[PATH_MAX];
  if (fd >= 0 && (flags & MAP_SHARED) && (access & PROT_WRITE) && of_fd(fd, buffer)) cannot("a shared writable map");
  return REAL(mmap64)(at, len, access, flags, fd, from);
}
void *mmap(void *at, size_t len, int access, int flags, int fd, off_t from) {
  return mmap64(at, len, access, flags, fd, from);
}
int symlink(const char *to, const char *path) {
  char buffer[PATH_MAX];
  if (of_path(AT_FDCWD, path, buffer)) cannot("a symbolic link");
  return REAL(symlink)(to, path);
}

/* Children whose environment was cleared are followed all the same. */
int posix_spawnp(pid_t *pid, const char *file, const posix_spawn_file_actions_t *actions, const posix_spawnattr_t *attr,
                 char *const argv[], char *const envp[]) {
  size_t n = 0, kept = 0;
  while (envp[n]) n++;
  char **all = malloc((n + 4) * sizeof *all);
  if (!all) abort();
  for (size_t i = 0; i < n; i++)
    if (strncmp(envp[i], "DISK_RECORDER_", 14) != 0 && strncmp(envp[i], "LD_PRELOAD=", 11) != 0) all[kept++] = envp[i];
  for (int i = 0; journal >= 0 && i < 3; i++) all[kept++] = own_env[i];
  all[kept] = NULL;
  int done = REAL(posix_spawnp)(pid, file, actions, attr, argv, all);
  free(all);
  return done;
}
