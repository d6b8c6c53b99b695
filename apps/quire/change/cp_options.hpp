// SPDX-License-Identifier: MIT

#pragma once

#include <optional>
#include <string>
#include <vector>

#include "frame/options.hpp"
#include "quire/transfer/copier.hpp"

namespace quire::app {

/// What was asked of cp.
struct CpRequest {
    enum class Links : std::uint8_t {
        automatic,     ///< kept when recursive, otherwise followed
        never,         ///< -P
        command_line,  ///< -H
        always,        ///< -L
    };

    std::vector<std::string> words;
    std::optional<std::string> directory;
    bool no_directory = false;
    Links links = Links::automatic;
    std::string sparse = "auto";
    transfer::CopyOptions copy;

    /// Whether a symbolic link given as a source counts as what it leads to.
    bool follows_sources() const {
        return links == Links::always || links == Links::command_line ||
               (links == Links::automatic && !copy.recursive);
    }
    /// To be called when all is parsed.
    void settle();
};

void declare_cp_options(Options& options, CpRequest& request);

}  // namespace quire::app
