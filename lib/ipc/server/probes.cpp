// SPDX-License-Identifier: MIT

#include "server/probes.hpp"

#include <sys/random.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "client/gate_end.hpp"
#include "message/incoming.hpp"
#include "quire/ipc/decoder.hpp"

namespace quire::ipc {

namespace {

/// With the usual two seconds between ticks, two minutes.
constexpr unsigned longest_interval = 64;

std::optional<std::uint64_t> draw_number() {
    std::uint64_t number = 0;
    if (::getrandom(&number, sizeof(number), 0) != sizeof(number)) return std::nullopt;
    return number;
}

}  // namespace

void Probes::add(const std::shared_ptr<GateEnd>& end) {
    const auto number = draw_number();
    const std::scoped_lock lock(mutex_);
    if (number) probes_.insert_or_assign(*number, Probe{.end = end});
}

void Probes::tick() {
    std::vector<std::pair<std::uint64_t, std::shared_ptr<GateEnd>>> due;
    {
        const std::scoped_lock lock(mutex_);
        std::erase_if(probes_, [](const auto& known) { return known.second.end.expired(); });
        for (auto& [number, probe] : probes_) {
            if (--probe.left > 0) continue;
            probe.interval = std::min(2 * probe.interval, longest_interval);
            probe.left = probe.interval;
            if (auto end = probe.end.lock()) due.emplace_back(number, std::move(end));
        }
    }
    for (const auto& [number, end] : due) end->probe(number);
}

bool Probes::sent(std::uint64_t number) const {
    const std::scoped_lock lock(mutex_);
    const auto found = probes_.find(number);
    return found != probes_.end() && !found->second.end.expired();
}

std::optional<std::uint64_t> Probes::number_in(Incoming& message) {
    const auto header = read_header(message.bytes(), message.descriptors().size());
    if (!header || header->kind != MessageKind::control ||
        header->opcode != static_cast<std::uint32_t>(Control::probe))
        return std::nullopt;
    Decoder body(message.body(), message.descriptors(), nullptr);
    const auto number = body.get<std::uint64_t>();
    if (!body.end()) return std::nullopt;
    return number;
}

}  // namespace quire::ipc
