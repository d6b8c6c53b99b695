// SPDX-License-Identifier: MIT

#include "tests/support/case_file.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "check/compatible.hpp"

namespace quire::idl::testing {

namespace {

void set_limit(Limits& limits, const std::string& name, std::size_t value) {
    const std::pair<const char*, std::size_t Limits::*> known[] = {
        {"file_size", &Limits::file_size},
        {"files", &Limits::files},
        {"include_depth", &Limits::include_depth},
        {"declarations", &Limits::declarations},
        {"nesting", &Limits::nesting},
        {"struct_depth", &Limits::struct_depth},
        {"name_length", &Limits::name_length},
        {"diagnostics", &Limits::diagnostics},
    };
    for (const auto& [text, member] : known) {
        if (name != text) continue;
        limits.*member = value;
        return;
    }
    ADD_FAILURE() << "there is no limit " << name;
}

const char* const released_name = "released.idl";

}  // namespace

Result<lang::Reader::Text> CaseReader::read(const std::string& path) {
    if (unreadable_.contains(path))
        return fail(std::errc::invalid_argument, path + " is no regular file");
    return memory_.read(path);
}

CaseFile CaseFile::parse(std::string name, const std::string& text) {
    CaseFile made;
    made.name = std::move(name);
    std::map<std::string, std::string> files;
    std::set<std::string> unreadable;
    std::string current = made.name;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        if (!line.starts_with("//// ")) {
            files[current] += line + '\n';
            continue;
        }
        std::istringstream words(line.substr(5));
        std::string what;
        std::string argument;
        std::size_t number = 0;
        words >> what >> argument >> number;
        if (what == "file") {
            current = argument;
            files[current];
        } else if (what == "released") {
            current = released_name;
            made.has_released = true;
        } else if (what == "unreadable") {
            unreadable.insert(argument);
        } else if (what == "limit") {
            set_limit(made.limits, argument, number);
        } else {
            ADD_FAILURE() << made.name << ": what is " << line;
        }
    }
    made.reader = std::make_unique<CaseReader>(made.limits.file_size);
    for (auto& [path, content] : files) made.reader->add(path, std::move(content));
    for (const std::string& path : unreadable) made.reader->add_unreadable(path);
    return made;
}

CaseFile CaseFile::load(const std::filesystem::path& path) {
    return parse(path.filename().string(), content(path));
}

CaseFile::Compiled CaseFile::compile() const {
    auto changed = idl::compile(*reader, name, {}, limits);
    if (!changed) throw std::runtime_error(changed.error().message());
    Compiled compiled{*std::move(changed), nullptr};
    if (!has_released) return compiled;
    auto released = idl::compile(*reader, released_name, {}, limits);
    if (!released) throw std::runtime_error(released.error().message());
    compiled.released = *std::move(released);
    EXPECT_TRUE(compiled.released->diagnostics.empty()) << name;
    if (compiled.diagnostics().empty())
        check_compatible(compiled.released->model, compiled.changed->model,
                         compiled.changed->diagnostics);
    return compiled;
}

std::string content(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    EXPECT_TRUE(file.good()) << path;
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
}

void expect_golden(const std::filesystem::path& path, const std::string& text) {
    const char* const renew = std::getenv("QUIRE_RENEW");
    if (renew && *renew) {
        std::ofstream(path, std::ios::binary) << text;
        return;
    }
    ASSERT_TRUE(std::filesystem::exists(path)) << path << ": QUIRE_RENEW=1 makes it";
    EXPECT_EQ(content(path), text) << path << ": QUIRE_RENEW=1 renews it";
}

std::filesystem::path tests_folder() {
    return QUIRE_IDL_TESTS;
}

}  // namespace quire::idl::testing
