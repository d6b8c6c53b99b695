// SPDX-License-Identifier: MIT

#include "emit/proxy.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "emit/carry.hpp"

namespace quire::idl {

namespace {

bool has_capabilities(const Type& type) {
    if (type.kind == Type::Kind::list) return has_capabilities(type.element.front());
    if (type.kind == Type::Kind::structure) {
        const auto& members = type.structure->members;
        return std::any_of(members.begin(), members.end(),
                           [](const Field& member) { return has_capabilities(member.type); });
    }
    return type.kind == Type::Kind::capability;
}

class ProxyEmitter {
public:
    ProxyEmitter(const Cpp& cpp, const Interface& interface, const Operation& operation)
        : cpp_(cpp),
          interface_(interface),
          operation_(operation),
          call_(fresh("call", operation)),
          request_(fresh("request", operation)),
          // A parameter would hide the member function.
          remote_(fresh("remote", operation) == "remote" ? "remote()" : "this->remote()") {}

    std::string emit() const {
        const std::string head =
            fmt::format("\n{} {}Proxy::{}", cpp_.result_type(interface_, operation_),
                        interface_.name, operation_.name);
        std::string text = wrapped(head, cpp_.arguments(operation_), " {\n");
        text += fmt::format("    {} {} = {}->request();\n", cpp_.ipc("Request"), request_, remote_);
        const auto inputs = operation_.inputs();
        if (!inputs.empty())
            text += fmt::format("    {}& out = {}.encoder();\n", cpp_.ipc("Encoder"), request_);
        const Carry carry(cpp_, operation_, "    ");
        for (const Field* field : inputs) text += carry.put(field->type, field->name);
        text += operation_.oneway ? send() : exchange();
        return text + "}\n";
    }

private:
    std::string send() const {
        return fmt::format("    static_cast<void>({}->send({}, {}, std::move({})));\n", remote_,
                           call_, operation_.opcode, request_);
    }

    std::string exchange() const {
        const auto outputs = operation_.outputs();
        const std::string reply = fresh("reply", operation_);
        const bool discard = std::any_of(outputs.begin(), outputs.end(), [](const Field* field) {
            return has_capabilities(field->type);
        });
        std::string text;
        const std::string discard_name = fresh("discard", operation_);
        if (discard) text += discard_function(discard_name);
        text += fmt::format("    QUIRE_TRY_ASSIGN({} {}, {}->call({}, {}, std::move({}){}));\n",
                            cpp_.ipc("Reply"), reply, remote_, call_, operation_.opcode, request_,
                            discard ? ", " + discard_name : "");
        if (outputs.empty()) return text + fmt::format("    return {}.end();\n", reply);
        text += fmt::format("    {}& in = {}.decoder();\n", cpp_.ipc("Decoder"), reply);
        text += read("    ");
        text += fmt::format("    QUIRE_TRY({}.end());\n    return {};\n", reply, result());
        return text;
    }

    // Capabilities in a reply that nobody waits for any more are released by reading them.
    std::string discard_function(std::string_view name) const {
        const std::string head =
            fmt::format("    const auto {} = []({}& in) {{", name, cpp_.ipc("Decoder"));
        const std::string body = read("        ");
        const bool one_statement = body.find('\n') == body.size() - 1;
        if (one_statement && head.size() + body.size() - 8 + 3 <= widest_line)
            return fmt::format("{} {} }};\n", head, body.substr(8, body.size() - 9));
        return fmt::format("{}\n{}    }};\n", head, body);
    }

    std::string result() const { return fresh("result", operation_); }

    std::string read(const std::string& indent) const {
        const auto outputs = operation_.outputs();
        const Carry carry(cpp_, operation_, indent);
        if (outputs.size() == 1) return carry.get_result(outputs.front()->type, result());
        std::string text =
            fmt::format("{}{} {};\n", indent, result_struct_name(interface_, operation_), result());
        for (const Field* field : outputs)
            text += carry.get(field->type, result() + '.' + field->name);
        return text;
    }

    const Cpp& cpp_;
    const Interface& interface_;
    const Operation& operation_;
    const std::string call_;
    const std::string request_;
    const std::string remote_;
};

}  // namespace

std::string emit_proxy_operations(const Cpp& cpp, const Interface& interface) {
    std::string text;
    for (const Operation& operation : interface.operations)
        text += ProxyEmitter(cpp, interface, operation).emit();
    return text;
}

std::string emit_make_proxy(const Cpp& cpp, const Interface& interface) {
    const std::string name = cpp.from_ipc(interface.name);
    const std::string type = fmt::format("std::shared_ptr<{}>", name);
    const std::string function = fmt::format("Protocol<{}>::proxy", name);
    const std::vector<std::string> parameter{"RemoteObject remote"};
    // A long type has a line of its own.
    const bool broken = type.size() + 1 + function.size() + 1 > widest_line;
    return wrapped(fmt::format("\n{}{}{}", type, broken ? "\n" : " ", function), parameter,
                   " {\n") +
           fmt::format("    class Remote final : public {}Proxy {{\n", name) +
           "    public:\n"
           "        explicit Remote(RemoteObject object) : object_(std::move(object)) "
           "{}\n"
           "        const RemoteObject* remote() const override { return &object_; }\n"
           "\n"
           "    private:\n"
           "        RemoteObject object_;\n"
           "    };\n"
           "    return std::make_shared<Remote>(std::move(remote));\n"
           "}\n";
}

}  // namespace quire::idl
