// SPDX-License-Identifier: MIT

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "quire/assembly/environment.hpp"
#include "quire/base/result.hpp"
#include "quire/base/unique_fd.hpp"
#include "quire/block/device.hpp"

namespace quire::app {

/// The bits of e2fsck's exit code that Quire tells apart.
inline constexpr int fsck_repaired = 1;
inline constexpr int fsck_errors_left = 4;
inline constexpr int fsck_failed = 8;

/// What e2fsck said.
struct FsckReport {
    int code = 0;
    /// Its output, without empty lines, line by line, the file being called by its name here.
    std::vector<std::string> lines;

    /// What it found, without what it says of its own progress and of its answers.
    std::vector<std::string> problems() const;
    /// "11/2048 files, 1618/8192 blocks", or nothing where it did not come so far.
    std::string usage() const;
    /// Why it gave up: its last word.
    std::string last_words() const;
};

/// e2fsck of this machine.
class E2fsck {
public:
    /// Looks along PATH and where system administrators' programs are; nothing where there is none.
    static std::optional<E2fsck> find(const assembly::Environment& environment);

    enum class Task : std::uint8_t {
        look,    ///< everything, changing nothing
        repair,  ///< everything, with yes to all questions
        replay,  ///< the journal, and nothing else
    };
    /// Runs it on an open file, from `offset` on. `name` is what the report calls the file.
    /// The program gets a descriptor of the same open file, and with it the lock.
    /// Fails: what starting a program reports. Threads: waits for the program.
    Result<FsckReport> run(Task task, int image, std::uint64_t offset,
                           const std::string& name) const;

private:
    E2fsck(std::string program, std::vector<std::string> variables)
        : program_(std::move(program)), variables_(std::move(variables)) {}

    std::string program_;
    std::vector<std::string> variables_;
};

/// Copies a device to a file that has no name, in the directory for temporary files. Holes stay
/// holes.
/// Fails: as the device and the host do; the sentence says what the copy was for.
Result<UniqueFd> copy_aside(block::Device& device, const assembly::Environment& environment);

}  // namespace quire::app
