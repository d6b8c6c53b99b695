// SPDX-License-Identifier: MIT

#pragma once

#include <optional>
#include <string>

#include "frame/session.hpp"
#include "output/transfer_listener.hpp"
#include "quire/assembly/assembler.hpp"

namespace quire::app {

/// What an operand of cp or mv leads to: a name in a directory, and the node that has it.
struct Spot {
    assembly::Location place;
    /// The directory that holds the name; empty where there is no name.
    fs::NodeReference directory;
    /// None for the root of a volume and for what ends in `.` or `..`: directories that are there.
    std::optional<Name> name;
    /// A symbolic link is itself, unless a slash follows it. Empty: nothing has the name.
    fs::NodeReference node;
    /// A slash stands at the end.
    bool must_be_directory = false;
};

/// Opens an address (a bare path is the host's) and finds its name.
/// Fails: as Assembler::locate and Tree::walk; the sentence names the address.
Result<Spot> find_spot(Session& session, const std::string& address, assembly::Access access);

/// Where sources go.
struct Target {
    Spot spot;
    /// The directory that they go into, each under its own name; empty: what goes here gets the
    /// name of `spot`.
    fs::NodeReference into;

    /// How messages call what `source` becomes here.
    std::string shown(const std::optional<Name>& source) const;
};

/// What the destination has to be.
enum class TargetKind : std::uint8_t {
    automatic,  ///< a directory that is there, or a name
    directory,  ///< a directory that is there
    name,       ///< a name, also where a directory has it
};

/// Fails: as find_spot; not_a_directory.
Result<Target> find_target(Session& session, const std::string& address, TargetKind kind,
                           assembly::Access access);

/// Sources and destination of a command line: `-t DIRECTORY SOURCE…`, `SOURCE… DESTINATION`.
struct Operands {
    std::vector<std::string> sources;
    std::string destination;
    TargetKind kind = TargetKind::automatic;
};
/// Fails: a usage error.
Result<Operands> split_operands(Session& session, std::vector<std::string> words,
                                const std::optional<std::string>& directory, bool no_directory);

/// Whether two places show nodes by which one can be told from another: they are one tree, or both
/// are the host's.
inline bool comparable(const assembly::Location& a, const assembly::Location& b) {
    return a.tree == b.tree || (a.on_host && b.on_host);
}

/// A TransferListener that tells on standard output what a dry run would have done.
class ChangeListener final : public transfer::Listener {
public:
    explicit ChangeListener(Session& session) : session_(session), listener_(session) {}

    void done(transfer::Action action, std::string_view from, std::string_view to) override;
    void problem(std::string_view path, const Error& error) override {
        listener_.problem(path, error);
    }
    void warning(std::string_view path, std::string_view sentence) override {
        listener_.warning(path, sentence);
    }
    bool stop() override { return listener_.stop(); }

private:
    Session& session_;
    TransferListener listener_;
};

}  // namespace quire::app
