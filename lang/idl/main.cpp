// SPDX-License-Identifier: MIT

#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include "quire/lang/idl/compiler.hpp"

int main(int argc, char** argv) try {
    const std::vector<std::string> arguments(argv + 1, argv + argc);
    const quire::idl::Outcome outcome = quire::idl::run(arguments);
    std::fwrite(outcome.err.data(), 1, outcome.err.size(), stderr);
    std::fwrite(outcome.out.data(), 1, outcome.out.size(), stdout);
    if (std::fflush(stdout) != 0 || std::ferror(stdout)) {
        std::perror("quire-idl: standard output");
        return 2;
    }
    return outcome.status;
} catch (const std::exception& error) {
    std::fprintf(stderr, "quire-idl: %s\n", error.what());
    return 2;
}
