// SPDX-License-Identifier: MIT

#include <unistd.h>

#include "c/handles.hpp"

namespace quire::client {

namespace {

std::span<std::byte> room_of(void* memory, std::size_t size) {
    return {static_cast<std::byte*>(memory), size};
}
std::span<const std::byte> content_of(const void* memory, std::size_t size) {
    return {static_cast<const std::byte*>(memory), size};
}

template <typename T>
std::int64_t count_for_c(const Result<T>& result) {
    return result ? static_cast<std::int64_t>(*result) : code_for_c(result.error());
}

std::optional<Whence> whence_of(int whence) {
    switch (whence) {
        case SEEK_SET:
            return Whence::set;
        case SEEK_CUR:
            return Whence::current;
        case SEEK_END:
            return Whence::end;
        case SEEK_DATA:
            return Whence::data;
        case SEEK_HOLE:
            return Whence::hole;
        default:
            return std::nullopt;
    }
}

}  // namespace

extern "C" {

int quire_client_open(quire_client_context* context, const char* path, std::uint32_t flags,
                      std::uint32_t permissions, quire_client_file** file) {
    *file = nullptr;
    return for_c([&] {
        OpenOptions options;
        options.permissions = static_cast<std::uint16_t>(permissions & 07777U);
        options.buffered = (flags & QUIRE_CLIENT_UNBUFFERED) == 0;
        auto opened = context->context.open(path, flags & ~QUIRE_CLIENT_UNBUFFERED, options);
        if (!opened) return code_for_c(opened);
        *file = new quire_client_file{context->server, std::move(*opened), {}};
        return 0;
    });
}

int quire_client_close(quire_client_file* file) {
    const std::unique_ptr<quire_client_file> own(file);
    return for_c([&] { return code_for_c(own->file.close()); });
}

std::int64_t quire_client_read(quire_client_file* file, void* memory, std::size_t size) {
    return for_c([&] { return count_for_c(file->file.read(room_of(memory, size))); });
}
std::int64_t quire_client_pread(quire_client_file* file, std::uint64_t position, void* memory,
                                std::size_t size) {
    return for_c([&] { return count_for_c(file->file.pread(position, room_of(memory, size))); });
}
int quire_client_view_file(quire_client_file* file, std::uint64_t position, std::size_t size,
                           quire_client_view** view, const void** bytes, std::size_t* count) {
    *view = nullptr;
    *bytes = nullptr;
    *count = 0;
    return for_c([&] {
        auto found = file->file.view(position, size);
        if (!found) return code_for_c(found);
        *view = new quire_client_view{file->server, std::move(*found)};
        *bytes = (*view)->view.bytes().data();
        *count = (*view)->view.bytes().size();
        return 0;
    });
}
void quire_client_free_view(quire_client_view* view) {
    delete view;
}
int quire_client_write(quire_client_file* file, const void* memory, std::size_t size) {
    return for_c([&] { return code_for_c(file->file.write(content_of(memory, size))); });
}
int quire_client_pwrite(quire_client_file* file, std::uint64_t position, const void* memory,
                        std::size_t size) {
    return for_c([&] { return code_for_c(file->file.pwrite(position, content_of(memory, size))); });
}
std::int64_t quire_client_seek(quire_client_file* file, std::int64_t offset, int whence) {
    return for_c([&]() -> std::int64_t {
        const auto known = whence_of(whence);
        if (!known) return -EINVAL;
        return count_for_c(file->file.seek(offset, *known));
    });
}
int quire_client_truncate(quire_client_file* file, std::uint64_t size) {
    return for_c([&] { return code_for_c(file->file.truncate(size)); });
}
int quire_client_write_out(quire_client_file* file) {
    return for_c([&] { return code_for_c(file->file.write_out()); });
}
int quire_client_flush(quire_client_file* file) {
    return for_c([&] { return code_for_c(file->file.flush()); });
}
void quire_client_forget_read(quire_client_file* file) {
    file->file.forget_read();
}
int quire_client_file_attributes(quire_client_file* file, quire_client_attributes* attributes) {
    return for_c([&] {
        const auto found = file->file.attributes();
        if (found) *attributes = attributes_for_c(*found);
        return code_for_c(found);
    });
}
int quire_client_file_error(const quire_client_file* file) {
    return code_for_c(file->file.last_error());
}
const char* quire_client_file_error_text(quire_client_file* file) {
    return text_for_c(file->file.last_error(), file->error_text);
}
void quire_client_clear_file_error(quire_client_file* file) {
    file->file.clear_error();
}

int quire_client_watch_file(quire_client_file* file, const quire_client_events* queue,
                            std::uint32_t events, std::uint64_t source) {
    return for_c([&] { return code_for_c(file->file.subscribe(queue->queue, events, source)); });
}

}  // extern "C"

}  // namespace quire::client
