// SPDX-License-Identifier: MIT

#include "content/attributes.hpp"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <cstring>
#include <map>
#include <random>

#include "content/inline_data.hpp"
#include "content/mapping.hpp"
#include "tests/content/image.hpp"

namespace quire::ext::content_tests {
namespace {

constexpr auto no_such_attribute = static_cast<std::errc>(ENODATA);

using Bytes = std::vector<std::byte>;

Bytes bytes_of(std::string_view text) {
    const auto raw = std::as_bytes(std::span(text));
    return {raw.begin(), raw.end()};
}

std::string text_of(const Bytes& bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// An ACL in the kernel's form.
Bytes acl(std::initializer_list<std::tuple<int, int, std::uint32_t>> entries) {
    Bytes out = bytes_of(std::string_view("\2\0\0\0", 4));
    for (const auto& [tag, permissions, id] : entries) {
        std::byte raw[8];
        const auto tag16 = static_cast<std::uint16_t>(tag);
        const auto permissions16 = static_cast<std::uint16_t>(permissions);
        std::memcpy(raw, &tag16, 2);
        std::memcpy(raw + 2, &permissions16, 2);
        std::memcpy(raw + 4, &id, 4);
        out.insert(out.end(), std::begin(raw), std::end(raw));
    }
    return out;
}

constexpr std::uint32_t no_id = 0xffffffff;

class Attributes : public ::testing::TestWithParam<Format> {
protected:
    Image image{GetParam().arguments, "16M"};
    InodeRecord inode = make();

    InodeRecord make() {
        InodeRecord made = image.new_inode(file_mode);
        make_empty_mapping(image.fs(), made);
        return made;
    }
    Result<void> set(std::string_view name, std::string_view value,
                     fs::SetAttributeMode mode = fs::SetAttributeMode::either) {
        return set_attribute(image.access(), inode, name, bytes_of(value), mode);
    }
    std::string get(std::string_view name) {
        return text_of(value(get_attribute(image.fs(), inode, name)));
    }
    void finish() {
        image.name_in_root(inode, "file");
        image.expect_clean();
    }
};

TEST_P(Attributes, random_changes_agree_with_a_map) {
    for (unsigned seed = 1; seed <= 4; ++seed) {
        SCOPED_TRACE(seed);
        std::mt19937 random(seed);
        std::map<std::string, std::string> model;
        if (seed > 1) inode = make();
        constexpr std::array prefixes{"user.", "trusted.", "security.", "gnu."};
        for (int step = 0; step < 1500; ++step) {
            const std::string name =
                fmt::format("{}{}", prefixes[random() % prefixes.size()],
                            std::string(1 + random() % 3, static_cast<char>('a' + random() % 5)));
            if (random() % 3 != 0) {
                const std::string value(random() % (random() % 6 == 0 ? 700 : 40),
                                        static_cast<char>('A' + random() % 26));
                const auto done = set(name, value);
                if (done)
                    model[name] = value;
                else {
                    ASSERT_EQ(done.error(), std::errc::no_space_on_device);
                }
            } else {
                const auto done = remove_attribute(image.access(), inode, name);
                ASSERT_EQ(done.has_value(), model.erase(name) == 1);
                if (!done) {
                    ASSERT_EQ(done.error(), no_such_attribute);
                }
            }
            std::vector<std::string> names;
            for (const auto& [known, value] : model) {
                names.push_back(known);
                ASSERT_EQ(get(known), value);
            }
            ASSERT_EQ(value(list_attributes(image.fs(), inode)), names);
        }
        image.name_in_root(inode, fmt::format("file{}", seed));
        image.expect_clean();
        const std::string shown = image.debugfs(fmt::format("ea_list /file{}", seed));
        for (const auto& [known, value] : model)
            EXPECT_NE(shown.find(known), std::string::npos) << shown;
    }
}

TEST_P(Attributes, errors_are_exact) {
    EXPECT_EQ(get_attribute(image.fs(), inode, "user.none").error(), no_such_attribute);
    EXPECT_EQ(get_attribute(image.fs(), inode, "other.x").error(),
              std::errc::operation_not_supported);
    EXPECT_EQ(get_attribute(image.fs(), inode, "system.data").error(),
              std::errc::operation_not_supported);
    EXPECT_EQ(set("", "x").error(), std::errc::result_out_of_range);
    EXPECT_EQ(set("user." + std::string(251, 'x'), "x").error(), std::errc::result_out_of_range);
    EXPECT_EQ(set("user.", "x").error(), std::errc::invalid_argument);
    EXPECT_EQ(set("user.x", std::string(65537, 'x')).error(), std::errc::argument_list_too_long);
    EXPECT_EQ(set("user.x", std::string(65536, 'x')).error(), std::errc::no_space_on_device);
    EXPECT_EQ(set("user.x", "1", fs::SetAttributeMode::replace).error(), no_such_attribute);
    ASSERT_TRUE(succeeded(set("user.x", "1", fs::SetAttributeMode::create)));
    EXPECT_EQ(set("user.x", "2", fs::SetAttributeMode::create).error(), std::errc::file_exists);
    ASSERT_TRUE(succeeded(set("user.x", "3", fs::SetAttributeMode::replace)));
    EXPECT_EQ(get("user.x"), "3");
    ASSERT_TRUE(succeeded(set("user." + std::string(250, 'x'), "")));
    EXPECT_EQ(get("user." + std::string(250, 'x')), "");
    finish();
}

TEST_P(Attributes, running_out_of_space_keeps_the_old_set) {
    ASSERT_TRUE(succeeded(set("user.big", std::string(500, 'b'))));
    const auto blocks = inode->i_blocks;
    EXPECT_EQ(set("user.big", std::string(image.fs()->blocksize, 'c')).error(),
              std::errc::no_space_on_device);
    EXPECT_EQ(get("user.big"), std::string(500, 'b'));
    EXPECT_EQ(inode->i_blocks, blocks);
    ASSERT_TRUE(succeeded(remove_attribute(image.access(), inode, "user.big")));
    EXPECT_EQ(inode->i_blocks, 0u);
    image.allocator().left = 0;
    EXPECT_EQ(set("user.big", std::string(700, 'd')).error(), std::errc::no_space_on_device);
    EXPECT_EQ(get_attribute(image.fs(), inode, "user.big").error(), no_such_attribute);
    finish();
}

TEST_P(Attributes, acls_have_the_kernels_form) {
    const Bytes whole = acl({{1, 7, no_id},
                             {2, 5, 1000},
                             {2, 6, 70000},
                             {4, 5, no_id},
                             {8, 4, 20},
                             {16, 7, no_id},
                             {32, 0, no_id}});
    const auto set_acl = [&](const Bytes& value) {
        return set_attribute(image.access(), inode, "system.posix_acl_access", value);
    };
    ASSERT_TRUE(succeeded(set_acl(whole)));
    EXPECT_EQ(value(get_attribute(image.fs(), inode, "system.posix_acl_access")), whole);
    EXPECT_EQ(value(list_attributes(image.fs(), inode)),
              std::vector<std::string>{"system.posix_acl_access"});
    EXPECT_EQ(get_attribute(image.fs(), inode, "system.posix_acl_default").error(),
              no_such_attribute);
    finish();
    for (const Bytes& bad :
         {acl({{1, 7, no_id}}), acl({{1, 7, no_id}, {2, 5, 1}, {4, 5, no_id}, {32, 0, no_id}}),
          acl({{1, 8, no_id}, {4, 5, no_id}, {32, 0, no_id}}),
          acl({{4, 5, no_id}, {1, 7, no_id}, {32, 0, no_id}}),
          acl({{1, 7, no_id}, {2, 5, 9}, {2, 5, 9}, {4, 5, no_id}, {16, 1, no_id}, {32, 0, no_id}}),
          acl({{1, 7, no_id}, {4, 5, no_id}, {32, 0, no_id}, {64, 0, no_id}}), bytes_of("\1"),
          bytes_of(std::string_view("\1\0\0\0", 4))})
        EXPECT_EQ(set_acl(bad).error(), std::errc::invalid_argument);
    ASSERT_TRUE(succeeded(set_acl(acl({}))));
    EXPECT_TRUE(value(list_attributes(image.fs(), inode)).empty());
}

TEST_P(Attributes, a_shared_block_is_copied_before_it_changes) {
    ASSERT_TRUE(succeeded(set("user.big", std::string(600, 'b'))));
    const std::uint64_t shared = inode.attribute_block();
    ASSERT_NE(shared, 0u);
    InodeRecord other = make();
    other.set_attribute_block(image.fs(), shared);
    ASSERT_TRUE(succeeded(other.account(image.fs(), 1)));
    std::vector<char> block(image.fs()->blocksize);
    __u32 count = 0;
    ASSERT_EQ(
        ext2fs_adjust_ea_refcount3(image.fs(), shared, block.data(), 1, &count, inode.number()), 0);
    ASSERT_EQ(count, 2u);

    ASSERT_TRUE(succeeded(set("user.big", std::string(600, 'c'))));
    EXPECT_NE(inode.attribute_block(), shared);
    EXPECT_EQ(get("user.big"), std::string(600, 'c'));
    EXPECT_EQ(text_of(value(get_attribute(image.fs(), other, "user.big"))), std::string(600, 'b'));
    image.name_in_root(other, "other");
    finish();
    const std::uint64_t used = ext2fs_free_blocks_count(image.fs()->super);
    ASSERT_TRUE(succeeded(release_attributes(image.access(), other)));
    EXPECT_EQ(ext2fs_free_blocks_count(image.fs()->super), used + 1);
    EXPECT_EQ(other->i_blocks, 0u);
}

TEST_P(Attributes, many_at_once_are_as_one_by_one) {
    const std::vector<Attribute> all{{"user.a", bytes_of("1")},
                                     {"security.b", Bytes(300)},
                                     {"trusted.c", bytes_of("three")},
                                     {"user.a", bytes_of("2")}};
    ASSERT_TRUE(succeeded(set_attributes(image.access(), inode, all)));
    EXPECT_EQ(get("user.a"), "2");
    EXPECT_EQ(value(list_attributes(image.fs(), inode)),
              (std::vector<std::string>{"security.b", "trusted.c", "user.a"}));
    finish();
}

TEST_P(Attributes, damaged_ones_are_errors) {
    ASSERT_TRUE(succeeded(set("user.small", "value")));
    ASSERT_TRUE(succeeded(set("user.big", std::string(700, 'b'))));
    image.save();
    const InodeRecord sound = inode;
    Bytes block(image.fs()->blocksize);
    const std::uint64_t number = inode.attribute_block();
    ASSERT_EQ(io_channel_read_blk64(image.fs()->io, number, 1, block.data()), 0);
    std::mt19937 random(3);
    image.fs()->flags |= EXT2_FLAG_IGNORE_CSUM_ERRORS;
    for (int i = 0; i < 3000; ++i) {
        inode = sound;
        Bytes damaged = block;
        for (unsigned n = 1 + random() % 4; n > 0; --n) {
            const auto area = inode.attribute_area();
            if (!area.empty() && random() % 2 == 0)
                area[random() % area.size()] = static_cast<std::byte>(random());
            else
                damaged[random() % (random() % 2 == 0 ? 80 : damaged.size())] =
                    static_cast<std::byte>(random());
        }
        ASSERT_EQ(io_channel_write_blk64(image.fs()->io, number, 1, damaged.data()), 0);
        (void)list_attributes(image.fs(), inode);
        (void)get_attribute(image.fs(), inode, "user.small");
        (void)get_attribute(image.fs(), inode, "user.big");
        (void)set("user.more", "x");
        (void)release_attributes(image.access(), inode);
    }
}

INSTANTIATE_TEST_SUITE_P(
    Formats, Attributes,
    ::testing::Values(Format{"ext2_1k_128", "-t ext2 -b 1024 -I 128"},
                      Format{"ext4_1k", "-t ext4 -b 1024"}, Format{"ext4_4k", "-t ext4 -b 4096"},
                      Format{"ext4_csum_512", "-t ext4 -b 1024 -I 512 -O metadata_csum,64bit"}),
    [](const auto& parameter) { return parameter.param.name; });

/// libext2fs makes the value's own inode; we read it and let go of it.
TEST(LargeValues, are_read_and_freed) {
    Image image("-t ext4 -b 1024 -O ea_inode", "16M");
    InodeRecord inode = image.new_inode(file_mode);
    make_empty_mapping(image.fs(), inode);
    image.name_in_root(inode, "file");
    const std::uint32_t inodes_free = image.fs()->super->s_free_inodes_count;
    const std::string large(5000, 'v');
    struct ext2_xattr_handle* handle = nullptr;
    ASSERT_EQ(ext2fs_xattrs_open(image.fs(), inode.number(), &handle), 0);
    ASSERT_EQ(ext2fs_xattr_set(handle, "user.large", large.data(), large.size()), 0);
    ASSERT_EQ(ext2fs_xattr_set(handle, "user.more", large.data(), large.size()), 0);
    ASSERT_EQ(ext2fs_xattrs_close(&handle), 0);
    EXPECT_LT(image.fs()->super->s_free_inodes_count, inodes_free);

    inode = value(InodeRecord::read(image.fs(), inode.number()));
    EXPECT_EQ(text_of(value(get_attribute(image.fs(), inode, "user.large"))), large);
    // The kernel charges both values to the file, the library forgets it.
    ASSERT_TRUE(succeeded(inode.account(image.fs(), 10)));
    ASSERT_TRUE(succeeded(inode.write(image.fs())));
    image.expect_clean();
    ASSERT_TRUE(succeeded(set_attribute(image.access(), inode, "user.large", bytes_of("small"))));
    EXPECT_EQ(text_of(value(get_attribute(image.fs(), inode, "user.more"))), large);
    ASSERT_TRUE(succeeded(inode.write(image.fs())));
    image.expect_clean();
    ASSERT_TRUE(succeeded(release_attributes(image.access(), inode)));
    EXPECT_EQ(image.fs()->super->s_free_inodes_count, inodes_free);
    ASSERT_TRUE(succeeded(inode.write(image.fs())));
    image.expect_clean();
}

TEST(InlineData, grows_in_the_inode_and_moves_out) {
    Image image("-t ext4 -b 1024 -I 256 -O inline_data,metadata_csum", "16M");
    InodeRecord inode = image.new_inode(file_mode);
    const std::size_t capacity = inline_capacity(image.fs(), inode);
    EXPECT_GT(capacity, 100u);
    for (std::size_t size :
         {std::size_t{0}, std::size_t{1}, std::size_t{60}, std::size_t{61}, capacity}) {
        const Bytes data(size, std::byte{0x5a});
        ASSERT_TRUE(succeeded(write_inline_data(image.fs(), inode, data)));
        EXPECT_EQ(value(read_inline_data(image.fs(), inode)), data);
    }
    EXPECT_EQ(write_inline_data(image.fs(), inode, Bytes(capacity + 1)).error(),
              std::errc::no_space_on_device);
    EXPECT_TRUE(value(list_attributes(image.fs(), inode)).empty());
    // What does not fit beside the data goes into a block.
    ASSERT_TRUE(succeeded(set_attribute(image.access(), inode, "user.x", Bytes(50))));
    EXPECT_NE(inode.attribute_block(), 0u);
    EXPECT_EQ(value(read_inline_data(image.fs(), inode)), Bytes(capacity, std::byte{0x5a}));
    image.name_in_root(inode, "inline");
    image.expect_clean();
    EXPECT_EQ(image.debugfs("cat /inline"), std::string(capacity, 'Z'));

    EXPECT_EQ(value(take_inline_data(image.fs(), inode)), Bytes(capacity, std::byte{0x5a}));
    EXPECT_FALSE(inode.is_inline());
    EXPECT_EQ(value(map(image.fs(), inode, 0, 5)).front().count, 5u);
    ASSERT_TRUE(succeeded(inode.write(image.fs())));
    image.expect_clean();
}

}  // namespace
}  // namespace quire::ext::content_tests
