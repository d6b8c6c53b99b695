// SPDX-License-Identifier: MIT

#pragma once

#include <memory>
#include <string>
#include <vector>

#include "codes.hpp"
#include "limits.hpp"
#include "model/model.hpp"
#include "quire/lang/common/reader.hpp"

namespace quire::idl {

/// A compiled file: the model counts when there are no diagnostics.
struct Compilation {
    explicit Compilation(const Limits& limits) : diagnostics(limits.diagnostics) {}
    Model model;
    lang::Diagnostics diagnostics;
};

/// Reads, parses and checks the file at `path`, and what it includes: beside itself or in one of
/// `directories`.
///
/// Fails: what the reader says of the file itself. Everything else is a diagnostic.
Result<std::unique_ptr<Compilation>> compile(lang::Reader& reader, const std::string& path,
                                             const std::vector<std::string>& directories,
                                             const Limits& limits);

}  // namespace quire::idl
