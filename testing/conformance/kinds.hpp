// SPDX-License-Identifier: MIT

#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "subject.hpp"

namespace quire::conformance {

/// What a kind can do and where it may differ. A case asks for what it needs and is skipped, with
/// the reason, where that is missing; an expectation never becomes weaker for all because of one.
struct Traits {
    bool users = true;               ///< operations can run as others than root
    bool devices = true;             ///< device nodes can be made
    bool user_attributes = true;     ///< "user." extended attributes
    bool trusted_attributes = true;  ///< "trusted." and "security."
    bool access_lists = true;        ///< POSIX ACLs
    /// A mask without permissions denies named entries. Linux does not look into a list at all when
    /// the group bits, which show the mask, are empty; so who is named is one of the others.
    bool heeds_empty_mask = true;
    /// A `.` is a step like others: it needs search permission, and at the end of a path it is no
    /// name to make or remove. Quire drops it when it parses a path, before there is an operation.
    bool keeps_dots = false;
    /// Absolute symbolic links start at the top directory.
    bool rooted_links = true;
    /// Every change has a later time than the one before it.
    bool ticks = true;
    /// A new node is complete at once: its times are one.
    bool makes_at_once = true;
    bool fallocate = true;      ///< space can be reserved
    bool keep_size = true;      ///< also behind the end of the file
    bool zero_range = true;     ///< and made zeros
    std::uint64_t hole = 4096;  ///< bytes in which holes are seen
    /// A file can have this many bytes and no more; 0: not known.
    std::uint64_t largest_file = 0;
    /// A value that no node has room for, though values may be larger in general; 0: none.
    std::size_t attribute_limit = 0;
    std::uint32_t link_max = 0;  ///< a limit that a case can reach; 0: none
    bool can_be_filled = true;   ///< small, and nobody else's
    std::int64_t earliest = 0;   ///< seconds that a node's times can hold
    std::int64_t latest = 0;
};

/// One filesystem made for one case.
class Ground {
public:
    virtual ~Ground() = default;
    virtual const Traits& traits() const = 0;
    /// As root.
    virtual std::shared_ptr<Subject> subject() = 0;
    /// Ends what subject() gave and opens the same filesystem again.
    /// Fails: operation_not_supported; device_or_resource_busy (something is still open).
    virtual Result<void> remount() = 0;
    /// Unmounts, and has others look for damage. Needs: no subject is left.
    /// Fails: with a sentence for the person who reads the test's output.
    virtual Result<void> finish() = 0;
};

struct Kind {
    std::string name;
    std::function<Result<std::unique_ptr<Ground>>()> make;
};
inline std::ostream& operator<<(std::ostream& out, const Kind& kind) {
    return out << kind.name;
}

/// All that is measured; the names are those in CMakeLists.txt, each a ctest entry.
std::vector<Kind> kinds();

std::vector<Kind> ext_kinds();
std::vector<Kind> machine_kinds();
std::vector<Kind> remote_kinds();

}  // namespace quire::conformance
