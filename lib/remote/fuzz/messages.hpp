// SPDX-License-Identifier: MIT

#pragma once

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "quire/ipc/invocation.hpp"
#include "quire/ipc/memory.hpp"

namespace quire::remote::fuzz {

/// A message as a dispatcher sees it; what it answers is forgotten.
class Message final : public ipc::Invocation {
public:
    Message(std::uint32_t opcode, bool one_way, std::span<const std::byte> body)
        : Invocation(opcode, one_way, ipc::Call::forever(), ipc::Decoder(body)) {}
    void reply() override { (void)out().body(); }
    void fail(Error) override {}
    void unknown() override {}
    void malformed() override {}
};

/// Gives the messages of an input to a dispatcher, one after the other: of each, the opcode counted
/// from `first` and whether it is one-way in one byte, the length of its body in units of eight
/// bytes in another, and the body.
template <typename I>
void dispatch_all(I& object, std::uint32_t first, std::span<const std::uint8_t> input) {
    while (input.size() >= 2) {
        const std::size_t length = std::min<std::size_t>(input[1] * 8U, input.size() - 2);
        // A body begins at an aligned place, as in a real message.
        std::vector<std::byte> body(length);
        std::ranges::copy(std::as_bytes(input.subspan(2, length)), body.begin());
        Message message(first + (input[0] & 0x3fU), (input[0] & 0x80U) != 0, body);
        ipc::Protocol<I>::dispatch(object, message);
        input = input.subspan(2 + length);
    }
}

inline ipc::Memory buffer(std::uint64_t size) {
    UniqueFd fd(::memfd_create("fuzz", MFD_CLOEXEC | MFD_ALLOW_SEALING));
    if (::ftruncate(fd.get(), static_cast<off_t>(size)) != 0 ||
        ::fcntl(fd.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW) != 0)
        return {};
    return {std::move(fd), size, true};
}

inline void expect(bool condition) {
    if (!condition) __builtin_trap();
}

}  // namespace quire::remote::fuzz
