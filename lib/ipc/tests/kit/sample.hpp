// SPDX-License-Identifier: MIT

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "quire/base/result.hpp"
#include "quire/ipc/generated.hpp"

namespace quire::ipc {

// Interfaces as the interface compiler would write them, by hand: tests of this room must not need
// the compiler, whose own tests need this room.

/// interface Counter { [opcode(101)] value(out uint64); [opcode(102), oneway] add(in uint64); }
class Counter : public virtual Interface {
public:
    static constexpr std::string_view interface_name = "Counter";
    virtual Result<std::uint64_t> value(const Call& call) = 0;
    virtual void add(const Call& call, std::uint64_t amount) = 0;
};

/// What a capability is asked for, and what can be done with one.
class Sample : public virtual Interface {
public:
    static constexpr std::string_view interface_name = "Sample";
    static constexpr std::size_t max_bytes = 65000;
    static constexpr std::size_t max_list = 16;

    /// opcode 1
    virtual Result<void> nothing(const Call& call) = 0;
    /// opcode 2: bytes<max_bytes> in and out
    virtual Result<std::vector<std::byte>> echo(const Call& call,
                                                std::span<const std::byte> bytes) = 0;
    /// opcode 3: returns when the object lets it
    virtual Result<void> wait(const Call& call) = 0;
    /// opcode 4
    virtual Result<Cap<Counter>> make_counter(const Call& call, std::uint64_t value) = 0;
    /// opcode 5: list<cap<Counter>, max_list>
    virtual Result<std::vector<Cap<Counter>>> make_counters(const Call& call,
                                                            std::uint32_t count) = 0;
    /// opcode 6: the value of a counter, as the object sees it
    virtual Result<std::uint64_t> ask(const Call& call, Cap<Counter> counter) = 0;
    /// opcode 7
    virtual Result<void> keep(const Call& call, Cap<Counter> optional_counter) = 0;
    /// opcode 8
    virtual Result<Cap<Counter>> kept(const Call& call) = 0;
    /// opcode 9: the same object at another size
    virtual Result<Memory> resize(const Call& call, Memory memory, std::uint64_t size) = 0;
    /// opcode 10: string<100>
    virtual Result<void> refuse(const Call& call, std::uint32_t number,
                                std::string_view sentence) = 0;
    /// opcode 11: bytes<8>, of which the object may return too many
    virtual Result<std::vector<std::byte>> few_bytes(const Call& call, std::uint32_t count) = 0;
    /// opcode 12: nanoseconds that are left, -1 for ever
    virtual Result<std::int64_t> left(const Call& call) = 0;
    /// opcode 14: a counter that can only be read
    virtual Result<Cap<Counter>> read_only(const Call& call, Cap<Counter> counter) = 0;
    /// opcode 13: itself
    virtual Result<Cap<Sample>> again(const Call& call) = 0;
};

/// interface Both composes Counter, Sample;
class Both : public virtual Counter, public virtual Sample {
public:
    static constexpr std::string_view interface_name = "Both";
};

template <>
struct Protocol<Counter> {
    static std::shared_ptr<Counter> proxy(RemoteObject);
    static void dispatch(Counter&, Invocation&);
};
template <>
struct Protocol<Sample> {
    static std::shared_ptr<Sample> proxy(RemoteObject);
    static void dispatch(Sample&, Invocation&);
};
template <>
struct Protocol<Both> {
    static std::shared_ptr<Both> proxy(RemoteObject);
    static void dispatch(Both&, Invocation&);
};

}  // namespace quire::ipc
