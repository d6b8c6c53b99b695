// SPDX-License-Identifier: MIT

#include "buffers/transfer.hpp"

#include <algorithm>
#include <cstring>
#include <optional>

namespace quire::client {

namespace {

using Part = TransferBuffer::Part;

std::optional<Part> part_for(ContextState& state, std::size_t bytes) {
    if (bytes <= protocols::content_limit) return std::nullopt;
    return state.buffer.part();
}

Result<std::size_t> read_by_message(ContextState& state, protocols::File& file,
                                    std::uint64_t position, std::span<std::byte> memory) {
    QUIRE_TRY_ASSIGN(const std::vector<std::byte> content,
                     file.read(state.call(), position, static_cast<std::uint32_t>(memory.size())));
    if (content.size() > memory.size()) return senseless("more content than was asked for");
    std::ranges::copy(content, memory.begin());
    return content.size();
}

Result<std::size_t> read_through(ContextState& state, const Part& part, protocols::File& file,
                                 std::uint64_t position, std::span<std::byte> memory) {
    QUIRE_TRY_ASSIGN(const std::uint64_t read, file.read_to(state.call().lending(part.held),
                                                            position, part.offset, memory.size()));
    if (read > memory.size()) return senseless("more content than was asked for");
    std::memcpy(memory.data(), part.bytes.data(), read);
    return read;
}

Result<std::uint64_t> write_through(ContextState& state, const Part& part, protocols::File& file,
                                    std::uint64_t position, std::span<const std::byte> memory) {
    std::memcpy(part.bytes.data(), memory.data(), memory.size());
    QUIRE_TRY_ASSIGN(const auto written, file.write_from(state.call().lending(part.held), position,
                                                         part.offset, memory.size()));
    return written.position_after;
}

Result<std::uint64_t> write_by_message(ContextState& state, protocols::File& file,
                                       std::uint64_t position, std::span<const std::byte> memory) {
    QUIRE_TRY_ASSIGN(const auto written, file.write(state.call(), position, memory));
    return written.position_after;
}

}  // namespace

Result<std::size_t> transfer_in(ContextState& state, protocols::File& file, std::uint64_t position,
                                std::span<std::byte> memory) {
    std::size_t done = 0;
    while (done < memory.size()) {
        const std::size_t left = memory.size() - done;
        const auto part = part_for(state, left);
        const std::size_t most = part ? part->bytes.size() : protocols::content_limit;
        const auto step = memory.subspan(done, std::min(left, most));
        QUIRE_TRY_ASSIGN(const std::size_t got,
                         part ? read_through(state, *part, file, position + done, step)
                              : read_by_message(state, file, position + done, step));
        done += got;
        if (got < step.size()) break;
    }
    return done;
}

Result<std::uint64_t> transfer_out(ContextState& state, protocols::File& file,
                                   std::uint64_t position, std::span<const std::byte> memory,
                                   bool append) {
    std::size_t done = 0;
    std::uint64_t end = position;
    while (done < memory.size()) {
        const std::size_t left = memory.size() - done;
        const auto part = part_for(state, left);
        const std::size_t most = part ? part->bytes.size() : protocols::content_limit;
        const auto step = memory.subspan(done, std::min(left, most));
        QUIRE_TRY_ASSIGN(end, part ? write_through(state, *part, file, position + done, step)
                                   : write_by_message(state, file, position + done, step));
        done += step.size();
        if (append ? end < step.size() : end != position + done)
            return senseless("a write ended elsewhere");
    }
    return end;
}

}  // namespace quire::client
