// SPDX-License-Identifier: MIT

#pragma once

#include <map>
#include <string>
#include <vector>

#include "codes.hpp"
#include "limits.hpp"
#include "model/model.hpp"
#include "quire/lang/common/reader.hpp"

namespace quire::idl {

/// Reads and parses a file and everything that it includes, each file once.
class Loader {
public:
    Loader(Model& model, lang::Reader& reader, const std::vector<std::string>& directories,
           lang::Diagnostics& diagnostics, const Limits& limits)
        : model_(model),
          reader_(reader),
          directories_(directories),
          diagnostics_(diagnostics),
          limits_(limits) {}

    /// Fails: what the reader says of the file itself; what is wrong with an included one is
    /// a diagnostic.
    Result<void> load(const std::string& path);

    /// The parsed files, in the order of model.files.
    const std::vector<ast::File>& parsed() const { return parsed_; }

private:
    struct Known {
        const File* file = nullptr;  // nullptr: it is still being read
    };
    const File* read(const std::string& path, lang::Reader::Text text);
    const File* include(const ast::Include& include);
    /// Finds and reads what is to be included; reports when it cannot.
    bool find(const ast::Include& include, std::string& path, lang::Reader::Text& text);
    const File* known(const ast::Include& include, const Known& known);
    bool check_include(const ast::Include& include);

    Model& model_;
    lang::Reader& reader_;
    const std::vector<std::string>& directories_;
    lang::Diagnostics& diagnostics_;
    const Limits& limits_;

    std::vector<ast::File> parsed_;
    std::map<std::string, Known> by_identity_;
    std::map<std::string, std::string> identities_;  // by path
    std::map<std::string, std::string> stems_;       // to identity
    std::size_t depth_ = 0;
    std::size_t declarations_ = 0;
};

/// `types` of `shared/types.idl`; "" when a header could not be named so.
std::string stem_of(std::string_view path);

}  // namespace quire::idl
