// SPDX-License-Identifier: MIT

#include "quire/transfer/tree_hash.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "compare/digest.hpp"
#include "quire/transfer/content.hpp"
#include "quire/transfer/link_map.hpp"
#include "quire/transfer/metadata.hpp"
#include "quire/transfer/walker.hpp"

namespace quire::transfer {

namespace {

constexpr std::uint64_t block_size = 4096;

std::string quoted(std::string_view bytes) {
    std::string text;
    for (unsigned char byte : bytes) {
        if (byte > 32 && byte < 127 && byte != '\\')
            text += static_cast<char>(byte);
        else
            text += fmt::format("\\{:03o}", byte);
    }
    return text;
}

std::string base64(std::span<const std::byte> bytes) {
    static constexpr std::string_view letters =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string text;
    for (std::size_t at = 0; at < bytes.size(); at += 3) {
        std::size_t count = std::min<std::size_t>(3, bytes.size() - at);
        std::uint32_t group = 0;
        for (std::size_t i = 0; i < 3; ++i)
            group = group << 8 | (i < count ? std::to_integer<std::uint32_t>(bytes[at + i]) : 0);
        for (std::size_t i = 0; i < 4; ++i)
            text += i <= count ? letters[group >> (18 - 6 * i) & 63] : '=';
    }
    return text;
}

// All nanoseconds since 1970, of which 64 bits hold too few.
std::string nanoseconds_of(Time time) {
    constexpr std::uint32_t second = 1'000'000'000;
    bool negative = time.seconds < 0;
    std::uint64_t seconds = static_cast<std::uint64_t>(time.seconds);
    std::uint32_t rest = time.nanoseconds;
    if (negative) {
        seconds = ~seconds + (rest == 0 ? 1 : 0);  // the distance from 1970, rounded down
        rest = rest == 0 ? 0 : second - rest;
    }
    if (seconds == 0) return fmt::format("{}{}", negative ? "-" : "", rest);
    return fmt::format("{}{}{:09}", negative ? "-" : "", seconds, rest);
}

class Hasher {
public:
    Hasher(const std::shared_ptr<fs::Tree>& tree, const fs::Call& call,
           const TreeHashOptions& options, Account& account)
        : tree_(tree), call_(call), options_(options), account_(account), buffer_(piece_size) {}

    Result<void> add(const Step& step) {
        account_.begin(step.path);
        QUIRE_TRY_ASSIGN(std::string line, line_of(step));
        total_.add(line);
        total_.add("\n");
        if (options_.line) options_.line(line);
        ++result_.nodes;
        return {};
    }

    TreeHash finish() {
        result_.digest = total_.finish();
        return result_;
    }

private:
    Result<std::string> line_of(const Step& step) {
        const fs::Attributes& attributes = step.attributes;
        std::string_view path = step.path.empty() ? std::string_view(".") : step.path;
        std::uint64_t size = 0;
        std::string target;
        std::string content;
        if (attributes.type == fs::FileType::symbolic_link) {
            QUIRE_TRY_ASSIGN(target, tree_->read_link(call_, step.node));
            size = target.size();
        } else if (attributes.type == fs::FileType::regular) {
            size = attributes.size;
            result_.bytes += size;
            QUIRE_TRY_ASSIGN(content, content_of(step.node, size));
        }
        std::string line =
            fmt::format("{}\t{}\t{}\t{}\t{}", quoted(path), fs::type_letter(attributes.type), size,
                        quoted(target), content);
        if (options_.content_only) return line;
        QUIRE_TRY_ASSIGN(std::string extended, extended_of(step.node));
        line += fmt::format("\t{}\t{}\t{}\t{}\t{}\t{}\t{}", permissions_of(attributes),
                            attributes.uid, attributes.gid, nanoseconds_of(attributes.modify),
                            device_of(attributes), first_of(step, path), extended);
        return line;
    }

    static std::string permissions_of(const fs::Attributes& attributes) {
        // A symbolic link's permissions mean nothing, and archives disagree on them.
        if (attributes.type == fs::FileType::symbolic_link) return "-";
        return fmt::format("{:04o}", attributes.permissions);
    }

    static std::string device_of(const fs::Attributes& attributes) {
        if (attributes.type != fs::FileType::character_device &&
            attributes.type != fs::FileType::block_device)
            return {};
        return fmt::format("{}:{}", attributes.device.major, attributes.device.minor);
    }

    std::string first_of(const Step& step, std::string_view path) {
        if (step.attributes.type == fs::FileType::directory || step.attributes.links < 2) return {};
        if (const std::string* first = firsts_.find(*tree_, step.node->handle()))
            return quoted(*first);
        firsts_.add(*tree_, step.node->handle(), step.attributes.links, std::string(path));
        return {};
    }

    Result<std::string> extended_of(const fs::NodeReference& node) {
        QUIRE_TRY_ASSIGN(auto extended, read_extended(*tree_, call_, node));
        std::string text;
        for (const ExtendedAttribute& one : extended) {
            if (!text.empty()) text += ',';
            text += quoted(one.name) + '=' + base64(one.value);
        }
        return text;
    }

    Result<std::string> content_of(const fs::NodeReference& node, std::uint64_t size) {
        QUIRE_TRY_ASSIGN(auto file, tree_->open(call_, node, {}));
        Digest digest;
        DataRanges ranges(*file, call_, size);
        std::uint64_t done = 0;
        while (true) {
            QUIRE_TRY_ASSIGN(block::Range range, ranges.next());
            if (range.length == 0) return digest.finish();
            // Whole blocks of the file, whatever the volume's are.
            std::uint64_t at = std::max(done, range.offset / block_size * block_size);
            std::uint64_t end = std::min(
                size, (range.offset + range.length + block_size - 1) / block_size * block_size);
            while (at < end) {
                if (account_.stop()) return fail(std::errc::operation_canceled);
                std::size_t wanted =
                    static_cast<std::size_t>(std::min<std::uint64_t>(end - at, piece_size));
                std::span<std::byte> piece(buffer_.data(), wanted);
                QUIRE_TRY_ASSIGN(std::size_t got, file->read(call_, at, piece));
                if (got != wanted)
                    return fail(std::errc::io_error, "it became shorter while it was read");
                add_blocks(digest, at, piece);
                account_.bytes(got);
                at += got;
            }
            done = at;
        }
    }

    static void add_blocks(Digest& digest, std::uint64_t at, std::span<const std::byte> piece) {
        while (!piece.empty()) {
            auto block = piece.first(std::min<std::size_t>(block_size, piece.size()));
            if (!all_zero(block)) {
                digest.add(at);
                digest.add(block);
            }
            at += block.size();
            piece = piece.subspan(block.size());
        }
    }

    std::shared_ptr<fs::Tree> tree_;
    const fs::Call& call_;
    const TreeHashOptions& options_;
    Account& account_;
    Buffer buffer_;
    LinkMap<std::string> firsts_;
    Digest total_;
    TreeHash result_;
};

}  // namespace

Result<TreeHash> tree_hash(const std::shared_ptr<fs::Tree>& tree, const fs::Call& call,
                           const fs::NodeReference& start, const TreeHashOptions& options,
                           Listener& listener, Progress& progress) {
    Account account(listener, progress);
    Hasher hasher(tree, call, options, account);
    Walker walker(tree, call, start);
    while (auto step = walker.next()) {
        if (account.stop()) return fail(std::errc::operation_canceled);
        if (step->kind == Step::Kind::leave) continue;
        if (step->depth == 1 && step->name == "lost+found" && step->kind == Step::Kind::enter) {
            walker.skip_children();
            continue;
        }
        auto added = step->kind == Step::Kind::problem ? Result<void>(fail(*step->error))
                                                       : hasher.add(*step);
        if (!added) account.problem(step->path, added.error());
    }
    if (!account.summary().ok())
        return fail(std::errc::io_error, "the tree could not be read whole, so it has no hash");
    return hasher.finish();
}

}  // namespace quire::transfer
