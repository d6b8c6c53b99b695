// SPDX-License-Identifier: MIT

#pragma once

#include <string>

#include "frame/options.hpp"
#include "frame/verb.hpp"

namespace quire::app {

/// `quire --help`: what the program is, examples, the verbs.
std::string program_help();
/// `quire VERB --help`: examples first, then usage and options.
std::string verb_help(const Verb& verb, const Options& options);
/// `ls [OPTION]... ADDRESS...`
std::string usage_line(const Verb& verb, const Options& options);

}  // namespace quire::app
