// SPDX-License-Identifier: MIT

// Many files, processes, threads and regions, again and again: each thread writes regions of its own
// in files that all share, and reads there what it wrote last. The same through a served socket and
// on the host, whose filesystem says that the program is right. QUIRE_STRESS_TURNS makes it longer.

#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "crash/judges.hpp"
#include "crash/traced_program.hpp"
#include "quire/block/file_device.hpp"
#include "quire/client/context.hpp"
#include "quire/ipc/client.hpp"
#include "quire/protocols/service.hpp"
#include "serve/served_image.hpp"

namespace quire::tests {
namespace {

constexpr unsigned file_count = 9;
constexpr unsigned process_count = 4;
constexpr unsigned threads_of_process = 3;
constexpr unsigned workers = process_count * threads_of_process;
constexpr unsigned regions_of_worker = 5;
constexpr unsigned region_count = workers * regions_of_worker;
/// Neither of pages nor of blocks.
constexpr std::size_t region_size = 2777;

using Content = std::vector<std::byte>;

/// What a write leaves in a region; 0: nothing was written yet.
Content content_of(unsigned file, unsigned region, std::uint32_t write) {
    Content content(region_size);
    if (write == 0) return content;
    std::mt19937 random(write * 977 + file * 131 + region);
    for (auto& byte : content) byte = static_cast<std::byte>(random());
    return content;
}

/// An open file, wherever it is. False: an error, or too few bytes.
class OpenFile {
public:
    virtual ~OpenFile() = default;
    virtual bool write(std::uint64_t position, std::span<const std::byte> bytes) = 0;
    virtual bool read(std::uint64_t position, std::span<std::byte> bytes) = 0;
    virtual bool sync() = 0;
    virtual bool close() = 0;
};

class HostFile final : public OpenFile {
public:
    explicit HostFile(const std::string& path) : fd_(::open(path.c_str(), O_RDWR | O_CLOEXEC)) {}
    bool write(std::uint64_t position, std::span<const std::byte> bytes) override {
        return ::pwrite(fd_.get(), bytes.data(), bytes.size(), static_cast<off_t>(position)) ==
               static_cast<ssize_t>(bytes.size());
    }
    bool read(std::uint64_t position, std::span<std::byte> bytes) override {
        return ::pread(fd_.get(), bytes.data(), bytes.size(), static_cast<off_t>(position)) ==
               static_cast<ssize_t>(bytes.size());
    }
    bool sync() override { return ::fdatasync(fd_.get()) == 0; }
    bool close() override {
        fd_.reset();
        return true;
    }

private:
    UniqueFd fd_;
};

class ServedFile final : public OpenFile {
public:
    explicit ServedFile(client::File file) : file_(std::move(file)) {}
    bool write(std::uint64_t position, std::span<const std::byte> bytes) override {
        return file_.pwrite(position, bytes).has_value();
    }
    bool read(std::uint64_t position, std::span<std::byte> bytes) override {
        const auto count = file_.pread(position, bytes);
        return count && *count == bytes.size();
    }
    bool sync() override { return file_.flush().has_value(); }
    bool close() override { return file_.close().has_value(); }

private:
    client::File file_;
};

/// Where a thread finds files by their names.
using OpenByName = std::function<std::unique_ptr<OpenFile>(const std::string& name, bool buffered)>;
/// Called in each thread.
using MakeOpen = std::function<OpenByName()>;

class Stress : public ::testing::Test {
protected:
    Stress() {
        const char* const turns = std::getenv("QUIRE_STRESS_TURNS");
        if (turns != nullptr) turns_ = static_cast<unsigned>(std::atoi(turns));
        for (unsigned file = 0; file < file_count; ++file) {
            std::ofstream(served_.tree() + "/f" + std::to_string(file));
            std::filesystem::resize_file(served_.tree() + "/f" + std::to_string(file),
                                         region_count * region_size);
        }
    }
    ~Stress() override { ::munmap(last_, last_size); }

    std::uint32_t& last(unsigned file, unsigned region) const {
        return last_[file * region_count + region];
    }

    /// Does its turns as one of the workers. Says what is wrong, or nothing.
    std::string work(unsigned worker, const OpenByName& open) const {
        std::mt19937 random(worker);
        Content read(region_size);
        for (unsigned turn = 1; turn <= turns_; ++turn) {
            const unsigned file = random() % file_count;
            const auto opened = open("f" + std::to_string(file), random() % 2 == 0);
            if (!opened) return "cannot open";
            for (unsigned step = 0; step < 6; ++step) {
                const unsigned region = random() % regions_of_worker * workers + worker;
                std::uint32_t& write = last(file, region);
                const std::uint64_t position = region * region_size;
                if (random() % 2 == 0) {
                    write = static_cast<std::uint32_t>(random() | 1U);
                    if (!opened->write(position, content_of(file, region, write)))
                        return "cannot write";
                }
                if (random() % 16 == 0 && !opened->sync()) return "cannot sync";
                if (random() % 2 == 0) {
                    if (!opened->read(position, read)) return "cannot read";
                    if (read != content_of(file, region, write))
                        return fmt::format("turn {}: region {} of file {} has another content",
                                           turn, region, file);
                }
            }
            if (!opened->close()) return "cannot close";
        }
        return "";
    }

    void run_all(const MakeOpen& make_open) const {
        std::vector<pid_t> children;
        for (unsigned process = 0; process < process_count; ++process) {
            std::fflush(nullptr);
            const pid_t child = ::fork();
            if (child == 0) be_a_process(process, make_open);
            children.push_back(child);
        }
        for (const pid_t child : children) {
            int status = 0;
            ::waitpid(child, &status, 0);
            EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
        }
    }

    [[noreturn]] void be_a_process(unsigned process, const MakeOpen& make_open) const {
        std::atomic<int> bad = 0;
        std::vector<std::jthread> threads;
        for (unsigned thread = 0; thread < threads_of_process; ++thread)
            threads.emplace_back([&, thread] {
                const OpenByName open = make_open();
                const std::string wrong =
                    open ? work(process * threads_of_process + thread, open) : "cannot connect";
                if (wrong.empty()) return;
                std::fprintf(stderr, "process %u, thread %u: %s\n", process, thread, wrong.c_str());
                ++bad;
            });
        threads.clear();
        ::_exit(bad == 0 ? 0 : 1);
    }

    /// Every region of a tree of the host has what was written there last.
    void expect_all(const std::string& tree) const {
        for (unsigned file = 0; file < file_count; ++file) {
            HostFile opened(tree + "/f" + std::to_string(file));
            Content read(region_size);
            for (unsigned region = 0; region < region_count; ++region) {
                ASSERT_TRUE(opened.read(region * region_size, read));
                ASSERT_TRUE(read == content_of(file, region, last(file, region)))
                    << "file " << file << ", region " << region;
            }
        }
    }

    static constexpr std::size_t last_size = sizeof(std::uint32_t) * file_count * region_count;

    unsigned turns_ = 60;
    ServedImage served_;
    Judges judges_;

private:
    /// The latest write of each region, shared by all processes; each worker has words of its own.
    std::uint32_t* const last_ = static_cast<std::uint32_t*>(
        ::mmap(nullptr, last_size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
};

TEST_F(Stress, leaves_regions_apart_on_the_host) {
    run_all([this]() -> OpenByName {
        return [this](const std::string& name, bool) {
            return std::make_unique<HostFile>(served_.tree() + "/" + name);
        };
    });
    expect_all(served_.tree());
}

TEST_F(Stress, leaves_regions_apart_through_a_socket) {
    served_.create({"--size", "32M"});
    ASSERT_EQ(served_.serve(), "");
    run_all([this]() -> OpenByName {
        const auto service = ipc::connect<protocols::Service>(served_.socket());
        if (!service) return {};
        const auto opener = (*service)->opener(ipc::Call::forever(), "", false);
        if (!opener) return {};
        auto made = client::Context::create(*opener);
        if (!made) return {};
        const auto context = std::make_shared<client::Context>(std::move(*made));
        return [context](const std::string& name, bool buffered) -> std::unique_ptr<OpenFile> {
            auto file = context->open(name, protocols::open_read | protocols::open_write,
                                      {.buffered = buffered});
            if (!file) return nullptr;
            return std::make_unique<ServedFile>(std::move(*file));
        };
    });
    served_.stop();
    const std::string back = served_.tree() + "/../back";
    const auto copied = run_program(quire_words({"cp", "-r", served_.image() + ":/", back}));
    ASSERT_TRUE(copied && copied->exit_code == 0) << copied->output;
    expect_all(back);
    if (judges_.without_e2fsck()) return;
    const auto device = *block::FileDevice::open(served_.image());
    EXPECT_EQ(judges_.complaint(*device).value_or("clean"), "clean");
}

}  // namespace
}  // namespace quire::tests
