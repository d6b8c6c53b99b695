// SPDX-License-Identifier: MIT

#include "quire/testing/crash_states.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <random>

#include "crash_plan.hpp"
#include "quire/testing/overlay_device.hpp"

namespace quire::testing {

namespace {

using Kind = CrashPlan::Kind;

/// Applies a part of a change: the bytes [from, to) of it.
Result<void> apply(block::Device& device, const Record& record, std::uint64_t from,
                   std::uint64_t to) {
    if (record.kind != Record::Kind::write)
        return device.zero({record.range.offset + from, to - from});
    return device.write(record.range.offset + from,
                        std::span(record.bytes).subspan(from, to - from));
}

Result<void> apply(block::Device& device, const Record& record) {
    return apply(device, record, 0, record.range.length);
}

/// Goes through a log, epoch by epoch, keeping the image at the beginning of the epoch and the one
/// before the next change.
class Traveller {
public:
    Traveller(std::shared_ptr<block::Device> base, std::span<const Record> log,
              const CrashOptions& options)
        : log_(log),
          options_(options),
          epochs_(split_epochs(log)),
          flushed_(std::make_shared<OverlayDevice>(base)),
          prefix_(std::make_shared<OverlayDevice>(std::move(base))) {
        for (std::size_t index = 0; index < log.size(); ++index) {
            if (log[index].kind != Record::Kind::mark) continue;
            marks_.push_back(log[index].name);
            mark_positions_.push_back(index);
        }
    }

    Result<void> run(const std::function<bool(const CrashState&)>& visit) {
        const auto plans = plan_crash_states(log_, epochs_, options_);
        for (std::size_t number = 0; number < plans.size(); ++number) {
            if (options_.only ? *options_.only != number
                              : number % options_.shards != options_.shard)
                continue;
            const CrashPlan& plan = plans[number];
            QUIRE_TRY(travel_to(plan));
            const bool on_prefix = plan.kind == Kind::prefix || plan.kind == Kind::torn;
            OverlayDevice device(on_prefix ? prefix_ : flushed_);
            QUIRE_TRY(build(plan, device));
            const std::size_t position = position_of(plan);
            const auto passed = std::ranges::lower_bound(mark_positions_, position);
            const std::span<const std::string> marks(
                marks_.data(), static_cast<std::size_t>(passed - mark_positions_.begin()));
            if (!visit({number, name_of(plan), position, marks, device})) break;
        }
        return {};
    }

private:
    const Record& change(const CrashPlan& plan, std::size_t index) const {
        return log_[epochs_[plan.epoch].changes[index]];
    }

    Result<void> travel_to(const CrashPlan& plan) {
        for (; epoch_ < plan.epoch; ++epoch_) {
            const Epoch& epoch = epochs_[epoch_];
            for (const std::size_t index : epoch.changes) QUIRE_TRY(apply(*flushed_, log_[index]));
            for (; change_ < epoch.changes.size(); ++change_)
                QUIRE_TRY(apply(*prefix_, log_[epoch.changes[change_]]));
            change_ = 0;
        }
        if (plan.kind == Kind::prefix || plan.kind == Kind::torn) {
            for (; change_ < plan.change; ++change_)
                QUIRE_TRY(apply(*prefix_, change(plan, change_)));
        }
        return {};
    }

    Result<void> build(const CrashPlan& plan, block::Device& device) const {
        const std::size_t count = epochs_[plan.epoch].changes.size();
        switch (plan.kind) {
            case Kind::prefix:
                return {};
            case Kind::torn:
                return apply(device, change(plan, plan.change), 0, plan.detail);
            case Kind::without:
                for (std::size_t index = 0; index < count; ++index)
                    if (index != plan.change) QUIRE_TRY(apply(device, change(plan, index)));
                return {};
            case Kind::alone:
                return apply(device, change(plan, plan.change));
            case Kind::sample:
                return build_sample(plan, device);
        }
        return {};
    }

    Result<void> build_sample(const CrashPlan& plan, block::Device& device) const {
        std::mt19937_64 random(plan.detail);
        // Few, half or most of the changes, each whole or, one time in four, with holes.
        const std::uint64_t percent = std::array{15, 50, 85}[random() % 3];
        for (std::size_t index = 0; index < plan.change; ++index) {
            if (random() % 100 >= percent) continue;
            const Record& record = change(plan, index);
            if (random() % 4 != 0) {
                QUIRE_TRY(apply(device, record));
                continue;
            }
            for (std::uint64_t at = 0; at < record.range.length;) {
                const std::uint64_t inside = (record.range.offset + at) % options_.sector;
                const std::uint64_t end =
                    std::min(record.range.length, at + options_.sector - inside);
                if (random() % 100 < percent) QUIRE_TRY(apply(device, record, at, end));
                at = end;
            }
        }
        return {};
    }

    /// The crash came as late as it can have come with this image: no record between it and the
    /// position changes anything, and the marks between them count.
    std::size_t position_of(const CrashPlan& plan) const {
        const Epoch& epoch = epochs_[plan.epoch];
        switch (plan.kind) {
            case Kind::prefix:
                return plan.change < epoch.changes.size() ? epoch.changes[plan.change]
                                                          : log_.size();
            case Kind::torn:
                return epoch.changes[plan.change] + 1;
            case Kind::without:
            case Kind::alone:
                return epoch.end;
            case Kind::sample:
                return plan.change < epoch.changes.size() ? epoch.changes[plan.change] : epoch.end;
        }
        return 0;
    }

    std::string name_of(const CrashPlan& plan) const {
        const Epoch& epoch = epochs_[plan.epoch];
        switch (plan.kind) {
            case Kind::prefix:
                return fmt::format("everything before record {}", position_of(plan));
            case Kind::torn:
                return fmt::format("record {} torn after {} bytes", epoch.changes[plan.change],
                                   plan.detail);
            case Kind::without:
                return fmt::format("epoch {} without record {}", plan.epoch,
                                   epoch.changes[plan.change]);
            case Kind::alone:
                return fmt::format("of epoch {} only record {}", plan.epoch,
                                   epoch.changes[plan.change]);
            case Kind::sample:
                return fmt::format("of epoch {} a random part of its first {} changes", plan.epoch,
                                   plan.change);
        }
        return {};
    }

    std::span<const Record> log_;
    const CrashOptions& options_;
    std::vector<Epoch> epochs_;
    std::vector<std::string> marks_;
    std::vector<std::size_t> mark_positions_;

    /// All epochs before epoch_.
    std::shared_ptr<OverlayDevice> flushed_;
    /// The same, and the first change_ changes of epoch_.
    std::shared_ptr<OverlayDevice> prefix_;
    std::size_t epoch_ = 0;
    std::size_t change_ = 0;
};

}  // namespace

std::size_t count_crash_states(std::span<const Record> log, const CrashOptions& options) {
    return plan_crash_states(log, split_epochs(log), options).size();
}

Result<void> visit_crash_states(std::shared_ptr<block::Device> base, std::span<const Record> log,
                                const CrashOptions& options,
                                const std::function<bool(const CrashState&)>& visit) {
    return Traveller(std::move(base), log, options).run(visit);
}

}  // namespace quire::testing
