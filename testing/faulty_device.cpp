// SPDX-License-Identifier: MIT

#include "quire/testing/faulty_device.hpp"

#include <algorithm>
#include <numeric>

namespace quire::testing {

namespace {

std::size_t index_of(Operation operation) {
    return static_cast<std::size_t>(operation);
}

bool touch(block::Range one, block::Range other) {
    return one.offset < other.offset + other.length && other.offset < one.offset + one.length;
}

}  // namespace

void FaultyDevice::add(Rule rule) {
    const std::lock_guard lock(mutex_);
    rules_.push_back(std::move(rule));
}

std::uint64_t FaultyDevice::total_locked() const {
    return std::accumulate(counts_.begin(), counts_.end(), std::uint64_t{0});
}

void FaultyDevice::fail_when(Predicate predicate, std::errc error) {
    add({std::move(predicate), error, {}, nullptr});
}

void FaultyDevice::fail_after(Operation operation, std::uint64_t skip, std::errc error) {
    const std::uint64_t victim = requests(operation) + skip;
    fail_when(
        [=](const Request& request) {
            return request.operation == operation && request.number == victim;
        },
        error);
}

void FaultyDevice::fail_all_after(std::uint64_t skip, std::errc error) {
    std::uint64_t first = skip;
    {
        const std::lock_guard lock(mutex_);
        first += total_locked();
    }
    fail_when([=](const Request& request) { return request.number_of_all >= first; }, error);
}

void FaultyDevice::fail_range(Operation operation, block::Range range, std::errc error) {
    fail_when(
        [=](const Request& request) {
            return request.operation == operation && touch(request.range, range);
        },
        error);
}

void FaultyDevice::tear_when(Predicate predicate, std::uint64_t kept,
                             std::optional<std::errc> error) {
    add({[fits = std::move(predicate)](const Request& request) {
             return request.operation == Operation::write && fits(request);
         },
         error, kept, nullptr});
}

void FaultyDevice::hold_when(Predicate predicate, Gate& gate) {
    add({std::move(predicate), {}, {}, &gate});
}

void FaultyDevice::heal() {
    const std::lock_guard lock(mutex_);
    rules_.clear();
}

std::uint64_t FaultyDevice::requests(Operation operation) const {
    const std::lock_guard lock(mutex_);
    return counts_[index_of(operation)];
}

std::optional<FaultyDevice::Rule> FaultyDevice::begin(Operation operation, block::Range range) {
    std::optional<Rule> found;
    {
        const std::lock_guard lock(mutex_);
        const std::uint64_t total = total_locked();
        const Request request{operation, range, counts_[index_of(operation)]++, total};
        const auto rule = std::ranges::find_if(
            rules_, [&](const Rule& candidate) { return candidate.fits(request); });
        if (rule != rules_.end()) found = *rule;
    }
    if (found && found->gate != nullptr) {
        found->gate->pass();
        return std::nullopt;
    }
    return found;
}

Result<void> FaultyDevice::allow(Operation operation, block::Range range) {
    const auto rule = begin(operation, range);
    if (rule && rule->error) return fail(*rule->error, "a fault that the test asked for");
    return {};
}

Result<void> FaultyDevice::read(std::uint64_t offset, std::span<std::byte> memory) {
    QUIRE_TRY(allow(Operation::read, {offset, memory.size()}));
    return base_->read(offset, memory);
}

Result<void> FaultyDevice::write(std::uint64_t offset, std::span<const std::byte> memory) {
    const auto rule = begin(Operation::write, {offset, memory.size()});
    if (rule && rule->kept) {
        QUIRE_TRY(block::check_range(offset, memory.size(), geometry().size));
        QUIRE_TRY(base_->write(offset,
                               memory.first(std::min<std::uint64_t>(*rule->kept, memory.size()))));
        if (!rule->error) return {};
    }
    if (rule && rule->error) return fail(*rule->error, "a fault that the test asked for");
    return base_->write(offset, memory);
}

Result<void> FaultyDevice::flush() {
    QUIRE_TRY(allow(Operation::flush, {}));
    return base_->flush();
}

Result<void> FaultyDevice::discard(block::Range range) {
    QUIRE_TRY(allow(Operation::discard, range));
    return base_->discard(range);
}

Result<void> FaultyDevice::zero(block::Range range) {
    QUIRE_TRY(allow(Operation::zero, range));
    return base_->zero(range);
}

Result<block::Range> FaultyDevice::next_data(std::uint64_t offset) {
    QUIRE_TRY(allow(Operation::next_data, {offset, 0}));
    return base_->next_data(offset);
}

Result<void> FaultyDevice::resize(std::uint64_t size) {
    QUIRE_TRY(allow(Operation::resize, {size, 0}));
    return base_->resize(size);
}

}  // namespace quire::testing
