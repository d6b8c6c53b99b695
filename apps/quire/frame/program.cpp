// SPDX-License-Identifier: MIT

#include "frame/program.hpp"

#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>

#include "frame/help.hpp"
#include "quire/base/name.hpp"

namespace quire::app {

namespace {

void tell(const assembly::Environment& environment, std::string_view text) {
    // Nobody is left to hear of a failure.
    if (::write(environment.errors, text.data(), text.size()) < 0) return;
}

// Text that was asked for (help, version): to standard output.
Ending print(const assembly::Environment& environment, std::string_view text) {
    Output out(environment.output);
    out.text(text);
    if (auto written = out.flush(); !written && !out.reader_gone()) {
        tell(environment, fmt::format("quire: {}\n", written.error().message()));
        return {.exit_code = 1};
    }
    return {.exit_code = out.alive() ? 0 : 1, .reader_gone = out.reader_gone()};
}

Ending usage_error(const assembly::Environment& environment, std::string_view who,
                   std::string_view sentence) {
    tell(environment, fmt::format("{0}: {1}; '{0} --help' tells more\n", who, sentence));
    return {.exit_code = 2};
}

Ending unknown_verb(const assembly::Environment& environment, const std::string& name) {
    const std::string_view near = nearest_verb(name);
    const std::string suggestion = near.empty() ? "" : fmt::format(", is '{}' meant?", near);
    return usage_error(environment, "quire",
                       fmt::format("there is no verb '{}'{}", printable(name), suggestion));
}

Result<void> read_seed(const std::string& text, assembly::Environment& environment) {
    std::uint64_t seed = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seed);
    if (error != std::errc{} || end != text.data() + text.size())
        return fail(std::errc::invalid_argument,
                    fmt::format("--seed takes a number below 2^64, not '{}'", printable(text)));
    environment.seed = seed;
    return {};
}

// Runs the verb, commits what it opened, and says what went wrong.
Ending perform(Invocation& invocation, assembly::Environment environment) {
    Session session(invocation.verb->name, std::move(environment), invocation.manner);
    if (auto done = invocation.command->run(session); !done) {
        const int code = session.exit_code();
        session.report(done.error());
        if (code == 2) session.set_exit_code(2);
    }
    // Items that succeeded count although others failed, so what was done is committed in any case;
    // the command lets go of the trees first.
    invocation.command.reset();
    if (auto committed = session.assembler().finish(); !committed)
        session.report(committed.error());
    if (auto written = session.out().flush(); !written) session.report(written.error());
    const bool gone = session.out().reader_gone();
    return {.exit_code = gone && session.exit_code() == 0 ? 1 : session.exit_code(),
            .reader_gone = gone};
}

Ending run_verb(const Verb& verb, const std::vector<std::string>& arguments,
                assembly::Environment environment) {
    const std::unique_ptr<Invocation> invocation = prepare(verb);
    const auto end = std::ranges::find(arguments, "--");
    if (!verb.hidden && std::find(arguments.begin(), end, "--help") != end)
        return print(environment, verb_help(verb, invocation->options));
    auto parsed = invocation->options.parse(arguments);
    if (parsed && invocation->seed) parsed = read_seed(*invocation->seed, environment);
    if (!parsed)
        return usage_error(environment, fmt::format("quire {}", verb.name), told(parsed.error()));
    return perform(*invocation, std::move(environment));
}

}  // namespace

std::unique_ptr<Invocation> prepare(const Verb& verb) {
    auto invocation = std::make_unique<Invocation>();
    invocation->verb = &verb;
    invocation->command = verb.make();
    Options& options = invocation->options;
    Manner& manner = invocation->manner;
    invocation->command->declare(options);
    if (verb.common.json) options.flag("--json", manner.json, "print one JSON object per line");
    if (verb.common.null)
        options.flag("-0,--null", manner.null, "end names with NUL instead of a newline");
    if (verb.common.dry_run)
        options.flag("--dry-run", manner.dry_run, "only say what would be done");
    if (verb.common.progress)
        options.optional_value(
            "--progress", "json",
            [&manner](std::string_view style) -> Result<void> {
                if (!style.empty() && style != "json")
                    return fail(std::errc::invalid_argument,
                                "--progress knows no other style than json");
                manner.progress =
                    style.empty() ? Manner::ProgressStyle::text : Manner::ProgressStyle::json;
                return {};
            },
            "show progress on standard error, also where that is no terminal");
    if (verb.common.seed)
        options.value("--seed", "N", invocation->seed,
                      "draw what is random (UUIDs, hash seeds) from this number");
    options.flag("-q,--quiet", manner.quiet, "no warnings and no progress");
    options.flag("-v,--verbose", manner.verbose, "say more");
    options.flag("--help", invocation->help, "print this and exit");
    return invocation;
}

Ending run_program(const std::vector<std::string>& arguments, assembly::Environment environment) {
    if (arguments.empty()) return usage_error(environment, "quire", "no verb was given");
    const std::string& first = arguments.front();
    if (first == "--version") return print(environment, fmt::format("quire {}\n", QUIRE_VERSION));
    if (first == "--help" || first == "-h" || (first == "help" && arguments.size() == 1))
        return print(environment, program_help());
    const bool about = first == "help";
    if (!about && first.starts_with("-"))
        return usage_error(environment, "quire",
                           fmt::format("'{}' stands before the verb", printable(first)));
    const std::string& name = about ? arguments[1] : first;
    const Verb* verb = find_verb(name);
    if (verb == nullptr) return unknown_verb(environment, name);
    if (about) return run_verb(*verb, {"--help"}, std::move(environment));
    return run_verb(*verb, {arguments.begin() + 1, arguments.end()}, std::move(environment));
}

}  // namespace quire::app
