// SPDX-License-Identifier: MIT

#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "model/operation.hpp"
#include "quire/base/result.hpp"
#include "quire/fs/attributes.hpp"

namespace quire::conformance {

/// What a filesystem is to be, in the fewest words: a map from paths to nodes. It knows root as
/// its only user, has no limits, and each of its symbolic links leads nowhere.
class Model {
public:
    struct Node {
        fs::FileType type = fs::FileType::regular;
        std::uint16_t permissions = 0;
        std::string content;  ///< or the target of a symbolic link
        std::map<std::string, std::string> extended;
    };
    using NodePointer = std::shared_ptr<Node>;

    /// Does an operation and answers what it says: an error, or a text to compare.
    Result<std::string> run(const Operation& operation);

    /// Every path but the top, and its node.
    const std::map<std::string, NodePointer>& nodes() const { return nodes_; }
    std::string list(const std::string& path) const;
    std::string describe(const std::string& path) const;

private:
    Result<NodePointer> find(const std::string& path) const;
    Result<NodePointer> find_file(const std::string& path) const;
    Result<void> check_parent(const std::string& path) const;
    NodePointer at(const std::string& path) const;
    bool has_children(const std::string& path) const;

    Result<void> make(const std::string& path, Node node);
    Result<void> link(const std::string& from, const std::string& to);
    Result<void> unlink(const std::string& path);
    Result<void> rmdir(const std::string& path);
    Result<void> rename(const std::string& from, const std::string& to, Verb verb);
    void move(const std::string& from, const std::string& to);
    Result<std::string> run_held(const Operation& operation);

    std::map<std::string, NodePointer> nodes_;
    NodePointer top_ = std::make_shared<Node>(Node{fs::FileType::directory, 0755, {}, {}});
    std::array<NodePointer, held_slots> held_;
};

/// The target of the symbolic link that an operation makes.
std::string target_of(const Operation& operation);
/// The name of the attribute that an operation is about.
std::string attribute_of(const Operation& operation);

}  // namespace quire::conformance
