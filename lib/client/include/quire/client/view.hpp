// SPDX-License-Identifier: MIT

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "quire/base/units.hpp"

namespace quire::client {

struct ContextState;

/// Content of a file as it was at one moment, to be looked at where it lies: mostly in the memory of
/// its server, which uses that for nothing else as long as this lives. Otherwise, as when a context has
/// too many of these, it is a copy.
/// It may outlive its File and its Context, whose connection it keeps.
/// Threads: the bytes, any; moved and ended by that of its context. In a forked child the bytes may
/// become others.
class View {
public:
    /// Of one view, in bytes.
    static constexpr std::size_t longest = MiB;

    View(View&& other) noexcept;
    View& operator=(View&& other) noexcept;
    ~View();

    /// None at and behind the end of the file.
    std::span<const std::byte> bytes() const { return bytes_; }
    /// Whether they lie where the server has them.
    bool is_shared() const { return !words_.empty(); }

private:
    friend class File;
    friend class PagedContent;
    explicit View(std::vector<std::byte> copy);
    View(std::shared_ptr<ContextState> state, std::vector<std::size_t> words,
         std::span<const std::byte> bytes);
    void end() noexcept;

    std::shared_ptr<ContextState> state_;
    std::vector<std::size_t> words_;  // that say so, as many as there are runs
    std::vector<std::byte> copy_;
    std::span<const std::byte> bytes_;
};

}  // namespace quire::client
