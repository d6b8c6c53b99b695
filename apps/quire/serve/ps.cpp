// SPDX-License-Identifier: MIT

#include <fmt/core.h>

#include "output/json.hpp"
#include "quire/base/name.hpp"
#include "quire/base/units.hpp"
#include "serve/ask_servers.hpp"

namespace quire::app {

namespace {

class Ps final : public AskServers {
private:
    std::vector<std::string> heading() const override {
        return {"Socket", "Pid", "Serves", "Kind", "Clients", "Objects", "Calls"};
    }

    Result<void> ask(Session& session, const Server& server) override {
        QUIRE_TRY_ASSIGN(const auto clients, clients_of(server));
        QUIRE_TRY_ASSIGN(const std::string status, server.service->status(soon()));
        std::uint64_t objects = 0;
        std::uint64_t calls = 0;
        for (const protocols::ServedClient& client : clients) {
            objects += client.objects;
            calls += client.calls;
        }
        const protocols::ServiceDescribeResult& about = server.description;
        if (session.manner().json) {
            std::vector<Json> list;
            for (const protocols::ServedClient& client : clients) {
                Json one;
                one.add("number", client.number)
                    .add("pid", client.pid)
                    .add("uid", client.uid)
                    .add("gid", client.gid)
                    .add("objects", client.objects)
                    .add("calls", client.calls)
                    .add("received_bytes", client.received)
                    .add("sent_bytes", client.sent);
                list.push_back(std::move(one));
            }
            Json json = Json::line("server");
            json.add("socket", server.socket)
                .add("pid", server.pid)
                .add("serves", about.description)
                .add("kind", kind_of(server))
                .add("read_only", about.read_only)
                .add("clients", list)
                .add("status", status);
            session.out().print("{}\n", json.text());
            return {};
        }
        add_row({session.shown(server.socket), std::to_string(server.pid),
                 session.shown(about.description),
                 fmt::format("{}{}", kind_of(server), about.read_only ? ", read-only" : ""),
                 std::to_string(clients.size()), std::to_string(objects), std::to_string(calls)});
        if (session.manner().verbose) {
            add_below(fmt::format("\n{}\n", session.shown(server.socket)));
            add_below(indented(session, status));
        }
        return {};
    }

    static std::string indented(const Session& session, std::string_view text) {
        std::string lines;
        while (!text.empty()) {
            const std::size_t end = std::min(text.find('\n'), text.size());
            lines += "  " + session.shown(text.substr(0, end)) + '\n';
            text.remove_prefix(std::min(end + 1, text.size()));
        }
        return lines;
    }
};

}  // namespace

const Verb verb_ps = {
    .name = "ps",
    .summary = "list servers",
    .examples =
        "quire ps                 # yours\n"
        "quire ps -v /tmp/disk    # one, with what it counts and how it is confined\n"
        "quire ps --json\n",
    .common = {.json = true},
    .make = make_command<Ps>,
};

}  // namespace quire::app
