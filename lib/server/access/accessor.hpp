// SPDX-License-Identifier: MIT

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "quire/fs/tree.hpp"
#include "quire/ipc/call.hpp"
#include "registry/provider.hpp"

namespace quire::server {

/// Moves data between a file and whoever has it open: in steps, so that who gives up in the middle
/// of much does not keep a worker.
/// Fails (every operation): as fs::OpenFile; operation_canceled.
/// Threads: any.
class Accessor {
public:
    struct Written {
        std::uint64_t end = 0;   ///< the position after what was written
        std::uint64_t size = 0;  ///< of the file
    };
    /// Whether somebody else may change memory while it is being used.
    enum class Source : bool { ours, shared };

    Accessor(std::shared_ptr<fs::OpenFile> file, std::shared_ptr<Provider> provider, bool append)
        : file_(std::move(file)), provider_(std::move(provider)), append_(append) {}

    fs::OpenFile& file() const { return *file_; }
    const std::shared_ptr<fs::OpenFile>& shared_file() const { return file_; }
    const std::shared_ptr<Provider>& shared_provider() const { return provider_; }
    bool appends() const { return append_; }

    /// Fewer bytes only at the end of the file. Fails: invalid_argument (a position that no file
    /// has).
    Result<std::size_t> read(const fs::Call& call, const ipc::Call& caller, std::uint64_t position,
                             std::span<std::byte> memory) const;
    /// All of it, where the file is open for appending at its end. Tells of the change.
    Result<Written> write(const fs::Call& call, const ipc::Call& caller, std::uint64_t position,
                          std::span<const std::byte> memory, Source source) const;
    Result<void> resize(const fs::Call& call, std::uint64_t size) const;
    /// As fs::OpenFile::grow.
    Result<void> grow(const fs::Call& call, std::uint64_t size) const;

private:
    std::shared_ptr<fs::OpenFile> file_;
    std::shared_ptr<Provider> provider_;
    bool append_;
};

}  // namespace quire::server
