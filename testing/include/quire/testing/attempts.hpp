// SPDX-License-Identifier: MIT

#pragma once

#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <concepts>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>
#include <vector>

#include "quire/ipc/invocation.hpp"
#include "quire/testing/fuzz_messages.hpp"

namespace quire::testing {

// Messages to objects through which nothing may be changed: each operation that an interface has is
// tried, with arguments that do something to who may change things.

/// What an attempt is to who may only read.
enum class Nature : std::uint8_t {
    looks,       ///< allowed, and changes nothing
    tells,       ///< the same, without an answer
    misses,      ///< the same; here there is nothing of the kind (ESTALE)
    asks,        ///< refused: the right to change something, or whether there is one
    changes,     ///< refused
    for_nobody,  ///< refused, and also to who may change things
};

using Arguments = std::function<void(ipc::Encoder&)>;

/// A message with well-formed arguments.
struct Attempt {
    std::uint32_t opcode;
    Nature nature;
    Arguments arguments = [](ipc::Encoder&) {};
    /// Whether memory comes with it, of attempt_memory bytes.
    bool brings_memory = false;
};

inline constexpr std::uint64_t attempt_memory = 8192;

/// One message, and the answer to it.
class AttemptMessage final : public ipc::Invocation {
public:
    AttemptMessage(std::uint32_t opcode, bool one_way, ipc::Decoder in)
        : Invocation(opcode, one_way, ipc::Call::forever(), std::move(in)) {}
    void reply() override { answer = std::errc(); }
    void fail(Error error) override { answer = error.code(); }
    void unknown() override { is_known = false; }
    void malformed() override { is_well_formed = false; }

    bool is_known = true;
    bool is_well_formed = true;
    std::optional<std::errc> answer;
};

/// Nothing: it was no message of this interface. What is only told succeeds.
template <typename I>
std::optional<std::errc> answer_of(I& object, const Attempt& attempt) {
    ipc::Encoder arguments;
    attempt.arguments(arguments);
    std::vector<UniqueFd> descriptors;
    if (attempt.brings_memory) {
        // The first descriptor, for reading and writing.
        arguments.put(std::uint32_t{0});
        arguments.put(std::uint32_t{3});
        arguments.put(attempt_memory);
        const ipc::Memory memory = fuzz_buffer(attempt_memory);
        descriptors.emplace_back(::fcntl(memory.fd(), F_DUPFD_CLOEXEC, 0));
    }
    const bool one_way = attempt.nature == Nature::tells;
    AttemptMessage message(attempt.opcode, one_way,
                           ipc::Decoder(arguments.body(), descriptors, nullptr));
    ipc::Protocol<I>::dispatch(object, message);
    if (one_way && message.is_known && message.is_well_formed) return std::errc();
    return message.answer;
}

/// The operations that an interface has: all that its dispatcher knows.
template <typename I>
std::set<std::uint32_t> opcodes_of(I& object) {
    std::set<std::uint32_t> known;
    for (std::uint32_t opcode = 0; opcode < 0x10000; ++opcode) {
        for (const bool one_way : {false, true}) {
            AttemptMessage message(opcode, one_way, ipc::Decoder({}));
            ipc::Protocol<I>::dispatch(object, message);
            if (message.is_known) known.insert(opcode);
        }
    }
    return known;
}

template <typename T>
void put_argument(ipc::Encoder& out, const T& value) {
    if constexpr (std::convertible_to<const T&, std::string_view>) {
        const std::string_view text = value;
        out.put_string(text, text.size());
    } else if constexpr (std::convertible_to<const T&, std::span<const std::byte>>) {
        const std::span<const std::byte> bytes = value;
        out.put_bytes(bytes, bytes.size());
    } else if constexpr (std::integral<T> || std::is_enum_v<T>) {
        out.put(value);
    } else {
        encode(out, value);
    }
}
/// Arguments, one after the other.
template <typename... T>
Arguments with(T... values) {
    return [=](ipc::Encoder& out) { (put_argument(out, values), ...); };
}

/// To who may do it.
inline std::errc usual_answer(Nature nature) {
    return nature == Nature::misses ? std::errc(ESTALE) : std::errc();
}

/// Expects that nothing is changed by what `I` has for messages, where nothing may be, and that the
/// same messages do what they are for where everything may be changed; and that there is an attempt
/// for each operation of `I`.
///
/// `reader` and `writer` make what somebody holds, and `object` of it is asked; its `seen()` is all
/// that could change, and `attempts_at` it are the messages, as many and of the same kinds whatever
/// is held.
template <typename I, typename Reader, typename Writer, typename Object, typename AttemptsAt>
void expect_unchanging(const Reader& reader, const Writer& writer, const Object& object,
                       const AttemptsAt& attempts_at) {
    const auto reads = reader();
    const std::string before = reads.seen();
    std::set<std::uint32_t> listed;
    const std::vector<Attempt> attempts = attempts_at(reads);
    for (std::size_t i = 0; i < attempts.size(); ++i) {
        const Attempt& attempt = attempts[i];
        const std::string what =
            fmt::format("{} {}, attempt {}", I::interface_name, attempt.opcode, i);
        listed.insert(attempt.opcode);
        const auto answer = answer_of<I>(object(reads), attempt);
        if (attempt.nature <= Nature::misses)
            EXPECT_EQ(answer, usual_answer(attempt.nature)) << what;
        else if (attempt.nature == Nature::for_nobody)
            EXPECT_TRUE(answer && answer != std::errc()) << what;
        else
            EXPECT_TRUE(answer == std::errc::read_only_file_system ||
                        answer == std::errc::bad_file_descriptor)
                << what;
        ASSERT_TRUE(reads.seen() == before) << what << " changed something";

        const auto writes = writer();
        const std::string at_first = writes.seen();
        const auto allowed = answer_of<I>(object(writes), attempts_at(writes).at(i));
        if (attempt.nature == Nature::for_nobody)
            EXPECT_TRUE(allowed && allowed != std::errc()) << what;
        else
            EXPECT_EQ(allowed, usual_answer(attempt.nature)) << what;
        EXPECT_EQ(writes.seen() != at_first, attempt.nature == Nature::changes) << what;
    }
    EXPECT_EQ(opcodes_of<I>(object(reads)), listed) << "every operation belongs in the list";
    EXPECT_TRUE(reads.seen() == before);
}

}  // namespace quire::testing
