// SPDX-License-Identifier: MIT

#include "run.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <cstdlib>

#include "quire/base/units.hpp"
#include "quire/memory/page_pool.hpp"

namespace quire::servers {

namespace {

// A file must not get the number of a standard stream that was closed.
void fill_standard_streams() {
    int fd = 0;
    do {
        fd = ::open("/dev/null", O_RDWR);
    } while (fd >= 0 && fd <= 2);
    if (fd > 2) ::close(fd);
}

assembly::Environment environment_of_process() {
    assembly::Environment environment;
    // NOLINTNEXTLINE(concurrency-mt-unsafe): no threads yet
    if (const char* directory = std::getenv("XDG_RUNTIME_DIR"))
        environment.runtime_directory = directory;
    else if (::geteuid() == 0)
        environment.runtime_directory = "/run";
    return environment;
}

int fail_with(const std::string& program, const Error& error) {
    fmt::print(stderr, "{}: {}\n", program, error.message());
    return 1;
}

// Nothing: it is a size that can be had.
std::string complaint_of_memory(const std::string& text) {
    const auto size = parse_size(text);
    if (!size) return size.error().message();
    if (*size != 0 && *size < paging::PagePool::least_budget)
        return "0, or 2M at least, is expected";
    return {};
}

}  // namespace

int run(assembly::ServeRequest::Form form, const std::string& purpose, int argc, char** argv) {
    fill_standard_streams();
    std::signal(SIGPIPE, SIG_IGN);
    CLI::App program(purpose);
    std::string address;
    std::string socket;
    std::string mode = "600";
    bool read_only = false;
    bool no_root = false;
    std::uint64_t memory = assembly::ServeRequest::usual_memory;
    program.add_option("address", address, "what to serve")->required();
    program.add_option("-s,--socket", socket, "where clients connect")->required();
    program.add_option("-m,--mode", mode, "the socket's permissions, octal")
        ->check(CLI::Validator(
            [](const std::string& text) {
                const bool octal = !text.empty() && text.size() <= 3 &&
                                   text.find_first_not_of("01234567") == text.npos;
                return octal ? std::string() : "octal permissions up to 777 are expected";
            },
            "MODE"));
    program.add_flag("-r,--read-only", read_only, "no client can change anything");
    // Of a device nothing is kept for clients.
    if (form == assembly::ServeRequest::Form::filesystem)
        program
            .add_option_function<std::string>(
                "--memory", [&](const std::string& text) { memory = *parse_size(text); },
                "what clients may find without asking (default 256M; 0: nothing)")
            ->check(CLI::Validator(complaint_of_memory, "SIZE"));
    program.add_flag("--no-root", no_root, "clients of the server's user act as themselves");
    try {
        program.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return program.exit(error) == 0 ? 0 : 2;
    }
    const std::string name = program.get_name();
    auto parsed = assembly::Address::parse(address);
    if (!parsed) return fail_with(name, parsed.error()), 2;
    const assembly::ServeRequest request{
        .address = *std::move(parsed),
        .form = form,
        .socket = socket,
        .socket_mode = static_cast<mode_t>(std::stoul(mode, nullptr, 8)),
        .read_only = read_only,
        .owner_is_root = !no_root,
        .memory = memory,
    };
    const auto served =
        assembly::serve(request, environment_of_process(), [](const std::string& line) {
            fmt::print("{}\n", line);
            std::fflush(stdout);
        });
    return served ? 0 : fail_with(name, served.error());
}

}  // namespace quire::servers
