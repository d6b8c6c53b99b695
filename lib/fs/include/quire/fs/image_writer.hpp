// SPDX-License-Identifier: MIT

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "quire/base/name.hpp"
#include "quire/base/result.hpp"
#include "quire/fs/attributes.hpp"

namespace quire::fs {

/// An extended attribute with its whole name ("user.mime_type").
struct ExtendedAttribute {
    std::string name;
    std::vector<std::byte> value;
    friend bool operator==(const ExtendedAttribute&, const ExtendedAttribute&) = default;
};

/// What a node of a new image is to be.
struct ImageNode {
    FileType type = FileType::regular;
    std::uint16_t permissions = 0;
    std::uint32_t uid = 0;
    std::uint32_t gid = 0;
    Time access;
    Time modify;
    Time change;
    DeviceNumber device;      ///< of a device node
    std::string_view target;  ///< of a symbolic link
    std::uint64_t size = 0;   ///< of a regular file
    std::span<const ExtendedAttribute> extended;
};

/// A piece of a file's content; what lies between pieces is a hole.
struct ContentPiece {
    std::uint64_t offset = 0;
    std::span<const std::byte> memory;  ///< valid until the next piece is asked for
};

/// Where the content of one file comes from.
class ContentSource {
public:
    virtual ~ContentSource() = default;
    /// The next piece, behind the last one; empty memory at the end.
    virtual Result<ContentPiece> next() = 0;
};

/// Makes an image in one pass: nodes are added, parents before what is in them, and none is
/// changed afterwards. Nothing is an image before finish(). What a writer knows of the order and
/// of each node as a whole is what makes it faster than a volume; how it lays things out is its
/// own affair.
///
/// The same calls give the same bytes.
/// Fails (every operation): no_space_on_device, what the device reports.
/// Threads: one.
class ImageWriter {
public:
    /// A node of this image, as this writer names it.
    using Node = std::uint64_t;

    virtual ~ImageWriter() = default;

    virtual Node root() const = 0;

    /// Gives a directory that is there already (the root, or one the format brings with it) its
    /// attributes. Fails: not_a_directory.
    virtual Result<void> describe(Node directory, const ImageNode& node) = 0;

    /// Adds a node; `content` is asked for a regular file's pieces until its end, and may be null
    /// for an empty one. Pieces beyond `size` are cut. A directory that the format brought with it
    /// ("lost+found") is described instead of added.
    /// Fails: file_exists, not_a_directory (the parent), invalid_argument, file_too_large.
    virtual Result<Node> add(Node directory, const Name& name, const ImageNode& node,
                             ContentSource* content) = 0;

    /// Gives a node that is no directory a further name.
    /// Fails: file_exists, too_many_links, operation_not_permitted (a directory).
    virtual Result<void> link(Node node, Node directory, const Name& name) = 0;

    /// Completes the image. Nothing may follow. Durable: on return.
    virtual Result<void> finish() = 0;
};

}  // namespace quire::fs
