// SPDX-License-Identifier: MIT

#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "frame/session.hpp"
#include "quire/assembly/assembler.hpp"

namespace quire::app {

/// Opens what addresses lead to for changing, or for reading in a dry run. Bare host paths are
/// files of the host. What cannot be opened is reported and left out.
std::vector<assembly::Location> open_targets(Session& session,
                                             const std::vector<std::string>& addresses);
Result<assembly::Location> open_target(Session& session, const std::string& address);

/// The node that a place names. Fails: as Tree::walk; the sentence names the place.
Result<fs::NodeReference> find_node(Session& session, const assembly::Location& place,
                                    fs::Follow follow);
/// The attributes of what the address of --reference leads to. To be asked for after the targets
/// are open, which may lie in the same image.
Result<fs::Attributes> find_reference(Session& session, const std::string& address,
                                      fs::Follow follow = fs::Follow::yes);

/// The regular file, or whatever else is there, that a path leads to; made as an empty one where
/// nothing is, as open(2) with O_CREAT does it: at the end of a symbolic link that leads to
/// nothing, too. Permissions are cut by the caller's umask.
Result<fs::NodeReference> find_or_make_file(fs::Tree& tree, const fs::Call& call, const Path& path);

/// One node of a tree that is to be changed. `shown` is its address.
using ChangeNode = std::function<Result<void>(
    const fs::NodeReference& node, const fs::Attributes& attributes, const std::string& shown)>;
/// Changes a node and all below it, directories before what they hold; symbolic links below it are
/// not followed. Failures are reported, and the rest goes on.
void change_all(Session& session, const assembly::Location& place, const fs::NodeReference& start,
                const ChangeNode& change);

/// A failure with the address that it is about.
std::unexpected<Error> about(const std::string& shown, Error error);
/// The same for what has one already.
void report_about(Session& session, const std::string& shown, Error error);

/// Says on standard output what was done, with -v, or what would be, in a dry run.
void say_done(Session& session, std::string_view done, const std::string& shown);

/// Whether the last name of an address, as it is written, is `.` or `..`: what it names cannot be
/// removed by that name.
bool ends_in_dots(std::string_view address);

}  // namespace quire::app
