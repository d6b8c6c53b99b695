// SPDX-License-Identifier: MIT

#include "content/names/inline_names.hpp"

#include <algorithm>
#include <cstring>

#include "content/values/body.hpp"

namespace quire::ext {

namespace {

constexpr std::size_t parent_size = 4;

}  // namespace

InlineNames::InlineNames(ext2_filsys fs, const InodeRecord& inode)
    : fs_(fs), format_(fs), parent_(inode->i_block[0]) {
    const auto area = inode.block_area().subspan(parent_size);
    first_.assign(area.begin(), area.end());
}

Result<InlineNames> InlineNames::load(ext2_filsys fs, const InodeRecord& inode) {
    InlineNames names(fs, inode);
    QUIRE_TRY_ASSIGN(names.second_, get_inline_value(inode));
    for (const auto& area : {names.first_, names.second_})
        if (const char* fault = find_fault(names.format_, area); fault != nullptr)
            return corrupt_inode(inode.number(), fault);
    return names;
}

Result<void> InlineNames::make(ext2_filsys fs, InodeRecord& inode, ext2_ino_t parent) {
    InodeRecord made = inode;
    QUIRE_TRY(set_inline_value(made, {}));
    std::ranges::fill(made.block_area(), std::byte{0});
    made->i_block[0] = parent;
    clear_records(RecordFormat(fs), made.block_area().subspan(parent_size));
    made->i_flags &= ~static_cast<__u32>(EXT4_EXTENTS_FL);
    made->i_flags |= EXT4_INLINE_DATA_FL;
    made.set_size(made.block_area().size());
    inode = std::move(made);
    return {};
}

std::optional<InlineNames::Found> InlineNames::find(std::string_view name) {
    for (std::vector<std::byte>* area : {&first_, &second_})
        if (const auto record = find_record(format_, *area, name)) return Found{*area, *record};
    return std::nullopt;
}

void InlineNames::visit(
    const std::function<bool(const Record&, std::uint64_t offset)>& visit) const {
    bool more = true;
    const auto piece = [&](const std::vector<std::byte>& area, std::uint64_t offset) {
        visit_records(format_, area, [&](const Record& record) {
            more = !record.is_used() || visit(record, offset + record.offset);
            return more;
        });
    };
    piece(first_, offset_of_first);
    if (more) piece(second_, offset_of_second);
}

Result<void> InlineNames::insert(InodeRecord& inode, std::string_view name, NameTarget target) {
    if (!insert_record(format_, first_, name, target) &&
        !insert_record(format_, second_, name, target)) {
        const std::size_t size = record_size(name.size());
        const std::size_t old = second_.size();
        second_.resize(old + size);
        write_record(format_, std::span(second_).subspan(old), size, name, target);
    }
    return store(inode);
}

Result<void> InlineNames::store(InodeRecord& inode) const {
    InodeRecord changed = inode;
    QUIRE_TRY(set_inline_value(changed, second_));
    changed->i_block[0] = parent_;
    std::ranges::copy(first_, changed.block_area().begin() + parent_size);
    changed.set_size(parent_size + first_.size() + second_.size());
    inode = std::move(changed);
    return {};
}

}  // namespace quire::ext
