// SPDX-License-Identifier: MIT

#include "quire/lang/idl/compiler.hpp"

#include <unistd.h>

#include <optional>

#include "frame/options.hpp"
#include "frame/session.hpp"
#include "frame/verb.hpp"

namespace quire::app {

namespace {

class Idl final : public Command {
public:
    void declare(Options& options) override {
        const auto host = ValueKind::host_path;
        options.operand("FILE.idl", file_, "the description of interfaces", host)
            .value("--out", "DIR", out_, "write NAME.hpp, NAME.cpp and NAME.md into this directory",
                   host)
            .value("--namespace", "NAME", namespace_,
                   "C++ namespace of what is generated (quire::protocols)")
            .value("--include-prefix", "PATH", include_prefix_,
                   "directory of headers in #include lines (quire/protocols)")
            .values("-I", "DIR", directories_, "look for included files there too", host)
            .value("--depfile", "FILE", depfile_, "write a make rule that names every file read",
                   host)
            .flag("--layout", layout_, "print the bytes of each message")
            .value("--compatible-with", "OLD.idl", compatible_with_,
                   "complain about changes to what was released", host)
            .value("--explain", "NUMBER", explain_, "explain a diagnostic, such as Q0107");
    }

    Result<void> run(Session& session) override {
        if (!file_ && !explain_) return session.usage("no file is named");
        const idl::Outcome outcome = idl::run(words(), "quire idl");
        session.out().text(outcome.out);
        session.set_exit_code(outcome.status);
        // Diagnostics are whole lines. Nobody is left to hear of a failure.
        const int errors = session.environment().errors;
        if (::write(errors, outcome.err.data(), outcome.err.size()) < 0) return {};
        return {};
    }

private:
    std::vector<std::string> words() const {
        std::vector<std::string> words;
        const auto add = [&](const char* name, const std::optional<std::string>& value) {
            if (value) words.insert(words.end(), {name, *value});
        };
        add("--out", out_);
        add("--namespace", namespace_);
        add("--include-prefix", include_prefix_);
        for (const std::string& directory : directories_) add("-I", directory);
        add("--depfile", depfile_);
        if (layout_) words.emplace_back("--layout");
        add("--compatible-with", compatible_with_);
        add("--explain", explain_);
        add("--", file_);
        return words;
    }

    std::optional<std::string> file_;
    std::optional<std::string> out_;
    std::optional<std::string> namespace_;
    std::optional<std::string> include_prefix_;
    std::vector<std::string> directories_;
    std::optional<std::string> depfile_;
    bool layout_ = false;
    std::optional<std::string> compatible_with_;
    std::optional<std::string> explain_;
};

}  // namespace

const Verb verb_idl = {
    .name = "idl",
    .summary = "the compiler of the interface language",
    .examples =
        "quire idl --out build/quire/protocols flush.idl           # flush.hpp, flush.cpp, "
        "flush.md\n"
        "quire idl --layout flush.idl                              # the bytes of each message\n"
        "quire idl --compatible-with released/flush.idl flush.idl  # what old programs would not "
        "understand\n"
        "quire idl --explain Q0510\n",
    .common = {},
    .make = make_command<Idl>,
};

}  // namespace quire::app
