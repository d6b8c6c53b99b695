// SPDX-License-Identifier: MIT

#include <fmt/core.h>

#include "output/json.hpp"
#include "serve/ask_servers.hpp"

namespace quire::app {

namespace {

class Caps final : public AskServers {
private:
    std::vector<std::string> heading() const override {
        return {"Socket", "Client", "Pid", "Uid", "Interface", "Objects", "References"};
    }

    Result<void> ask(Session& session, const Server& server) override {
        QUIRE_TRY_ASSIGN(const auto clients, clients_of(server));
        for (const protocols::ServedClient& client : clients) {
            const auto held = server.service->held(soon(), client.number);
            // It has gone meanwhile.
            if (!held && held.error() == std::errc::no_such_file_or_directory) continue;
            if (!held) return std::unexpected(held.error());
            for (const protocols::HeldObject& object : *held) show(session, server, client, object);
        }
        const auto gates = server.service->gates(soon());
        if (!gates) {
            // Those of all clients only the image's root may see; older servers do not tell.
            const bool untold = gates.error() == std::errc::operation_not_permitted ||
                                gates.error() == std::errc::function_not_supported;
            return untold ? Result<void>() : std::unexpected(gates.error());
        }
        for (const protocols::HeldObject& object : *gates) show_gates(session, server, object);
        return {};
    }

    void show_gates(Session& session, const Server& server, const protocols::HeldObject& object) {
        if (!session.manner().json) {
            add_row({session.shown(server.socket), "gates", "-", "-",
                     session.shown(object.interface_name), std::to_string(object.objects),
                     std::to_string(object.references)});
            return;
        }
        Json json = Json::line("gates");
        json.add("socket", server.socket)
            .add("interface", object.interface_name)
            .add("gates", object.references);
        session.out().print("{}\n", json.text());
    }

    void show(Session& session, const Server& server, const protocols::ServedClient& client,
              const protocols::HeldObject& object) {
        if (!session.manner().json) {
            add_row({session.shown(server.socket), std::to_string(client.number),
                     std::to_string(client.pid), std::to_string(client.uid),
                     session.shown(object.interface_name), std::to_string(object.objects),
                     std::to_string(object.references)});
            return;
        }
        Json json = Json::line("capabilities");
        json.add("socket", server.socket)
            .add("client", client.number)
            .add("pid", client.pid)
            .add("uid", client.uid)
            .add("interface", object.interface_name)
            .add("objects", object.objects)
            .add("references", object.references);
        session.out().print("{}\n", json.text());
    }
};

}  // namespace

const Verb verb_caps = {
    .name = "caps",
    .summary = "show who holds what of servers",
    .examples =
        "quire caps               # of all your servers\n"
        "quire caps /tmp/disk     # of one: clients and the objects they hold\n",
    .common = {.json = true},
    .make = make_command<Caps>,
};

}  // namespace quire::app
