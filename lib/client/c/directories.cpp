// SPDX-License-Identifier: MIT

#include <algorithm>
#include <chrono>

#include "c/handles.hpp"

namespace quire::client {

namespace {

int entry_for_c(const Entry& found, quire_client_entry& entry) {
    if (found.name.size() >= sizeof entry.name) return -EPROTO;
    entry = {};
    std::ranges::copy(found.name, entry.name);
    entry.inode = found.inode;
    entry.next = found.next;
    entry.type = mode_of_type(found.type);
    if (found.attributes) {
        entry.has_attributes = 1;
        entry.attributes = attributes_for_c(*found.attributes);
    }
    return 1;
}

ipc::Call call_within(std::int64_t nanoseconds) {
    if (nanoseconds < 0) return ipc::Call::forever();
    return ipc::Call::within(std::chrono::nanoseconds(nanoseconds));
}

}  // namespace

extern "C" {

int quire_client_open_directory(quire_client_context* context, const char* path,
                                int with_attributes, quire_client_directory** directory) {
    *directory = nullptr;
    return for_c([&] {
        auto opened = context->context.open_directory(path, with_attributes != 0);
        if (!opened) return code_for_c(opened);
        *directory = new quire_client_directory{context->server, std::move(*opened)};
        return 0;
    });
}

int quire_client_next_entry(quire_client_directory* directory, quire_client_entry* entry) {
    return for_c([&] {
        const auto found = directory->directory.next();
        if (!found) return code_for_c(found);
        return *found ? entry_for_c(**found, *entry) : 0;
    });
}

int quire_client_seek_directory(quire_client_directory* directory, std::uint64_t place) {
    return for_c([&] { return code_for_c(directory->directory.seek(place)); });
}

int quire_client_directory_error(const quire_client_directory* directory) {
    return code_for_c(directory->directory.last_error());
}

void quire_client_close_directory(quire_client_directory* directory) {
    delete directory;
}

int quire_client_watch_directory(quire_client_directory* directory,
                                 const quire_client_events* queue, std::uint32_t events,
                                 std::uint64_t source) {
    return for_c(
        [&] { return code_for_c(directory->directory.subscribe(queue->queue, events, source)); });
}

int quire_client_make_events(quire_client_events** events) {
    *events = nullptr;
    return for_c([&] {
        *events = new quire_client_events();
        return 0;
    });
}

void quire_client_free_events(quire_client_events* events) {
    delete events;
}

int quire_client_next_event(quire_client_events* queue, std::int64_t nanoseconds,
                            std::uint64_t* source, std::uint32_t* events) {
    return for_c([&] {
        const auto event = queue->queue.wait(call_within(nanoseconds));
        if (!event) return code_for_c(event);
        *source = event->source;
        *events = event->events;
        return 0;
    });
}

}  // extern "C"

}  // namespace quire::client
