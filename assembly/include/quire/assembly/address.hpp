// SPDX-License-Identifier: MIT

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "quire/base/path.hpp"
#include "quire/base/result.hpp"

namespace quire::assembly {

/// Which bytes of a device are meant: all of them, a partition, or those from an offset on.
struct Slice {
    std::optional<std::uint32_t> partition;  ///< counted from 1, as the table counts
    std::optional<std::uint64_t> offset;     ///< bytes; 0 says "the device itself, no table"

    bool whole() const { return !partition && !offset; }
    /// As it is written: "", "@p2" or "@@1048576".
    std::string text() const;
    friend bool operator==(const Slice&, const Slice&) = default;
};

/// Where something is, as a person writes it:
///
///     SOURCE[@pN | @@OFFSET][:PATH[@pN | @@OFFSET] …]
///
/// Each `:` enters what stands before it, as an image. In every part `\:`, `\@` and `\\` stand for
/// the character alone; an `@` that begins neither `@pN` nor `@@OFFSET` at a part's end is a
/// letter like others. A source that begins with `/`, `./` or `../` is a host path whatever
/// scheme it looks like, and there a `:` counts only before `/`, `:` or the end, so `./a:b` is a
/// file called a:b.
///
/// Parsing touches nothing outside: the same text always means the same.
class Address {
public:
    enum class Scheme : std::uint8_t {
        file,      ///< a host file, or a bare host path
        standard,  ///< `-`: standard input or output
        memory,    ///< `mem:`: a new, empty memory filesystem
        host,      ///< `host:DIR`: a host directory that can't be left
        socket,    ///< `socket:PATH`: what a server gives there, a filesystem or a device
    };

    /// One step inwards: a path inside what came before and, where the step goes on inwards or ends
    /// in a device, which bytes of that file.
    struct Step {
        Path path;
        Slice slice;
        friend bool operator==(const Step&, const Step&) = default;
    };

    /// Fails: invalid_argument (the sentence says what is wrong), operation_not_supported (a scheme
    /// of later versions), filename_too_long.
    static Result<Address> parse(std::string_view text);

    Scheme scheme() const { return scheme_; }
    /// The host path (file, host, socket), unescaped; otherwise empty.
    const std::string& source() const { return source_; }
    const Slice& slice() const { return slice_; }
    const std::vector<Step>& steps() const { return steps_; }

    /// True when the address is nothing but a host path: whether that means a file of the host or
    /// an image is the verb's to say.
    bool bare() const { return scheme_ == Scheme::file && slice_.whole() && steps_.empty(); }
    /// True when the address names a node of a tree, not a device. What a socket alone stands for,
    /// its server says.
    bool names_node() const;
    /// As it was written.
    const std::string& text() const { return text_; }

private:
    Address() = default;

    std::string text_;
    Scheme scheme_ = Scheme::file;
    std::string source_;
    Slice slice_;
    std::vector<Step> steps_;
};

/// The part of an address with its special characters escaped, so that parsing gives it back.
std::string escape_address(std::string_view part);

}  // namespace quire::assembly
