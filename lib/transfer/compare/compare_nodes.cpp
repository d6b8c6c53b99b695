// SPDX-License-Identifier: MIT

#include "compare/compare_nodes.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cstring>

namespace quire::transfer {

namespace {

std::string text_of(Time time) {
    if (time.seconds >= 0 || time.nanoseconds == 0)
        return fmt::format("{}.{:09}", time.seconds, time.nanoseconds);
    // Nanoseconds count forwards, also before 1970.
    return fmt::format("-{}.{:09}", -(time.seconds + 1), 1'000'000'000 - time.nanoseconds);
}

std::string text_of(const ExtendedAttribute* attribute, std::string_view name) {
    if (!attribute) return fmt::format("no {}", printable(name));
    return fmt::format("{} of {} bytes", printable(name), attribute->value.size());
}

void drop_before(block::Range& range, std::uint64_t offset) {
    if (range.offset >= offset) return;
    std::uint64_t dropped = std::min(range.length, offset - range.offset);
    range = {range.offset + dropped, range.length - dropped};
}

}  // namespace

std::string_view name_of(Aspect aspect) {
    static constexpr std::array<std::string_view, 14> names = {
        "only-left",   "only-right", "type",  "size",     "content",   "target", "device",
        "permissions", "owner",      "group", "modified", "attribute", "links",  "holes"};
    return names[static_cast<std::size_t>(aspect)];
}

void NodeComparison::say(std::string_view path, Aspect aspect, std::string left,
                         std::string right) {
    ++differences_;
    sink_({path, aspect, std::move(left), std::move(right)});
}

Result<void> NodeComparison::compare(const Step& left, const Step& right) {
    if (left.attributes.type != right.attributes.type) {
        say(left.path, Aspect::type, std::string(fs::type_name(left.attributes.type)),
            std::string(fs::type_name(right.attributes.type)));
        return {};
    }
    if (options_.metadata) compare_attributes(left, right);
    if (options_.metadata) QUIRE_TRY(compare_extended(left, right));
    if (left.attributes.type == fs::FileType::symbolic_link) {
        QUIRE_TRY_ASSIGN(std::string left_target, left_.tree->read_link(left_.call, left.node));
        QUIRE_TRY_ASSIGN(std::string right_target, right_.tree->read_link(right_.call, right.node));
        if (left_target != right_target)
            say(left.path, Aspect::target, std::move(left_target), std::move(right_target));
    }
    if (left.attributes.type == fs::FileType::regular) QUIRE_TRY(compare_content(left, right));
    return {};
}

void NodeComparison::compare_attributes(const Step& left, const Step& right) {
    const fs::Attributes& a = left.attributes;
    const fs::Attributes& b = right.attributes;
    if (a.type != fs::FileType::symbolic_link && a.permissions != b.permissions)
        say(left.path, Aspect::permissions, fmt::format("{:04o}", a.permissions),
            fmt::format("{:04o}", b.permissions));
    if (options_.owners && a.uid != b.uid)
        say(left.path, Aspect::owner, std::to_string(a.uid), std::to_string(b.uid));
    if (options_.owners && a.gid != b.gid)
        say(left.path, Aspect::group, std::to_string(a.gid), std::to_string(b.gid));
    if (options_.times && a.modify != b.modify)
        say(left.path, Aspect::modified, text_of(a.modify), text_of(b.modify));
    bool is_device =
        a.type == fs::FileType::character_device || a.type == fs::FileType::block_device;
    if (is_device && a.device != b.device)
        say(left.path, Aspect::device, fmt::format("{}:{}", a.device.major, a.device.minor),
            fmt::format("{}:{}", b.device.major, b.device.minor));
    if (a.type != fs::FileType::directory) compare_links(left, right);
}

void NodeComparison::compare_links(const Step& left, const Step& right) {
    auto first_of = [](const Side& side, LinkMap<std::string>& firsts, const Step& step) {
        if (step.attributes.links < 2) return std::string();
        if (const std::string* first = firsts.find(*side.tree, step.node->handle())) return *first;
        firsts.add(*side.tree, step.node->handle(), step.attributes.links, std::string(step.path));
        return std::string();
    };
    std::string left_first = first_of(left_, left_firsts_, left);
    std::string right_first = first_of(right_, right_firsts_, right);
    if (left_first != right_first)
        say(left.path, Aspect::links, std::move(left_first), std::move(right_first));
}

Result<void> NodeComparison::compare_extended(const Step& left, const Step& right) {
    QUIRE_TRY_ASSIGN(auto a, read_extended(*left_.tree, left_.call, left.node));
    QUIRE_TRY_ASSIGN(auto b, read_extended(*right_.tree, right_.call, right.node));
    auto left_one = a.begin();
    auto right_one = b.begin();
    while (left_one != a.end() || right_one != b.end()) {
        bool has_left =
            left_one != a.end() && (right_one == b.end() || left_one->name <= right_one->name);
        bool has_right =
            right_one != b.end() && (left_one == a.end() || right_one->name <= left_one->name);
        const ExtendedAttribute* on_left = has_left ? &*left_one++ : nullptr;
        const ExtendedAttribute* on_right = has_right ? &*right_one++ : nullptr;
        if (on_left && on_right && *on_left == *on_right) continue;
        const std::string& name = on_left ? on_left->name : on_right->name;
        say(left.path, Aspect::attribute, text_of(on_left, name), text_of(on_right, name));
    }
    return {};
}

Result<void> NodeComparison::compare_content(const Step& left, const Step& right) {
    std::uint64_t size = left.attributes.size;
    if (size != right.attributes.size) {
        say(left.path, Aspect::size, std::to_string(size), std::to_string(right.attributes.size));
        return {};
    }
    if (!options_.content && !options_.holes) return {};
    if (left_.tree == right_.tree && left.node->handle() == right.node->handle()) return {};
    QUIRE_TRY_ASSIGN(auto left_file, left_.tree->open(left_.call, left.node, {}));
    QUIRE_TRY_ASSIGN(auto right_file, right_.tree->open(right_.call, right.node, {}));
    if (options_.content) QUIRE_TRY(compare_bytes(left.path, *left_file, *right_file, size));
    if (options_.holes) QUIRE_TRY(compare_holes(left.path, *left_file, *right_file, size));
    return {};
}

// Only where at least one side has data: what is a hole in both is the same.
Result<void> NodeComparison::compare_bytes(std::string_view path, fs::OpenFile& left,
                                           fs::OpenFile& right, std::uint64_t size) {
    left_buffer_.resize(piece_size);
    right_buffer_.resize(piece_size);
    DataRanges left_ranges(left, left_.call, size);
    DataRanges right_ranges(right, right_.call, size);
    block::Range a;
    block::Range b;
    while (true) {
        if (account_.stop()) return fail(std::errc::operation_canceled);
        if (a.length == 0) {
            QUIRE_TRY_ASSIGN(a, left_ranges.next());
        }
        if (b.length == 0) {
            QUIRE_TRY_ASSIGN(b, right_ranges.next());
        }
        if (a.length == 0 && b.length == 0) return {};
        const block::Range& first =
            b.length == 0 || (a.length != 0 && a.offset <= b.offset) ? a : b;
        std::uint64_t at = first.offset;
        std::size_t length =
            static_cast<std::size_t>(std::min<std::uint64_t>(first.length, piece_size));
        std::span<std::byte> left_piece(left_buffer_.data(), length);
        std::span<std::byte> right_piece(right_buffer_.data(), length);
        QUIRE_TRY_ASSIGN(std::size_t left_got, left.read(left_.call, at, left_piece));
        QUIRE_TRY_ASSIGN(std::size_t right_got, right.read(right_.call, at, right_piece));
        if (left_got != length || right_got != length)
            return fail(std::errc::io_error, "it became shorter while it was read");
        account_.bytes(length);
        auto [differs, other] = std::ranges::mismatch(left_piece, right_piece);
        if (differs != left_piece.end()) {
            std::string offset =
                std::to_string(at + static_cast<std::uint64_t>(differs - left_piece.begin()));
            say(path, Aspect::content, offset, offset);
            return {};
        }
        drop_before(a, at + length);
        drop_before(b, at + length);
    }
}

Result<void> NodeComparison::compare_holes(std::string_view path, fs::OpenFile& left,
                                           fs::OpenFile& right, std::uint64_t size) {
    DataRanges left_ranges(left, left_.call, size);
    DataRanges right_ranges(right, right_.call, size);
    while (true) {
        QUIRE_TRY_ASSIGN(block::Range a, left_ranges.next());
        QUIRE_TRY_ASSIGN(block::Range b, right_ranges.next());
        if (a != b) {
            auto text = [](const block::Range& range) {
                return range.length == 0
                           ? std::string("no more data")
                           : fmt::format("data at {}, {} bytes", range.offset, range.length);
            };
            say(path, Aspect::holes, text(a), text(b));
            return {};
        }
        if (a.length == 0) return {};
    }
}

}  // namespace quire::transfer
