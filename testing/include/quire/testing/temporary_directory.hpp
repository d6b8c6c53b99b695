// SPDX-License-Identifier: MIT

#pragma once

#include <filesystem>
#include <string_view>

namespace quire::testing {

/// A new empty directory under $TMPDIR (or /tmp) that goes, with all it holds, at the end of its
/// life.
class TemporaryDirectory {
public:
    TemporaryDirectory();
    TemporaryDirectory(const TemporaryDirectory&) = delete;
    TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
    ~TemporaryDirectory();

    const std::filesystem::path& path() const { return path_; }
    std::filesystem::path operator/(std::string_view name) const { return path_ / name; }

private:
    std::filesystem::path path_;
};

}  // namespace quire::testing
