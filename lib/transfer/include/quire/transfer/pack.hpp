// SPDX-License-Identifier: MIT

#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "quire/fs/image_writer.hpp"
#include "quire/fs/tree.hpp"
#include "quire/transfer/bytes.hpp"
#include "quire/transfer/listener.hpp"

namespace quire::transfer {

/// How a tree becomes an image.
struct PackOptions {
    /// Owners of everything, instead of those of the source.
    std::optional<std::uint32_t> uid;
    std::optional<std::uint32_t> gid;
    /// Owners of the root directory alone.
    std::optional<std::uint32_t> root_uid;
    std::optional<std::uint32_t> root_gid;
    /// What is left out, with all that is in it; see is_excluded().
    std::vector<std::string> exclude;
    /// When the nodes of the image are said to have changed and been made: an image of the same
    /// tree must not depend on when the source was last touched.
    Time made;
};

/// What a tree takes in an image.
struct PackSize {
    std::uint64_t entries = 0;
    std::uint64_t inodes = 0;
    /// Of files, directories, links, attributes and block maps; never too few, unless the estimate
    /// was a quick one.
    std::uint64_t blocks = 0;
    std::uint64_t bytes = 0;  ///< of file content, without holes
    Time newest;              ///< modification time in the tree
    /// A number that follows from names, types, sizes, owners and times: the same for the same
    /// tree.
    std::uint64_t fingerprint = 0;
};

enum class Estimate : bool {
    full,
    quick,  ///< without extended attributes, whose blocks are then missing
};

/// Goes through a tree without reading contents, to know how large an image has to be.
/// Fails: operation_canceled. Single entries that can't be read are told to the listener.
Result<PackSize> measure(const std::shared_ptr<fs::Tree>& tree, const fs::Call& call,
                         const fs::NodeReference& start, const PackOptions& options,
                         std::uint32_t block_size, Estimate estimate, Account& account);

/// Gives a writer everything below (and the metadata of) `start`, in the order of a walk: the same
/// tree gives the same calls. Hard links are kept, holes too; access times become modification
/// times, since reading the source changes the former.
/// Fails: what the writer reports, operation_canceled; single entries that can't be read are told
/// to the listener and left out. finish() is the caller's.
Result<void> pack(const std::shared_ptr<fs::Tree>& tree, const fs::Call& call,
                  const fs::NodeReference& start, const PackOptions& options,
                  fs::ImageWriter& writer, Account& account);

/// What an archive comes to once all of it has been read: a later entry of the same path counts
/// instead of an earlier one, a hard link means what its target was at that moment, directories
/// that no entry describes belong to root. Found by reading the archive once; packing reads it
/// again.
///
/// Memory: the paths. Paths with `..` and types that are not known are problems, as in extraction.
class TarPlan {
public:
    /// Fails: as extract_tar's stream does; operation_canceled.
    static Result<TarPlan> make(ByteStream& in, const PackOptions& options,
                                std::uint32_t block_size, Account& account);
    TarPlan(TarPlan&&) noexcept;
    TarPlan& operator=(TarPlan&&) noexcept;
    ~TarPlan();

    const PackSize& size() const;

    /// Gives a writer what the same archive, from its beginning, comes to. Fails: what the stream
    /// and the writer report; invalid_argument (it is not the same archive); operation_canceled.
    Result<void> pack(ByteStream& again, const PackOptions& options, fs::ImageWriter& writer,
                      Account& account) const;

private:
    class Names;
    explicit TarPlan(std::unique_ptr<Names> names);
    std::unique_ptr<Names> names_;
};

}  // namespace quire::transfer
