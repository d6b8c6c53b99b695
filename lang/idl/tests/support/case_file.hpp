// SPDX-License-Identifier: MIT

#pragma once

#include <filesystem>
#include <memory>
#include <set>
#include <string>

#include "check/compile.hpp"
#include "limits.hpp"
#include "quire/lang/common/reader.hpp"

namespace quire::idl::testing {

/// Texts by path, some of which cannot be read. `unreadable` stands for a directory or a pipe.
class CaseReader final : public lang::Reader {
public:
    explicit CaseReader(std::size_t limit) : memory_(limit) {}
    void add(const std::string& path, std::string text) { memory_.add(path, std::move(text)); }
    void add_unreadable(const std::string& path) { unreadable_.insert(path); }
    Result<Text> read(const std::string& path) override;

private:
    lang::MemoryReader memory_;
    std::set<std::string> unreadable_;
};

/// A whole compilation in one file. Lines that begin with `//// ` divide it:
///
///     //// file NAME          what follows is another file
///     //// released           what follows is the released form of the first file
///     //// unreadable NAME    there is something of that name that cannot be read
///     //// limit NAME N       compile with this limit
struct CaseFile {
    std::string name;
    Limits limits;
    std::unique_ptr<CaseReader> reader;
    bool has_released = false;

    static CaseFile parse(std::string name, const std::string& text);
    static CaseFile load(const std::filesystem::path& path);

    struct Compiled {
        std::unique_ptr<Compilation> changed;
        std::unique_ptr<Compilation> released;
        const lang::Diagnostics& diagnostics() const { return changed->diagnostics; }
    };
    /// Compiles the first file and compares it with the released one, if there is one.
    Compiled compile() const;
};

/// A file's content; the test fails when it cannot be read.
std::string content(const std::filesystem::path& path);

/// Compares `text` with the file at `path`, or with QUIRE_RENEW in the environment writes it there.
void expect_golden(const std::filesystem::path& path, const std::string& text);

/// The folder of this room's tests in the source tree.
std::filesystem::path tests_folder();

}  // namespace quire::idl::testing
