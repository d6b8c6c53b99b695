// SPDX-License-Identifier: MIT

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <utility>

#include "quire/base/result.hpp"
#include "quire/fs/volume.hpp"
#include "quire/wire/account.hpp"

namespace quire::remote {

/// What one client has been given of a volume and owes back: lookups and opens of each node. Nothing
/// reaches the volume that is not in here.
///
/// A node stays while calls on it are in progress, whatever else the client says meanwhile; the last
/// one to go closes what is still open and answers its lookups. The end of this answers all.
/// Threads: any. Its lock is a leaf: nothing is called with it held.
class GivenNodes {
public:
    /// Needs: the volume may be called from any thread, and lives longer.
    GivenNodes(fs::Volume& volume, std::shared_ptr<wire::Account> account)
        : volume_(volume), account_(std::move(account)) {}
    GivenNodes(const GivenNodes&) = delete;
    GivenNodes& operator=(const GivenNodes&) = delete;
    ~GivenNodes();

    /// A call in progress, on up to two nodes.
    class Stay {
    public:
        Stay(Stay&& other) noexcept
            : owner_(std::exchange(other.owner_, nullptr)), nodes_(other.nodes_) {}
        Stay& operator=(Stay&&) = delete;
        ~Stay() {
            if (owner_ != nullptr) owner_->leave(nodes_);
        }

    private:
        friend class GivenNodes;
        using Nodes = std::array<std::optional<fs::Cookie>, 2>;
        Stay(GivenNodes& owner, const Nodes& nodes) : owner_(&owner), nodes_(nodes) {}

        GivenNodes* owner_;
        Nodes nodes_;
    };

    /// Fails: ESTALE (the client has no such node), no_such_device (unmounted),
    /// device_or_resource_busy (being unmounted), connection_reset (lost).
    Result<Stay> enter(std::optional<fs::Cookie> first = {}, std::optional<fs::Cookie> second = {});

    /// Whether one more node may be given out. Fails: too_many_files_open_in_system.
    Result<void> check_room() const;
    /// Counts a lookup that the volume has given.
    void add(fs::Cookie node);
    /// The client answers lookups; more than it has are as many as it has.
    void reclaim(fs::Cookie node, std::uint64_t lookups);

    /// Needs (both): within a stay on the node.
    void opened(fs::Cookie node, fs::OpenMode mode);
    /// Fails: bad_file_descriptor (not open in this mode).
    Result<void> take_open(fs::Cookie node, fs::OpenMode mode);

    bool holds(fs::Cookie node) const;
    std::size_t count() const;

    /// Ends everything, when `unmount` succeeds: the volume is not called any more.
    /// Fails: device_or_resource_busy (other calls are in progress), and as enter() and `unmount`.
    template <typename Unmount>
    Result<void> end(Unmount&& unmount) {
        QUIRE_TRY(begin_end());
        Result<void> done = unmount();
        finish_end(done.has_value());
        return done;
    }
    /// From now on nobody may enter.
    void lose();

private:
    enum class State { open, ending, ended, lost };
    using Modes = std::array<std::uint64_t, 4>;
    struct Given {
        explicit Given(wire::Allowance& its_nodes) : nodes(its_nodes) { nodes.take_anyway(1); }
        Given(const Given&) = delete;
        Given& operator=(const Given&) = delete;
        ~Given() { nodes.give_back(1); }

        wire::Allowance& nodes;
        std::uint64_t owed = 0;  // lookups that the volume waits for
        std::uint64_t held = 0;  // of them, those that the client has not answered
        std::uint64_t stays = 0;
        Modes opens{};
    };
    using Map = std::unordered_map<fs::Cookie, Given>;

    static std::size_t index(fs::OpenMode mode) {
        return (mode.read ? 1U : 0U) + (mode.write ? 2U : 0U);
    }
    Result<void> check_state_locked() const;
    bool holds_locked(fs::Cookie node) const;
    Map::node_type take_if_done_locked(fs::Cookie node);
    void dispose(const Map::node_type& given);
    void leave(const Stay::Nodes& nodes);
    Result<void> begin_end();
    void finish_end(bool ended);

    fs::Volume& volume_;
    const std::shared_ptr<wire::Account> account_;
    mutable std::mutex mutex_;
    Map nodes_;
    std::size_t running_ = 0;
    State state_ = State::open;
};

}  // namespace quire::remote
