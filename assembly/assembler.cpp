// SPDX-License-Identifier: MIT

#include "quire/assembly/assembler.hpp"

#include "opened.hpp"
#include "walk.hpp"

namespace quire::assembly {

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

Result<void> Assembler::finish() {
    return opened_->close();
}

}  // namespace quire::assembly
