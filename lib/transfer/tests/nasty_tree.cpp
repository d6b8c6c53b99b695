// SPDX-License-Identifier: MIT

#include "tests/nasty_tree.hpp"

#include <fmt/core.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>

#include "quire/volumes/host/host_volume.hpp"
#include "quire/volumes/memory/memory_volume.hpp"

namespace quire::transfer {

namespace {

constexpr std::array<unsigned char, 20> capability = {1, 0, 0, 2, 0, 4, 0, 0, 0, 0,
                                                      0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
// user::rw- user:70000:r-- group::r-- mask::rw- other::r--
constexpr std::array<unsigned char, 44> access_list = {
    2,   0,   0,   0,   1,  0, 6, 0, 255, 255, 255, 255, 2,  0, 4, 0, 112, 17,  1,   0,  4, 0, 4, 0,
    255, 255, 255, 255, 16, 0, 6, 0, 255, 255, 255, 255, 32, 0, 4, 0, 255, 255, 255, 255};
// default: user::rwx group::r-x other::---
constexpr std::array<unsigned char, 28> default_list = {
    2, 0, 0,   0,   1,   0,   7,  0, 255, 255, 255, 255, 4,   0,
    5, 0, 255, 255, 255, 255, 32, 0, 0,   0,   255, 255, 255, 255};

template <typename T>
T must(Result<T> result, std::string_view what) {
    if (!result) throw std::runtime_error(fmt::format("{}: {}", what, result.error().message()));
    return *std::move(result);
}

void must(const Result<void>& result, std::string_view what) {
    if (!result) throw std::runtime_error(fmt::format("{}: {}", what, result.error().message()));
}

fs::Parent parent_of(fs::Tree& tree, std::string_view path) {
    return must(tree.walk_parent(root_call(), must(Path::parse(path), path)), path);
}

void set_value(fs::Tree& tree, const fs::NodeReference& node, std::string_view attribute,
               std::string_view value) {
    must(tree.set_attribute(root_call(), node, attribute, std::as_bytes(std::span(value))),
         attribute);
}

template <std::size_t size>
void set_value(fs::Tree& tree, const fs::NodeReference& node, std::string_view attribute,
               const std::array<unsigned char, size>& value) {
    must(tree.set_attribute(root_call(), node, attribute, std::as_bytes(std::span(value))),
         attribute);
}

void set_owner(fs::Tree& tree, const fs::NodeReference& node, std::uint32_t uid, std::uint32_t gid,
               std::uint16_t permissions) {
    fs::AttributeChanges changes;
    changes.uid = uid;
    changes.gid = gid;
    changes.permissions = permissions;
    must(tree.set_attributes(root_call(), node, changes), "owner");
}

void write_at(fs::Tree& tree, const fs::NodeReference& node, std::uint64_t offset,
              std::string_view bytes) {
    auto file = must(tree.open(root_call(), node, {.read = true, .write = true}), "open");
    must(file->write_all(root_call(), offset, std::as_bytes(std::span(bytes))), "write");
}

void resize(fs::Tree& tree, const fs::NodeReference& node, std::uint64_t size) {
    auto file = must(tree.open(root_call(), node, {.read = true, .write = true}), "open");
    must(file->resize(root_call(), size), "resize");
}

void make_odd_names(fs::Tree& tree) {
    make_directory(tree, "/names");
    make_file(tree, "/names/\xff\xfe not UTF-8 \x80", "bytes");
    make_file(tree, "/names/new\nline\ttab", "control");
    make_file(tree, "/names/-rf", "dash");
    make_file(tree, "/names/ leading and trailing ", "blanks");
    make_file(tree,
              "/names/gr\xc3\xbc\xc3\x9f"
              "e",
              "UTF-8");
    make_file(tree, "/names/a\\b:c*?\"'$`", "shell");
    make_file(tree, "/names/" + std::string(255, 'n'), "long");
    make_file(tree, "/names/" + std::string(126, '\xe4'), "long and not UTF-8");
    make_link(tree, "/names/link", "\xff/target with \n newline");
    make_link(tree, "/names/long link", std::string(1000, 't'));
    std::string path = "/deep";
    make_directory(tree, path);
    for (int i = 0; i < 20; ++i)
        make_directory(tree, path += "/" + std::string(40, static_cast<char>('a' + i)));
    make_file(tree, path + "/bottom", "deep");
}

void make_holes(fs::Tree& tree) {
    make_directory(tree, "/holes");
    auto file = make_file(tree, "/holes/middle", "start");
    write_at(tree, file, 1 << 20, "end");
    file = make_file(tree, "/holes/trailing", "start");
    resize(tree, file, (std::uint64_t{3} << 20) + 17);
    resize(tree, make_file(tree, "/holes/only", ""), std::uint64_t{9} << 30);
    file = make_file(tree, "/holes/many", "");
    for (std::uint64_t i = 0; i < 40; ++i) write_at(tree, file, i * 65536 + 8192, "data");
    make_file(tree, "/holes/zeros", std::string(20000, '\0'));
}

void make_links(fs::Tree& tree) {
    make_directory(tree, "/links");
    auto file = make_file(tree, "/links/first", "shared");
    for (std::string_view other : {"second", "third"})
        must(tree.link(root_call(), file, find(tree, "/links"), name(other)), other);
    must(tree.link(root_call(), file, find(tree, "/names"), name("elsewhere")), "link");
    auto link = make_link(tree, "/links/symlink", "target");
    must(tree.link(root_call(), link, find(tree, "/links"), name("symlink again")), "link");
}

void make_special(fs::Tree& tree, bool privileged) {
    make_directory(tree, "/special");
    auto make = [&](std::string_view text, fs::FileType type, fs::DeviceNumber device = {}) {
        must(tree.make_node(root_call(), find(tree, "/special"), name(text), 0640, type, device),
             text);
    };
    make("fifo", fs::FileType::fifo);
    if (!privileged) return;
    make("character", fs::FileType::character_device, {5, 1});
    make("block", fs::FileType::block_device, {259, 70000});
}

void make_metadata(fs::Tree& tree, bool privileged) {
    make_directory(tree, "/metadata");
    auto file = make_file(tree, "/metadata/attributes", "x");
    set_value(tree, file, "user.plain", "value");
    set_value(tree, file, "user.binary", std::string_view("\0\n=\xff", 4));
    set_value(tree, file, "user.empty", "");
    set_value(tree, file, "user.odd=100%", "name with a sign of its own");
    set_times(tree, make_file(tree, "/metadata/1960", "old"), {-315619200, 500000000});
    set_times(tree, make_file(tree, "/metadata/2099", "new"), {4070908800, 999999999});
    set_times(tree, make_file(tree, "/metadata/nanosecond", "now"), {1700000000, 1});
    set_owner(tree, make_file(tree, "/metadata/closed", ""), getuid(), getgid(), 0);
    if (!privileged) return;
    set_owner(tree, make_file(tree, "/metadata/wide owner", ""), 3000000000U, 70001, 0644);
    set_owner(tree, make_file(tree, "/metadata/setuid", ""), 65534, 12, 06755);
    file = make_file(tree, "/metadata/capable", "");
    set_owner(tree, file, 1, 2, 0755);
    set_value(tree, file, "security.capability", capability);
    file = make_file(tree, "/metadata/list", "");
    set_value(tree, file, access_list_name, access_list);
    set_owner(tree, make_directory(tree, "/metadata/sticky"), 0, 0, 03777);
    auto directory = make_directory(tree, "/metadata/default list");
    make_file(tree, "/metadata/default list/made before", "");
    set_value(tree, directory, default_list_name, default_list);
}

}  // namespace

void Recorder::done(Action action, std::string_view from, std::string_view to) {
    static constexpr std::array<std::string_view, 6> words = {"made",    "replaced", "linked",
                                                              "removed", "changed",  "skipped"};
    actions.push_back(
        fmt::format("{} {} -> {}", words[static_cast<std::size_t>(action)], from, to));
}

void Recorder::problem(std::string_view path, const Error& error) {
    problems.push_back(fmt::format("{}: {}", path, error.message()));
}

void Recorder::warning(std::string_view path, std::string_view sentence) {
    warnings.push_back(fmt::format("{}: {}", path, sentence));
}

std::shared_ptr<fs::Tree> memory_tree() {
    memory::MemoryVolume::Options options;
    options.clock = std::make_shared<FixedClock>(Time{1000000000, 0});
    auto volume = must(memory::MemoryVolume::create(options), "memory volume");
    return must(fs::Tree::open(volume), "tree");
}

std::shared_ptr<fs::Tree> host_tree(const std::string& directory) {
    return must(fs::Tree::open(must(host::HostVolume::open(directory), directory)), directory);
}

fs::Call root_call() {
    return fs::Call::as_root();
}

Name name(std::string_view text) {
    return must(Name::parse(text), text);
}

fs::NodeReference find(fs::Tree& tree, std::string_view path) {
    return must(tree.walk(root_call(), must(Path::parse(path), path), fs::Follow::no), path);
}

fs::NodeReference make_directory(fs::Tree& tree, std::string_view path) {
    auto parent = parent_of(tree, path);
    return must(tree.make_directory(root_call(), parent.directory, parent.name, 0755), path);
}

fs::NodeReference make_file(fs::Tree& tree, std::string_view path, std::string_view content) {
    auto parent = parent_of(tree, path);
    auto node = must(tree.create(root_call(), parent.directory, parent.name, 0644), path);
    if (!content.empty()) write_at(tree, node, 0, content);
    return node;
}

fs::NodeReference make_link(fs::Tree& tree, std::string_view path, std::string_view target) {
    auto parent = parent_of(tree, path);
    return must(tree.make_symlink(root_call(), parent.directory, parent.name, target), path);
}

std::string content_of(fs::Tree& tree, std::string_view path) {
    auto file = must(tree.open(root_call(), find(tree, path), {}), path);
    std::string text(must(file->attributes(root_call()), path).size, '\0');
    must(file->read(root_call(), 0, std::as_writable_bytes(std::span(text))), path);
    return text;
}

void set_times(fs::Tree& tree, const fs::NodeReference& node, Time time) {
    fs::AttributeChanges changes;
    changes.modify = time;
    changes.access = time;
    must(tree.set_attributes(root_call(), node, changes), "times");
}

void make_nasty_tree(fs::Tree& tree, bool privileged) {
    make_odd_names(tree);
    make_links(tree);
    make_holes(tree);
    make_special(tree, privileged);
    make_metadata(tree, privileged);
    make_directory(tree, "/empty");
    // Times of directories last, because what is made in them changes them.
    std::int64_t seconds = 1500000000;
    for (std::string_view path :
         {"/empty", "/names", "/links", "/holes", "/special", "/metadata", "/deep", "/"})
        set_times(tree, find(tree, path), {++seconds, 123456789});
}

std::vector<std::string> lines_of(const std::shared_ptr<fs::Tree>& tree, std::string_view path) {
    std::vector<std::string> lines;
    TreeHashOptions options;
    options.line = [&](std::string_view line) { lines.emplace_back(line); };
    Recorder recorder;
    NoProgress progress;
    auto hash = tree_hash(tree, root_call(), find(*tree, path), options, recorder, progress);
    for (const std::string& problem : recorder.problems) lines.push_back("problem: " + problem);
    return lines;
}

Outcome run_shell(const std::string& command) {
    Outcome outcome;
    FILE* pipe = popen(command.c_str(), "re");
    if (!pipe) return outcome;
    std::array<char, 4096> piece{};
    while (std::size_t got = std::fread(piece.data(), 1, piece.size(), pipe))
        outcome.output.append(piece.data(), got);
    int status = pclose(pipe);
    outcome.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128;
    return outcome;
}

bool is_root() {
    return geteuid() == 0;
}

bool has_program(const std::string& program) {
    return run_shell("command -v " + program + " >/dev/null").code == 0;
}

}  // namespace quire::transfer
