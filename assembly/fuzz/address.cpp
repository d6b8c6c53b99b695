// SPDX-License-Identifier: MIT
//
// Any text is an address or refused. What was parsed, written again with its parts escaped, means
// the same.

#include "quire/assembly/address.hpp"

#include <cstdlib>

using quire::assembly::Address;
using quire::assembly::escape_address;

namespace {

std::string written(const Address& address) {
    std::string text;
    switch (address.scheme()) {
        case Address::Scheme::file:
            text = escape_address(address.source());
            break;
        case Address::Scheme::standard:
            text = "-";
            break;
        case Address::Scheme::memory:
            text = "mem";
            break;
        case Address::Scheme::host:
            text = "host:" + escape_address(address.source());
            break;
        case Address::Scheme::socket:
            text = "socket:" + escape_address(address.source());
            break;
    }
    text += address.slice().text();
    if (address.scheme() == Address::Scheme::memory && address.steps().empty()) text += ':';
    for (const Address::Step& step : address.steps())
        text += ':' + escape_address(step.path.text()) +
                (step.path.must_be_directory() && !step.path.empty() ? "/" : "") +
                step.slice.text();
    return text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto first = Address::parse(text);
    if (!first) {
        if (first.error().message().empty()) std::abort();
        return 0;
    }
    const auto second = Address::parse(written(*first));
    if (!second || second->scheme() != first->scheme() || second->source() != first->source() ||
        second->slice() != first->slice() || second->steps() != first->steps())
        std::abort();
    return 0;
}
