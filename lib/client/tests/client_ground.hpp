// SPDX-License-Identifier: MIT

#pragma once

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "quire/client/context.hpp"
#include "quire/ipc/client.hpp"
#include "quire/ipc/server.hpp"
#include "quire/server/file_server.hpp"
#include "quire/testing/hooked_volume.hpp"
#include "quire/volumes/memory/memory_volume.hpp"

namespace quire::client {

using protocols::OpenerContext;

/// How the capabilities of a test come to it.
enum class Way { in_process, remote };

inline std::string name_of_way(const ::testing::TestParamInfo<Way>& info) {
    return info.param == Way::remote ? "remote" : "in_process";
}

template <typename T>
std::errc code_of(const Result<T>& result) {
    return result ? std::errc() : result.error().code();
}

inline std::span<const std::byte> bytes_of(std::string_view text) {
    return std::as_bytes(std::span(text));
}
inline std::string text_of(std::span<const std::byte> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
/// No two places look alike.
inline std::string pattern(std::size_t size, unsigned seed = 1) {
    std::string text(size, '\0');
    std::uint32_t state = seed;
    for (char& one : text) {
        state = state * 1664525U + 1013904223U;
        one = static_cast<char>(state >> 24U);
    }
    return text;
}

/// A volume in memory behind a file server, and a context on it.
class ClientGround : public ::testing::TestWithParam<Way> {
protected:
    ClientGround() : carrier(*ipc::Server::create()), home(*ipc::Server::create()) {
        volume = *memory::MemoryVolume::create({.clock = std::make_shared<SystemClock>()});
        tree = *fs::Tree::open(std::make_shared<testing::HookedVolume>(
            volume, [place = hook_](fs::Operation operation, fs::Cookie node) -> Result<void> {
                const auto now = place->get();
                return now ? (*now)(operation, node) : Result<void>();
            }));
        files = std::make_unique<server::FileServer>(tree);
        context.emplace(*Context::create(opener()));
    }
    void TearDown() override {
        context.reset();
        set_hook(nullptr);
        // With its threads, which may be holding what they have just called.
        carrier.reset();
        const server::FileServerCounters left = files->counters();
        EXPECT_EQ(left.openers, 0u);
        EXPECT_EQ(left.contexts, 0u);
        EXPECT_EQ(left.files, 0u);
        EXPECT_EQ(left.directories, 0u);
        EXPECT_EQ(left.buffers, 0u);
    }

    /// As root without a umask, as protocols/service.idl has it.
    ipc::Cap<protocols::Opener> opener(fs::Credentials who = fs::Credentials::root()) {
        who.umask = 0;
        return there(files->opener(server::Authority(tree, std::move(who))));
    }
    /// The same object as this test's way has it.
    template <typename I>
    ipc::Cap<I> there(ipc::Cap<I> object, bool slot = true) {
        if (GetParam() == Way::in_process) return object;
        int ends[2];
        EXPECT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
        EXPECT_TRUE(carrier->adopt(UniqueFd(ends[0]), ipc::AnyCap(object)));
        auto across = ipc::adopt<I>(UniqueFd(ends[1]), {home.home(), slot});
        EXPECT_TRUE(across);
        return *across;
    }

    File open(std::string_view path, const char* mode, const OpenOptions& options = {}) {
        auto file = context->open(path, mode, options);
        EXPECT_TRUE(file) << path << ": " << file.error().message();
        return *std::move(file);
    }
    void make(std::string_view path, std::string_view content) {
        File file = open(path, "w");
        EXPECT_TRUE(file.write(bytes_of(content)));
        EXPECT_TRUE(file.close());
    }
    std::string content(std::string_view path) {
        const auto whole = context->read_file(path);
        EXPECT_TRUE(whole) << path << ": " << whole.error().message();
        return whole ? text_of(*whole) : "";
    }
    static std::string read(File& file, std::size_t most) {
        std::vector<std::byte> memory(most);
        const auto got = file.read(memory);
        EXPECT_TRUE(got) << got.error().message();
        return got ? text_of(std::span(memory).first(*got)) : "";
    }

    using Hook = std::function<Result<void>(fs::Operation, fs::Cookie)>;
    /// Called by the volume from now on; what was let go of may still be on its way there.
    void set_hook(const Hook& next) { hook_->put(next); }

    std::shared_ptr<memory::MemoryVolume> volume;
    std::shared_ptr<fs::Tree> tree;
    std::unique_ptr<server::FileServer> files;
    std::optional<ipc::Server> carrier;
    ipc::Server home;  // of the client
    std::optional<Context> context;

private:
    class HookPlace {
    public:
        void put(const Hook& next) {
            auto made = next ? std::make_shared<const Hook>(next) : nullptr;
            const std::lock_guard lock(mutex_);
            hook_.swap(made);
        }
        std::shared_ptr<const Hook> get() {
            const std::lock_guard lock(mutex_);
            return hook_;
        }

    private:
        std::mutex mutex_;
        std::shared_ptr<const Hook> hook_;
    };

    std::shared_ptr<HookPlace> hook_ = std::make_shared<HookPlace>();
};

#define QUIRE_BOTH_WAYS(Suite)                                                                 \
    INSTANTIATE_TEST_SUITE_P(BothWays, Suite, ::testing::Values(Way::in_process, Way::remote), \
                             name_of_way)

}  // namespace quire::client
