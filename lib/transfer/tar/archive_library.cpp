// SPDX-License-Identifier: MIT

#include "tar/archive_library.hpp"

#include <dlfcn.h>
#include <fmt/core.h>

namespace quire::transfer {

namespace {

constexpr const char* library_name = "libarchive.so.13";

}  // namespace

void* ArchiveLibrary::open() {
    return ::dlopen(library_name, RTLD_NOW | RTLD_LOCAL);
}

void* ArchiveLibrary::find_symbol(const char* name) {
    void* const symbol = library_ == nullptr ? nullptr : ::dlsym(library_, name);
    whole_ = whole_ && symbol != nullptr;
    return symbol;
}

const ArchiveLibrary& ArchiveLibrary::get() {
    static const ArchiveLibrary library;
    return library;
}

Result<void> ArchiveLibrary::load() {
    if (get().whole_) return {};
    return fail(std::errc::operation_not_supported,
                fmt::format("archives are read by {}, which cannot be loaded", library_name));
}

}  // namespace quire::transfer
