// SPDX-License-Identifier: MIT

// The operations on paths that open nothing.

#include "context_note.hpp"
#include "values.hpp"

namespace quire::client {

namespace {

/// What a value may have beside a path in one message: OpenerContext.set_extended_attribute.
constexpr std::size_t value_beside_path = 60928;

constexpr std::uint16_t permission_bits = 07777;

}  // namespace

Result<protocols::Attributes> Context::stat_of(std::string_view path, bool follow) {
    // What is warm is as fast as what is on this way is short.
    switch (state_->names.look(path, follow)) {
        case KnownNames::Outcome::found:
            return attributes_of(state_->names.shown());
        case KnownNames::Outcome::missing:
            return note(Result<protocols::Attributes>(fail(std::errc::no_such_file_or_directory)));
        default:
            break;
    }
    return on(path, [&] {
        auto known = state_->names.attributes(*state_, path, follow);
        return known ? *std::move(known) : state_->context->stat(state_->call(), path, follow);
    });
}
Result<protocols::Attributes> Context::stat(std::string_view path) {
    return stat_of(path, true);
}
Result<protocols::Attributes> Context::lstat(std::string_view path) {
    return stat_of(path, false);
}
Result<void> Context::access(std::string_view path, std::uint32_t mask) {
    return on(path, [&] {
        std::optional<Result<void>> known;
        if (mask == 0) known = state_->names.exists(*state_, path);
        return known ? *std::move(known) : state_->context->access(state_->call(), path, mask);
    });
}
Result<std::string> Context::readlink(std::string_view path) {
    return on(path, [&] {
        auto known = state_->names.target(*state_, path);
        return known ? *std::move(known) : state_->context->readlink(state_->call(), path);
    });
}
Result<protocols::Statistics> Context::statistics() {
    return note(state_->context->statistics(state_->call()));
}

Result<void> Context::mkdir(std::string_view path, std::uint16_t permissions) {
    return on(path, [&]() -> Result<void> {
        QUIRE_TRY_ASSIGN(const std::uint16_t asked,
                         state_->asked_for(permissions & permission_bits));
        return state_->context->mkdir(state_->call(), path, asked);
    });
}
Result<void> Context::rmdir(std::string_view path) {
    return on(path, [&] { return state_->context->remove_directory(state_->call(), path); });
}
Result<void> Context::remove(std::string_view path) {
    return on(path, [&] { return state_->context->remove(state_->call(), path); });
}
Result<void> Context::rename(std::string_view from, std::string_view to, std::uint32_t flags) {
    return on(from, [&]() -> Result<void> {
        QUIRE_TRY(check_path(to));
        return state_->context->rename(state_->call(), from, to, flags);
    });
}
Result<void> Context::link(std::string_view existing, std::string_view path, bool follow) {
    return on(existing, [&]() -> Result<void> {
        QUIRE_TRY(check_path(path));
        return state_->context->link(state_->call(), existing, follow, path);
    });
}
Result<void> Context::symlink(std::string_view target, std::string_view path) {
    return on(path, [&]() -> Result<void> {
        QUIRE_TRY(check_path(target));
        return state_->context->symlink(state_->call(), target, path);
    });
}
Result<void> Context::mknod(std::string_view path, protocols::FileType type,
                            std::uint16_t permissions, const protocols::DeviceNumber& device) {
    return on(path, [&]() -> Result<void> {
        QUIRE_TRY_ASSIGN(const std::uint16_t asked,
                         state_->asked_for(permissions & permission_bits));
        return state_->context->mknod(state_->call(), path, type, asked, device);
    });
}

Result<protocols::Attributes> Context::set_attributes(std::string_view path,
                                                      const protocols::AttributeChanges& changes,
                                                      bool follow) {
    return on(path, [&] {
        return state_->context->set_attributes(state_->call(), path, follow, changes);
    });
}
Result<void> Context::change(std::string_view path, const protocols::AttributeChanges& changes,
                             bool follow) {
    if (const auto changed = set_attributes(path, changes, follow); !changed)
        return fail(changed.error());
    return {};
}
Result<void> Context::chmod(std::string_view path, std::uint16_t permissions) {
    return change(path, change_of_permissions(permissions), true);
}
Result<void> Context::chown(std::string_view path, std::optional<std::uint32_t> uid,
                            std::optional<std::uint32_t> gid, bool follow) {
    return change(path, change_of_owner(uid, gid), follow);
}
Result<void> Context::utimens(std::string_view path, const NewTime& access, const NewTime& modify,
                              bool follow) {
    return change(path, change_of_times(access, modify), follow);
}
Result<void> Context::truncate(std::string_view path, std::uint64_t size) {
    return change(path, change_of_size(size), true);
}

Result<std::vector<std::byte>> Context::extended_attribute(std::string_view path,
                                                           std::string_view name, bool follow) {
    auto& context = *state_->context;
    return on(path, [&] {
        return fetch_value(
            *state_,
            [&] { return context.get_extended_attribute(state_->call(), path, follow, name); },
            [&](const ipc::Call& call, std::uint64_t offset, std::uint64_t length) {
                return context.get_extended_attribute_to(call, path, follow, name, offset, length);
            });
    });
}
Result<void> Context::set_extended_attribute(std::string_view path, std::string_view name,
                                             std::span<const std::byte> value,
                                             protocols::SetAttributeMode mode, bool follow) {
    auto& context = *state_->context;
    return on(path, [&] {
        return store_value(
            *state_, value, value_beside_path,
            [&] {
                return context.set_extended_attribute(state_->call(), path, follow, name, value,
                                                      mode);
            },
            [&](const ipc::Call& call, std::uint64_t offset, std::uint64_t length) {
                return context.set_extended_attribute_from(call, path, follow, name, offset, length,
                                                           mode);
            });
    });
}
Result<std::vector<std::string>> Context::extended_attributes(std::string_view path, bool follow) {
    auto& context = *state_->context;
    return on(path, [&]() -> Result<std::vector<std::string>> {
        QUIRE_TRY_ASSIGN(
            const auto list,
            fetch_value(
                *state_,
                [&] { return context.list_extended_attributes(state_->call(), path, follow); },
                [&](const ipc::Call& call, std::uint64_t offset, std::uint64_t length) {
                    return context.list_extended_attributes_to(call, path, follow, offset, length);
                }));
        return split_names(list);
    });
}
Result<void> Context::remove_extended_attribute(std::string_view path, std::string_view name,
                                                bool follow) {
    return on(path, [&] {
        return state_->context->remove_extended_attribute(state_->call(), path, follow, name);
    });
}

Result<void> Context::sync() {
    return note(state_->context->sync(state_->call()));
}

}  // namespace quire::client
