// SPDX-License-Identifier: MIT

#include "quire/transfer/pack.hpp"

#include <algorithm>

#include "pack/pack_walk.hpp"
#include "quire/transfer/content.hpp"
#include "quire/transfer/link_map.hpp"
#include "quire/transfer/metadata.hpp"

namespace quire::transfer {

namespace {

/// The data of an open file, hole by hole left out, in pieces of a buffer.
class FileContent final : public fs::ContentSource {
public:
    FileContent(fs::OpenFile& file, const fs::Call& call, std::uint64_t size, Buffer& buffer,
                Account& account)
        : file_(file), call_(call), ranges_(file, call, size), buffer_(buffer), account_(account) {
        buffer_.resize(piece_size);
    }

    Result<fs::ContentPiece> next() override {
        if (account_.stop()) return fail(std::errc::operation_canceled);
        while (left_.length == 0) {
            QUIRE_TRY_ASSIGN(left_, ranges_.next());
            if (left_.length == 0) return fs::ContentPiece{};
        }
        const auto want =
            std::span(buffer_).first(std::min<std::uint64_t>(left_.length, buffer_.size()));
        QUIRE_TRY_ASSIGN(const std::size_t got, file_.read(call_, left_.offset, want));
        if (got == 0) {
            shrank_ = true;
            return fs::ContentPiece{};
        }
        const fs::ContentPiece piece{left_.offset, want.first(got)};
        left_.offset += got;
        left_.length -= got;
        account_.bytes(got);
        return piece;
    }
    /// The file ended before the size that it had when it was met.
    bool shrank() const { return shrank_; }

private:
    fs::OpenFile& file_;
    const fs::Call& call_;
    DataRanges ranges_;
    Buffer& buffer_;
    Account& account_;
    block::Range left_;
    bool shrank_ = false;
};

class Packing {
public:
    Packing(fs::Tree& tree, const fs::Call& call, const PackOptions& options,
            fs::ImageWriter& writer, Account& account)
        : tree_(tree), call_(call), options_(options), writer_(writer), account_(account) {}

    Result<void> enter(const Step& step) {
        QUIRE_TRY_ASSIGN(const Description description, describe(step));
        if (step.path.empty()) {
            directories_.push_back(writer_.root());
            return writer_.describe(writer_.root(), description.node);
        }
        QUIRE_TRY_ASSIGN(const Name name, Name::parse(step.name));
        QUIRE_TRY_ASSIGN(const fs::ImageWriter::Node made,
                         writer_.add(directories_.back(), name, description.node, nullptr));
        directories_.push_back(made);
        return {};
    }
    void leave() { directories_.pop_back(); }

    /// Fails only for what ends the whole; an entry that can't be read is a problem.
    Result<void> leaf(const Step& step) {
        QUIRE_TRY_ASSIGN(const Name name, Name::parse(step.name));
        if (const auto* first = links_.find(tree_, step.node->handle()))
            return writer_.link(*first, directories_.back(), name);
        const auto description = describe(step);
        if (!description) {
            account_.problem(step.path, description.error());
            return {};
        }
        QUIRE_TRY_ASSIGN(const fs::ImageWriter::Node made, add(step, name, *description));
        if (made != none) links_.add(tree_, step.node->handle(), step.attributes.links, made);
        return {};
    }

private:
    static constexpr fs::ImageWriter::Node none = 0;

    struct Description {
        fs::ImageNode node;
        std::vector<fs::ExtendedAttribute> extended;
        std::string target;

        Description() = default;
        Description(Description&& other) noexcept { *this = std::move(other); }
        Description& operator=(Description&& other) noexcept {
            node = other.node;
            extended = std::move(other.extended);
            target = std::move(other.target);
            node.extended = extended;
            node.target = target;
            return *this;
        }
    };

    Result<Description> describe(const Step& step) {
        Description result;
        const fs::Attributes& attributes = step.attributes;
        fs::ImageNode& node = result.node;
        node.type = attributes.type;
        node.permissions = attributes.permissions;
        node.uid = options_.uid.value_or(attributes.uid);
        node.gid = options_.gid.value_or(attributes.gid);
        if (step.path.empty()) {
            node.uid = options_.root_uid.value_or(node.uid);
            node.gid = options_.root_gid.value_or(node.gid);
        }
        node.access = node.modify = attributes.modify;
        node.change = options_.made;
        node.device = attributes.device;
        node.size = attributes.type == fs::FileType::regular ? attributes.size : 0;
        if (attributes.type == fs::FileType::symbolic_link) {
            QUIRE_TRY_ASSIGN(result.target, tree_.read_link(call_, step.node));
            node.target = result.target;
        }
        QUIRE_TRY_ASSIGN(result.extended, read_extended(tree_, call_, step.node));
        node.extended = result.extended;
        return result;
    }

    Result<fs::ImageWriter::Node> add(const Step& step, const Name& name,
                                      const Description& description) {
        if (step.node->type() != fs::FileType::regular || step.attributes.size == 0)
            return writer_.add(directories_.back(), name, description.node, nullptr);
        const auto file = tree_.open(call_, step.node, {.read = true, .write = false});
        if (!file) {
            account_.problem(step.path, file.error());
            return none;
        }
        FileContent content(**file, call_, step.attributes.size, buffer_, account_);
        auto made = writer_.add(directories_.back(), name, description.node, &content);
        if (made && content.shrank())
            account_.warning(step.path, "it shrank while it was read; the rest is zeros");
        return made;
    }

    fs::Tree& tree_;
    const fs::Call& call_;
    const PackOptions& options_;
    fs::ImageWriter& writer_;
    Account& account_;
    std::vector<fs::ImageWriter::Node> directories_;
    LinkMap<fs::ImageWriter::Node> links_;
    Buffer buffer_;
};

}  // namespace

Result<void> pack(const std::shared_ptr<fs::Tree>& tree, const fs::Call& call,
                  const fs::NodeReference& start, const PackOptions& options,
                  fs::ImageWriter& writer, Account& account) {
    PackWalk walk(tree, call, start, options, account);
    Packing packing(*tree, call, options, writer, account);
    while (const auto step = walk.next()) {
        if (account.stop()) return fail(std::errc::operation_canceled);
        switch (step->kind) {
            case Step::Kind::enter:
                QUIRE_TRY(packing.enter(*step));
                break;
            case Step::Kind::leave:
                packing.leave();
                continue;
            default:
                if (auto done = packing.leaf(*step); !done)
                    return fail(std::move(done).error().within(step->path));
                break;
        }
        account.begin(step->path);
        account.done(Action::made, step->path, step->path);
    }
    return {};
}

}  // namespace quire::transfer
