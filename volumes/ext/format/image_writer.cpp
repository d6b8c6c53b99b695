// SPDX-License-Identifier: MIT

#include "quire/volumes/ext/image_writer.hpp"

#include <fmt/core.h>

#include <map>
#include <utility>
#include <vector>

#include "content/attributes.hpp"
#include "content/directory.hpp"
#include "content/mapping.hpp"
#include "errors.hpp"
#include "format/block_cursor.hpp"
#include "format/content_output.hpp"
#include "format/file_blocks.hpp"
#include "format/layout.hpp"
#include "nodes/inode_fields.hpp"
#include "quire/base/units.hpp"

namespace quire::ext {

namespace {

constexpr ext2_ino_t lost_and_found = 11;
constexpr std::uint64_t lost_and_found_bytes = 16 * KiB;
constexpr std::uint16_t most_links = 65000;
constexpr std::size_t longest_fast_link = 59;

class Writer final : public fs::ImageWriter {
public:
    static Result<std::unique_ptr<Writer>> open(std::shared_ptr<block::Device> device,
                                                const FormatOptions& options);

    Node root() const override { return EXT2_ROOT_INO; }
    Result<void> describe(Node directory, const fs::ImageNode& node) override;
    Result<Node> add(Node directory, const Name& name, const fs::ImageNode& node,
                     fs::ContentSource* content) override;
    Result<void> link(Node node, Node directory, const Name& name) override;
    Result<void> finish() override;

private:
    Writer(std::shared_ptr<block::Device> device, const FormatOptions& options)
        : device_(std::move(device)),
          target_(*device_, options.device_is_zero),
          output_(*device_) {}

    Access access() { return {fs_.get(), *cursor_}; }
    Result<InodeRecord*> find_directory(Node node);
    Result<void> make_first_directories(Time time);
    Result<void> widen_lost_and_found(InodeRecord& directory);
    Result<ext2_ino_t> take_inode(bool is_directory);
    Result<void> describe_record(InodeRecord& record, const fs::ImageNode& node);
    Result<void> fill(InodeRecord& record, const fs::ImageNode& node, fs::ContentSource* content);
    Result<void> set_target(InodeRecord& record, std::string_view target);

    std::shared_ptr<block::Device> device_;
    FormatTarget target_;
    ContentOutput output_;
    Filesystem fs_;
    std::unique_ptr<BlockCursor> cursor_;
    std::unique_ptr<Directories> directories_;
    // Directories change with each name in them, so they are written last.
    std::map<ext2_ino_t, InodeRecord> open_directories_;
    ext2_ino_t next_inode_ = lost_and_found + 1;
};

Result<std::unique_ptr<Writer>> Writer::open(std::shared_ptr<block::Device> device,
                                             const FormatOptions& options) {
    std::unique_ptr<Writer> writer(new Writer(std::move(device), options));
    QUIRE_TRY_ASSIGN(writer->fs_, open_layout(writer->target_, options));
    writer->cursor_ = std::make_unique<BlockCursor>(writer->fs_.get());
    writer->directories_ = std::make_unique<Directories>(writer->fs_.get(), *writer->cursor_);
    writer->next_inode_ = EXT2_FIRST_INODE(writer->fs_->super) + 1;
    QUIRE_TRY(writer->make_first_directories(options.time));
    return writer;
}

Result<void> Writer::make_first_directories(Time time) {
    fs::ImageNode node;
    node.type = fs::FileType::directory;
    node.access = node.modify = node.change = time;
    for (const ext2_ino_t number : {ext2_ino_t{EXT2_ROOT_INO}, lost_and_found}) {
        node.permissions = number == EXT2_ROOT_INO ? 0755 : 0700;
        ext2fs_inode_alloc_stats2(fs_.get(), number, +1, 1);
        InodeRecord& record =
            open_directories_.emplace(number, InodeRecord(fs_.get(), number)).first->second;
        QUIRE_TRY(describe_record(record, node));
        QUIRE_TRY(directories_->make_new(record, EXT2_ROOT_INO));
        record->i_links_count = 2;
    }
    InodeRecord& root_record = open_directories_.at(EXT2_ROOT_INO);
    ++root_record->i_links_count;
    QUIRE_TRY(
        directories_->insert(root_record, "lost+found", {lost_and_found, fs::FileType::directory}));
    return widen_lost_and_found(open_directories_.at(lost_and_found));
}

// Room in advance: e2fsck has nowhere else to put what it finds on a full filesystem.
Result<void> Writer::widen_lost_and_found(InodeRecord& directory) {
    const std::uint32_t size = fs_->blocksize;
    char* empty = nullptr;
    QUIRE_TRY(check(ext2fs_new_dir_block(fs_.get(), 0, 0, &empty), "making lost+found"));
    const std::unique_ptr<char, decltype([](char* memory) { ext2fs_free_mem(&memory); })> owner(
        empty);
    const std::uint64_t blocks = lost_and_found_bytes / size;
    QUIRE_TRY_ASSIGN(const auto extents, allocate(access(), directory, 1, blocks - 1));
    std::uint64_t made = 1;
    for (const Extent& extent : extents)
        for (std::uint64_t i = 0; i < extent.count; ++i, ++made)
            QUIRE_TRY(check(ext2fs_write_dir_block4(fs_.get(), extent.physical + i, empty, 0,
                                                    directory.number()),
                            "making lost+found"));
    directory.set_size(made * size);
    return {};
}

Result<InodeRecord*> Writer::find_directory(Node node) {
    const auto found = open_directories_.find(static_cast<ext2_ino_t>(node));
    if (found == open_directories_.end()) return fail(std::errc::not_a_directory);
    return &found->second;
}

Result<ext2_ino_t> Writer::take_inode(bool is_directory) {
    if (next_inode_ > fs_->super->s_inodes_count)
        return fail(std::errc::no_space_on_device, "the image has no inode left");
    ext2fs_inode_alloc_stats2(fs_.get(), next_inode_, +1, is_directory);
    return next_inode_++;
}

Result<void> Writer::describe_record(InodeRecord& record, const fs::ImageNode& node) {
    record->i_mode = static_cast<std::uint16_t>(fs::mode_bits(node.type) |
                                                (node.permissions & fs::permission_mask));
    set_uid(record, node.uid);
    set_gid(record, node.gid);
    set_time(record, Stamp::access, node.access);
    set_time(record, Stamp::modify, node.modify);
    set_time(record, Stamp::change, node.change);
    set_time(record, Stamp::birth, node.change);
    std::vector<Attribute> attributes;
    for (const fs::ExtendedAttribute& extended : node.extended)
        attributes.push_back({extended.name, extended.value});
    if (attributes.empty()) return {};
    return set_attributes(access(), record, attributes);
}

Result<void> Writer::describe(Node directory, const fs::ImageNode& node) {
    QUIRE_TRY_ASSIGN(InodeRecord* const record, find_directory(directory));
    fs::ImageNode described = node;
    described.type = fs::FileType::directory;
    return describe_record(*record, described);
}

Result<void> Writer::set_target(InodeRecord& record, std::string_view target) {
    if (target.empty() || target.size() >= fs_->blocksize)
        return fail(target.empty() ? std::errc::invalid_argument : std::errc::filename_too_long);
    const auto bytes = std::as_bytes(std::span(target));
    if (target.size() <= longest_fast_link) {
        std::ranges::copy(bytes, record.block_area().begin());
        record.set_size(target.size());
        return {};
    }
    make_empty_mapping(fs_.get(), record);
    FileBlocks blocks(access(), record, output_);
    QUIRE_TRY(blocks.append(0, bytes));
    QUIRE_TRY(blocks.finish());
    record.set_size(target.size());
    return {};
}

Result<void> Writer::fill(InodeRecord& record, const fs::ImageNode& node,
                          fs::ContentSource* content) {
    switch (node.type) {
        case fs::FileType::symbolic_link:
            return set_target(record, node.target);
        case fs::FileType::character_device:
        case fs::FileType::block_device:
            return set_device(record, node.device);
        case fs::FileType::regular:
            break;
        default:
            return {};
    }
    make_empty_mapping(fs_.get(), record);
    if (node.size > maximum_size(fs_.get(), record)) return fail(std::errc::file_too_large);
    record.set_size(node.size);
    if (content == nullptr) return {};
    FileBlocks blocks(access(), record, output_);
    for (;;) {
        QUIRE_TRY_ASSIGN(const fs::ContentPiece piece, content->next());
        if (piece.memory.empty()) break;
        if (piece.offset >= node.size) continue;
        const std::uint64_t room = node.size - piece.offset;
        QUIRE_TRY(blocks.append(
            piece.offset, piece.memory.first(std::min<std::uint64_t>(room, piece.memory.size()))));
    }
    return blocks.finish();
}

Result<fs::ImageWriter::Node> Writer::add(Node directory, const Name& name,
                                          const fs::ImageNode& node, fs::ContentSource* content) {
    QUIRE_TRY_ASSIGN(InodeRecord* const parent, find_directory(directory));
    const bool is_directory = node.type == fs::FileType::directory;
    if (directory == EXT2_ROOT_INO && name == "lost+found" && is_directory) {
        QUIRE_TRY(describe(lost_and_found, node));
        return lost_and_found;
    }
    QUIRE_TRY_ASSIGN(const ext2_ino_t number, take_inode(is_directory));
    QUIRE_TRY(directories_->insert(*parent, name.view(), {number, node.type}));

    InodeRecord record(fs_.get(), number);
    QUIRE_TRY(describe_record(record, node));
    record->i_links_count = 1;
    if (!is_directory) {
        QUIRE_TRY(fill(record, node, content));
        QUIRE_TRY(record.write(fs_.get()));
        return number;
    }
    record->i_links_count = 2;
    QUIRE_TRY(directories_->make_new(record, static_cast<ext2_ino_t>(directory)));
    // From 65000 on a directory's links are not counted (dir_nlink); 1 says so.
    if (parent->fields().i_links_count != 1) ++(*parent)->i_links_count;
    if ((*parent)->i_links_count >= most_links) {
        if (!ext2fs_has_feature_dir_nlink(fs_->super)) return fail(std::errc::too_many_links);
        (*parent)->i_links_count = 1;
    }
    open_directories_.emplace(number, std::move(record));
    return number;
}

Result<void> Writer::link(Node node, Node directory, const Name& name) {
    if (open_directories_.contains(static_cast<ext2_ino_t>(node)))
        return fail(std::errc::operation_not_permitted);
    QUIRE_TRY_ASSIGN(InodeRecord* const parent, find_directory(directory));
    QUIRE_TRY_ASSIGN(InodeRecord record,
                     InodeRecord::read(fs_.get(), static_cast<ext2_ino_t>(node)));
    if (record->i_links_count >= most_links) return fail(std::errc::too_many_links);
    QUIRE_TRY(directories_->insert(*parent, name.view(),
                                   {record.number(), fs::type_of_mode(record->i_mode)}));
    ++record->i_links_count;
    return record.write(fs_.get());
}

Result<void> Writer::finish() {
    for (const auto& [number, record] : open_directories_) QUIRE_TRY(record.write(fs_.get()));
    QUIRE_TRY(output_.flush());
    QUIRE_TRY(close_layout(fs_.get()));
    QUIRE_TRY(target_.flush());
    return device_->flush();
}

}  // namespace

Result<std::unique_ptr<fs::ImageWriter>> make_image_writer(std::shared_ptr<block::Device> device,
                                                           const FormatOptions& options) {
    QUIRE_TRY_ASSIGN(auto writer, Writer::open(std::move(device), options));
    return std::unique_ptr<fs::ImageWriter>(std::move(writer));
}

Result<void> format(block::Device& device, const FormatOptions& options) {
    // The caller's device outlives the writer, which therefore owns nothing.
    const std::shared_ptr<block::Device> borrowed(std::shared_ptr<void>(), &device);
    QUIRE_TRY_ASSIGN(const auto writer, make_image_writer(borrowed, options));
    return writer->finish();
}

}  // namespace quire::ext
