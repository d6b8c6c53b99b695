// SPDX-License-Identifier: MIT

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <span>
#include <vector>

#include "pool/run_store.hpp"
#include "quire/memory/name_layout.hpp"

namespace quire::paging {

/// Short pieces of content, several in a run. A piece that is given back is wiped out.
/// Threads: one at a time (the pool's mutex).
class ContentStore final : public RunHolder {
public:
    struct Piece {
        std::uint32_t slab = 0;
        std::uint32_t index = 0;
    };
    /// Hears that the piece of an owner has gone.
    using Lost = std::function<void(std::uint32_t owner)>;

    ContentStore(RunStore& runs, Lost lost) : runs_(runs), lost_(std::move(lost)) {}
    ~ContentStore() override;

    /// For at most `longest` bytes. Nothing when there is no memory. `owner` is not 0.
    std::optional<Piece> take(std::size_t size, std::uint32_t owner);
    void give_back(Piece piece);
    std::span<std::byte> bytes(Piece piece) const;
    Place place(Piece piece) const;

    void lose(std::uint64_t slab) override;

    static constexpr std::size_t longest = longest_shown_content;

private:
    static constexpr std::array<std::size_t, 4> sizes{256, KiB, 4 * KiB, longest};

    struct Slab {
        std::uint32_t run = 0;
        std::size_t size_class = 0;
        std::size_t used = 0;
        std::vector<std::uint32_t> owners;  // 0: nobody; empty: this is no slab
    };

    std::optional<std::uint32_t> make_slab(std::size_t size_class);
    void forget(std::uint32_t slab);

    RunStore& runs_;
    const Lost lost_;
    std::vector<Slab> slabs_;
    std::vector<std::uint32_t> unused_;                            // numbers of no slab
    std::array<std::set<std::uint32_t>, sizes.size()> with_room_;  // by class
};

}  // namespace quire::paging
