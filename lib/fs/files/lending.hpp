// SPDX-License-Identifier: MIT

#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>

#include "quire/base/result.hpp"
#include "quire/fs/loan.hpp"

namespace quire::fs {

/// To whom the content of a file is lent, and who keeps it from being lent.
/// Threads: any. Its lock is a leaf; borrowers are called without it.
class Lending {
public:
    /// Nobody has it on loan when this returns, nor until leave().
    void enter();
    void leave();
    /// Has what is newer elsewhere written.
    void bring_up_to_date();

    /// False: it is on loan already, or somebody has entered.
    bool begin(const std::shared_ptr<Borrower>& borrower);
    void end();

    void note_error(const Error& error);
    std::uint64_t errors() const;
    /// Of those after `seen`, which becomes their number.
    std::optional<Error> error_since(std::uint64_t& seen) const;

private:
    mutable std::mutex mutex_;
    std::condition_variable ended_;
    std::size_t entered_ = 0;
    bool lent_ = false;
    std::weak_ptr<Borrower> borrower_;
    std::uint64_t errors_ = 0;
    std::optional<Error> last_error_;
};

}  // namespace quire::fs
