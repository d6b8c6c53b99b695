// SPDX-License-Identifier: MIT

#include "change/stream.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <functional>

#include "quire/base/name.hpp"
#include "quire/transfer/content.hpp"

namespace quire::app {

namespace {

using Sink = std::function<Result<void>(std::uint64_t offset, std::span<const std::byte> bytes)>;

Result<std::uint64_t> read_all(Session& session, const Stream& stream, const Sink& sink) {
    transfer::Buffer buffer(transfer::piece_size);
    std::uint64_t offset = 0;
    session.progress().current(stream.name);
    while (true) {
        const ssize_t count = ::read(stream.fd, buffer.data(), buffer.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return fail_errno(printable(stream.name));
        if (count == 0) return offset;
        const auto length = static_cast<std::size_t>(count);
        QUIRE_TRY(sink(offset, std::span(buffer).first(length)));
        session.progress().advance(length, 0);
        offset += length;
    }
}

Result<void> write_piece(Session& session, const Stream& stream, std::span<const std::byte> bytes) {
    // What goes to standard output stands behind what was printed, and a reader that goes away is
    // the frame's to notice.
    if (!stream.owned) return session.out().write(bytes);
    while (!bytes.empty()) {
        const ssize_t count = ::write(stream.fd, bytes.data(), bytes.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return fail_errno(printable(stream.name));
        bytes = bytes.subspan(static_cast<std::size_t>(count));
    }
    return {};
}

}  // namespace

Result<std::optional<Stream>> find_stream(Session& session, const std::string& address,
                                          assembly::Access access) {
    const bool writing = access == assembly::Access::write;
    const assembly::Environment& environment = session.environment();
    if (address == "-")
        return Stream{writing ? environment.output : environment.input,
                      {},
                      writing ? "standard output" : "standard input"};
    const auto parsed = assembly::Address::parse(address);
    if (!parsed || !parsed->bare()) return std::nullopt;
    const std::string path = environment.host_path(parsed->source());
    struct stat facts{};
    if (::stat(path.c_str(), &facts) != 0) return std::nullopt;
    if (!S_ISFIFO(facts.st_mode) && !S_ISCHR(facts.st_mode) && !S_ISBLK(facts.st_mode))
        return std::nullopt;
    UniqueFd fd(::open(path.c_str(), (writing ? O_WRONLY : O_RDONLY) | O_CLOEXEC | O_NOCTTY));
    if (!fd) return fail_errno(printable(address));
    const int number = fd.get();
    return Stream{number, std::move(fd), address};
}

Result<void> write_from(Session& session, const Stream& stream, fs::OpenFile& file, bool sparse) {
    const fs::Call call = session.call();
    QUIRE_TRY_ASSIGN(
        const std::uint64_t size,
        read_all(session, stream, [&](std::uint64_t offset, std::span<const std::byte> bytes) {
            if (sparse) return transfer::write_sparsely(call, file, offset, bytes);
            return file.write_all(call, offset, bytes);
        }));
    if (sparse) return file.resize(call, size);
    return {};
}

Result<void> read_to(Session& session, fs::OpenFile& file, const Stream& stream) {
    const fs::Call call = session.call();
    transfer::Buffer buffer(transfer::piece_size);
    for (std::uint64_t offset = 0;;) {
        QUIRE_TRY_ASSIGN(const std::size_t count, file.read(call, offset, buffer));
        if (count == 0) return {};
        QUIRE_TRY(write_piece(session, stream, std::span(buffer).first(count)));
        session.progress().advance(count, 0);
        offset += count;
    }
}

Result<void> pass_on(Session& session, const Stream& from, const Stream& to) {
    QUIRE_TRY(read_all(session, from, [&](std::uint64_t, std::span<const std::byte> bytes) {
        return write_piece(session, to, bytes);
    }));
    return {};
}

}  // namespace quire::app
