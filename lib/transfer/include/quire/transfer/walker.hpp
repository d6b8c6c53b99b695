// SPDX-License-Identifier: MIT

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "quire/transfer/directory_chain.hpp"
#include "quire/transfer/listing.hpp"

namespace quire::transfer {

/// One step of a walk. Views stay valid until the next step.
struct Step {
    enum class Kind : std::uint8_t {
        enter,    ///< a directory, before what is in it
        leave,    ///< the same directory, after it
        leaf,     ///< anything else
        problem,  ///< something could not be read; the walk goes on after it
    };
    Kind kind = Kind::leaf;
    /// From the start, names joined by `/`; empty for the start itself.
    std::string_view path;
    std::string_view name;  ///< the last name of `path`
    fs::NodeReference node;
    fs::Attributes attributes;  ///< of a directory: as they were when it was entered
    std::size_t depth = 0;      ///< 0 for the start
    std::optional<Error> error;
};

/// Goes through a tree in the byte order of its names, each directory before and after what it
/// holds. Its memory is the names on the way from the start to where it is.
/// Threads: one.
class Walker {
public:
    /// `follow`: symbolic links below the start are walked as what they lead to; one that leads
    /// to a directory on the way down is a problem (too_many_symbolic_link_levels).
    Walker(std::shared_ptr<fs::Tree> tree, fs::Call call, fs::NodeReference start,
           fs::Follow follow = fs::Follow::no);

    /// The next step, or nothing at the end.
    std::optional<Step> next();

    /// After `enter`: what is in the directory is not visited (its `leave` still comes).
    void skip_children();

private:
    struct Frame {
        fs::Attributes attributes;
        Listing listing;
        std::size_t next = 0;
        std::size_t path_length = 0;
        bool listed = false;
    };

    Step step_here() const;
    Step begin();
    Step visit(std::string_view name);
    Step leave();
    Result<fs::Found> find(std::string_view name, bool& through_link);
    Step enter(Step step, bool through_link);
    Step problem(Error error) const;

    std::shared_ptr<fs::Tree> tree_;
    fs::Call call_;
    fs::NodeReference start_;
    fs::Follow follow_;
    DirectoryChain chain_;
    std::vector<Frame> frames_;
    std::string path_;
    bool begun_ = false;
};

}  // namespace quire::transfer
