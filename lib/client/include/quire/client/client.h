// SPDX-License-Identifier: MIT
//
// Files through capabilities, for C. What the operations mean is said in the C++ headers beside this.
//
// A function that can fail returns a negative errno: -ECONNRESET when the server is gone, -EPROTO when
// it answers nonsense. Handles belong to the thread that made their context, except events. Strings
// and memory that are given stay the caller's.

#ifndef QUIRE_CLIENT_CLIENT_H
#define QUIRE_CLIENT_CLIENT_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct quire_client_context quire_client_context;
typedef struct quire_client_file quire_client_file;
typedef struct quire_client_view quire_client_view;
typedef struct quire_client_directory quire_client_directory;
typedef struct quire_client_events quire_client_events;

typedef struct quire_client_time {
    int64_t seconds;
    uint32_t nanoseconds; /* or one of: */
} quire_client_time;
#define QUIRE_CLIENT_TIME_KEEP 0xfffffffeU
#define QUIRE_CLIENT_TIME_NOW 0xffffffffU

typedef struct quire_client_attributes {
    uint32_t mode; /* as st_mode: type and permissions */
    uint32_t uid;
    uint32_t gid;
    uint32_t links;
    uint64_t size;
    uint64_t allocated;
    uint64_t inode;
    uint32_t generation;
    uint32_t device_major;
    uint32_t device_minor;
    uint32_t preferred_io_size;
    uint32_t flags;
    uint32_t has_birth;
    quire_client_time access;
    quire_client_time modify;
    quire_client_time change;
    quire_client_time birth;
} quire_client_attributes;

typedef struct quire_client_statistics {
    uint64_t blocks;
    uint64_t free_blocks;
    uint64_t available_blocks;
    uint64_t inodes;
    uint64_t free_inodes;
    uint32_t block_size;
    uint32_t name_length;
    uint32_t read_only;
} quire_client_statistics;

/* Contexts. `events` other than 0: files and directories can be subscribed to, which needs threads. */
/* At the socket of a server (quire serve). */
int quire_client_connect(const char* socket_path, int events, quire_client_context** context);
/* Of a descriptor that stands for an Opener, which this takes. */
int quire_client_open_gate(int descriptor, int events, quire_client_context** context);
/* NULL is allowed. What it opened goes on. */
void quire_client_free_context(quire_client_context* context);
/* Gives the umask before. */
uint32_t quire_client_set_umask(quire_client_context* context, uint32_t umask);
/* How long a message is waited for, then -ETIMEDOUT; negative: for ever. */
void quire_client_set_patience(quire_client_context* context, int64_t nanoseconds);
/* The latest error of the context's own, 0 for none; and as a sentence, which lives until the next call. */
int quire_client_context_error(const quire_client_context* context);
const char* quire_client_context_error_text(quire_client_context* context);
/* Of delayed writes that nobody was told of; then there is none. */
int quire_client_take_lost_error(quire_client_context* context);

/* Files. */
#define QUIRE_CLIENT_READ 1U
#define QUIRE_CLIENT_WRITE 2U
#define QUIRE_CLIENT_CREATE 4U
#define QUIRE_CLIENT_EXCLUSIVE 8U
#define QUIRE_CLIENT_TRUNCATE 16U
#define QUIRE_CLIENT_APPEND 32U
#define QUIRE_CLIENT_NO_FOLLOW 64U
#define QUIRE_CLIENT_UNBUFFERED 0x80000000U
int quire_client_open(quire_client_context* context, const char* path, uint32_t flags,
                      uint32_t permissions, quire_client_file** file);
/* Ends the file and its handle, whatever it returns. */
int quire_client_close(quire_client_file* file);
/* How many bytes. */
int64_t quire_client_read(quire_client_file* file, void* memory, size_t size);
int64_t quire_client_pread(quire_client_file* file, uint64_t position, void* memory, size_t size);
/* Content to be looked at where it lies, as it is at this moment, until the view is freed: at most `size` bytes and 1 MiB, as
   far as they lie in a row. `count` 0: the file ends there. */
int quire_client_view_file(quire_client_file* file, uint64_t position, size_t size,
                           quire_client_view** view, const void** bytes, size_t* count);
/* NULL is allowed. */
void quire_client_free_view(quire_client_view* view);
/* All of them, or an error. */
int quire_client_write(quire_client_file* file, const void* memory, size_t size);
int quire_client_pwrite(quire_client_file* file, uint64_t position, const void* memory,
                        size_t size);
/* `whence`: SEEK_SET and so on, also SEEK_DATA and SEEK_HOLE. The new position. */
int64_t quire_client_seek(quire_client_file* file, int64_t offset, int whence);
int quire_client_truncate(quire_client_file* file, uint64_t size);
/* To the server, and to its disk. */
int quire_client_write_out(quire_client_file* file);
int quire_client_flush(quire_client_file* file);
void quire_client_forget_read(quire_client_file* file);
int quire_client_file_attributes(quire_client_file* file, quire_client_attributes* attributes);
int quire_client_file_error(const quire_client_file* file);
const char* quire_client_file_error_text(quire_client_file* file);
void quire_client_clear_file_error(quire_client_file* file);

/* Operations on paths. `follow` other than 0: of what a symbolic link leads to. */
int quire_client_stat(quire_client_context* context, const char* path, int follow,
                      quire_client_attributes* attributes);
int quire_client_access(quire_client_context* context, const char* path, uint32_t mask);
/* With a NUL behind it. The length without; -ERANGE: it does not fit `size`. */
int64_t quire_client_readlink(quire_client_context* context, const char* path, char* target,
                              size_t size);
int quire_client_mkdir(quire_client_context* context, const char* path, uint32_t permissions);
int quire_client_rmdir(quire_client_context* context, const char* path);
int quire_client_remove(quire_client_context* context, const char* path);
#define QUIRE_CLIENT_RENAME_NO_REPLACE 1U
#define QUIRE_CLIENT_RENAME_EXCHANGE 2U
int quire_client_rename(quire_client_context* context, const char* from, const char* to,
                        uint32_t flags);
int quire_client_link(quire_client_context* context, const char* existing, const char* path,
                      int follow);
int quire_client_symlink(quire_client_context* context, const char* target, const char* path);
/* `mode`: type and permissions as mknod(2) has them. */
int quire_client_mknod(quire_client_context* context, const char* path, uint32_t mode,
                       uint32_t device_major, uint32_t device_minor);
int quire_client_chmod(quire_client_context* context, const char* path, uint32_t permissions);
/* 0xffffffff: as it is. */
int quire_client_chown(quire_client_context* context, const char* path, uint32_t uid, uint32_t gid,
                       int follow);
int quire_client_utimens(quire_client_context* context, const char* path, quire_client_time access,
                         quire_client_time modify, int follow);
int quire_client_truncate_path(quire_client_context* context, const char* path, uint64_t size);
int quire_client_statfs(quire_client_context* context, quire_client_statistics* statistics);
int quire_client_sync(quire_client_context* context);
/* The length; -ERANGE: it does not fit `size`. With size 0 only the length is asked for. */
int64_t quire_client_getxattr(quire_client_context* context, const char* path, const char* name,
                              void* value, size_t size, int follow);
/* `mode`: 0 either, 1 create, 2 replace. */
int quire_client_setxattr(quire_client_context* context, const char* path, const char* name,
                          const void* value, size_t size, int mode, int follow);
/* Names, each with a NUL behind it; as getxattr. */
int64_t quire_client_listxattr(quire_client_context* context, const char* path, char* list,
                               size_t size, int follow);
int quire_client_removexattr(quire_client_context* context, const char* path, const char* name,
                             int follow);

/* Directories. */
typedef struct quire_client_entry {
    char name[256];
    uint64_t inode;
    uint64_t next; /* where to go on behind it */
    uint32_t type; /* as the type in st_mode; 0: unknown */
    uint32_t has_attributes;
    quire_client_attributes attributes;
} quire_client_entry;
int quire_client_open_directory(quire_client_context* context, const char* path,
                                int with_attributes, quire_client_directory** directory);
/* 1: an entry; 0: there are no more. */
int quire_client_next_entry(quire_client_directory* directory, quire_client_entry* entry);
int quire_client_seek_directory(quire_client_directory* directory, uint64_t place);
int quire_client_directory_error(const quire_client_directory* directory);
/* NULL is allowed. */
void quire_client_close_directory(quire_client_directory* directory);

/* Events. Of a context that was made with them. The queue may be used by any thread. */
#define QUIRE_CLIENT_EVENT_OPENED 1U
#define QUIRE_CLIENT_EVENT_MODIFIED 2U
#define QUIRE_CLIENT_EVENT_CLOSED 4U
#define QUIRE_CLIENT_EVENT_REMOVED 8U
#define QUIRE_CLIENT_EVENT_ENDED 16U
#define QUIRE_CLIENT_EVENT_OVERFLOW 0x80000000U
int quire_client_make_events(quire_client_events** events);
/* NULL is allowed. */
void quire_client_free_events(quire_client_events* events);
int quire_client_watch_file(quire_client_file* file, const quire_client_events* queue,
                            uint32_t events, uint64_t source);
int quire_client_watch_directory(quire_client_directory* directory,
                                 const quire_client_events* queue, uint32_t events,
                                 uint64_t source);
/* The next event: waits `nanoseconds`, then -ETIMEDOUT; 0: does not wait; negative: for ever. */
int quire_client_next_event(quire_client_events* queue, int64_t nanoseconds, uint64_t* source,
                            uint32_t* events);

#ifdef __cplusplus
}
#endif

#endif
