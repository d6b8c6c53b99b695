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
    std::unique_lock<std::mutex> appending;
    if (append_) {
        appending = std::unique_lock(provider_->appending());
        QUIRE_TRY_ASSIGN(const fs::Attributes attributes, file_->attributes(call));
        position = attributes.size;
    }
    if (memory.size() > largest_position || position > largest_position - memory.size())
        return fail(std::errc::file_too_large);
    if (!memory.empty()) {
        const auto written = write_steps(call, caller, position, memory, source);
        // Of what failed in the middle, some is there.
        provider_->tell(protocols::event_modified);
        QUIRE_TRY(written);
    }
    QUIRE_TRY_ASSIGN(const fs::Attributes after, file_->attributes(call));
    return Written{position + memory.size(), after.size};
}

Result<void> Accessor::write_steps(const fs::Call& call, const ipc::Call& caller,
                                   std::uint64_t position, std::span<const std::byte> memory,
                                   Source source) const {
    std::vector<std::byte> copy;
    for (std::size_t done = 0; done < memory.size();) {
        QUIRE_TRY(still_wanted(caller));
        auto step = memory.subspan(done, std::min(memory.size() - done, step_size));
        if (source == Source::shared) {
            copy.assign(step.begin(), step.end());
            step = copy;
        }
        QUIRE_TRY(file_->write_all(call, position + done, step));
        done += step.size();
    }
    return {};
}

Result<void> Accessor::resize(const fs::Call& call, std::uint64_t size) const {
    if (size > largest_position) return fail(std::errc::file_too_large);
    QUIRE_TRY(file_->resize(call, size));
    provider_->tell(protocols::event_modified);
    return {};
}

}  // namespace quire::server
