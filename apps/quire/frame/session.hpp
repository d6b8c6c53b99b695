// SPDX-License-Identifier: MIT

#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "output/output.hpp"
#include "quire/assembly/assembler.hpp"
#include "quire/assembly/environment.hpp"
#include "quire/base/error.hpp"
#include "quire/base/progress.hpp"
#include "quire/fs/credentials.hpp"

namespace quire::app {

class ProgressMeter;

/// What the person asked of every verb alike (see Common). What a verb did not declare is unset.
struct Manner {
    enum class ProgressStyle : std::uint8_t { automatic, text, json };
    bool json = false;
    bool null = false;
    bool quiet = false;
    bool verbose = false;
    bool dry_run = false;
    ProgressStyle progress = ProgressStyle::automatic;
};

/// An error as a person reads it. Where the sentence says all, "invalid argument" adds nothing.
std::string told(const Error& error);

/// Everything a running verb has around it.
class Session {
public:
    Session(std::string_view verb, assembly::Environment environment, Manner manner);
    ~Session();
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

    const assembly::Environment& environment() const { return environment_; }
    const Manner& manner() const { return manner_; }
    Output& out() { return out_; }
    /// Opens addresses. What it opened is committed after the verb's run().
    assembly::Assembler& assembler() { return assembler_; }
    /// Shows itself on a terminal, or as the person asked (see Manner). The same all along.
    Progress& progress();
    /// Verbs act as the image's root; what they make is cut by the caller's umask where coreutils
    /// would cut it.
    fs::Call call() const;

    /// Tells the person that one item failed, and makes the exit code 1.
    void report(const Error& error);
    /// Tells something that is worth knowing and no failure; silent with -q.
    void warn(std::string_view sentence);
    /// Tells what was done; only with -v, on standard error where standard output carries data.
    void note(std::string_view sentence);
    /// The error of a command line that parsed but makes no sense: exit code 2.
    std::unexpected<Error> usage(std::string sentence);
    /// For verbs whose exit code says more than success (check, diff).
    void set_exit_code(int code) { exit_code_ = code; }
    int exit_code() const { return exit_code_; }

    /// A name as standard output should carry it: harmless on a terminal, the very bytes otherwise.
    std::string shown(std::string_view bytes) const;
    /// What ends a name on standard output: NUL with -0, otherwise a newline.
    char end_of_name() const { return manner_.null ? '\0' : '\n'; }

private:
    void say(std::string_view sentence);

    std::string_view verb_;
    assembly::Environment environment_;
    Manner manner_;
    Output out_;
    assembly::Assembler assembler_;
    std::unique_ptr<ProgressMeter> meter_;
    NoProgress no_progress_;
    bool output_failure_told_ = false;
    int exit_code_ = 0;
};

}  // namespace quire::app
