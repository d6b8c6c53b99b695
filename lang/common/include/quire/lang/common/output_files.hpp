// SPDX-License-Identifier: MIT

#pragma once

#include <string>
#include <vector>

#include "quire/base/result.hpp"

namespace quire::lang {

/// What a compiler writes. Nothing appears before write(); then all texts are written beside
/// their places, and only when that has worked for every one they take their names. So a build
/// that is interrupted, or a full disk, leaves the old files or the new ones and never a half.
class OutputFiles {
public:
    /// A path that is added twice keeps the later text.
    void add(std::string path, std::string text);

    /// Makes the directories that are missing.
    /// Fails: what the host reports; no name has changed then, unless it was a rename that failed.
    /// Durable: no. Whoever loses power builds again.
    Result<void> write() const;

private:
    struct File {
        std::string path;
        std::string text;
    };
    std::vector<File> files_;
};

}  // namespace quire::lang
