// SPDX-License-Identifier: MIT

#include "tree_subject.hpp"

#include <algorithm>

namespace quire::conformance {

namespace {

class TreeFile final : public File {
public:
    TreeFile(std::shared_ptr<fs::OpenFile> file, const fs::Call& call)
        : file_(std::move(file)), call_(call) {}

    Result<std::string> read(std::uint64_t offset, std::size_t length) override {
        std::string bytes(length, '\0');
        QUIRE_TRY_ASSIGN(const std::size_t got,
                         file_->read(call_, offset, std::as_writable_bytes(std::span(bytes))));
        bytes.resize(got);
        return bytes;
    }
    Result<std::size_t> write(std::uint64_t offset, std::string_view bytes) override {
        return file_->write(call_, offset, std::as_bytes(std::span(bytes)));
    }
    Result<fs::Attributes> attributes() override { return file_->attributes(call_); }
    Result<void> resize(std::uint64_t size) override { return file_->resize(call_, size); }
    Result<std::uint64_t> seek(std::uint64_t offset, fs::SeekTo what) override {
        return file_->seek(call_, offset, what);
    }
    Result<void> allocate(fs::AllocateMode mode, std::uint64_t offset,
                          std::uint64_t length) override {
        return file_->allocate(call_, mode, {offset, length});
    }
    Result<void> sync() override { return file_->sync(call_); }

private:
    std::shared_ptr<fs::OpenFile> file_;
    fs::Call call_;
};

class TreeSubject final : public Subject {
public:
    TreeSubject(std::weak_ptr<fs::Tree> tree, fs::Call call)
        : weak_(std::move(tree)), call_(std::move(call)) {}

    std::shared_ptr<Subject> as(const fs::Credentials& credentials) override {
        return std::make_shared<TreeSubject>(weak_, fs::Call{credentials, {}});
    }

    Result<void> make_file(const std::string& path, std::uint16_t permissions) override {
        QUIRE_TRY_ASSIGN(const fs::Parent at, parent(path));
        if (at.must_be_directory) return fail(std::errc::is_a_directory);
        return done(tree()->create(call_, at.directory, at.name, permissions));
    }
    Result<void> mkdir(const std::string& path, std::uint16_t permissions) override {
        QUIRE_TRY_ASSIGN(const fs::Parent at, parent(path));
        return done(tree()->make_directory(call_, at.directory, at.name, permissions));
    }
    Result<void> mknod(const std::string& path, std::uint16_t permissions, fs::FileType type,
                       fs::DeviceNumber device) override {
        QUIRE_TRY_ASSIGN(const fs::Parent at, parent_of_new(path));
        return done(tree()->make_node(call_, at.directory, at.name, permissions, type, device));
    }
    Result<void> symlink(const std::string& target, const std::string& path) override {
        if (target.empty()) return fail(std::errc::no_such_file_or_directory);
        QUIRE_TRY_ASSIGN(const fs::Parent at, parent_of_new(path));
        return done(tree()->make_symlink(call_, at.directory, at.name, target));
    }
    Result<void> link(const std::string& from, const std::string& to) override {
        QUIRE_TRY_ASSIGN(const auto node, find(from, Follow::no));
        QUIRE_TRY_ASSIGN(const fs::Parent at, parent_of_new(to));
        return tree()->link(call_, node, at.directory, at.name);
    }
    Result<void> unlink(const std::string& path) override {
        QUIRE_TRY_ASSIGN(const fs::Parent at, parent(path));
        if (at.must_be_directory) {
            QUIRE_TRY_ASSIGN(const auto node, tree()->lookup(call_, at.directory, at.name));
            return fail(node->type() == fs::FileType::directory ? std::errc::is_a_directory
                                                                : std::errc::not_a_directory);
        }
        return tree()->remove(call_, at.directory, at.name);
    }
    Result<void> rmdir(const std::string& path) override {
        QUIRE_TRY_ASSIGN(const fs::Parent at, parent(path));
        return tree()->remove_directory(call_, at.directory, at.name);
    }
    Result<void> rename(const std::string& from, const std::string& to,
                        fs::RenameFlags flags) override {
        QUIRE_TRY_ASSIGN(const fs::Parent source, parent(from));
        QUIRE_TRY_ASSIGN(const fs::Parent target, parent(to));
        if (source.must_be_directory || target.must_be_directory) {
            QUIRE_TRY_ASSIGN(const auto node, tree()->lookup(call_, source.directory, source.name));
            if (node->type() != fs::FileType::directory) return fail(std::errc::not_a_directory);
        }
        return tree()->rename(call_, source.directory, source.name, target.directory, target.name,
                              flags);
    }
    Result<std::vector<Listed>> list(const std::string& path, fs::Position from,
                                     std::size_t most) override {
        QUIRE_TRY_ASSIGN(const auto node, find(path, Follow::yes));
        std::vector<Listed> listed;
        if (most == 0) return listed;
        QUIRE_TRY(tree()->list(
            call_, node, from, fs::WithAttributes::no, [&](const fs::DirectoryEntry& entry) {
                listed.push_back({std::string(entry.name), entry.inode, entry.type, entry.next});
                return listed.size() < most;
            }));
        return listed;
    }
    Result<std::string> readlink(const std::string& path) override {
        QUIRE_TRY_ASSIGN(const auto node, find(path, Follow::no));
        return tree()->read_link(call_, node);
    }

    Result<std::unique_ptr<File>> open(const std::string& path, fs::OpenMode mode) override {
        QUIRE_TRY_ASSIGN(const auto node, find(path, Follow::yes));
        QUIRE_TRY_ASSIGN(auto file, tree()->open(call_, node, mode));
        return std::make_unique<TreeFile>(std::move(file), call_);
    }
    Result<fs::Attributes> stat(const std::string& path, Follow follow) override {
        QUIRE_TRY_ASSIGN(const auto node, find(path, follow));
        return tree()->attributes(call_, node);
    }
    Result<void> access(const std::string& path, int mask) override {
        QUIRE_TRY_ASSIGN(const auto node, find(path, Follow::yes));
        return tree()->access(call_, node, mask);
    }
    Result<void> chmod(const std::string& path, std::uint16_t permissions) override {
        return change(path, {.permissions = permissions}, Follow::yes);
    }
    Result<void> chown(const std::string& path, std::optional<std::uint32_t> uid,
                       std::optional<std::uint32_t> gid, Follow follow) override {
        return change(path, {.uid = uid, .gid = gid}, follow);
    }
    Result<void> set_times(const std::string& path, std::optional<Time> access,
                           std::optional<Time> modify, Follow follow) override {
        return change(path, {.access = access, .modify = modify}, follow);
    }
    Result<void> truncate(const std::string& path, std::uint64_t size) override {
        return change(path, {.size = size}, Follow::yes);
    }

    Result<std::string> get_attribute(const std::string& path, const std::string& name,
                                      Follow follow) override {
        QUIRE_TRY_ASSIGN(const auto node, find(path, follow));
        QUIRE_TRY_ASSIGN(const auto value, tree()->get_attribute(call_, node, name));
        return std::string(reinterpret_cast<const char*>(value.data()), value.size());
    }
    Result<void> set_attribute(const std::string& path, const std::string& name,
                               std::string_view value, fs::SetAttributeMode mode,
                               Follow follow) override {
        QUIRE_TRY_ASSIGN(const auto node, find(path, follow));
        return tree()->set_attribute(call_, node, name, std::as_bytes(std::span(value)), mode);
    }
    Result<std::vector<std::string>> list_attributes(const std::string& path,
                                                     Follow follow) override {
        QUIRE_TRY_ASSIGN(const auto node, find(path, follow));
        return tree()->list_attributes(call_, node);
    }
    Result<void> remove_attribute(const std::string& path, const std::string& name,
                                  Follow follow) override {
        QUIRE_TRY_ASSIGN(const auto node, find(path, follow));
        return tree()->remove_attribute(call_, node, name);
    }

    Result<fs::VolumeStatistics> statistics() override { return tree()->statistics(call_); }
    Result<void> sync() override { return tree()->sync(call_); }

private:
    Result<fs::NodeReference> find(const std::string& path, Follow follow) {
        QUIRE_TRY_ASSIGN(const Path parsed, Path::parse(path));
        return tree()->walk(call_, parsed,
                            follow == Follow::yes ? fs::Follow::yes : fs::Follow::no);
    }
    Result<fs::Parent> parent(const std::string& path) {
        QUIRE_TRY_ASSIGN(const Path parsed, Path::parse(path));
        return tree()->walk_parent(call_, parsed);
    }
    // A slash behind the name of what will not be a directory.
    Result<fs::Parent> parent_of_new(const std::string& path) {
        QUIRE_TRY_ASSIGN(fs::Parent at, parent(path));
        if (!at.must_be_directory) return at;
        QUIRE_TRY(tree()->lookup(call_, at.directory, at.name));
        return fail(std::errc::file_exists);
    }
    Result<void> change(const std::string& path, const fs::AttributeChanges& changes,
                        Follow follow) {
        QUIRE_TRY_ASSIGN(const auto node, find(path, follow));
        QUIRE_TRY(tree()->set_attributes(call_, node, changes));
        return {};
    }
    static Result<void> done(const Result<fs::NodeReference>& made) {
        if (!made) return fail(made.error());
        return {};
    }

    std::shared_ptr<fs::Tree> tree() const { return std::shared_ptr<fs::Tree>(weak_); }

    std::weak_ptr<fs::Tree> weak_;
    fs::Call call_;
};

}  // namespace

std::shared_ptr<Subject> make_tree_subject(const std::shared_ptr<fs::Tree>& tree) {
    return std::make_shared<TreeSubject>(tree, fs::Call::as_root());
}

}  // namespace quire::conformance
