// SPDX-License-Identifier: MIT

#pragma once

#include <gtest/gtest.h>

#include <cerrno>
#include <functional>
#include <memory>
#include <string_view>

#include "quire/server/guard.hpp"
#include "quire/testing/hooked_volume.hpp"
#include "quire/volumes/memory/memory_volume.hpp"

namespace quire::server {

inline Name name_of(std::string_view text) {
    return *Name::parse(text);
}

template <typename T>
std::errc error_of(const Result<T>& result) {
    return result ? std::errc() : result.error().code();
}

inline constexpr std::errc stale = std::errc(ESTALE);

inline fs::Credentials somebody(std::uint32_t uid, std::vector<std::uint32_t> groups = {}) {
    return {.uid = uid, .gid = uid, .groups = std::move(groups), .umask = 022, .pid = 0};
}

/// A tree in memory: jail/a/b/c, jail/file, outside/secret, secret.
class GuardGround : public ::testing::Test {
protected:
    GuardGround() {
        auto volume = memory::MemoryVolume::create({.clock = std::make_shared<SystemClock>()});
        tree = *fs::Tree::open(std::make_shared<testing::HookedVolume>(
            *volume,
            [this](fs::Operation operation, fs::Cookie node) -> Result<void> {
                if (hook) hook(operation, node);
                return {};
            },
            [this](fs::Cookie node, fs::Attributes& attributes) {
                if (append_only && node == append_only->cookie())
                    attributes.flags |= fs::append_only_flag;
            }));
        for (const char* path : {"jail", "jail/a", "jail/a/b", "jail/a/b/c", "outside"})
            directory(path);
        for (const char* path : {"jail/file", "outside/secret", "secret"}) file(path);
    }

    fs::Parent place(std::string_view path) { return *tree->walk_parent(call, *Path::parse(path)); }
    fs::NodeReference at(std::string_view path) {
        return *tree->walk(call, *Path::parse(path), fs::Follow::no);
    }
    void directory(std::string_view path, std::uint16_t permissions = 0755) {
        const fs::Parent to = place(path);
        ASSERT_TRUE(tree->make_directory(call, to.directory, to.name, permissions));
    }
    void file(std::string_view path, std::uint16_t permissions = 0644) {
        const fs::Parent to = place(path);
        ASSERT_TRUE(tree->create(call, to.directory, to.name, permissions));
    }
    void move(std::string_view from, std::string_view to) {
        const fs::Parent source = place(from);
        const fs::Parent target = place(to);
        ASSERT_TRUE(
            tree->rename(call, source.directory, source.name, target.directory, target.name));
    }
    Authority whole(fs::Credentials identity = fs::Credentials::root()) {
        return Authority(tree, std::move(identity));
    }
    Authority jail(fs::Credentials identity = fs::Credentials::root(), bool read_only = false) {
        return *whole(std::move(identity)).narrow(*Path::parse("jail"), read_only);
    }
    /// Walks a guard's names, as a holder does.
    fs::Cookie find(Guard& guard, std::string_view path) {
        fs::Cookie node = guard.root(call)->node;
        const Path parsed = *Path::parse(path);
        for (const Path::Component& component : parsed.components()) {
            const auto next = guard.lookup(call, node, component.name());
            EXPECT_TRUE(next) << path;
            node = next->node;
        }
        return node;
    }

    const fs::Call call = fs::Call::as_root();
    std::function<void(fs::Operation, fs::Cookie)> hook;
    std::shared_ptr<fs::Tree> tree;
    fs::NodeReference append_only;  // what shows as such
};

}  // namespace quire::server
