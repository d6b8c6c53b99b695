// SPDX-License-Identifier: MIT

#include "check/compile.hpp"

#include "check/checker.hpp"
#include "check/loader.hpp"

namespace quire::idl {

Result<std::unique_ptr<Compilation>> compile(lang::Reader& reader, const std::string& path,
                                             const std::vector<std::string>& directories,
                                             const Limits& limits) {
    auto made = std::make_unique<Compilation>(limits);
    Loader loader(made->model, reader, directories, made->diagnostics, limits);
    QUIRE_TRY(loader.load(path));
    // What could not be parsed is missing everywhere; complaints about that would help nobody.
    if (!made->diagnostics.empty()) return made;
    Checker checker(made->model, made->diagnostics, limits);
    for (std::size_t i = 0; i < loader.parsed().size(); ++i) {
        checker.check(loader.parsed()[i], made->model.files[i]);
        if (!made->diagnostics.empty()) break;  // and so for what includes this file
    }
    return made;
}

}  // namespace quire::idl
