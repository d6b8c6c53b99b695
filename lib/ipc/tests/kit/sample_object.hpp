// SPDX-License-Identifier: MIT

#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>

#include "tests/kit/sample.hpp"

namespace quire::ipc {

/// What the objects of a test have in common: how many there are, and whether those who wait may go.
class World {
public:
    std::atomic<int> counters = 0;
    std::atomic<int> calls = 0;

    /// Waits until the test opens, or the call is cancelled or out of time.
    Result<void> wait(const Call& call);
    void open();
    /// Waits until so many calls are waiting.
    void wait_for_waiting(int count);
    /// Calls whose wait was ended by their cancellation.
    int cancelled();

private:
    std::mutex mutex_;
    std::condition_variable_any changed_;
    int waiting_ = 0;
    int cancelled_ = 0;
    bool open_ = false;
};

class CounterObject : public virtual Counter {
public:
    CounterObject(std::shared_ptr<World> world, std::uint64_t value)
        : world_(std::move(world)), value_(value) {
        ++world_->counters;
    }
    ~CounterObject() override { --world_->counters; }

    Result<std::uint64_t> value(const Call&) override { return value_.load(); }
    void add(const Call&, std::uint64_t amount) override { value_ += amount; }

private:
    std::shared_ptr<World> world_;
    std::atomic<std::uint64_t> value_;
};

/// Another counter's value, and no way to change it.
class ReadOnlyCounter final : public Counter {
public:
    ReadOnlyCounter(std::shared_ptr<World> world, Cap<Counter> counter)
        : world_(std::move(world)), counter_(std::move(counter)) {
        ++world_->counters;
    }
    ~ReadOnlyCounter() override { --world_->counters; }

    Result<std::uint64_t> value(const Call& call) override { return counter_->value(call); }
    void add(const Call&, std::uint64_t) override {}

private:
    std::shared_ptr<World> world_;
    Cap<Counter> counter_;
};

class SampleObject : public virtual Sample, public std::enable_shared_from_this<SampleObject> {
public:
    explicit SampleObject(std::shared_ptr<World> world) : world_(std::move(world)) {}

    Result<void> nothing(const Call&) override;
    Result<std::vector<std::byte>> echo(const Call&, std::span<const std::byte> bytes) override;
    Result<void> wait(const Call& call) override { return world_->wait(call); }
    Result<Cap<Counter>> make_counter(const Call&, std::uint64_t value) override;
    Result<std::vector<Cap<Counter>>> make_counters(const Call&, std::uint32_t count) override;
    Result<std::uint64_t> ask(const Call& call, Cap<Counter> counter) override;
    Result<Cap<Counter>> read_only(const Call&, Cap<Counter> counter) override;
    Result<void> keep(const Call&, Cap<Counter> counter) override;
    Result<Cap<Counter>> kept(const Call&) override;
    Result<Memory> resize(const Call&, Memory memory, std::uint64_t size) override;
    Result<void> refuse(const Call&, std::uint32_t number, std::string_view sentence) override;
    Result<std::vector<std::byte>> few_bytes(const Call&, std::uint32_t count) override;
    Result<std::int64_t> left(const Call& call) override;
    Result<Cap<Sample>> again(const Call&) override;

private:
    std::shared_ptr<World> world_;
    std::mutex mutex_;
    Cap<Counter> kept_;
};

/// One object that is both.
class BothObject final : public Both, public CounterObject, public SampleObject {
public:
    explicit BothObject(const std::shared_ptr<World>& world)
        : CounterObject(world, 7), SampleObject(world) {}
};

}  // namespace quire::ipc
