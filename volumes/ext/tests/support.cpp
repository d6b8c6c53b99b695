// SPDX-License-Identifier: MIT

#include "support.hpp"

#include <fmt/core.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <ostream>

#include "quire/block/file_device.hpp"

namespace quire::ext::tests {

Output run(const std::string& command) {
    Output output;
    FILE* pipe = popen(("PATH=$PATH:/sbin:/usr/sbin; " + command + " 2>&1").c_str(), "r");
    if (pipe == nullptr) return output;
    std::array<char, 4096> buffer;
    while (const std::size_t got = std::fread(buffer.data(), 1, buffer.size(), pipe))
        output.text.append(buffer.data(), got);
    const int status = pclose(pipe);
    output.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    return output;
}

bool have(const std::string& program) {
    return run("command -v " + program).status == 0;
}

void PrintTo(const Kind& kind, std::ostream* stream) {
    *stream << kind.name;
}

std::vector<Kind> writable_kinds() {
    return {
        {"ext2", "-t ext2 -b 1024"},
        {"ext2_4k", "-t ext2 -b 4096"},
        {"ext2_old", "-t ext2 -r 0 -b 1024"},
        {"ext3", "-t ext3 -b 1024"},
        {"ext4_1k", "-t ext4 -b 1024"},
        {"ext4_2k", "-t ext4 -b 2048"},
        {"ext4_4k", "-t ext4 -b 4096"},
        {"ext4_128", "-t ext4 -b 1024 -I 128"},
        {"ext4_inline", "-t ext4 -b 4096 -O inline_data"},
        {"ext4_no_journal", "-t ext4 -b 4096 -O ^has_journal"},
        {"ext4_no_sums", "-t ext4 -b 1024 -O ^metadata_csum,^64bit,uninit_bg"},
        {"ext4_meta_bg", "-t ext4 -b 1024 -O meta_bg,^resize_inode", "64M"},
    };
}

Image::Image(const Kind& kind, const std::string& more) {
    const Output made =
        run(fmt::format("mke2fs -q -F -E hash_seed=12345678-1234-1234-1234-"
                        "123456789abc {} {} {} {}",
                        kind.options, more, path(), kind.size));
    EXPECT_EQ(made.status, 0) << made.text;
}

std::shared_ptr<block::Device> Image::device(bool writable) const {
    block::FileOptions options;
    options.writable = writable;
    auto device = block::FileDevice::open(path(), options);
    EXPECT_TRUE(device.has_value()) << device.error().message();
    return std::shared_ptr<block::Device>(std::move(*device));
}

std::string Image::debugfs(const std::string& request, bool writable) const {
    return run(fmt::format("(debugfs {} -R '{}' {} 2>/dev/null)", writable ? "-w" : "", request,
                           path()))
        .text;
}

::testing::AssertionResult clean(const std::string& path) {
    const Output checked = run("e2fsck -fn " + path);
    if (checked.status == 0) return ::testing::AssertionSuccess();
    return ::testing::AssertionFailure() << checked.text;
}

::testing::AssertionResult clean(const Image& image) {
    return clean(image.path());
}

Options steady(bool read_only) {
    Options options;
    options.read_only = read_only;
    options.clock = std::make_shared<FixedClock>(Time{1'700'000'000, 123'456'789});
    options.seed = 1;
    return options;
}

Session::Session(std::shared_ptr<Volume> volume) : volume_(std::move(volume)) {}

Session Session::open(const Image& image, Options options) {
    auto volume = Volume::open(image.device(!options.read_only), options);
    if (!volume) {
        ADD_FAILURE() << volume.error().message();
        throw std::runtime_error(volume.error().message());
    }
    return Session(*volume);
}

void Session::drop(const fs::Entry& entry, std::uint64_t lookups) {
    volume_->reclaim(entry.node, lookups);
}

Result<fs::Entry> Session::find(std::string_view path) {
    QUIRE_TRY_ASSIGN(fs::Entry at, volume_->root(call_));
    while (!path.empty()) {
        const std::size_t slash = path.find('/');
        const std::string_view part = path.substr(0, slash);
        path = slash == std::string_view::npos ? "" : path.substr(slash + 1);
        QUIRE_TRY_ASSIGN(const Name name, Name::parse(part));
        auto next = volume_->lookup(call_, at.node, name);
        drop(at);
        if (!next) return next;
        at = *next;
    }
    return at;
}

Result<Session::Place> Session::place(std::string_view path) {
    const std::size_t slash = path.rfind('/');
    const std::string_view directory = slash == std::string_view::npos ? "" : path.substr(0, slash);
    QUIRE_TRY_ASSIGN(const Name name,
                     Name::parse(slash == std::string_view::npos ? path : path.substr(slash + 1)));
    QUIRE_TRY_ASSIGN(const fs::Entry entry, find(directory));
    return Place{entry, name};
}

Result<fs::Entry> Session::create(std::string_view path, std::string_view content) {
    QUIRE_TRY_ASSIGN(const Place at, place(path));
    auto made = volume_->create(call_, at.directory.node, at.name, {0644, 0, 0});
    drop(at.directory);
    if (!made) return made;
    if (!content.empty()) {
        auto written = volume_->write(call_, made->node, 0, std::as_bytes(std::span(content)));
        if (!written) {
            drop(*made);
            return fail(written.error());
        }
    }
    drop(*made);
    return made;
}

Result<void> Session::mkdir(std::string_view path) {
    QUIRE_TRY_ASSIGN(const Place at, place(path));
    auto made = volume_->mkdir(call_, at.directory.node, at.name, {0755, 0, 0});
    drop(at.directory);
    if (!made) return fail(made.error());
    drop(*made);
    return {};
}

Result<void> Session::remove(std::string_view path) {
    QUIRE_TRY_ASSIGN(const Place at, place(path));
    auto done = volume_->remove(call_, at.directory.node, at.name);
    drop(at.directory);
    return done;
}

Result<void> Session::rmdir(std::string_view path) {
    QUIRE_TRY_ASSIGN(const Place at, place(path));
    auto done = volume_->rmdir(call_, at.directory.node, at.name);
    drop(at.directory);
    return done;
}

Result<void> Session::rename(std::string_view from, std::string_view to, fs::RenameFlags flags) {
    QUIRE_TRY_ASSIGN(const Place old_place, place(from));
    QUIRE_TRY_ASSIGN(const Place new_place, place(to));
    auto done = volume_->rename(call_, old_place.directory.node, old_place.name,
                                new_place.directory.node, new_place.name, flags);
    drop(old_place.directory);
    drop(new_place.directory);
    return done;
}

Result<std::string> Session::read(std::string_view path) {
    QUIRE_TRY_ASSIGN(const fs::Entry entry, find(path));
    std::string content(entry.attributes.size, '\0');
    auto got = volume_->read(call_, entry.node, 0, std::as_writable_bytes(std::span(content)));
    drop(entry);
    if (!got) return fail(got.error());
    content.resize(*got);
    return content;
}

Result<void> Session::write(std::string_view path, std::uint64_t offset, std::string_view content) {
    QUIRE_TRY_ASSIGN(const fs::Entry entry, find(path));
    auto done = volume_->write(call_, entry.node, offset, std::as_bytes(std::span(content)));
    drop(entry);
    if (!done) return fail(done.error());
    if (*done != content.size()) return fail(std::errc::no_space_on_device);
    return {};
}

Result<std::vector<std::string>> Session::list(std::string_view path) {
    QUIRE_TRY_ASSIGN(const fs::Entry entry, find(path));
    std::vector<std::string> names;
    auto done = volume_->readdir(call_, entry.node, 0, fs::WithAttributes::no,
                                 [&](const fs::DirectoryEntry& found) {
                                     names.emplace_back(found.name);
                                     return true;
                                 });
    drop(entry);
    if (!done) return fail(done.error());
    std::ranges::sort(names);
    return names;
}

Result<fs::Attributes> Session::stat(std::string_view path) {
    QUIRE_TRY_ASSIGN(const fs::Entry entry, find(path));
    drop(entry);
    return entry.attributes;
}

Result<void> Session::unmount() {
    return volume_->unmount(call_, false);
}

}  // namespace quire::ext::tests
