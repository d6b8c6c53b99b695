// SPDX-License-Identifier: MIT

// Extended attributes as libext2fs reads them, until content/attributes.cpp is there.

#include <algorithm>
#include <cstring>

#include "content/attributes.hpp"
#include "errors.hpp"

namespace quire::ext {

namespace {

struct Handle {
    ext2_xattr_handle* handle = nullptr;
    ~Handle() {
        if (handle != nullptr) ext2fs_xattrs_close(&handle);
    }
};

Result<void> open(ext2_filsys fs, const InodeRecord& inode, Handle& handle) {
    QUIRE_TRY(check(ext2fs_xattrs_open(fs, inode.number(), &handle.handle), "reading attributes"));
    return check(ext2fs_xattrs_read(handle.handle), "reading attributes");
}

}  // namespace

Result<std::vector<std::byte>> get_attribute(ext2_filsys fs, const InodeRecord& inode,
                                             std::string_view name) {
    Handle handle;
    QUIRE_TRY(open(fs, inode, handle));
    void* value = nullptr;
    std::size_t size = 0;
    QUIRE_TRY(check(ext2fs_xattr_get(handle.handle, std::string(name).c_str(), &value, &size),
                    "reading an attribute"));
    const auto* bytes = static_cast<const std::byte*>(value);
    std::vector<std::byte> found(bytes, bytes + size);
    ext2fs_free_mem(&value);
    return found;
}

Result<std::vector<std::string>> list_attributes(ext2_filsys fs, const InodeRecord& inode) {
    Handle handle;
    QUIRE_TRY(open(fs, inode, handle));
    std::vector<std::string> names;
    const auto take = [](char* name, char*, std::size_t, void* into) {
        if (std::strcmp(name, "system.data") != 0)
            static_cast<std::vector<std::string>*>(into)->emplace_back(name);
        return 0;
    };
    QUIRE_TRY(check(ext2fs_xattrs_iterate(handle.handle, take, &names), "listing attributes"));
    std::ranges::sort(names);
    return names;
}

Result<void> set_attribute(Access, InodeRecord&, std::string_view, std::span<const std::byte>,
                           fs::SetAttributeMode) {
    return fail(std::errc::operation_not_supported);
}

Result<void> remove_attribute(Access, InodeRecord&, std::string_view) {
    return fail(std::errc::operation_not_supported);
}

Result<void> set_attributes(Access, InodeRecord&, std::span<const Attribute>) {
    return fail(std::errc::operation_not_supported);
}

Result<void> release_attributes(Access access, InodeRecord& inode) {
    const std::uint64_t block = inode.attribute_block();
    if (block == 0) return {};
    __u32 left = 0;
    QUIRE_TRY(
        check(ext2fs_adjust_ea_refcount3(access.fs, block, nullptr, -1, &left, inode.number()),
              "releasing attributes"));
    inode.set_attribute_block(access.fs, 0);
    QUIRE_TRY(inode.account(access.fs, -1));
    if (left == 0) access.allocator.release({block, 1}, BlockUse::metadata);
    return {};
}

}  // namespace quire::ext
