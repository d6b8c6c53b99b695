// SPDX-License-Identifier: MIT

#pragma once

#include <cstdint>
#include <memory>
#include <mutex>

#include "quire/fs/loan.hpp"
#include "quire/fs/tree.hpp"
#include "quire/memory/write_memory.hpp"
#include "registry/provider.hpp"

namespace quire::server {

/// What one session has on loan of its file, and writes in the memory of its context.
/// Threads: any. Its lock comes before that of the write memory, and is held while content is read and
/// written.
class BorrowedContent final : public fs::Borrower,
                              public paging::LentContent,
                              public std::enable_shared_from_this<BorrowedContent> {
public:
    BorrowedContent(std::shared_ptr<fs::OpenFile> file, std::shared_ptr<Provider> provider)
        : file_(std::move(file)), provider_(std::move(provider)) {}
    ~BorrowedContent() override { give_back(); }

    /// As paging::LentPages::bring_in, of a loan that begins now if there is none.
    /// Fails besides: permission_denied (the caller may not read it); as fs::OpenFile::lend.
    Result<paging::LentPages::Where> bring_in(const fs::Call& call, paging::WriteMemory& memory,
                                              std::uint64_t position, std::uint64_t least,
                                              std::uint64_t length);

    void bring_up_to_date() override;
    void give_back() override;

    Result<std::uint64_t> size() override;
    Result<std::size_t> read(std::uint64_t position, std::span<std::byte> memory) override;
    Result<void> reserve(std::uint64_t position, std::uint64_t length) override;
    Result<void> write(std::uint64_t position, std::span<const std::byte> memory) override;

private:
    Result<void> begin(const fs::Call& call, paging::WriteMemory& memory);

    const std::shared_ptr<fs::OpenFile> file_;
    const std::shared_ptr<Provider> provider_;
    std::mutex mutex_;
    // The loan does not end before its pages are revoked, under that memory's lock.
    std::unique_ptr<fs::Loan> loan_;
    std::shared_ptr<paging::LentPages> pages_;
    bool readable_ = false;  // by who borrows it
};

}  // namespace quire::server
