// SPDX-License-Identifier: MIT

#include "context_state.hpp"

#include <string>
#include <utility>

namespace quire::client {

ContextState::ContextState(ipc::Cap<protocols::OpenerContext> its_context)
    : context(std::move(its_context)),
      buffer([this](ipc::Memory memory) { return context->set_buffer(call(), std::move(memory)); },
             [this] {
                 if (const auto* remote = context->remote()) remote->take_late_replies();
             }) {}

ipc::Call ContextState::call() const {
    const ipc::Call call = patience ? ipc::Call::within(*patience) : ipc::Call::forever();
    return call.cancelled_by(stop);
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
