// SPDX-License-Identifier: MIT

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "quire/memory/memory_map.hpp"
#include "quire/memory/name_layout.hpp"

namespace quire::paging {

/// Finds names and attributes in the table of a domain, without asking anybody.
///
/// What is found is what was so at one moment, for the whole path, or nothing is; a server that
/// breaks the rules can make it wrong, but nothing worse.
/// Threads: one at a time.
class NameReader {
public:
    enum class Outcome : std::uint8_t {
        found,
        missing,   ///< there is no such file or directory
        unknown,   ///< ask the server
        died,      ///< the server has
        unmapped,  ///< a segment is not mapped: `Answer::segment`
    };
    /// What has been found, to ask later whether it still is so.
    class Mark {
        friend class NameReader;
        const NameRecord* record_ = nullptr;
        std::uint64_t word_ = 0;
    };
    struct Answer {
        NodeImage attributes;
        std::uint64_t node = 0;  ///< its identity in this table
        Mark mark;               ///< of the node itself, without the path
        std::uint32_t segment = 0;
    };

    /// Needs: `map` has the table's segment. Nothing is found if it is not of that shape.
    NameReader(std::shared_ptr<MemoryMap> map, const NameTableShape& shape);

    /// What a path leads to, from the root, with or without a leading slash. `follow`: also a
    /// symbolic link at its end. `content`, where it is wanted, gets the whole content of a regular
    /// file, or where a symbolic link leads; unknown without it.
    Outcome find(std::string_view path, bool follow, Answer& answer,
                 std::vector<std::byte>* content = nullptr);

    /// Whether nothing of the node has changed since it was found. After everything that this thread
    /// has stored sequentially consistently.
    static bool counts(const Mark& mark);
    bool server_lives() const { return map_->server_lives(); }

private:
    struct Seen {
        const NameRecord* record;  // this and what follows, once it has been found
        std::uint64_t word;
        RecordHead head;
    };

    Outcome walk(std::string_view path, bool follow, Answer& answer,
                 std::vector<std::byte>* content);
    /// An empty name: the root.
    bool look_up(std::uint64_t directory, std::string_view name, Seen& seen) const;
    Outcome copy_content(const RecordHead& head, std::vector<std::byte>& content,
                         Answer& answer) const;
    bool all_count() const;

    const std::shared_ptr<MemoryMap> map_;
    NameTableShape shape_;
    const BucketHead* heads_ = nullptr;
    const NameRecord* records_ = nullptr;

    std::vector<Seen> seen_;               // all records of a walk
    std::vector<std::size_t> chain_;       // those of the directories above, and of where it is
    std::vector<std::string> targets_;     // of symbolic links
    std::vector<std::string_view> ahead_;  // what is still to be walked, the next last
    std::vector<std::byte> target_;
};

}  // namespace quire::paging
