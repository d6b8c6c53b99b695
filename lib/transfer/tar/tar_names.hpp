// SPDX-License-Identifier: MIT

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "pack/pack_cost.hpp"
#include "quire/transfer/pack.hpp"
#include "tar/archive_reader.hpp"
#include "tar/member_path.hpp"

namespace quire::transfer {

/// The paths of an archive while it is read for the first time, and what they come to.
///
/// Entries are known by their number in the archive. What is no directory is an object, known by
/// the entry that brings its content; an object may have several names, and one that has lost all
/// of them is not made.
class TarPlan::Names {
public:
    using Index = std::uint32_t;
    static constexpr Index root = 0;

    struct Node {
        Index parent = root;
        std::string name;
        bool is_directory = false;
        std::optional<std::uint64_t> object;  ///< of what is no directory
        std::uint64_t name_bytes = 0;         ///< of a directory
    };

    explicit Names(std::uint32_t block_size);

    /// Takes the next entry. Fails: with what is wrong with it; it counts as not there then.
    Result<void> take(std::uint64_t number, const ArchiveEntry& entry, const PackOptions& options);
    /// The content of the entry taken last, run by run.
    PackCost& cost() { return cost_; }
    /// To be called at the end, once.
    void close();

    const PackSize& size() const { return size_; }
    const std::vector<Node>& nodes() const { return nodes_; }
    /// The directory that an entry describes, if it is the last to do so.
    std::optional<Index> described_by(std::uint64_t number) const;
    /// The names of the object that an entry brings; empty: it is not wanted.
    std::vector<Index> named_by(std::uint64_t number) const;

private:
    Result<std::optional<Index>> enter(const MemberPath& path, const PackOptions& options);
    Result<void> take_link(std::uint64_t number, Index name, const ArchiveEntry& entry);
    void give(Index name, std::uint64_t object);
    Index child(Index directory, const std::string& path, const Name& name);

    std::vector<Node> nodes_;
    std::unordered_map<std::string, Index> by_path_;
    std::unordered_map<std::uint64_t, Index> described_;           // by entry
    std::unordered_map<Index, std::uint64_t> describing_;          // the other way round
    std::unordered_map<std::uint64_t, std::vector<Index>> names_;  // of objects
    PackCost cost_;
    PackSize size_;
};

}  // namespace quire::transfer
