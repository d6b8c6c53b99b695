// SPDX-License-Identifier: MIT

#include "tests/c_program.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

_Static_assert(__STDC_VERSION__ == 201112L, "the header is for C11");

#define EXPECT(condition)                  \
    do {                                   \
        if (!(condition)) return __LINE__; \
    } while (0)

enum { to_make = QUIRE_CLIENT_READ | QUIRE_CLIENT_WRITE | QUIRE_CLIENT_CREATE };

static int use_files(quire_client_context* context) {
    quire_client_file* file = NULL;
    quire_client_attributes attributes;
    char memory[100];
    EXPECT(quire_client_open(context, "none", QUIRE_CLIENT_READ, 0, &file) == -ENOENT);
    EXPECT(file == NULL);
    EXPECT(quire_client_context_error(context) == -ENOENT);
    EXPECT(strlen(quire_client_context_error_text(context)) > 0);
    EXPECT(quire_client_open(context, "f", to_make, 0666, &file) == 0);
    EXPECT(quire_client_file_error(file) == 0);
    EXPECT(quire_client_write(file, "hello, world", 12) == 0);
    EXPECT(quire_client_seek(file, 7, SEEK_SET) == 7);
    EXPECT(quire_client_read(file, memory, sizeof memory) == 5);
    EXPECT(memcmp(memory, "world", 5) == 0);
    EXPECT(quire_client_read(file, memory, sizeof memory) == 0);
    EXPECT(quire_client_pwrite(file, 0, "H", 1) == 0);
    EXPECT(quire_client_pread(file, 0, memory, 5) == 5);
    EXPECT(memcmp(memory, "Hello", 5) == 0);
    quire_client_view* view = NULL;
    const void* bytes = NULL;
    size_t count = 0;
    EXPECT(quire_client_view_file(file, 7, 100, &view, &bytes, &count) == 0);
    EXPECT(view != NULL && count == 5 && memcmp(bytes, "world", 5) == 0);
    quire_client_free_view(view);
    EXPECT(quire_client_view_file(file, 12, 100, &view, &bytes, &count) == 0);
    EXPECT(view != NULL && count == 0);
    quire_client_free_view(view);
    quire_client_free_view(NULL);
    EXPECT(quire_client_seek(file, -1, SEEK_SET) == -EINVAL);
    EXPECT(quire_client_seek(file, 0, 99) == -EINVAL);
    EXPECT(quire_client_file_error(file) == -EINVAL);
    EXPECT(strlen(quire_client_file_error_text(file)) > 0);
    quire_client_clear_file_error(file);
    EXPECT(quire_client_file_error(file) == 0);
    EXPECT(quire_client_seek(file, 0, SEEK_HOLE) == 12);
    EXPECT(quire_client_truncate(file, 5) == 0);
    EXPECT(quire_client_file_attributes(file, &attributes) == 0);
    EXPECT(attributes.size == 5 && attributes.mode == (S_IFREG | 0644));
    EXPECT(quire_client_write_out(file) == 0);
    EXPECT(quire_client_flush(file) == 0);
    quire_client_forget_read(file);
    EXPECT(quire_client_close(file) == 0);
    EXPECT(quire_client_open(context, "f", QUIRE_CLIENT_WRITE | QUIRE_CLIENT_UNBUFFERED, 0,
                             &file) == 0);
    EXPECT(quire_client_read(file, memory, 1) == -EBADF);
    EXPECT(quire_client_close(file) == 0);
    EXPECT(quire_client_take_lost_error(context) == 0);
    return 0;
}

static int use_names(quire_client_context* context) {
    quire_client_attributes attributes;
    quire_client_statistics statistics;
    const quire_client_time when = {.seconds = -5, .nanoseconds = 6};
    const quire_client_time keep = {.seconds = 0, .nanoseconds = QUIRE_CLIENT_TIME_KEEP};
    char memory[100];
    EXPECT(quire_client_set_umask(context, 027) == 022);
    EXPECT(quire_client_mkdir(context, "d", 0777) == 0);
    EXPECT(quire_client_stat(context, "d", 1, &attributes) == 0);
    EXPECT(attributes.mode == (S_IFDIR | 0750));
    EXPECT(quire_client_symlink(context, "f", "s") == 0);
    EXPECT(quire_client_stat(context, "s", 0, &attributes) == 0);
    EXPECT(S_ISLNK(attributes.mode));
    EXPECT(quire_client_readlink(context, "s", memory, sizeof memory) == 1);
    EXPECT(strcmp(memory, "f") == 0);
    EXPECT(quire_client_readlink(context, "s", memory, 1) == -ERANGE);
    EXPECT(quire_client_readlink(context, "f", memory, 1) == -EINVAL);
    EXPECT(quire_client_link(context, "f", "g", 0) == 0);
    EXPECT(quire_client_rename(context, "g", "f", QUIRE_CLIENT_RENAME_NO_REPLACE) == -EEXIST);
    EXPECT(quire_client_rename(context, "g", "d/g", 0) == 0);
    EXPECT(quire_client_rmdir(context, "d") == -ENOTEMPTY);
    EXPECT(quire_client_mknod(context, "p", S_IFIFO | 0666, 0, 0) == 0);
    EXPECT(quire_client_mknod(context, "q", 0666, 0, 0) == -EINVAL);
    EXPECT(quire_client_remove(context, "p") == 0);
    EXPECT(quire_client_access(context, "f", R_OK) == 0);
    EXPECT(quire_client_chmod(context, "f", 0600) == 0);
    EXPECT(quire_client_chown(context, "f", UINT32_MAX, 7, 1) == 0);
    EXPECT(quire_client_utimens(context, "f", keep, when, 1) == 0);
    EXPECT(quire_client_truncate_path(context, "f", 3) == 0);
    EXPECT(quire_client_stat(context, "f", 1, &attributes) == 0);
    EXPECT(attributes.size == 3 && attributes.gid == 7 && attributes.uid == 0);
    EXPECT(attributes.mode == (S_IFREG | 0600) && attributes.access.seconds > 0);
    EXPECT(quire_client_statfs(context, &statistics) == 0);
    EXPECT(statistics.block_size > 0 && statistics.read_only == 0);
    EXPECT(quire_client_setxattr(context, "f", "user.a", "value", 5, 1, 1) == 0);
    EXPECT(quire_client_setxattr(context, "f", "user.a", "value", 5, 1, 1) == -EEXIST);
    EXPECT(quire_client_setxattr(context, "f", "user.a", "value", 5, 3, 1) == -EINVAL);
    EXPECT(quire_client_getxattr(context, "f", "user.a", NULL, 0, 1) == 5);
    EXPECT(quire_client_getxattr(context, "f", "user.a", memory, 4, 1) == -ERANGE);
    EXPECT(quire_client_getxattr(context, "f", "user.a", memory, 5, 1) == 5);
    EXPECT(memcmp(memory, "value", 5) == 0);
    EXPECT(quire_client_listxattr(context, "f", memory, sizeof memory, 1) == 7);
    EXPECT(strcmp(memory, "user.a") == 0);
    EXPECT(quire_client_removexattr(context, "f", "user.a", 1) == 0);
    EXPECT(quire_client_getxattr(context, "f", "user.a", memory, 5, 1) == -ENODATA);
    EXPECT(quire_client_sync(context) == 0);
    return 0;
}

static int use_directories(quire_client_context* context) {
    quire_client_directory* directory = NULL;
    quire_client_entry entry;
    int seen = 0;
    EXPECT(quire_client_open_directory(context, "none", 0, &directory) == -ENOENT);
    EXPECT(quire_client_open_directory(context, "/", 1, &directory) == 0);
    while (quire_client_next_entry(directory, &entry) == 1) {
        EXPECT(entry.has_attributes == 1);
        EXPECT((entry.attributes.mode & S_IFMT) == entry.type);
        if (strcmp(entry.name, "f") == 0) seen |= 1;
        if (strcmp(entry.name, "d") == 0) seen |= 2;
        if (strcmp(entry.name, "s") == 0) seen |= 4;
    }
    EXPECT(seen == 7);
    EXPECT(quire_client_next_entry(directory, &entry) == 0);
    EXPECT(quire_client_seek_directory(directory, 0) == 0);
    EXPECT(quire_client_next_entry(directory, &entry) == 1);
    EXPECT(quire_client_directory_error(directory) == 0);
    quire_client_close_directory(directory);
    quire_client_close_directory(NULL);
    return 0;
}

int run_c_program(quire_client_context* context) {
    int line = use_files(context);
    if (line == 0) line = use_names(context);
    if (line == 0) line = use_directories(context);
    return line;
}

int run_c_program_of_events(quire_client_context* context) {
    quire_client_events* queue = NULL;
    quire_client_file* file = NULL;
    quire_client_directory* directory = NULL;
    uint64_t source = 0;
    uint32_t events = 0;
    EXPECT(quire_client_make_events(&queue) == 0);
    EXPECT(quire_client_next_event(queue, 0, &source, &events) == -ETIMEDOUT);
    EXPECT(quire_client_open_directory(context, "/", 0, &directory) == 0);
    EXPECT(quire_client_watch_directory(directory, queue, QUIRE_CLIENT_EVENT_MODIFIED, 3) == 0);
    EXPECT(quire_client_open(context, "watched", to_make, 0666, &file) == 0);
    EXPECT(quire_client_next_event(queue, -1, &source, &events) == 0);
    EXPECT(source == 3 && events == QUIRE_CLIENT_EVENT_MODIFIED);
    EXPECT(quire_client_watch_file(file, queue, QUIRE_CLIENT_EVENT_REMOVED, 4) == 0);
    quire_client_close_directory(directory);
    EXPECT(quire_client_next_event(queue, -1, &source, &events) == 0);
    EXPECT(source == 3 && events == QUIRE_CLIENT_EVENT_ENDED);
    EXPECT(quire_client_remove(context, "watched") == 0);
    EXPECT(quire_client_next_event(queue, -1, &source, &events) == 0);
    EXPECT(source == 4 && events == QUIRE_CLIENT_EVENT_REMOVED);
    EXPECT(quire_client_close(file) == 0);
    quire_client_free_events(queue);
    quire_client_free_events(NULL);
    return 0;
}
