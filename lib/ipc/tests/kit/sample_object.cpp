// SPDX-License-Identifier: MIT

#include "tests/kit/sample_object.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <utility>

namespace quire::ipc {

Result<void> World::wait(const Call& call) {
    std::unique_lock lock(mutex_);
    ++waiting_;
    changed_.notify_all();
    bool opened = false;
    if (const auto deadline = call.deadline()) {
        opened = changed_.wait_until(lock, call.token(), *deadline, [this] { return open_; });
    } else {
        opened = changed_.wait(lock, call.token(), [this] { return open_; });
    }
    --waiting_;
    if (opened) return {};
    if (call.cancelled()) ++cancelled_;
    changed_.notify_all();
    return quire::fail(call.cancelled() ? std::errc::operation_canceled : std::errc::timed_out);
}

void World::open() {
    const std::scoped_lock lock(mutex_);
    open_ = true;
    changed_.notify_all();
}

void World::wait_for_waiting(int count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return waiting_ >= count; });
}

int World::cancelled() {
    const std::scoped_lock lock(mutex_);
    return cancelled_;
}

Result<void> SampleObject::nothing(const Call&) {
    ++world_->calls;
    return {};
}

Result<std::vector<std::byte>> SampleObject::echo(const Call&, std::span<const std::byte> bytes) {
    ++world_->calls;
    return std::vector<std::byte>(bytes.begin(), bytes.end());
}

Result<Cap<Counter>> SampleObject::make_counter(const Call&, std::uint64_t value) {
    return Cap<Counter>(std::make_shared<CounterObject>(world_, value));
}

Result<std::vector<Cap<Counter>>> SampleObject::make_counters(const Call&, std::uint32_t count) {
    std::vector<Cap<Counter>> counters;
    for (std::uint32_t i = 0; i < count; ++i)
        counters.emplace_back(std::make_shared<CounterObject>(world_, i));
    return counters;
}

Result<std::uint64_t> SampleObject::ask(const Call& call, Cap<Counter> counter) {
    return counter->value(call);
}

Result<Cap<Counter>> SampleObject::read_only(const Call&, Cap<Counter> counter) {
    return Cap<Counter>(std::make_shared<ReadOnlyCounter>(world_, std::move(counter)));
}

Result<void> SampleObject::keep(const Call&, Cap<Counter> counter) {
    const std::scoped_lock lock(mutex_);
    std::swap(kept_, counter);
    return {};
}

Result<Cap<Counter>> SampleObject::kept(const Call&) {
    const std::scoped_lock lock(mutex_);
    return kept_;
}

Result<Memory> SampleObject::resize(const Call&, Memory memory, std::uint64_t size) {
    if (::ftruncate(memory.fd(), static_cast<off_t>(size)) != 0) return fail_errno();
    UniqueFd copy(::fcntl(memory.fd(), F_DUPFD_CLOEXEC, 0));
    if (!copy) return fail_errno();
    return Memory(std::move(copy), size, memory.writable());
}

Result<void> SampleObject::refuse(const Call&, std::uint32_t number, std::string_view sentence) {
    return quire::fail(static_cast<std::errc>(number), std::string(sentence));
}

Result<std::vector<std::byte>> SampleObject::few_bytes(const Call&, std::uint32_t count) {
    return std::vector<std::byte>(count, std::byte{'x'});
}

Result<std::int64_t> SampleObject::left(const Call& call) {
    const auto left = call.left();
    return left ? left->count() : -1;
}

Result<Cap<Sample>> SampleObject::again(const Call&) {
    return Cap<Sample>(shared_from_this());
}

}  // namespace quire::ipc
