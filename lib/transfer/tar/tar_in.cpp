// SPDX-License-Identifier: MIT

// Extraction trusts nothing. Every name of a path is looked up below the directory before it and
// must be a directory itself, so there is no moment at which a link could lead elsewhere.

#include <fmt/core.h>

#include <map>

#include "quire/transfer/beneath.hpp"
#include "quire/transfer/content.hpp"
#include "quire/transfer/tar.hpp"
#include "tar/archive_reader.hpp"
#include "tar/member_path.hpp"
#include "tar/target_directories.hpp"

namespace quire::transfer {

namespace {

class TarIn {
public:
    TarIn(ArchiveReader& archive, const std::shared_ptr<fs::Tree>& tree, const fs::Call& call,
          const fs::NodeReference& target, const UntarOptions& options, Account& account)
        : archive_(archive),
          tree_(*tree),
          call_(call),
          target_(target),
          options_(options),
          account_(account),
          directories_(tree, call, target) {}

    Result<void> run() {
        while (true) {
            if (account_.stop()) return fail(std::errc::operation_canceled);
            QUIRE_TRY_ASSIGN(auto entry, archive_.next());
            if (!entry) return {};
            account_.begin(entry->path);
            for (const std::string& warning : entry->warnings)
                account_.warning(entry->path, warning);
            auto extracted = extract(*entry);
            if (stream_failed_) return extracted;
            if (!extracted) account_.problem(entry->path, extracted.error());
        }
    }

    // Directories get their permissions, lists and times when nothing more is made in them: the
    // deepest first, because permissions may close the way down.
    void finish_directories() {
        for (auto one = waiting_.rbegin(); one != waiting_.rend(); ++one) {
            auto done = finish_directory(one->first, one->second);
            if (!done) account_.problem(one->first, done.error());
        }
    }

private:
    struct Waiting {
        fs::Handle handle;
        Metadata metadata;
    };

    Result<void> extract(ArchiveEntry& entry) {
        QUIRE_TRY_ASSIGN(MemberPath path, MemberPath::parse(entry.path));
        if (path.was_absolute && !warned_absolute_) {
            warned_absolute_ = true;
            account_.warning(entry.path, "the leading / of paths is dropped");
        }
        if (options_.strip > 0) {
            if (path.names.size() <= options_.strip) return {};
            path.names.erase(path.names.begin(),
                             path.names.begin() + static_cast<std::ptrdiff_t>(options_.strip));
        }
        if (options_.dry_run) {
            account_.done(entry.hard_link ? Action::linked : Action::made, entry.path, path.text());
            return {};
        }
        if (path.names.empty()) {
            if (entry.attributes.type != fs::FileType::directory)
                return fail(std::errc::is_a_directory, "it would replace the target itself");
            wait("", target_, entry);
            account_.done(Action::made, entry.path, ".");
            return {};
        }
        Name name = path.names.back();
        path.names.pop_back();
        QUIRE_TRY_ASSIGN(fs::NodeReference directory, directories_.enter(path.names));
        std::string text = path.text() + (path.names.empty() ? "" : "/") + name.text();
        auto existing = tree_.lookup(call_, directory, name);
        if (!existing && existing.error() != std::errc::no_such_file_or_directory)
            return fail(existing.error());
        fs::NodeReference old = existing ? *existing : fs::NodeReference();
        if (entry.attributes.type == fs::FileType::directory && !entry.hard_link)
            return make_directory(entry, text, directory, name, old);
        return make_other(entry, text, directory, name, old);
    }

    Result<void> make_directory(ArchiveEntry& entry, const std::string& text,
                                const fs::NodeReference& directory, const Name& name,
                                fs::NodeReference old) {
        Action action = Action::made;
        if (old && old->type() != fs::FileType::directory) {
            if (options_.existing == Existing::keep) return skipped(entry, text);
            QUIRE_TRY(tree_.remove(call_, directory, name));
            old.reset();
            action = Action::replaced;
        }
        if (!old) {
            QUIRE_TRY_ASSIGN(old, tree_.make_directory(call_, directory, name, 0700));
        }
        wait(text, old, entry);
        account_.done(action, entry.path, text);
        return {};
    }

    Result<void> make_other(ArchiveEntry& entry, const std::string& text,
                            const fs::NodeReference& directory, const Name& name,
                            const fs::NodeReference& old) {
        if (old && old->type() == fs::FileType::directory)
            return fail(std::errc::is_a_directory, "a directory of that name is in its place");
        if (old && options_.existing == Existing::keep) return skipped(entry, text);
        if (old && options_.existing == Existing::replace_older && entry.has_modify) {
            QUIRE_TRY_ASSIGN(fs::Attributes now, tree_.attributes(call_, old));
            if (now.modify >= entry.attributes.modify) return skipped(entry, text);
        }
        if (entry.hard_link) {
            QUIRE_TRY(make_hard_link(entry, directory, name, old));
            account_.done(Action::linked, entry.path, text);
            return {};
        }
        if (old) QUIRE_TRY(tree_.remove(call_, directory, name));
        fs::NodeReference made;
        switch (entry.attributes.type) {
            case fs::FileType::regular: {
                QUIRE_TRY_ASSIGN(made, tree_.create(call_, directory, name, 0600));
                QUIRE_TRY(write_content(made, entry.attributes.size));
                break;
            }
            case fs::FileType::symbolic_link: {
                QUIRE_TRY_ASSIGN(made, tree_.make_symlink(call_, directory, name, entry.target));
                break;
            }
            case fs::FileType::character_device:
            case fs::FileType::block_device:
            case fs::FileType::fifo:
            case fs::FileType::socket: {
                QUIRE_TRY_ASSIGN(
                    made, tree_.make_node(call_, directory, name, 0600, entry.attributes.type,
                                          entry.attributes.device));
                break;
            }
            case fs::FileType::directory:
            case fs::FileType::unknown:
                return fail(std::errc::invalid_argument, "its type is not known");
        }
        QUIRE_TRY(apply_metadata(tree_, call_, made, metadata_of(entry, directories_.inherits()),
                                 account_));
        account_.done(old ? Action::replaced : Action::made, entry.path, text);
        return {};
    }

    Result<void> make_hard_link(const ArchiveEntry& entry, const fs::NodeReference& directory,
                                const Name& name, const fs::NodeReference& old) {
        QUIRE_TRY_ASSIGN(MemberPath first, MemberPath::parse(entry.target));
        if (options_.strip > 0 && first.names.size() > options_.strip)
            first.names.erase(first.names.begin(),
                              first.names.begin() + static_cast<std::ptrdiff_t>(options_.strip));
        auto node = find_beneath(tree_, call_, target_, first.text());
        if (!node)
            return fail(node.error().code(),
                        fmt::format("the file that it is a hard link to, {}, is not in the target",
                                    printable(entry.target)));
        if ((*node)->type() == fs::FileType::directory)
            return fail(std::errc::operation_not_permitted, "it is a hard link to a directory");
        if (!old || old->handle() != (*node)->handle()) {
            if (old) QUIRE_TRY(tree_.remove(call_, directory, name));
            QUIRE_TRY(tree_.link(call_, *node, directory, name));
        }
        // Some archives (cpio) have the content with the last name instead of the first.
        if (entry.attributes.size == 0 || (*node)->type() != fs::FileType::regular) return {};
        QUIRE_TRY(write_content(*node, entry.attributes.size));
        return apply_metadata(tree_, call_, *node, metadata_of(entry, false), account_);
    }

    Result<void> write_content(const fs::NodeReference& node, std::uint64_t size) {
        QUIRE_TRY_ASSIGN(auto file, tree_.open(call_, node, {.read = false, .write = true}));
        std::uint64_t end = 0;
        while (true) {
            if (account_.stop()) {
                stream_failed_ = true;
                return fail(std::errc::operation_canceled);
            }
            auto piece = archive_.content();
            if (!piece) {
                stream_failed_ = true;
                return fail(piece.error());
            }
            if (!*piece) break;
            QUIRE_TRY(file->write_all(call_, (*piece)->offset, (*piece)->bytes));
            if (!(*piece)->bytes.empty())
                end = std::max<std::uint64_t>(end, (*piece)->offset + (*piece)->bytes.size());
            account_.bytes((*piece)->bytes.size());
        }
        if (end != size) QUIRE_TRY(file->resize(call_, size));
        return {};
    }

    Metadata metadata_of(ArchiveEntry& entry, bool inherits) const {
        return metadata_of(std::as_const(entry), inherits);
    }

    Metadata metadata_of(const ArchiveEntry& entry, bool inherits) const {
        const Preserve& preserve = options_.preserve;
        const fs::Attributes& attributes = entry.attributes;
        Metadata metadata;
        metadata.permissions = preserve.mode
                                   ? attributes.permissions
                                   : static_cast<std::uint16_t>(attributes.permissions & 0777 &
                                                                ~call_.credentials.umask);
        if (preserve.owner) {
            metadata.uid = attributes.uid;
            metadata.gid = attributes.gid;
        }
        if (options_.uid) metadata.uid = options_.uid;
        if (options_.gid) metadata.gid = options_.gid;
        if (preserve.times && entry.has_modify) {
            metadata.modify = attributes.modify;
            metadata.access =
                entry.has_access && !options_.reproducible ? attributes.access : attributes.modify;
        }
        if (options_.reproducible) metadata.change = metadata.birth = attributes.modify;
        metadata.exact_lists = preserve.mode && inherits;
        for (const ExtendedAttribute& one : entry.extended)
            if (is_access_list(one.name) ? preserve.mode : preserve.attributes)
                metadata.extended.push_back(one);
        return metadata;
    }

    void wait(const std::string& text, const fs::NodeReference& node, const ArchiveEntry& entry) {
        bool inherits = directories_.inherits();
        waiting_.insert_or_assign(text, Waiting{node->handle(), metadata_of(entry, inherits)});
    }

    Result<void> finish_directory(const std::string& path, const Waiting& waiting) {
        QUIRE_TRY_ASSIGN(auto node, find_beneath(tree_, call_, target_, path));
        if (node->handle() != waiting.handle)
            return fail(std::errc::not_a_directory, "it was replaced during the extraction");
        return apply_metadata(tree_, call_, node, waiting.metadata, account_);
    }

    Result<void> skipped(const ArchiveEntry& entry, const std::string& text) {
        account_.done(Action::skipped, entry.path, text);
        return {};
    }

    ArchiveReader& archive_;
    fs::Tree& tree_;
    const fs::Call& call_;
    const fs::NodeReference& target_;
    const UntarOptions& options_;
    Account& account_;
    TargetDirectories directories_;
    std::map<std::string, Waiting> waiting_;
    bool warned_absolute_ = false;
    bool stream_failed_ = false;
};

}  // namespace

Result<Summary> extract_tar(ByteStream& in, const std::shared_ptr<fs::Tree>& tree,
                            const fs::Call& call, const fs::NodeReference& target,
                            const UntarOptions& options, Listener& listener, Progress& progress) {
    if (target->type() != fs::FileType::directory) return fail(std::errc::not_a_directory);
    Account account(listener, progress);
    QUIRE_TRY_ASSIGN(auto archive, ArchiveReader::open(in));
    TarIn tar(*archive, tree, call, target, options, account);
    auto done = tar.run();
    tar.finish_directories();
    if (!done) return fail(done.error());
    return account.summary();
}

}  // namespace quire::transfer
