// SPDX-License-Identifier: MIT

#include "verify/e2fsck.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>
#include <utility>

#include "quire/base/name.hpp"

namespace quire::app {

namespace {

// The number under which the program has the image. It opens it anew through /dev/fd: so no
// character of a path can mean something to it, and no other file can take the path's place.
constexpr int image_number = 3;
constexpr std::string_view image_path = "/dev/fd/3";

std::vector<char*> pointers(std::vector<std::string>& words) {
    std::vector<char*> result;
    for (std::string& word : words) result.push_back(word.data());
    result.push_back(nullptr);
    return result;
}

std::vector<std::string> arguments_for(E2fsck::Task task, std::uint64_t offset) {
    std::vector<std::string> arguments{"e2fsck"};
    switch (task) {
        case E2fsck::Task::look:
            arguments.emplace_back("-fn");
            break;
        case E2fsck::Task::repair:
            arguments.emplace_back("-fy");
            break;
        case E2fsck::Task::replay:
            arguments.insert(arguments.end(), {"-y", "-E", "journal_only"});
            break;
    }
    arguments.push_back(offset == 0 ? std::string(image_path)
                                    : fmt::format("{}?offset={}", image_path, offset));
    return arguments;
}

Result<std::string> read_all(int fd) {
    std::string text;
    std::array<char, 65536> piece{};
    for (;;) {
        const ssize_t got = ::read(fd, piece.data(), piece.size());
        if (got == 0) return text;
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return fail_errno("reading what e2fsck says");
        text.append(piece.data(), static_cast<std::size_t>(got));
    }
}

int wait_for(pid_t child) {
    int status = 0;
    while (::waitpid(child, &status, 0) < 0)
        if (errno != EINTR) return fsck_failed;
    // What is no verdict (usage, a signal, a library that is missing) is a failure of ours.
    if (!WIFEXITED(status)) return fsck_failed;
    const int code = WEXITSTATUS(status);
    constexpr int reboot = 2;  // no concern of an image
    constexpr int verdict = fsck_repaired | reboot | fsck_errors_left | fsck_failed;
    if ((code & ~verdict) != 0) return fsck_failed;
    return (code & reboot) != 0 ? (code & ~reboot) | fsck_repaired : code;
}

void replace_all(std::string& text, std::string_view from, std::string_view to) {
    for (std::size_t at = 0; (at = text.find(from, at)) != text.npos; at += to.size())
        text.replace(at, from.size(), to);
}

std::vector<std::string> lines_of(const std::string& text, std::uint64_t offset,
                                  const std::string& name) {
    std::vector<std::string> lines;
    const std::string with_offset = fmt::format("{}?offset={}", image_path, offset);
    for (std::size_t begin = 0; begin < text.size();) {
        const std::size_t end = std::min(text.find('\n', begin), text.size());
        std::string line = text.substr(begin, end - begin);
        begin = end + 1;
        replace_all(line, with_offset, name);
        replace_all(line, image_path, name);
        while (line.ends_with(' ') || line.ends_with('\r')) line.pop_back();
        if (!line.empty()) lines.push_back(printable(line));
    }
    return lines;
}

bool is_usage(std::string_view line) {
    return line.find(" files (") != line.npos && line.ends_with(" blocks");
}

// What e2fsck says of itself.
bool is_chatter(std::string_view line) {
    return line.starts_with("Pass ") || line.starts_with("e2fsck 1.") ||
           line.find("***** ") != line.npos || is_usage(line);
}

// "Block 5 is strange.  Clear? no" without the question.
std::string_view without_question(std::string_view line) {
    if (!line.ends_with("? no") && !line.ends_with("? yes")) return line;
    const std::size_t question = line.rfind(".  ");
    return question == line.npos ? std::string_view() : line.substr(0, question + 1);
}

}  // namespace

std::vector<std::string> FsckReport::problems() const {
    std::vector<std::string> found;
    for (const std::string& line : lines) {
        if (is_chatter(line)) continue;
        if (const std::string_view problem = without_question(line); !problem.empty())
            found.emplace_back(problem);
    }
    return found;
}

std::string FsckReport::usage() const {
    const auto line = std::ranges::find_if(lines, is_usage);
    if (line == lines.end()) return {};
    // "LABEL: 11/2048 files (9.1% non-contiguous), 1618/8192 blocks"; a label may hold anything.
    const std::size_t comma = line->rfind(", ");
    const std::size_t bracket = line->rfind(" (", comma);
    if (comma == line->npos || bracket == line->npos) return {};
    const std::size_t begin = line->rfind(": ", bracket);
    if (begin == line->npos) return {};
    return line->substr(begin + 2, bracket - begin - 2) + line->substr(comma);
}

std::string FsckReport::last_words() const {
    constexpr std::string_view mark = "e2fsck: ";
    for (const std::string& line : lines)
        if (line.starts_with(mark)) return line.substr(mark.size());
    const std::vector<std::string> found = problems();
    return found.empty() ? "it does not say why" : found.back();
}

std::optional<E2fsck> E2fsck::find(const assembly::Environment& environment) {
    std::vector<std::string> variables{"LC_ALL=C", "PATH=" + environment.program_path};
    if (environment.source_date)
        variables.push_back(
            fmt::format("E2FSPROGS_FAKE_TIME={}", environment.source_date->seconds));
    const std::string path = environment.program_path + ":/usr/sbin:/sbin";
    for (std::size_t begin = 0; begin <= path.size();) {
        const std::size_t end = std::min(path.find(':', begin), path.size());
        const std::string directory = path.substr(begin, end - begin);
        begin = end + 1;
        // An empty word of PATH is the working directory, which is no place for such a program.
        if (directory.empty()) continue;
        std::string program = directory + "/e2fsck";
        if (::access(program.c_str(), X_OK) == 0)
            return E2fsck(std::move(program), std::move(variables));
    }
    return std::nullopt;
}

Result<FsckReport> E2fsck::run(Task task, int image, std::uint64_t offset,
                               const std::string& name) const {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return fail_errno("e2fsck");
    const UniqueFd reading(ends[0]);
    UniqueFd writing(ends[1]);
    // Above the numbers that the program has streams and image under.
    const UniqueFd high(::fcntl(image, F_DUPFD_CLOEXEC, image_number + 1));
    UniqueFd said(::fcntl(writing.get(), F_DUPFD_CLOEXEC, image_number + 1));
    if (!high || !said) return fail_errno("e2fsck");
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    ::posix_spawn_file_actions_adddup2(&actions, said.get(), 1);
    ::posix_spawn_file_actions_adddup2(&actions, said.get(), 2);
    ::posix_spawn_file_actions_adddup2(&actions, high.get(), image_number);
    std::vector<std::string> arguments = arguments_for(task, offset);
    std::vector<std::string> variables = variables_;
    pid_t child = 0;
    const int error = ::posix_spawn(&child, program_.c_str(), &actions, nullptr,
                                    pointers(arguments).data(), pointers(variables).data());
    ::posix_spawn_file_actions_destroy(&actions);
    if (error != 0) return fail(static_cast<std::errc>(error), program_);
    writing.reset();
    said.reset();
    auto text = read_all(reading.get());
    FsckReport report;
    report.code = wait_for(child);
    if (!text) return fail(std::move(text).error());
    report.lines = lines_of(*text, offset, name);
    return report;
}

}  // namespace quire::app
