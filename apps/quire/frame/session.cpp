// SPDX-License-Identifier: MIT

#include "frame/session.hpp"

#include <fmt/core.h>
#include <unistd.h>

#include "output/progress_meter.hpp"
#include "quire/base/name.hpp"

namespace quire::app {

namespace {

// Sentences hold names of foreign images: nothing in them may steer the terminal or break the line.
// Names in them are mostly printable() already, so backslashes stay as they are.
std::string harmless(std::string_view sentence) {
    std::string text;
    while (true) {
        const std::size_t backslash = sentence.find('\\');
        text += printable(sentence.substr(0, backslash));
        if (backslash == sentence.npos) return text;
        text += '\\';
        sentence.remove_prefix(backslash + 1);
    }
}

}  // namespace

std::string told(const Error& error) {
    const bool says_all =
        error == std::errc::invalid_argument || error == std::errc::operation_not_supported ||
        error == std::errc::device_or_resource_busy || error == std::errc::is_a_directory;
    return says_all && !error.sentence().empty() ? error.sentence() : error.message();
}

Session::Session(std::string_view verb, assembly::Environment environment, Manner manner)
    : verb_(verb),
      environment_(environment),
      manner_(manner),
      out_(environment.output),
      assembler_(std::move(environment)) {}

Session::~Session() = default;

Progress& Session::progress() {
    if (!meter_) meter_ = make_progress_meter(environment_, manner_);
    if (meter_) return *meter_;
    return no_progress_;
}

fs::Call Session::call() const {
    fs::Call call = fs::Call::as_root();
    call.credentials.umask = environment_.umask;
    return call;
}

void Session::say(std::string_view sentence) {
    // What was printed before belongs before.
    if (environment_.output_is_terminal && environment_.errors_is_terminal)
        static_cast<void>(out_.flush());
    if (meter_) meter_->clear();
    const std::string line = fmt::format("quire {}: {}\n", verb_, harmless(sentence));
    // One call, so that lines of several programs don't mix. Nobody is left to hear of a failure.
    if (::write(environment_.errors, line.data(), line.size()) < 0) return;
}

void Session::report(const Error& error) {
    if (!out_.alive()) {
        // A reader that went away is no news, and a full disk is news once.
        if (out_.reader_gone() || output_failure_told_) return;
        output_failure_told_ = true;
    }
    say(told(error));
    if (exit_code_ == 0) exit_code_ = 1;
}

void Session::warn(std::string_view sentence) {
    if (!manner_.quiet) say(sentence);
}

void Session::note(std::string_view sentence) {
    if (manner_.verbose) say(sentence);
}

std::unexpected<Error> Session::usage(std::string sentence) {
    exit_code_ = 2;
    return fail(std::errc::invalid_argument, std::move(sentence));
}

std::string Session::shown(std::string_view bytes) const {
    return environment_.output_is_terminal && !manner_.null ? printable(bytes) : std::string(bytes);
}

}  // namespace quire::app
