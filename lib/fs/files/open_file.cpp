// SPDX-License-Identifier: MIT

#include <unistd.h>

#include <cerrno>
#include <shared_mutex>

#include "files/content.hpp"
#include "quire/fs/tree.hpp"
#include "tree_changing.hpp"
#include "tree_turn.hpp"

namespace quire::fs {

Result<std::shared_ptr<OpenFile>> Tree::open(const Call& call, const NodeReference& node,
                                             OpenMode mode) {
    switch (node->type()) {
        case FileType::regular:
            break;
        case FileType::directory:
            if (mode.write) return fail(std::errc::is_a_directory);
            break;
        case FileType::symbolic_link:
            return fail(std::errc::too_many_symbolic_link_levels);
        default:
            return fail(std::errc::no_such_device_or_address);
    }
    const int mask = (mode.read ? R_OK : 0) | (mode.write ? W_OK : 0);
    // Root reads what it likes: whose the node is need not be asked, and open() below says whether
    // it is there.
    const bool always = mask == R_OK && call.credentials.is_root();
    if (!always || volume_->supports(Operation::access)) {
        QUIRE_TRY_ASSIGN(const Attributes attributes, fetch(call, node->cookie()));
        QUIRE_TRY(check(call, node->cookie(), attributes, mask));
        const bool end_only = mode.write && (attributes.flags & append_only_flag) != 0;
        if (end_only && !mode.append)
            return fail(std::errc::operation_not_permitted, "it is append-only");
        mode.append = end_only;
    } else {
        mode.append = false;
    }
    {
        const Turn turn(*this, node->cookie());
        QUIRE_TRY(volume_->open(call, node->cookie(), mode));
    }
    return std::shared_ptr<OpenFile>(
        new OpenFile(shared_from_this(), node, mode, content_of(*node)));
}

Result<std::shared_ptr<OpenFile>> Tree::create_open(const Call& call,
                                                    const NodeReference& directory,
                                                    const Name& name, std::uint16_t permissions,
                                                    OpenMode mode, const NewOwner& owner) {
    QUIRE_TRY_ASSIGN(NodeReference node, create(call, directory, name, permissions, owner));
    mode.append = false;
    {
        const Turn turn(*this, node->cookie());
        QUIRE_TRY(volume_->open(call, node->cookie(), mode));
    }
    auto content = content_of(*node);
    return std::shared_ptr<OpenFile>(
        new OpenFile(shared_from_this(), std::move(node), mode, std::move(content)));
}

OpenFile::OpenFile(std::shared_ptr<Tree> tree, NodeReference node, OpenMode mode,
                   std::shared_ptr<Content> content)
    : tree_(std::move(tree)),
      node_(std::move(node)),
      mode_(mode),
      content_(std::move(content)),
      seen_errors_(content_->lending.errors()) {}

OpenFile::~OpenFile() {
    // Data is made durable by sync(), never by closing, so a failure here loses no promise.
    const Tree::Turn turn(*tree_, node_->cookie());
    (void)tree_->volume_->close(Call::as_root(), node_->cookie(), mode_);
}

Result<std::size_t> OpenFile::read(const Call& call, std::uint64_t offset,
                                   std::span<std::byte> memory) {
    if (!mode_.read) return fail(std::errc::bad_file_descriptor);
    const Visit visit = this->visit();
    const Tree::Turn turn(*tree_, node_->cookie());
    return tree_->volume_->read(call, node_->cookie(), offset, memory);
}

Result<void> OpenFile::about_to_write(const Call& call) {
    QUIRE_TRY(tree_->drop_privileges(call, node_));
    if (written_.exchange(true) || !tree_->volume_->supports(Operation::removexattr)) return {};
    const Tree::Changing changing(*tree_, *node_);
    const Tree::Turn turn(*tree_, node_->cookie());
    const auto removed = tree_->volume_->removexattr(call, node_->cookie(), "security.capability");
    // A host on which we are not root refuses, whether there is one or not, and takes it away
    // itself when the file is written.
    if (!removed && removed.error() != std::errc(ENODATA) &&
        removed.error() != std::errc::operation_not_supported &&
        removed.error() != std::errc::operation_not_permitted)
        return fail(removed.error());
    return {};
}

Result<std::size_t> OpenFile::put(const Call& call, std::uint64_t offset,
                                  std::span<const std::byte> memory) {
    QUIRE_TRY(about_to_write(call));
    const Watchers::Changing changing(content_->watchers,
                                      {.offset = offset, .length = memory.size()});
    const Tree::Changing attributes(*tree_, *node_);
    const Tree::Turn turn(*tree_, node_->cookie());
    return tree_->volume_->write(call, node_->cookie(), offset, memory);
}

Result<std::size_t> OpenFile::write(const Call& call, std::uint64_t offset,
                                    std::span<const std::byte> memory) {
    if (!mode_.write) return fail(std::errc::bad_file_descriptor);
    if (memory.empty()) return 0;
    const Visit visit = this->visit();
    if (!mode_.append) {
        const std::shared_lock writing(content_->end);
        return put(call, offset, memory);
    }
    const std::lock_guard moving(content_->end);
    QUIRE_TRY_ASSIGN(const Attributes now, tree_->fetch(call, node_->cookie()));
    if (offset != now.size) return fail(std::errc::operation_not_permitted, "it is append-only");
    return put(call, offset, memory);
}

Result<void> OpenFile::write_all(const Call& call, std::uint64_t offset,
                                 std::span<const std::byte> memory) {
    while (!memory.empty()) {
        QUIRE_TRY_ASSIGN(const std::size_t done, write(call, offset, memory));
        if (done == 0) return fail(std::errc::io_error, "a write made no progress");
        offset += done;
        memory = memory.subspan(done);
    }
    return {};
}

Result<OpenFile::Appending> OpenFile::append(const Call& call) {
    if (!mode_.write) return fail(std::errc::bad_file_descriptor);
    Visit visit = this->visit();
    content_->end.lock();
    Appending appending(*this, std::move(visit), content_);
    QUIRE_TRY_ASSIGN(const Attributes now, tree_->fetch(call, node_->cookie()));
    appending.end_ = now.size;
    return appending;
}

OpenFile::Appending::~Appending() {
    if (content_) content_->end.unlock();
}

Result<void> OpenFile::Appending::write_all(const Call& call, std::span<const std::byte> memory) {
    while (!memory.empty()) {
        QUIRE_TRY_ASSIGN(const std::size_t done, file_.put(call, end_, memory));
        if (done == 0) return fail(std::errc::io_error, "a write made no progress");
        end_ += done;
        memory = memory.subspan(done);
    }
    return {};
}

Result<Attributes> OpenFile::attributes(const Call& call) {
    return tree_->fetch(call, node_->cookie());
}

// Flags may have been set since it was opened; of some operations the kernel asks again.
Result<void> OpenFile::refuse_flagged(const Call& call, std::uint32_t flags) {
    QUIRE_TRY_ASSIGN(const Attributes now, tree_->fetch(call, node_->cookie()));
    if ((now.flags & flags) == 0) return {};
    return fail(std::errc::operation_not_permitted, "it is immutable or append-only");
}

Result<void> OpenFile::cut(const Call& call, std::uint64_t size) {
    QUIRE_TRY(tree_->drop_privileges(call, node_));
    AttributeChanges changes;
    changes.size = size;
    const Watchers::Changing changing(content_->watchers,
                                      {.offset = size, .length = ContentChange::to_the_end});
    const Tree::Changing attributes(*tree_, *node_);
    const Tree::Turn turn(*tree_, node_->cookie());
    QUIRE_TRY(tree_->volume_->setattr(call, node_->cookie(), changes));
    return {};
}

Result<void> OpenFile::resize(const Call& call, std::uint64_t size) {
    if (!mode_.write) return fail(std::errc::invalid_argument);
    const Visit visit = this->visit();
    const std::lock_guard moving(content_->end);
    QUIRE_TRY(refuse_flagged(call, immutable_flag | append_only_flag));
    return cut(call, size);
}

Result<bool> OpenFile::grow(const Call& call, std::uint64_t size) {
    if (!mode_.write) return fail(std::errc::bad_file_descriptor);
    const Visit visit = this->visit();
    const std::lock_guard moving(content_->end);
    QUIRE_TRY_ASSIGN(const Attributes now, tree_->fetch(call, node_->cookie()));
    if (now.size >= size) return false;
    if (now.flags & (immutable_flag | append_only_flag))
        return fail(std::errc::operation_not_permitted, "it is immutable or append-only");
    QUIRE_TRY(cut(call, size));
    return true;
}

Result<std::uint64_t> OpenFile::seek(const Call& call, std::uint64_t offset, SeekTo what) {
    const Visit visit = this->visit();
    const Tree::Turn turn(*tree_, node_->cookie());
    return tree_->volume_->seek(call, node_->cookie(), offset, what);
}

Result<void> OpenFile::allocate(const Call& call, AllocateMode mode, block::Range range) {
    if (!mode_.write) return fail(std::errc::bad_file_descriptor);
    if (range.length == 0) return fail(std::errc::invalid_argument);
    if (range.offset + range.length < range.offset) return fail(std::errc::file_too_large);
    const Visit visit = this->visit();
    const bool reserves = mode == AllocateMode::allocate || mode == AllocateMode::keep_size;
    const std::lock_guard moving(content_->end);
    QUIRE_TRY(refuse_flagged(call, reserves ? immutable_flag : immutable_flag | append_only_flag));
    QUIRE_TRY(tree_->drop_privileges(call, node_));
    const Watchers::Changing changing(content_->watchers,
                                      {.offset = range.offset, .length = range.length});
    const Tree::Changing attributes(*tree_, *node_);
    const Tree::Turn turn(*tree_, node_->cookie());
    return tree_->volume_->fallocate(call, node_->cookie(), mode, range);
}

Result<void> OpenFile::discard(const Call& call, block::Range range) {
    if (!mode_.write) return fail(std::errc::bad_file_descriptor);
    const Visit visit = this->visit();
    const std::shared_lock writing(content_->end);
    QUIRE_TRY(refuse_flagged(call, immutable_flag | append_only_flag));
    QUIRE_TRY(about_to_write(call));
    const Watchers::Changing changing(content_->watchers,
                                      {.offset = range.offset, .length = range.length});
    const Tree::Changing attributes(*tree_, *node_);
    const Tree::Turn turn(*tree_, node_->cookie());
    return tree_->volume_->discard(call, node_->cookie(), range);
}

Result<std::uint64_t> OpenFile::copy_to(const Call& call, std::uint64_t offset, OpenFile& to,
                                        std::uint64_t to_offset, std::uint64_t length) {
    if (!mode_.read || !to.mode_.write || to.mode_.append)
        return fail(std::errc::bad_file_descriptor);
    if (tree_ != to.tree_) return fail(std::errc::cross_device_link);
    if (offset + length < offset || to_offset + length < to_offset)
        return fail(std::errc::value_too_large);
    const bool overlap = offset < to_offset + length && to_offset < offset + length;
    if (node_ == to.node_ && overlap) return fail(std::errc::invalid_argument);
    if (length == 0) return 0;
    const Visit from_visit = this->visit();
    const Visit to_visit = to.visit();
    const std::shared_lock writing(to.content_->end);
    QUIRE_TRY(to.about_to_write(call));
    const Watchers::Changing changing(to.content_->watchers,
                                      {.offset = to_offset, .length = length});
    const Tree::Changing attributes(*tree_, *to.node_);
    const Tree::Turn turn(*tree_);
    return tree_->volume_->copy_range(call, node_->cookie(), offset, to.node_->cookie(), to_offset,
                                      length);
}

Result<void> OpenFile::map(const Call& call, OpenMode mode) {
    if (!mode_.read || (mode.write && (!mode_.write || mode_.append)))
        return fail(std::errc::permission_denied);
    const Visit visit = this->visit();
    const Tree::Turn turn(*tree_, node_->cookie());
    return tree_->volume_->mmap(call, node_->cookie(), mode);
}

Result<void> OpenFile::sync(const Call& call) {
    content_->lending.bring_up_to_date();
    {
        const Tree::Turn turn(*tree_, node_->cookie());
        QUIRE_TRY(tree_->volume_->fsync(call, node_->cookie()));
    }
    if (auto error = take_write_error()) return fail(*std::move(error));
    return {};
}

std::optional<Error> OpenFile::take_write_error() {
    if (!mode_.write) return std::nullopt;
    const std::lock_guard lock(errors_mutex_);
    return content_->lending.error_since(seen_errors_);
}

Result<std::unique_ptr<FileLock>> OpenFile::lock(const Call& call, AdvisoryLock::Kind kind) {
    if (!(kind == AdvisoryLock::Kind::exclusive ? mode_.write : mode_.read))
        return fail(std::errc::bad_file_descriptor);
    std::unique_ptr<FileLock> lock(new FileLock(tree_, node_, content_));
    QUIRE_TRY(lock->become(call, kind));
    return lock;
}

void OpenFile::watch(const std::shared_ptr<ContentWatcher>& watcher) {
    content_->watchers.add(watcher);
}

std::size_t OpenFile::waiting() const {
    return content_->end.waiting();
}

}  // namespace quire::fs
