// SPDX-License-Identifier: MIT

#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "quire/ipc/client.hpp"
#include "quire/ipc/server.hpp"
#include "quire/protocols/filesystem.hpp"
#include "quire/server/file_server.hpp"
#include "quire/testing/hooked_volume.hpp"
#include "quire/volumes/memory/memory_volume.hpp"

namespace quire::server {

using protocols::FileObject;
using protocols::Opener;
using protocols::OpenerContext;

template <typename T>
std::errc code_of(const Result<T>& result) {
    return result ? std::errc() : result.error().code();
}

inline const ipc::Call in_time = ipc::Call::forever();

inline std::span<const std::byte> bytes_of(std::string_view text) {
    return std::as_bytes(std::span(text));
}
inline std::string text_of(std::span<const std::byte> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

inline constexpr std::uint32_t to_read = protocols::open_read;
inline constexpr std::uint32_t to_write = protocols::open_read | protocols::open_write;
inline constexpr std::uint32_t to_make = to_write | protocols::open_create;

/// A memfd, sealed as a transfer buffer has to be, and a mapping of it.
class SealedMemory {
public:
    explicit SealedMemory(std::size_t size, int seals = F_SEAL_SHRINK) : size_(size) {
        UniqueFd fd(::memfd_create("buffer", MFD_CLOEXEC | MFD_ALLOW_SEALING));
        EXPECT_EQ(::ftruncate(fd.get(), static_cast<off_t>(size)), 0);
        if (seals != 0) {
            EXPECT_EQ(::fcntl(fd.get(), F_ADD_SEALS, seals), 0);
        }
        memory_ = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(), 0);
        object = ipc::Memory(std::move(fd), size, true);
    }
    SealedMemory(const SealedMemory&) = delete;
    SealedMemory& operator=(const SealedMemory&) = delete;
    ~SealedMemory() { ::munmap(memory_, size_); }

    char* data() const { return static_cast<char*>(memory_); }
    std::span<std::byte> bytes() const { return {static_cast<std::byte*>(memory_), size_}; }

    ipc::Memory object;

private:
    std::size_t size_;
    void* memory_;
};

/// A volume, in memory if nothing else is said, behind a file server, and a server that carries its
/// capabilities.
class FileGround : public ::testing::Test {
protected:
    FileGround()
        : FileGround(*memory::MemoryVolume::create({.clock = std::make_shared<SystemClock>()})) {}
    explicit FileGround(std::shared_ptr<fs::Volume> its_volume)
        : volume(std::move(its_volume)), carrier(*ipc::Server::create()) {
        tree = *fs::Tree::open(std::make_shared<testing::HookedVolume>(
            volume,
            [this](fs::Operation operation, fs::Cookie node) -> Result<void> {
                const auto hook = current_hook();
                return hook ? hook(operation, node) : Result<void>();
            },
            [this](fs::Cookie node, fs::Attributes& attributes) {
                if (node == append_only) attributes.flags |= fs::append_only_flag;
            }));
        files = std::make_unique<FileServer>(
            tree, FileServerOptions{.pages = *paging::PagePool::create(
                                        {.budget = paging::PagePool::least_budget})});
        opener = files->opener(Authority(tree, fs::Credentials::root()));
        context = *opener->context(in_time);
    }
    void TearDown() override {
        context = {};
        opener = {};
        expect_nothing_left();
    }
    using Hook = std::function<Result<void>(fs::Operation, fs::Cookie)>;
    /// The time in which operations of the volume pass a hook. It ends before what was made before
    /// it, and with it all calls that came through channels, so nothing uses the hook afterwards.
    class Hooked {
    public:
        explicit Hooked(FileGround& ground) : ground_(ground) {}
        Hooked(const Hooked&) = delete;
        Hooked& operator=(const Hooked&) = delete;
        ~Hooked() {
            ground_.end_serving();
            ground_.replace_hook(nullptr);
        }

    private:
        FileGround& ground_;
    };
    [[nodiscard]] Hooked set_hook(Hook hook) {
        replace_hook(std::move(hook));
        return Hooked(*this);
    }
    /// Waits until no call is inside any more, whoever has given it up.
    void end_serving() { carrier = *ipc::Server::create(); }
    void expect_nothing_left() {
        end_serving();
        // Who writes back what has aged may have one in hand just now, and lets go of it by itself.
        const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
        while (files->counters().providers > 0 && std::chrono::steady_clock::now() < until)
            std::this_thread::yield();
        const FileServerCounters left = files->counters();
        EXPECT_EQ(left.openers, 0u);
        EXPECT_EQ(left.contexts, 0u);
        EXPECT_EQ(left.files, 0u);
        EXPECT_EQ(left.directories, 0u);
        EXPECT_EQ(left.providers, 0u);
        EXPECT_EQ(left.buffers, 0u);
    }

    /// The same object, as another process would have it: behind a channel of its own.
    template <typename I>
    ipc::Cap<I> across(ipc::Cap<I> object, ipc::Home home = {}) {
        int ends[2];
        EXPECT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
        EXPECT_TRUE(carrier.adopt(UniqueFd(ends[0]), ipc::AnyCap(object)));
        auto there = ipc::adopt<I>(UniqueFd(ends[1]), std::move(home));
        EXPECT_TRUE(there);
        return *there;
    }
    ipc::Cap<OpenerContext> user(std::uint32_t uid, std::vector<std::uint32_t> groups = {}) {
        const auto own = files->opener(Authority(
            tree, {.uid = uid, .gid = uid, .groups = std::move(groups), .umask = 022, .pid = 0}));
        return *own->context(in_time);
    }
    ipc::Cap<FileObject> open(std::string_view path, std::uint32_t flags = to_make) {
        auto opened = context->open(in_time, path, flags, 0644, 0);
        EXPECT_TRUE(opened) << path;
        return opened ? opened->file : ipc::Cap<FileObject>();
    }
    void file(std::string_view path, std::string_view content = "") {
        const auto made = open(path);
        ASSERT_TRUE(made);
        if (!content.empty()) {
            ASSERT_TRUE(made->write(in_time, 0, bytes_of(content)));
        }
    }
    std::string content(std::string_view path) {
        const auto read = context->read(in_time, path, protocols::content_limit);
        EXPECT_TRUE(read) << path;
        return read ? text_of(read->content) : "";
    }
    std::errc open_error(std::string_view path, std::uint32_t flags) {
        return code_of(context->open(in_time, path, flags, 0644, 0));
    }

    std::shared_ptr<fs::Volume> volume;
    std::shared_ptr<fs::Tree> tree;
    std::unique_ptr<FileServer> files;
    ipc::Cap<Opener> opener;
    ipc::Cap<OpenerContext> context;
    ipc::Server carrier;
    std::atomic<fs::Cookie> append_only = ~fs::Cookie{0};  // what shows as such

private:
    Hook current_hook() {
        const std::scoped_lock lock(hook_mutex_);
        return hook_;
    }
    void replace_hook(Hook hook) {
        const std::scoped_lock lock(hook_mutex_);
        hook_ = std::move(hook);
    }

    std::mutex hook_mutex_;
    Hook hook_;
};

}  // namespace quire::server
