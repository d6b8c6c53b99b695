// SPDX-License-Identifier: MIT

#pragma once

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <vector>

#include "quire/ipc/invocation.hpp"
#include "quire/ipc/memory.hpp"

namespace quire::testing {

/// A message as a dispatcher sees it; what it answers is forgotten.
class FuzzMessage final : public ipc::Invocation {
public:
    FuzzMessage(std::uint32_t opcode, bool one_way, std::span<const std::byte> body)
        : Invocation(opcode, one_way, ipc::Call::forever(), ipc::Decoder(body)) {}
    void reply() override { (void)out().body(); }
    void fail(Error) override {}
    void unknown() override {}
    void malformed() override {}
};

/// Gives the first message of an input to a dispatcher, and takes it off the input: the opcode
/// counted from `first` and whether it is one-way in one byte, the length of its body in units of
/// eight bytes in another, and the body. False: there is none.
template <typename I>
bool dispatch_message(I& object, std::uint32_t first, std::span<const std::uint8_t>& input) {
    if (input.size() < 2) return false;
    const std::size_t length = std::min<std::size_t>(input[1] * 8U, input.size() - 2);
    // A body begins at an aligned place, as in a real message.
    std::vector<std::byte> body(length);
    std::ranges::copy(std::as_bytes(input.subspan(2, length)), body.begin());
    FuzzMessage message(first + (input[0] & 0x3fU), (input[0] & 0x80U) != 0, body);
    ipc::Protocol<I>::dispatch(object, message);
    input = input.subspan(2 + length);
    return true;
}

/// Memory as a client offers it for a buffer.
inline ipc::Memory fuzz_buffer(std::uint64_t size) {
    UniqueFd fd(::memfd_create("fuzz", MFD_CLOEXEC | MFD_ALLOW_SEALING));
    if (::ftruncate(fd.get(), static_cast<off_t>(size)) != 0 ||
        ::fcntl(fd.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW) != 0)
        return {};
    return {std::move(fd), size, true};
}

/// Ends a fuzzer when it does not hold.
inline void fuzz_expect(bool condition) {
    if (!condition) std::abort();
}

}  // namespace quire::testing
