// SPDX-License-Identifier: MIT

#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <thread>

#include "client_ground.hpp"
#include "quire/ipc/remote_object.hpp"
#include "quire/memory/page_pool.hpp"

namespace quire::client {

/// The same with memory in which clients find things without asking.
class PagedGround : public ClientGround {
protected:
    PagedGround() : PagedGround(64 * MiB) {}
    explicit PagedGround(std::uint64_t budget)
        : pool(*paging::PagePool::create({.budget = budget})) {
        context.reset();
        files =
            std::make_unique<server::FileServer>(tree, server::FileServerOptions{.pages = pool});
        const auto own =
            there(files->opener(server::Authority(tree, fs::Credentials::root())), false);
        context.emplace(*Context::create(own));
    }
    ~PagedGround() override {
        context.reset();
        carrier.reset();
        files.reset();
        const auto left = pool->counters();
        EXPECT_EQ(left.files, 0u);
        EXPECT_EQ(left.domains, 0u);
        EXPECT_EQ(left.segment_bytes, 0u);
    }
    std::uint64_t messages() const {
        const ipc::ChannelCounters counters = context->capability()->remote()->counters();
        return counters.sent_messages + counters.received_messages;
    }
    /// Returns when the server has so many files open: nothing tells when a release has been done.
    void wait_until_open_there(std::size_t number) const {
        while (files->counters().files != number) std::this_thread::yield();
    }
    std::string get(File& file, std::uint64_t position, std::size_t length) const {
        std::string bytes(length, '?');
        const auto got = file.pread(position, std::as_writable_bytes(std::span(bytes)));
        EXPECT_TRUE(got) << got.error().message();
        bytes.resize(got.value_or(0));
        return bytes;
    }

    std::shared_ptr<paging::PagePool> pool;
};

}  // namespace quire::client
