// SPDX-License-Identifier: MIT

#include "c/handles.hpp"
#include "quire/ipc/client.hpp"
#include "quire/protocols/service.hpp"

namespace quire::client {

namespace {

Result<std::shared_ptr<ipc::Server>> server_of_client(bool wanted) {
    if (!wanted) return nullptr;
    QUIRE_TRY_ASSIGN(ipc::Server server, ipc::Server::create());
    return std::make_shared<ipc::Server>(std::move(server));
}

ipc::Home home_of(const std::shared_ptr<ipc::Server>& server) {
    return server ? server->home() : ipc::Home();
}

Result<quire_client_context*> context_of(std::shared_ptr<ipc::Server> server,
                                         const ipc::Cap<protocols::Opener>& opener) {
    QUIRE_TRY_ASSIGN(Context context, Context::create(opener));
    return new quire_client_context{std::move(server), std::move(context), {}};
}

Result<quire_client_context*> connected(const char* path, bool events) {
    QUIRE_TRY_ASSIGN(auto server, server_of_client(events));
    QUIRE_TRY_ASSIGN(const auto service, ipc::connect<protocols::Service>(path, home_of(server)));
    QUIRE_TRY_ASSIGN(const auto opener, service->opener(ipc::Call::forever(), "", false));
    return context_of(std::move(server), opener);
}

Result<quire_client_context*> of_gate(UniqueFd descriptor, bool events) {
    QUIRE_TRY_ASSIGN(auto server, server_of_client(events));
    QUIRE_TRY_ASSIGN(const auto opener,
                     ipc::cap_of_gate<protocols::Opener>(std::move(descriptor), home_of(server)));
    return context_of(std::move(server), opener);
}

int give_context(Result<quire_client_context*> made, quire_client_context** context) {
    *context = made.value_or(nullptr);
    return code_for_c(made);
}

}  // namespace

extern "C" {

int quire_client_connect(const char* socket_path, int events, quire_client_context** context) {
    return for_c([&] { return give_context(connected(socket_path, events != 0), context); });
}

int quire_client_open_gate(int descriptor, int events, quire_client_context** context) {
    UniqueFd own(descriptor);
    return for_c([&] { return give_context(of_gate(std::move(own), events != 0), context); });
}

void quire_client_free_context(quire_client_context* context) {
    delete context;
}

std::uint32_t quire_client_set_umask(quire_client_context* context, std::uint32_t umask) {
    return context->context.set_umask(static_cast<std::uint16_t>(umask & 0777U));
}

void quire_client_set_patience(quire_client_context* context, std::int64_t nanoseconds) {
    if (nanoseconds < 0) {
        context->context.set_patience(std::nullopt);
    } else {
        context->context.set_patience(std::chrono::nanoseconds(nanoseconds));
    }
}

int quire_client_context_error(const quire_client_context* context) {
    return code_for_c(context->context.last_error());
}

const char* quire_client_context_error_text(quire_client_context* context) {
    return text_for_c(context->context.last_error(), context->error_text);
}

int quire_client_take_lost_error(quire_client_context* context) {
    return for_c([&] { return code_for_c(context->context.take_lost_error()); });
}

}  // extern "C"

}  // namespace quire::client
