// SPDX-License-Identifier: MIT

#include "quire/client/context.hpp"

#include <algorithm>
#include <utility>

#include "buffers/transfer.hpp"
#include "context_note.hpp"
#include "context_state.hpp"

namespace quire::client {

Result<Context> Context::create(const ipc::Cap<protocols::Opener>& opener,
                                const ContextOptions& options) {
    const ipc::Call call =
        options.patience ? ipc::Call::within(*options.patience) : ipc::Call::forever();
    QUIRE_TRY_ASSIGN(auto context, opener->context(call));
    return Context(std::move(context), options);
}

Context::Context(ipc::Cap<protocols::OpenerContext> context, const ContextOptions& options)
    : state_(std::make_shared<ContextState>(std::move(context))) {
    state_->umask = options.umask & 0777U;
    state_->patience = options.patience;
}

Context::Context(Context&&) noexcept = default;
Context& Context::operator=(Context&&) noexcept = default;
Context::~Context() = default;

const ipc::Cap<protocols::OpenerContext>& Context::capability() const {
    return state_->context;
}
std::uint16_t Context::set_umask(std::uint16_t umask) {
    return std::exchange(state_->umask, umask & 0777U);
}
void Context::set_patience(std::optional<std::chrono::nanoseconds> patience) {
    state_->patience = patience;
}
void Context::set_stop(std::stop_token token) {
    state_->stop = std::move(token);
}
std::optional<Error> Context::take_lost_error() {
    return std::exchange(state_->lost_error, std::nullopt);
}

Result<File> Context::open(std::string_view path, std::uint32_t flags, const OpenOptions& options) {
    return on(path, [&] { return open_checked(path, flags, options); });
}

Result<File> Context::open(std::string_view path, const char* mode, const OpenOptions& options) {
    const auto flags = note(flags_of_mode(mode));
    if (!flags) return fail(flags.error());
    return open(path, *flags, options);
}

Result<File> Context::open_checked(std::string_view path, std::uint32_t flags,
                                   const OpenOptions& options) {
    const bool empty_at_first = (flags & protocols::open_truncate) != 0;
    const bool readable = (flags & protocols::open_read) != 0;
    const std::uint32_t wanted =
        options.buffered && readable && !empty_at_first
            ? std::min<std::uint32_t>(options.first_bytes, protocols::content_limit)
            : 0;
    const std::uint32_t way = flags & ~std::uint32_t{protocols::open_no_follow};
    if (way == protocols::open_read && wanted != 0) {
        auto known = state_->names.open(state_, path, way == flags);
        if (known && !*known) return fail(known->error());
        if (known) return File(state_, flags, true, **std::move(known), wanted);
    }
    std::uint16_t permissions = options.permissions;
    if (flags & protocols::open_create) {
        QUIRE_TRY_ASSIGN(permissions, state_->asked_for(permissions));
    }
    QUIRE_TRY_ASSIGN(auto opened,
                     state_->context->open(state_->call(), path, flags, permissions, wanted));
    if (opened.content.size() > wanted) return senseless("more content than was asked for");
    return File(state_, flags, options.buffered, std::move(opened), wanted);
}

Result<Directory> Context::open_directory(std::string_view path, bool with_attributes) {
    return on(path, [&]() -> Result<Directory> {
        QUIRE_TRY_ASSIGN(auto opened,
                         state_->context->open_directory(state_->call(), path, 0, with_attributes));
        Directory directory(state_, std::move(opened.directory), opened.attributes,
                            with_attributes);
        QUIRE_TRY(directory.accept(opened.page));
        return directory;
    });
}

Result<std::vector<Entry>> Context::list(std::string_view path, bool with_attributes) {
    auto directory = open_directory(path, with_attributes);
    if (!directory) return fail(directory.error());
    std::vector<Entry> entries;
    while (true) {
        auto entry = note(directory->next());
        if (!entry) return fail(entry.error());
        if (!*entry) return entries;
        entries.push_back(**std::move(entry));
    }
}

Result<std::vector<std::byte>> Context::read_file(std::string_view path, std::uint64_t most) {
    return on(path, [&] {
        auto known = state_->names.content(*state_, path, most);
        return known ? *std::move(known) : read_whole(path, most);
    });
}

Result<std::vector<std::byte>> Context::read_whole(std::string_view path, std::uint64_t most) {
    constexpr std::uint32_t one_message = protocols::content_limit;
    QUIRE_TRY_ASSIGN(auto first, state_->context->read(state_->call(), path, one_message));
    if (first.content.size() > one_message) return senseless("more content than was asked for");
    if (first.content.size() > most || first.attributes.size > most)
        return fail(std::errc::file_too_large);
    // A file may have grown meanwhile; what counts is what was found.
    if (first.content.size() < one_message || first.attributes.size == one_message)
        return std::move(first.content);
    // Its name may be another file's by now, so it is read from the beginning.
    QUIRE_TRY_ASSIGN(auto opened,
                     state_->context->open(state_->call(), path, protocols::open_read, 0, 0));
    const std::uint64_t expected = opened.attributes.size;
    if (expected > most) return fail(std::errc::file_too_large);
    std::vector<std::byte> content;
    while (true) {
        // A size is only a word of the server's: memory grows with what really comes, and one byte
        // over the bound is enough to know.
        const std::uint64_t done = content.size();
        const std::uint64_t room = most - done;
        std::uint64_t step = std::min(expected > done ? expected - done : MiB, MiB);
        if (step > room) step = room + 1;
        content.resize(done + step);
        QUIRE_TRY_ASSIGN(const std::size_t got, transfer_in(*state_, *opened.file, done,
                                                            std::span(content).subspan(done)));
        content.resize(done + got);
        if (content.size() > most) return fail(std::errc::file_too_large);
        if (got < step || content.size() == expected) return content;
    }
}

}  // namespace quire::client
