// SPDX-License-Identifier: MIT

// An archive cannot be packed as it is read: an entry may take the place of an earlier one, a
// directory may be described after what is in it, and an image has to be given its size first. So
// it is read twice: once for its names, once for its contents.

#include <utility>

#include "tar/tar_names.hpp"

namespace quire::transfer {

namespace {

class EntryContent final : public fs::ContentSource {
public:
    EntryContent(ArchiveReader& archive, Account& account) : archive_(archive), account_(account) {}

    Result<fs::ContentPiece> next() override {
        if (account_.stop()) return fail(std::errc::operation_canceled);
        for (;;) {
            QUIRE_TRY_ASSIGN(const auto piece, archive_.content());
            if (!piece) return fs::ContentPiece{};
            if (piece->bytes.empty()) continue;
            account_.bytes(piece->bytes.size());
            return fs::ContentPiece{piece->offset, piece->bytes};
        }
    }

private:
    ArchiveReader& archive_;
    Account& account_;
};

}  // namespace

TarPlan::TarPlan(std::unique_ptr<Names> names) : names_(std::move(names)) {}
TarPlan::TarPlan(TarPlan&&) noexcept = default;
TarPlan& TarPlan::operator=(TarPlan&&) noexcept = default;
TarPlan::~TarPlan() = default;

const PackSize& TarPlan::size() const {
    return names_->size();
}

Result<TarPlan> TarPlan::make(ByteStream& in, const PackOptions& options, std::uint32_t block_size,
                              Account& account) {
    QUIRE_TRY_ASSIGN(const auto archive, ArchiveReader::open(in));
    auto names = std::make_unique<Names>(block_size);
    for (std::uint64_t number = 0;; ++number) {
        if (account.stop()) return fail(std::errc::operation_canceled);
        QUIRE_TRY_ASSIGN(const auto entry, archive->next());
        if (!entry) break;
        for (const std::string& warning : entry->warnings) account.warning(entry->path, warning);
        const auto taken = names->take(number, *entry, options);
        if (!taken) account.problem(entry->path, taken.error());
        PackCost::Content content(names->cost());
        for (;;) {
            QUIRE_TRY_ASSIGN(const auto piece, archive->content());
            if (!piece) break;
            content.range(piece->offset, piece->bytes.size());
        }
    }
    names->close();
    return TarPlan(std::move(names));
}

namespace {

/// The second reading.
template <typename Names>
class Second {
public:
    using Index = typename Names::Index;

    Second(const Names& names, ArchiveReader& archive, const PackOptions& options,
           fs::ImageWriter& writer, Account& account)
        : names_(names),
          archive_(archive),
          options_(options),
          writer_(writer),
          account_(account),
          made_(names.nodes().size()) {
        made_[Names::root] = writer.root();
    }

    Result<void> take(std::uint64_t number, const ArchiveEntry& entry) {
        account_.begin(entry.path);
        if (const auto directory = names_.described_by(number)) {
            if (entry.attributes.type != fs::FileType::directory) return changed();
            QUIRE_TRY_ASSIGN(const auto node, directory_at(*directory));
            QUIRE_TRY(writer_.describe(node, describe(entry, *directory == Names::root)));
            account_.done(Action::made, entry.path, entry.path);
            return {};
        }
        const auto places = names_.named_by(number);
        if (places.empty()) return {};
        if (entry.attributes.type == fs::FileType::directory) return changed();
        std::optional<fs::ImageWriter::Node> first;
        for (const Index place : places) {
            const auto& node = names_.nodes()[place];
            QUIRE_TRY_ASSIGN(const auto directory, directory_at(node.parent));
            QUIRE_TRY_ASSIGN(const Name name, Name::parse(node.name));
            if (first) {
                QUIRE_TRY(writer_.link(*first, directory, name));
                continue;
            }
            EntryContent content(archive_, account_);
            QUIRE_TRY_ASSIGN(first, writer_.add(directory, name, describe(entry, false), &content));
        }
        account_.done(Action::made, entry.path, entry.path);
        return {};
    }

private:
    static std::unexpected<Error> changed() {
        return fail(std::errc::invalid_argument, "the archive changed while it was read");
    }

    // Directories on the way are made when they are needed, and described when their entry comes.
    Result<fs::ImageWriter::Node> directory_at(Index index) {
        std::vector<Index> missing;
        for (; !made_[index]; index = names_.nodes()[index].parent) missing.push_back(index);
        fs::ImageWriter::Node node = *made_[index];
        for (; !missing.empty(); missing.pop_back()) {
            fs::ImageNode plain;
            plain.type = fs::FileType::directory;
            plain.permissions = 0755;
            plain.uid = options_.uid.value_or(0);
            plain.gid = options_.gid.value_or(0);
            plain.access = plain.modify = plain.change = options_.made;
            QUIRE_TRY_ASSIGN(const Name name, Name::parse(names_.nodes()[missing.back()].name));
            QUIRE_TRY_ASSIGN(node, writer_.add(node, name, plain, nullptr));
            made_[missing.back()] = node;
        }
        return node;
    }

    fs::ImageNode describe(const ArchiveEntry& entry, bool is_root) const {
        const fs::Attributes& attributes = entry.attributes;
        fs::ImageNode node;
        node.type = attributes.type;
        node.permissions = attributes.permissions;
        node.uid = options_.uid.value_or(attributes.uid);
        node.gid = options_.gid.value_or(attributes.gid);
        if (is_root) {
            node.uid = options_.root_uid.value_or(node.uid);
            node.gid = options_.root_gid.value_or(node.gid);
        }
        node.modify = entry.has_modify ? attributes.modify : options_.made;
        node.access = node.modify;
        node.change = options_.made;
        node.device = attributes.device;
        node.target = entry.target;
        node.size = attributes.type == fs::FileType::regular ? attributes.size : 0;
        node.extended = entry.extended;
        return node;
    }

    const Names& names_;
    ArchiveReader& archive_;
    const PackOptions& options_;
    fs::ImageWriter& writer_;
    Account& account_;
    std::vector<std::optional<fs::ImageWriter::Node>> made_;
};

}  // namespace

Result<void> TarPlan::pack(ByteStream& again, const PackOptions& options, fs::ImageWriter& writer,
                           Account& account) const {
    QUIRE_TRY_ASSIGN(const auto archive, ArchiveReader::open(again));
    // The root may have no entry of its own.
    fs::ImageNode root;
    root.type = fs::FileType::directory;
    root.permissions = 0755;
    root.uid = options.root_uid.value_or(options.uid.value_or(0));
    root.gid = options.root_gid.value_or(options.gid.value_or(0));
    root.access = root.modify = root.change = options.made;
    QUIRE_TRY(writer.describe(writer.root(), root));

    Second<Names> second(*names_, *archive, options, writer, account);
    for (std::uint64_t number = 0;; ++number) {
        if (account.stop()) return fail(std::errc::operation_canceled);
        QUIRE_TRY_ASSIGN(const auto entry, archive->next());
        if (!entry) return {};
        if (auto taken = second.take(number, *entry); !taken)
            return fail(std::move(taken).error().within(printable(entry->path)));
    }
}

}  // namespace quire::transfer
