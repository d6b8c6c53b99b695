// SPDX-License-Identifier: MIT

#pragma once

#include <memory>
#include <string>

#include "quire/base/result.hpp"
#include "quire/base/unique_fd.hpp"
#include "quire/block/file_device.hpp"

namespace quire::app {

/// A host file that appears under its name only when it is complete: until publish() it has no
/// name at all (O_TMPFILE) or, where the host's filesystem can't do that, a hidden one beside it.
class NewFile {
public:
    enum class Existing : bool { refuse, replace };

    /// Fails: file_exists (and not to be replaced), is_a_directory, invalid_argument (there is
    /// something that is no regular file), and what the host reports.
    static Result<std::unique_ptr<NewFile>> open(const std::string& path, Existing existing);
    /// Without publish() nothing is left behind.
    ~NewFile();
    NewFile(const NewFile&) = delete;
    NewFile& operator=(const NewFile&) = delete;

    const std::shared_ptr<block::FileDevice>& device() const { return device_; }

    /// Gives the file its name, in place of what had it. Needs: the content is flushed.
    /// Durable: on return.
    Result<void> publish();

private:
    NewFile(std::string path, Existing existing) : path_(std::move(path)), existing_(existing) {}

    std::string directory() const;
    Result<void> name_beside();

    std::string path_;
    Existing existing_;
    std::string beside_;  // the hidden name, while there is one
    std::shared_ptr<block::FileDevice> device_;
    UniqueFd fd_;
};

}  // namespace quire::app
