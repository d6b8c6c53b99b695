// SPDX-License-Identifier: MIT

#include "quire/transfer/beneath.hpp"

namespace quire::transfer {

Result<fs::NodeReference> find_beneath(fs::Tree& tree, const fs::Call& call,
                                       const fs::NodeReference& start, std::string_view path) {
    fs::NodeReference node = start;
    while (!path.empty()) {
        auto slash = path.find('/');
        QUIRE_TRY_ASSIGN(Name name, Name::parse(path.substr(0, slash)));
        if (node->type() != fs::FileType::directory) return fail(std::errc::not_a_directory);
        QUIRE_TRY_ASSIGN(node, tree.lookup(call, node, name));
        path = slash == std::string_view::npos ? std::string_view() : path.substr(slash + 1);
    }
    return node;
}

}  // namespace quire::transfer
