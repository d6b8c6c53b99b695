// SPDX-License-Identifier: MIT

#pragma once

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "kinds.hpp"
#include "model/model.hpp"
#include "model/operation.hpp"

namespace quire::conformance {

/// Plays operations on a new filesystem of a kind and on the model, and compares what they say
/// and, at the end and after a remount, everything.
class Player {
public:
    /// Answers what differs, or nothing. Needs: permissions as root has them.
    static std::string play(const Kind& kind, const std::vector<Operation>& operations);

    /// The operations without those that the failure does not need.
    static std::vector<Operation> shrink(const Kind& kind, std::vector<Operation> operations);

private:
    explicit Player(std::unique_ptr<Ground> ground);

    std::string play_all(const std::vector<Operation>& operations);
    Result<std::string> run(const Operation& operation);
    Result<std::string> run_held(const Operation& operation);
    Result<std::string> list(const std::string& path);
    Result<std::string> describe(const std::string& path);
    Result<void> remount();
    std::string compare_trees();
    std::string compare_node(const std::string& path, const Model::Node& node);

    std::unique_ptr<Ground> ground_;
    std::shared_ptr<Subject> subject_;
    std::array<std::unique_ptr<File>, held_slots> held_;
    Model model_;
};

}  // namespace quire::conformance
