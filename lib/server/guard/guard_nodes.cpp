// SPDX-License-Identifier: MIT

#include <unistd.h>

#include <cerrno>

#include "guard.hpp"

namespace quire::server {

namespace {

constexpr fs::OpenMode anyhow{.read = false, .write = false};
constexpr fs::OpenMode for_reading{.read = true, .write = false};
constexpr fs::OpenMode for_writing{.read = false, .write = true};

bool only_size(fs::AttributeChanges changes) {
    const bool size = changes.size.has_value();
    changes.size.reset();
    return size && changes.empty();
}

bool is_content(fs::FileType type) {
    return type == fs::FileType::regular || type == fs::FileType::directory ||
           type == fs::FileType::symbolic_link;
}

}  // namespace

Result<void> Guard::open(const fs::Call& call, fs::Cookie node, fs::OpenMode mode) {
    if (mode.write) QUIRE_TRY(authority_.may_change());
    QUIRE_TRY_ASSIGN(const Use use, this->use(call, node));
    std::shared_ptr<fs::OpenFile> file = table_->take_fresh(node);
    if (!file) {
        QUIRE_TRY_ASSIGN(file, authority_.tree().open(use.call, use.node, mode));
    }
    return table_->opened(node, mode, std::move(file));
}

Result<void> Guard::close(const fs::Call&, fs::Cookie node, fs::OpenMode mode) {
    return table_->closed(node, mode);
}

Result<void> Guard::access(const fs::Call& call, fs::Cookie node, int mask) {
    QUIRE_TRY_ASSIGN(const Use use, this->use(call, node));
    if (mask & W_OK && is_content(use.node->type())) QUIRE_TRY(authority_.may_change());
    return seen(use, authority_.tree().access(use.call, use.node, mask));
}

Result<fs::Attributes> Guard::getattr(const fs::Call& call, fs::Cookie node) {
    QUIRE_TRY_ASSIGN(const Use use, this->use(call, node));
    return seen(use, authority_.tree().attributes(use.call, use.node));
}

// The holder's own framework takes set-user-id and set-group-id away before it changes content,
// which is not the identity's to ask for but happens here anyhow, together with the change.
Result<bool> Guard::only_drops_privileges(const Use& use, fs::Cookie node,
                                          const fs::AttributeChanges& changes) {
    if (!changes.permissions || authority_.identity().is_root()) return false;
    if (!changes.size && !table_->opened_for(node, for_writing)) return false;
    QUIRE_TRY_ASSIGN(const fs::Attributes now, authority_.tree().attributes(use.call, use.node));
    const unsigned difference = now.permissions ^ *changes.permissions;
    return authority_.identity().uid != now.uid && (*changes.permissions & difference) == 0 &&
           (difference & ~(fs::set_user_id | fs::set_group_id)) == 0;
}

Result<fs::Attributes> Guard::setattr(const fs::Call& call, fs::Cookie node,
                                      const fs::AttributeChanges& wanted) {
    QUIRE_TRY_ASSIGN(const Use use, use_for_change(call, node));
    fs::AttributeChanges changes = wanted;
    QUIRE_TRY_ASSIGN(const bool drops, only_drops_privileges(use, node, changes));
    if (drops) {
        changes.permissions.reset();
        if (changes.empty()) return authority_.tree().attributes(use.call, use.node);
    }
    // Who has a file open for writing may cut it, whatever its permissions have become.
    if (only_size(changes)) {
        if (auto file = table_->opened_for(node, for_writing)) {
            QUIRE_TRY((*file)->resize(use.call, *changes.size));
            return (*file)->attributes(use.call);
        }
    }
    return authority_.tree().set_attributes(use.call, use.node, changes);
}

Result<std::size_t> Guard::read(const fs::Call& call, fs::Cookie node, std::uint64_t offset,
                                std::span<std::byte> memory) {
    QUIRE_TRY_ASSIGN(const auto file, table_->opened_for(node, for_reading));
    return file->read(authority_.call(call), offset, memory);
}

Result<std::size_t> Guard::write(const fs::Call& call, fs::Cookie node, std::uint64_t offset,
                                 std::span<const std::byte> memory) {
    QUIRE_TRY(authority_.may_change());
    QUIRE_TRY_ASSIGN(const auto file, table_->opened_for(node, for_writing));
    return file->write(authority_.call(call), offset, memory);
}

Result<void> Guard::fsync(const fs::Call& call, fs::Cookie node) {
    QUIRE_TRY_ASSIGN(const Use use, this->use(call, node));
    return authority_.tree().sync(use.call, use.node);
}

Result<std::uint64_t> Guard::seek(const fs::Call& call, fs::Cookie node, std::uint64_t offset,
                                  fs::SeekTo what) {
    QUIRE_TRY_ASSIGN(const auto file, table_->opened_for(node, anyhow));
    return file->seek(authority_.call(call), offset, what);
}

Result<void> Guard::fallocate(const fs::Call& call, fs::Cookie node, fs::AllocateMode mode,
                              block::Range range) {
    QUIRE_TRY(authority_.may_change());
    QUIRE_TRY_ASSIGN(const auto file, table_->opened_for(node, for_writing));
    return file->allocate(authority_.call(call), mode, range);
}

Result<void> Guard::discard(const fs::Call& call, fs::Cookie node, block::Range range) {
    QUIRE_TRY(authority_.may_change());
    QUIRE_TRY_ASSIGN(const auto file, table_->opened_for(node, for_writing));
    return file->discard(authority_.call(call), range);
}

Result<std::uint64_t> Guard::copy_range(const fs::Call& call, fs::Cookie from,
                                        std::uint64_t from_offset, fs::Cookie to,
                                        std::uint64_t to_offset, std::uint64_t length) {
    QUIRE_TRY(authority_.may_change());
    QUIRE_TRY_ASSIGN(const auto source, table_->opened_for(from, for_reading));
    QUIRE_TRY_ASSIGN(const auto target, table_->opened_for(to, for_writing));
    return source->copy_to(authority_.call(call), from_offset, *target, to_offset, length);
}

Result<void> Guard::mmap(const fs::Call& call, fs::Cookie node, fs::OpenMode mode) {
    if (mode.write) QUIRE_TRY(authority_.may_change());
    QUIRE_TRY_ASSIGN(const auto file, table_->opened_for(node, mode));
    return file->map(authority_.call(call), mode);
}

Result<int> Guard::poll(const fs::Call& call, fs::Cookie node, int events) {
    QUIRE_TRY(use(call, node));
    return events;
}

Result<void> Guard::advisory_lock(const fs::Call& call, fs::Cookie node,
                                  const fs::AdvisoryLock& lock) {
    using Kind = fs::AdvisoryLock::Kind;
    QUIRE_TRY_ASSIGN(const Use use, this->use(call, node));
    if (lock.wait || lock.range != block::Range{})
        return fail(std::errc::operation_not_supported, "only whole files are locked, or not");
    if (lock.kind == Kind::unlock) {
        table_->end_lock(node, lock.owner);
        return {};
    }
    QUIRE_TRY_ASSIGN(
        const auto file,
        table_->opened_for(node, lock.kind == Kind::exclusive ? for_writing : for_reading));
    if (const auto mine = table_->lock_of(node, lock.owner))
        return mine->become(use.call, lock.kind);
    QUIRE_TRY_ASSIGN(auto taken, file->lock(use.call, lock.kind));
    return table_->keep_lock(node, lock.owner, std::move(taken));
}

Result<std::int64_t> Guard::pathconf(const fs::Call& call, fs::Cookie node,
                                     fs::PathConfiguration what) {
    QUIRE_TRY_ASSIGN(const Use use, this->use(call, node));
    return seen(use, authority_.tree().configuration(use.call, use.node, what));
}

Result<std::vector<std::byte>> Guard::ioctl(const fs::Call& call, fs::Cookie node, std::uint32_t,
                                            std::span<const std::byte>) {
    QUIRE_TRY(use(call, node));
    return fail(std::errc::inappropriate_io_control_operation);
}

Result<std::vector<std::byte>> Guard::getxattr(const fs::Call& call, fs::Cookie node,
                                               std::string_view name) {
    QUIRE_TRY_ASSIGN(const Use use, this->use(call, node));
    return seen(use, authority_.tree().get_attribute(use.call, use.node, name));
}

Result<void> Guard::setxattr(const fs::Call& call, fs::Cookie node, std::string_view name,
                             std::span<const std::byte> value, fs::SetAttributeMode mode) {
    QUIRE_TRY_ASSIGN(const Use use, use_for_change(call, node));
    return authority_.tree().set_attribute(use.call, use.node, name, value, mode);
}

Result<std::vector<std::string>> Guard::listxattr(const fs::Call& call, fs::Cookie node) {
    QUIRE_TRY_ASSIGN(const Use use, this->use(call, node));
    return seen(use, authority_.tree().list_attributes(use.call, use.node));
}

Result<void> Guard::removexattr(const fs::Call& call, fs::Cookie node, std::string_view name) {
    QUIRE_TRY_ASSIGN(const Use use, use_for_change(call, node));
    return authority_.tree().remove_attribute(use.call, use.node, name);
}

Result<void> Guard::inactive(const fs::Call& call, fs::Cookie node) {
    QUIRE_TRY(use(call, node));
    return {};
}

void Guard::reclaim(fs::Cookie node, std::uint64_t lookups) {
    table_->reclaim(node, lookups);
}

Result<std::string> Guard::print(const fs::Call& call, fs::Cookie node) {
    QUIRE_TRY_ASSIGN(const Use use, this->use(call, node));
    if (!authority_.identity().is_root()) return fail(std::errc::operation_not_supported);
    return authority_.tree().print(use.call, use.node);
}

}  // namespace quire::server
