// SPDX-License-Identifier: MIT

#include "crash/session_workload.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <span>
#include <utility>

#include "quire/testing/bytes.hpp"

namespace quire::tests {

namespace {

using client::Context;
using client::File;
using testing::pattern;

constexpr std::uint32_t to_write = protocols::open_read | protocols::open_write;
constexpr std::uint32_t to_make = to_write | protocols::open_create;
constexpr client::OpenOptions unbuffered{.buffered = false};

/// Writes in pieces that are smaller than any buffer.
Result<void> write_in_pieces(File& file, std::span<const std::byte> bytes, std::size_t piece) {
    while (!bytes.empty()) {
        const std::size_t length = std::min(piece, bytes.size());
        QUIRE_TRY(file.write(bytes.first(length)));
        bytes = bytes.subspan(length);
    }
    return {};
}

/// Makes a file whose content is durable; it is flushed before it is closed.
Result<void> make_flushed(Context& context, const std::string& path, std::size_t length,
                          std::uint64_t seed) {
    QUIRE_TRY_ASSIGN(File file, context.open(path, to_make));
    QUIRE_TRY(write_in_pieces(file, pattern(length, seed), 1000));
    return file.flush();
}

/// Makes a file that is only closed.
Result<void> make_closed(Context& context, const std::string& path, std::size_t length,
                         std::uint64_t seed) {
    QUIRE_TRY_ASSIGN(File file, context.open(path, to_make));
    QUIRE_TRY(file.write(pattern(length, seed)));
    return file.close();
}

std::string in_many(int number) {
    return fmt::format("many/a name of some length {}", number);
}

class Steps {
public:
    explicit Steps(std::uint64_t seed) : seed_(seed) {}

    std::vector<SessionStep> take() && {
        add_writing();
        add_changing();
        add_names();
        return std::move(steps_);
    }

private:
    void add(std::string name, std::function<Result<void>(Context&)> act) {
        steps_.push_back({std::move(name), std::move(act)});
    }

    void add_writing() {
        const std::uint64_t seed = seed_;
        add("make directories", [](Context& context) -> Result<void> {
            for (const char* const path : {"a", "a/b", "d"}) QUIRE_TRY(context.mkdir(path));
            return context.sync();
        });
        add("flush small files", [=](Context& context) -> Result<void> {
            for (std::size_t i = 0; i < 8; ++i)
                QUIRE_TRY(
                    make_flushed(context, fmt::format("a/small{}", i), 100 + i * 917, seed + i));
            return {};
        });
        add("close files and sync", [=](Context& context) -> Result<void> {
            for (std::size_t i = 0; i < 8; ++i)
                QUIRE_TRY(make_closed(context, fmt::format("a/closed{}", i), 50 + i * 1300,
                                      seed + 10 + i));
            return context.sync();
        });
        add("flush a large file of small writes", [=](Context& context) {
            return make_flushed(context, "a/b/large", 300'000, seed + 20);
        });
        add("flush what is written at once", [=](Context& context) -> Result<void> {
            QUIRE_TRY_ASSIGN(File file, context.open("d/at once", to_make, unbuffered));
            QUIRE_TRY(file.write(pattern(200'000, seed + 21)));
            return file.flush();
        });
        add("flush a file with holes", [=](Context& context) -> Result<void> {
            QUIRE_TRY_ASSIGN(File file, context.open("d/holes", to_make));
            for (std::uint64_t i = 0; i < 8; ++i)
                QUIRE_TRY(file.pwrite(50'000 * i * i, pattern(3000, seed + 30 + i)));
            return file.flush();
        });
        add("append and flush", [=](Context& context) -> Result<void> {
            QUIRE_TRY_ASSIGN(File file, context.open("a/small3", "a"));
            QUIRE_TRY(write_in_pieces(file, pattern(9000, seed + 40), 700));
            return file.flush();
        });
        add("overwrite in place and flush", [=](Context& context) -> Result<void> {
            QUIRE_TRY_ASSIGN(File file, context.open("a/b/large", to_write));
            QUIRE_TRY(file.pwrite(100'000, pattern(50'000, seed + 41)));
            return file.flush();
        });
        add("write several files and sync once", [=](Context& context) -> Result<void> {
            QUIRE_TRY_ASSIGN(File one, context.open("a/closed1", to_write));
            QUIRE_TRY_ASSIGN(File two, context.open("d/two", to_make));
            for (std::uint64_t i = 0; i < 20; ++i) {
                QUIRE_TRY(one.pwrite(i * 3000, pattern(1500, seed + 50 + i)));
                QUIRE_TRY(two.write(pattern(2500, seed + 80 + i)));
            }
            QUIRE_TRY(one.write_out());
            QUIRE_TRY(two.write_out());
            return context.sync();
        });
    }

    void add_changing() {
        const std::uint64_t seed = seed_;
        add("cut and flush", [=](Context& context) -> Result<void> {
            QUIRE_TRY_ASSIGN(File file, context.open("a/b/large", to_write));
            QUIRE_TRY(file.truncate(12'345));
            QUIRE_TRY(file.pwrite(200'000, pattern(100, seed + 110)));
            QUIRE_TRY(file.truncate(250'000));
            return file.flush();
        });
        add("empty by opening", [=](Context& context) -> Result<void> {
            QUIRE_TRY_ASSIGN(File file, context.open("a/small6", "w"));
            QUIRE_TRY(file.write(pattern(10, seed + 111)));
            return file.flush();
        });
        add("punch, allocate and zero", [=](Context& context) -> Result<void> {
            QUIRE_TRY_ASSIGN(File file, context.open("d/at once", to_write));
            QUIRE_TRY(file.allocate(protocols::AllocateMode::punch_hole, 20'000, 60'000));
            QUIRE_TRY(file.allocate(protocols::AllocateMode::zero_range, 100'000, 10'000));
            QUIRE_TRY(file.allocate(protocols::AllocateMode::allocate, 190'000, 60'000));
            QUIRE_TRY(file.pwrite(30'000, pattern(5000, seed + 112)));
            return file.flush();
        });
        add("set extended attributes", [=](Context& context) -> Result<void> {
            QUIRE_TRY(
                context.set_extended_attribute("a/small7", "user.small", pattern(20, seed + 120)));
            QUIRE_TRY_ASSIGN(File file, context.open("a/small4", to_write));
            QUIRE_TRY(file.set_extended_attribute("user.large", pattern(700, seed + 121)));
            return file.flush();
        });
        add("change owners, modes and times", [](Context& context) -> Result<void> {
            for (std::uint32_t i = 0; i < 4; ++i) {
                const std::string path = fmt::format("a/closed{}", i);
                QUIRE_TRY(context.chown(path, 100'000 + i, std::nullopt));
                QUIRE_TRY(context.chmod(path, 0640));
                QUIRE_TRY(context.truncate(path, 100 + i));
            }
            return context.sync();
        });
    }

    void add_names() {
        const std::uint64_t seed = seed_;
        add("replace a file by a flushed one", [=](Context& context) -> Result<void> {
            QUIRE_TRY(make_flushed(context, "a/new", 5000, seed + 130));
            QUIRE_TRY(context.rename("a/new", "a/small2"));
            return context.sync();
        });
        add("exchange and move", [](Context& context) -> Result<void> {
            QUIRE_TRY(context.rename("a/small1", "d/holes", protocols::rename_exchange));
            QUIRE_TRY(context.rename("a/b", "d/b"));
            QUIRE_TRY(context.link("d/b/large", "a/second"));
            QUIRE_TRY(context.symlink("second", "a/soft"));
            return context.sync();
        });
        add("remove what is open", [=](Context& context) -> Result<void> {
            QUIRE_TRY_ASSIGN(File file, context.open("d/two", to_write));
            QUIRE_TRY(context.remove("d/two"));
            QUIRE_TRY(file.pwrite(0, pattern(30'000, seed + 140)));
            QUIRE_TRY(file.flush());
            QUIRE_TRY(file.close());
            return context.sync();
        });
        add("fill a directory", [=](Context& context) -> Result<void> {
            QUIRE_TRY(context.mkdir("many"));
            for (int i = 0; i < 80; ++i)
                QUIRE_TRY(make_closed(context, in_many(i), i % 5 == 0 ? 700 : 0,
                                      seed + 200 + static_cast<std::uint64_t>(i)));
            return context.sync();
        });
        add("reuse the blocks of what is removed", [=](Context& context) -> Result<void> {
            QUIRE_TRY(context.remove("a/second"));
            QUIRE_TRY(context.remove("d/b/large"));
            return make_flushed(context, "d/reused", 260'000, seed + 150);
        });
        add("empty the directory", [](Context& context) -> Result<void> {
            for (int i = 0; i < 80; ++i) QUIRE_TRY(context.remove(in_many(i)));
            QUIRE_TRY(context.rmdir("many"));
            return context.sync();
        });
        add("reuse blocks of directories for data", [=](Context& context) {
            return make_flushed(context, "d/again", 150'000, seed + 160);
        });
    }

    const std::uint64_t seed_;
    std::vector<SessionStep> steps_;
};

}  // namespace

std::vector<SessionStep> session_workload(std::uint64_t seed) {
    return Steps(seed).take();
}

}  // namespace quire::tests
