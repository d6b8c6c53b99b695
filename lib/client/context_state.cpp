// SPDX-License-Identifier: MIT

#include "context_state.hpp"

#include <string>
#include <utility>

namespace quire::client {

namespace {

Result<std::size_t> tell_leases(const ContextState& state, ipc::Memory words) {
    QUIRE_TRY(state.context->set_leases(state.call(), std::move(words)));
    return ClientWords::size / sizeof(std::uint64_t);
}

Result<std::size_t> tell_pins(const ContextState& state, ipc::Memory words) {
    return state.context->set_pins(state.call(), std::move(words));
}

}  // namespace

ContextState::ContextState(ipc::Cap<protocols::OpenerContext> its_context)
    : context(std::move(its_context)),
      buffer([this](ipc::Memory lent) { return context->set_buffer(call(), std::move(lent)); },
             [this] {
                 if (const auto* remote = context->remote()) remote->take_late_replies();
             }),
      leases("quire-leases", tell_leases),
      pins("quire-pins", tell_pins) {}

ipc::Call ContextState::call() const {
    const ipc::Call call = patience ? ipc::Call::within(*patience) : ipc::Call::forever();
    return call.cancelled_by(stop);
}

Result<std::uint16_t> ContextState::asked_for(std::uint16_t permissions) {
    if (umask_is_known_there && umask_there != umask) {
        const auto told = context->set_umask(call(), umask);
        if (!told && told.error() != std::errc::function_not_supported) return fail(told.error());
        umask_is_known_there = told.has_value();
        umask_there = umask;
    }
    if (umask_is_known_there) return permissions;
    return static_cast<std::uint16_t>(permissions & ~umask);
}

Result<void> check_path(std::string_view path) {
    if (path.empty()) return fail(std::errc::no_such_file_or_directory);
    if (path.size() > protocols::path_limit) return fail(std::errc::filename_too_long);
    return {};
}

std::unexpected<Error> senseless(const char* what) {
    return fail(std::errc::protocol_error, std::string("the server answers nonsense: ") + what);
}

}  // namespace quire::client
