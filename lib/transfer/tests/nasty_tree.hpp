// SPDX-License-Identifier: MIT

#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "quire/fs/tree.hpp"
#include "quire/transfer/copier.hpp"
#include "quire/transfer/tree_hash.hpp"

namespace quire::transfer {

/// Remembers what it hears.
class Recorder final : public Listener {
public:
    void done(Action action, std::string_view from, std::string_view to) override;
    void problem(std::string_view path, const Error& error) override;
    void warning(std::string_view path, std::string_view sentence) override;
    bool stop() override { return stop_after != 0 && --stop_after == 0; }

    std::vector<std::string> problems;  // "path: message"
    std::vector<std::string> warnings;
    std::vector<std::string> actions;  // "made from -> to"
    int stop_after = 0;
};

/// A tree in memory.
std::shared_ptr<fs::Tree> memory_tree();
/// A directory of the host.
std::shared_ptr<fs::Tree> host_tree(const std::string& directory);

fs::Call root_call();
Name name(std::string_view text);
fs::NodeReference find(fs::Tree& tree, std::string_view path);
fs::NodeReference make_directory(fs::Tree& tree, std::string_view path);
fs::NodeReference make_file(fs::Tree& tree, std::string_view path, std::string_view content);
fs::NodeReference make_link(fs::Tree& tree, std::string_view path, std::string_view target);
std::string content_of(fs::Tree& tree, std::string_view path);
void set_times(fs::Tree& tree, const fs::NodeReference& node, Time time);

/// Everything that transfers get wrong: every type, odd names, access lists, capabilities, wide
/// owners, holes, hard links, times before 1970 and after 2038. With `privileged`, what only
/// root may make on a host as well.
void make_nasty_tree(fs::Tree& tree, bool privileged);

/// The lines of tree_hash, to see differences in a failing test.
std::vector<std::string> lines_of(const std::shared_ptr<fs::Tree>& tree,
                                  std::string_view path = "/");

/// A program's exit code and standard output; its errors pass through.
struct Outcome {
    int code = -1;
    std::string output;
};
Outcome run_shell(const std::string& command);
bool is_root();
bool has_program(const std::string& program);

}  // namespace quire::transfer
