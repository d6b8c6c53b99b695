// SPDX-License-Identifier: MIT

#include "tests/kit/other_program.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>

#include "quire/ipc/client.hpp"
#include "tests/kit/child.hpp"

namespace quire::ipc {

namespace {

constexpr const char* role_variable = "QUIRE_IPC_TEST_ROLE";
constexpr const char* gate_variable = "QUIRE_IPC_TEST_GATE";

void count(int gate, std::uint64_t value, bool may_add) {
    const auto counter = cap_of_gate<Counter>(UniqueFd(gate));
    child_check(counter.has_value(), "the gate");
    child_check((*counter)->value(Call::forever()) == value, "its counter");
    (*counter)->add(Call::forever(), 1);
    child_check((*counter)->value(Call::forever()) == value + (may_add ? 1 : 0),
                "what may be added");
}

void play(const std::string& role, int gate) {
    if (role == "has a sample") {
        const auto sample = cap_of_gate<Sample>(UniqueFd(gate));
        child_check(sample.has_value(), "the gate");
        child_check(::fcntl(gate, F_GETFD) == FD_CLOEXEC, "it is not handed on by accident");
        child_check((*sample)->nothing(Call::forever()).has_value(), "a call");
    } else if (role.starts_with("may ")) {
        count(gate, std::stoull(role.substr(role.rfind(' ') + 1)), role.starts_with("may add"));
    } else {
        // The number may mean something else now; a gate it is not.
        child_check(!adopt<Sample>(UniqueFd(gate)), "there is a gate");
    }
}

[[maybe_unused]] const bool is_test_program = [] {
    const char* const role = std::getenv(role_variable);
    if (role == nullptr) return true;
    play(role, std::stoi(std::getenv(gate_variable)));
    ::_exit(0);
}();

}  // namespace

bool run_other_program(const std::string& role, int gate, bool inherited) {
    const std::string number = std::to_string(gate);
    Child child([&] {
        if (inherited) child_check(inherit(gate).has_value(), "inherit");
        ::setenv(role_variable, role.c_str(), 1);
        ::setenv(gate_variable, number.c_str(), 1);
        ::execl("/proc/self/exe", "test", nullptr);
        child_check(false, "exec");
    });
    return child.succeeded();
}

}  // namespace quire::ipc
