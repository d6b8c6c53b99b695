// SPDX-License-Identifier: MIT

#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "quire/base/result.hpp"

namespace quire::app {

class Options;
class Session;

/// One invocation of a verb: says what it takes, then does it.
class Command {
public:
    virtual ~Command() = default;
    /// Declares options and operands; they are filled in before run().
    virtual void declare(Options& options) = 0;
    /// Does the work. An error returned ends the verb and is told to the person; for single items
    /// that fail while others go on, see Session::report().
    virtual Result<void> run(Session& session) = 0;
};

/// Options that mean the same in every verb. -q, -v and --help belong to all of them; the others
/// to those that ask.
struct Common {
    bool json = false;      ///< --json
    bool null = false;      ///< -0, --null
    bool dry_run = false;   ///< --dry-run
    bool progress = false;  ///< --progress[=json]
    bool seed = false;      ///< --seed
};

/// A verb as the table has it.
struct Verb {
    std::string_view name;
    std::string_view summary;  ///< a phrase for the list of verbs
    /// Lines of "command  # what it does", the first part of --help.
    std::string_view examples;
    Common common;
    std::unique_ptr<Command> (*make)();
    /// Left out of help and completion.
    bool hidden = false;
};

template <typename C>
std::unique_ptr<Command> make_command() {
    return std::make_unique<C>();
}

#define QUIRE_VERB(folder, name) extern const Verb verb_##name;
#include "verbs.def"
#undef QUIRE_VERB

/// A verb with the heading under which help lists it.
struct ListedVerb {
    std::string_view folder;
    const Verb* verb;
};
std::span<const ListedVerb> verbs();
/// The verb of that name, also hidden ones and old spellings; nullptr when there is none.
const Verb* find_verb(std::string_view name);
/// The listed verb whose name is nearest to a mistyped one, or "" when none is near.
std::string_view nearest_verb(std::string_view name);

}  // namespace quire::app
