// SPDX-License-Identifier: MIT

#pragma once

#include <memory>
#include <string>

#include "frame/session.hpp"
#include "quire/fs/image_writer.hpp"
#include "quire/transfer/pack.hpp"

namespace quire::app {

/// What goes into an image: a directory, or a tar archive.
class PackSource {
public:
    virtual ~PackSource() = default;
    /// Needs: to be called once, before pack(). `options.made` does not count yet.
    virtual Result<transfer::PackSize> measure(const transfer::PackOptions& options,
                                               std::uint32_t block_size,
                                               transfer::Estimate estimate,
                                               transfer::Account& account) = 0;
    /// May be called again for another try.
    virtual Result<void> pack(const transfer::PackOptions& options, fs::ImageWriter& writer,
                              transfer::Account& account) = 0;

    /// Opens what an operand names: a directory wherever it is, a regular file as an archive, `-`
    /// as an archive on standard input. An archive that can't be read twice is kept meanwhile in a
    /// file without a name in `spool_directory`.
    /// Fails: as the address; invalid_argument (neither a directory nor a file).
    static Result<std::unique_ptr<PackSource>> open(Session& session, const std::string& operand,
                                                    const std::string& spool_directory);
};

}  // namespace quire::app
