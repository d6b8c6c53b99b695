// SPDX-License-Identifier: MIT

#pragma once

#include <cstdint>
#include <string_view>

namespace quire {

/// What long work tells whoever waits for it. Amounts only add up: how often something is shown,
/// and whether at all, is the implementation's affair, so a worker may call for every run.
/// Threads: any.
class Progress {
public:
    virtual ~Progress() = default;

    /// Says what is to come, besides what was announced before. Work that can't know says nothing.
    virtual void expect(std::uint64_t bytes, std::uint64_t files) = 0;
    /// Says what is worked on now, as bytes.
    virtual void current(std::string_view name) = 0;
    /// Says what is done, besides what was done before.
    virtual void advance(std::uint64_t bytes, std::uint64_t files) = 0;
};

/// For work that nobody watches.
class NoProgress final : public Progress {
public:
    void expect(std::uint64_t, std::uint64_t) override {}
    void current(std::string_view) override {}
    void advance(std::uint64_t, std::uint64_t) override {}
};

}  // namespace quire
