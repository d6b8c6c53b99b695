// SPDX-License-Identifier: MIT

#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "quire/fs/dummy_volume.hpp"

namespace quire::testing {

/// A read-only volume of files whose content is computed when it is read, of any size up to what a
/// number holds. It writes only what DummyVolume does not answer, and watches whether it is called
/// as its thread model promises.
///
/// Threads: any, also against the model: that is what it watches for.
class ComputedVolume final : public fs::DummyVolume {
public:
    /// Fills `memory` with what the file has from `offset` on; never asked for more than is there.
    using Content = std::function<Result<void>(std::uint64_t offset, std::span<std::byte> memory)>;
    struct File {
        std::string path;  ///< "a/b/c": directories come into being as they are named
        std::uint64_t size = 0;
        Content content;
    };

    explicit ComputedVolume(std::vector<File> files,
                            fs::ThreadModel model = fs::ThreadModel::parallel);

    /// Eight bytes at each offset that is a multiple of eight: the offset itself, little-endian.
    static Content offsets();

    /// Entries given out and not answered by reclaim().
    std::uint64_t lookups_owed() const { return owed_; }
    /// Whether two calls were ever in here at once that the thread model keeps apart.
    bool model_broken() const { return model_broken_; }

    fs::ThreadModel thread_model() const override { return model_; }
    bool supports(fs::Operation operation) const override;
    std::string_view type_name() const override { return "computed"; }
    Result<fs::Entry> root(const fs::Call&) override;
    Result<fs::Entry> lookup(const fs::Call&, fs::Cookie directory, const Name& name) override;
    Result<fs::Entry> parent(const fs::Call&, fs::Cookie directory) override;
    Result<fs::Attributes> getattr(const fs::Call&, fs::Cookie node) override;
    Result<void> readdir(const fs::Call&, fs::Cookie directory, fs::Position from,
                         fs::WithAttributes with, const fs::EntrySink& sink) override;
    Result<std::size_t> read(const fs::Call&, fs::Cookie node, std::uint64_t offset,
                             std::span<std::byte> memory) override;
    void reclaim(fs::Cookie node, std::uint64_t lookups) override;

private:
    struct Node {
        fs::Cookie cookie = 0;
        fs::Cookie parent = 0;
        std::map<std::string, fs::Cookie, std::less<>> children;
        bool directory = true;
        std::uint64_t size = 0;
        Content content;
        std::atomic<int> inside = 0;
    };
    class Visit;

    Node& make(fs::Cookie parent);
    Node& at(fs::Cookie cookie) { return nodes_.at(cookie - 1); }
    fs::Attributes attributes(const Node& node) const;
    fs::Entry give(const Node& node);

    const fs::ThreadModel model_;
    std::deque<Node> nodes_;  // a cookie is a place here, counted from 1
    std::atomic<int> inside_ = 0;
    std::atomic<std::uint64_t> owed_ = 0;
    std::atomic<bool> model_broken_ = false;
};

}  // namespace quire::testing
