// SPDX-License-Identifier: MIT

#pragma once

#include <cerrno>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "quire/fs/dummy_volume.hpp"
#include "quire/testing/gate.hpp"

namespace quire::remote {

/// A volume of a root, node 1, in which every number is the name of a node, and which keeps book of
/// what it is asked: any call on a node of which no lookup is open is a mistake of its caller.
class WatchingVolume final : public fs::DummyVolume {
public:
    fs::ThreadModel thread_model() const override { return fs::ThreadModel::parallel; }
    bool supports(fs::Operation operation) const override {
        return operation == fs::Operation::getxattr || operation == fs::Operation::listxattr;
    }
    std::string_view type_name() const override { return "watching"; }

    Result<fs::Entry> root(const fs::Call&) override { return give(1); }
    Result<fs::Entry> lookup(const fs::Call& call, fs::Cookie directory,
                             const Name& name) override {
        check(directory);
        {
            const std::scoped_lock lock(mutex_);
            last_call_ = call;
        }
        if (name == "slow") gate.pass();
        if (name == "refused") return fail(std::errc::owner_dead, "the sentence of a volume");
        return give(std::stoull("0" + name.text()) + 1);
    }
    Result<fs::Entry> parent(const fs::Call&, fs::Cookie directory) override {
        check(directory);
        return give(1);
    }
    Result<fs::Attributes> getattr(const fs::Call&, fs::Cookie node) override {
        check(node);
        return attributes(node);
    }
    Result<void> readdir(const fs::Call&, fs::Cookie directory, fs::Position from,
                         fs::WithAttributes, const fs::EntrySink& sink) override {
        check(directory);
        for (fs::Position next = from + 1; next <= listed; ++next) {
            const std::string name = std::to_string(next);
            if (!sink({.name = name, .inode = next, .next = next})) break;
        }
        return {};
    }
    Result<void> open(const fs::Call&, fs::Cookie node, fs::OpenMode) override {
        check(node);
        const std::scoped_lock lock(mutex_);
        ++opens_;
        return {};
    }
    Result<void> close(const fs::Call&, fs::Cookie node, fs::OpenMode) override {
        check(node);
        const std::scoped_lock lock(mutex_);
        --opens_;
        return {};
    }
    Result<std::size_t> read(const fs::Call&, fs::Cookie node, std::uint64_t,
                             std::span<std::byte> memory) override {
        check(node);
        gate.pass();
        return memory.size();
    }
    Result<std::vector<std::byte>> getxattr(const fs::Call&, fs::Cookie node,
                                            std::string_view) override {
        check(node);
        return value;
    }
    Result<std::vector<std::string>> listxattr(const fs::Call&, fs::Cookie node) override {
        check(node);
        return names;
    }
    void reclaim(fs::Cookie node, std::uint64_t lookups) override {
        const std::scoped_lock lock(mutex_);
        std::uint64_t& owed = owed_[node];
        if (owed < lookups) wrong_ = true;
        owed -= lookups;
        if (owed == 0) owed_.erase(node);
    }

    /// Lookups that nobody has answered.
    std::uint64_t owed() const {
        const std::scoped_lock lock(mutex_);
        std::uint64_t sum = 0;
        for (const auto& [node, owed] : owed_) sum += owed;
        return sum;
    }
    std::int64_t opens() const {
        const std::scoped_lock lock(mutex_);
        return opens_;
    }
    /// Whether a call named a node that it had no right to name.
    bool misused() const {
        const std::scoped_lock lock(mutex_);
        return wrong_;
    }
    fs::Call last_call() const {
        const std::scoped_lock lock(mutex_);
        return last_call_;
    }
    using fs::DummyVolume::observer;

    /// Readers wait here, and who looks up "slow".
    testing::Gate gate;
    std::vector<std::byte> value;
    std::vector<std::string> names;
    std::uint64_t listed = 0;

private:
    void check(fs::Cookie node) {
        const std::scoped_lock lock(mutex_);
        if (!owed_.contains(node)) wrong_ = true;
    }
    static fs::Attributes attributes(fs::Cookie node) {
        fs::Attributes result;
        result.type = node == 1 ? fs::FileType::directory : fs::FileType::regular;
        result.inode = node;
        return result;
    }
    fs::Entry give(fs::Cookie node) {
        const std::scoped_lock lock(mutex_);
        ++owed_[node];
        fs::Entry entry;
        entry.node = node;
        entry.attributes = attributes(node);
        return entry;
    }

    mutable std::mutex mutex_;
    std::map<fs::Cookie, std::uint64_t> owed_;
    std::int64_t opens_ = 0;
    bool wrong_ = false;
    fs::Call last_call_ = fs::Call::as_root();
};

}  // namespace quire::remote
