// SPDX-License-Identifier: MIT

#include "quire/assembly/assembler.hpp"

#include <unistd.h>

#include <algorithm>

#include "opened.hpp"
#include "quire/base/name.hpp"
#include "quire/volumes/host/host_volume.hpp"
#include "walk.hpp"

namespace quire::assembly {

bool Location::lies_in(const Location& other, const fs::Handle& handle) const {
    const Carrier carrier{other.on_host ? nullptr : other.tree.get(), handle};
    return std::ranges::find(carriers, carrier) != carriers.end();
}

Assembler::Assembler(Environment environment)
    : environment_(std::move(environment)), opened_(std::make_unique<Opened>()) {}

Assembler::~Assembler() = default;

Result<Location> Assembler::locate(const Address& address, Access access, Bare bare) {
    return Walk(address, access, environment_, *opened_).to_location(bare);
}

Result<std::vector<Location>> Assembler::locate(const std::vector<Request>& requests) {
    std::vector<Location> locations(requests.size());
    for (const Access access : {Access::write, Access::read}) {
        for (std::size_t i = 0; i < requests.size(); ++i) {
            if (requests[i].access != access) continue;
            QUIRE_TRY_ASSIGN(locations[i], locate(requests[i].address, access, requests[i].bare));
        }
    }
    return locations;
}

Result<std::shared_ptr<block::Device>> Assembler::device(const Address& address, Access access) {
    return Walk(address, access, environment_, *opened_).to_device();
}

Result<std::vector<int>> Assembler::hold(const Address& address, Access access) {
    return Walk(address, access, environment_, *opened_).hold();
}

void Assembler::keep_images() {
    opened_->keep_images();
}

std::function<Result<std::shared_ptr<block::Device>>()> Assembler::image(
    const Location& place) const {
    const OpenVolume* const found = opened_->find_volume(*place.tree);
    if (found != nullptr && found->image) return found->image;
    return [name = printable(place.text)]() -> Result<std::shared_ptr<block::Device>> {
        return fail(std::errc::operation_not_supported, name + " lies on no image");
    };
}

Result<void> Assembler::sync(const Location& place, const fs::NodeReference& directory) {
    if (!place.on_host) return place.tree->sync(fs::Call::as_root());
    // The tree may span several filesystems of the host.
    auto& volume = dynamic_cast<host::HostVolume&>(place.tree->volume());
    QUIRE_TRY_ASSIGN(const UniqueFd fd, volume.descriptor(directory->cookie(), {}));
    if (::syncfs(fd.get()) != 0) return fail_errno(printable(place.text));
    return {};
}

Result<void> Assembler::finish() {
    return opened_->close();
}

}  // namespace quire::assembly
