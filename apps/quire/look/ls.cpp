// SPDX-License-Identifier: MIT

#include "frame/options.hpp"
#include "frame/session.hpp"
#include "frame/verb.hpp"

namespace quire::app {

namespace {

class Ls final : public Command {
public:
    void declare(Options& options) override {
        options.operands("ADDRESS", addresses_, 1, "what to list");
    }

    Result<void> run(Session& session) override {
        for (const std::string& text : addresses_) {
            QUIRE_TRY_ASSIGN(const assembly::Address address, assembly::Address::parse(text));
            QUIRE_TRY_ASSIGN(const assembly::Location place,
                             session.assembler().locate(address, assembly::Access::read));
            const fs::Call call = session.call();
            QUIRE_TRY_ASSIGN(const fs::NodeReference node, place.tree->walk(call, place.path));
            QUIRE_TRY(place.tree->list(
                call, node, 0, fs::WithAttributes::no, [&](const fs::DirectoryEntry& entry) {
                    session.out().print("{}{}", session.shown(entry.name), session.end_of_name());
                    return true;
                }));
        }
        return {};
    }

private:
    std::vector<std::string> addresses_;
};

}  // namespace

const Verb verb_ls = {
    .name = "ls",
    .summary = "list directories",
    .examples = "quire ls -l disk.img:/etc\n",
    .common = {.json = true, .null = true},
    .make = make_command<Ls>,
};

}  // namespace quire::app
