// SPDX-License-Identifier: MIT

#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>

#include "kinds.hpp"
#include "quire/base/time.hpp"
#include "quire/fs/tree.hpp"
#include "quire/server/guard.hpp"

namespace quire::conformance {

/// A clock of which no two readings are the same.
class TickingClock final : public Clock {
public:
    Time now() const override {
        const std::uint32_t ticks = ++ticks_;
        return {1'700'000'000 + ticks / 1000, ticks % 1000 * 1'000'000 + 1};
    }

private:
    mutable std::atomic<std::uint32_t> ticks_ = 0;
};

/// What stands between the framework over a volume and the one that is measured.
enum class Through : std::uint8_t {
    nothing,  ///< they are one
    guard,    ///< a server::Guard of root
};

/// A volume behind the framework as a ground.
class TreeGround final : public Ground {
public:
    /// Opens the volume, at the beginning and at a remount.
    using Open = std::function<Result<std::shared_ptr<fs::Volume>>()>;
    /// Looks for damage once the volume is unmounted.
    using Check = std::function<Result<void>()>;

    [[nodiscard]] static Result<std::unique_ptr<Ground>> make(Open open, Check check,
                                                              const Traits& traits,
                                                              Through through = Through::nothing);

    const Traits& traits() const override { return traits_; }
    std::shared_ptr<Subject> subject() override;
    Result<void> remount() override;
    Result<void> finish() override;

private:
    TreeGround(Open open, Check check, const Traits& traits, Through through)
        : open_(std::move(open)), check_(std::move(check)), traits_(traits), through_(through) {}
    Result<void> mount();
    Result<void> unmount();

    Open open_;
    Check check_;
    Traits traits_;
    Through through_;
    std::shared_ptr<fs::Tree> tree_;
    std::shared_ptr<server::Guard> guard_;
    std::shared_ptr<fs::Tree> measured_;  // tree_, or the one over guard_
};

}  // namespace quire::conformance
