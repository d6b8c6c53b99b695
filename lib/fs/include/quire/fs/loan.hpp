// SPDX-License-Identifier: MIT

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "quire/fs/open_file.hpp"

namespace quire::fs {

/// Who has the content of a file on loan, and may have a newer one than the file.
/// Threads: any, several at once. Called without a lock, in the middle of operations of others: it
/// may use the loan, and nothing else of the tree.
class Borrower {
public:
    virtual ~Borrower() = default;

    /// Writes to the file all that was newer when this was called. The loan goes on.
    virtual void bring_up_to_date() = 0;
    /// The same, and ends the loan. Called again, and when there is none, it does nothing.
    virtual void give_back() = 0;
};

/// The content of a file while one has it to himself: whoever else wants to look at it or to change
/// it has the borrower give it back first, and who asks how long it is has it brought up to date.
/// Those who watch see one change of content and attributes from its beginning to its end.
/// Ended by the destructor, which takes back space that was reserved and not written.
/// Threads: any; reserve() one at a time.
class Loan {
public:
    ~Loan();
    Loan(const Loan&) = delete;
    Loan& operator=(const Loan&) = delete;

    /// Of the file as it is there.
    Result<std::uint64_t> size();
    Result<std::size_t> read(std::uint64_t offset, std::span<std::byte> memory);
    /// Sees to it that writing in this range finds space. Behind the end that is reserved.
    /// Fails: operation_not_supported (there is a hole, or the volume reserves nothing there),
    /// no_space_on_device, file_too_large.
    Result<void> reserve(block::Range range);
    /// Writes all of `memory`, and zeros where space was reserved between the end and there. What
    /// fails is kept for everybody who has the file open for writing: OpenFile::sync tells each of
    /// them once.
    Result<void> write_all(std::uint64_t offset, std::span<const std::byte> memory);

private:
    friend class OpenFile;
    class Time;
    explicit Loan(OpenFile& file);
    Result<void> write_here(std::uint64_t offset, std::span<const std::byte> memory);

    OpenFile& file_;
    std::unique_ptr<Time> time_;
    std::uint64_t reserved_ = 0;  // up to here
};

}  // namespace quire::fs
