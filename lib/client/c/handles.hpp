// SPDX-License-Identifier: MIT

#pragma once

#include <cerrno>
#include <cstdint>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <utility>

#include "quire/client/client.h"
#include "quire/client/context.hpp"
#include "quire/ipc/server.hpp"

// What the handles of client.h are. Each keeps the server of the client's own objects, if there is
// one, and so its subscriptions.

struct quire_client_context {
    std::shared_ptr<quire::ipc::Server> server;
    quire::client::Context context;
    std::string error_text;
};

struct quire_client_file {
    std::shared_ptr<quire::ipc::Server> server;
    quire::client::File file;
    std::string error_text;
};

struct quire_client_view {
    std::shared_ptr<quire::ipc::Server> server;
    quire::client::View view;
};

struct quire_client_directory {
    std::shared_ptr<quire::ipc::Server> server;
    quire::client::Directory directory;
};

struct quire_client_events {
    quire::client::EventQueue queue;
};

namespace quire::client {

inline int code_for_c(const Error& error) {
    return -static_cast<int>(error.code());
}
inline int code_for_c(const std::optional<Error>& error) {
    return error ? code_for_c(*error) : 0;
}
template <typename T>
int code_for_c(const Result<T>& result) {
    return result ? 0 : code_for_c(result.error());
}

/// Calls `act`; no exception gets into C.
template <typename Do>
auto for_c(Do act) noexcept -> decltype(act()) {
    try {
        return act();
    } catch (const std::bad_alloc&) {
        return -ENOMEM;
    } catch (...) {
        return -EIO;
    }
}

/// The sentence of an error, kept in `place`.
inline const char* text_for_c(const std::optional<Error>& error, std::string& place) noexcept {
    try {
        place = error ? error->message() : std::string();
        return place.c_str();
    } catch (...) {
        return "out of memory";
    }
}

/// The type's bits of st_mode; 0: unknown.
std::uint32_t mode_of_type(protocols::FileType type);
std::optional<protocols::FileType> type_of_mode(std::uint32_t mode);
quire_client_attributes attributes_for_c(const protocols::Attributes& attributes);

}  // namespace quire::client
