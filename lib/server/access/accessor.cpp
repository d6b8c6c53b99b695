// SPDX-License-Identifier: MIT

#include "access/accessor.hpp"

#include <algorithm>
#include <limits>
#include <vector>

#include "quire/base/units.hpp"

namespace quire::server {

namespace {

constexpr std::size_t step_size = MiB;
constexpr std::uint64_t largest_position = std::numeric_limits<std::int64_t>::max();

Result<void> still_wanted(const ipc::Call& caller) {
    if (caller.cancelled()) return fail(std::errc::operation_canceled);
    return {};
}

template <typename Put>
Result<void> in_steps(const ipc::Call& caller, std::span<const std::byte> memory,
                      Accessor::Source source, Put&& put) {
    std::vector<std::byte> copy;
    for (std::size_t done = 0; done < memory.size();) {
        QUIRE_TRY(still_wanted(caller));
        auto step = memory.subspan(done, std::min(memory.size() - done, step_size));
        if (source == Accessor::Source::shared) {
            copy.assign(step.begin(), step.end());
            step = copy;
        }
        QUIRE_TRY(put(done, step));
        done += step.size();
    }
    return {};
}

}  // namespace

Result<std::size_t> Accessor::read(const fs::Call& call, const ipc::Call& caller,
                                   std::uint64_t position, std::span<std::byte> memory) const {
    if (position > largest_position) return fail(std::errc::invalid_argument);
    std::size_t done = 0;
    while (done < memory.size()) {
        QUIRE_TRY(still_wanted(caller));
        const auto step = memory.subspan(done, std::min(memory.size() - done, step_size));
        QUIRE_TRY_ASSIGN(const std::size_t got, file_->read(call, position + done, step));
        done += got;
        if (got < step.size()) break;
    }
    return done;
}

Result<Accessor::Written> Accessor::write(const fs::Call& call, const ipc::Call& caller,
                                          std::uint64_t position, std::span<const std::byte> memory,
                                          Source source) const {
    if (!file_->mode().write) return fail(std::errc::bad_file_descriptor);
    const auto write_to = [&](std::uint64_t place, auto&& put) -> Result<Written> {
        if (memory.size() > largest_position || place > largest_position - memory.size())
            return fail(std::errc::file_too_large);
        if (!memory.empty()) {
            const auto written = in_steps(caller, memory, source, put);
            // Of what failed in the middle, some is there.
            provider_->tell(protocols::event_modified);
            QUIRE_TRY(written);
        }
        QUIRE_TRY_ASSIGN(const fs::Attributes after, file_->attributes(call));
        return Written{place + memory.size(), after.size};
    };
    if (append_) {
        QUIRE_TRY_ASSIGN(fs::OpenFile::Appending end, file_->append(call));
        return write_to(end.end(), [&](std::uint64_t, std::span<const std::byte> step) {
            return end.write_all(call, step);
        });
    }
    return write_to(position, [&](std::uint64_t done, std::span<const std::byte> step) {
        return file_->write_all(call, position + done, step);
    });
}

Result<void> Accessor::resize(const fs::Call& call, std::uint64_t size) const {
    if (size > largest_position) return fail(std::errc::file_too_large);
    QUIRE_TRY(file_->resize(call, size));
    provider_->tell(protocols::event_modified);
    return {};
}

Result<void> Accessor::grow(const fs::Call& call, std::uint64_t size) const {
    if (size > largest_position) return fail(std::errc::file_too_large);
    QUIRE_TRY_ASSIGN(const bool grown, file_->grow(call, size));
    if (grown) provider_->tell(protocols::event_modified);
    return {};
}

}  // namespace quire::server
