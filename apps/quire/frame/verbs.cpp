// SPDX-License-Identifier: MIT

#include <algorithm>
#include <array>
#include <vector>

#include "frame/verb.hpp"

namespace quire::app {

namespace {

// Edits (insert, delete, replace, swap of neighbours) that turn one word into the other.
std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::vector<std::size_t>> edits(a.size() + 1,
                                                std::vector<std::size_t>(b.size() + 1));
    for (std::size_t i = 0; i <= a.size(); ++i) {
        for (std::size_t j = 0; j <= b.size(); ++j) {
            if (i == 0 || j == 0) {
                edits[i][j] = i + j;
                continue;
            }
            edits[i][j] = std::min({edits[i - 1][j] + 1, edits[i][j - 1] + 1,
                                    edits[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                edits[i][j] = std::min(edits[i][j], edits[i - 2][j - 2] + 1);
        }
    }
    return edits[a.size()][b.size()];
}

}  // namespace

std::span<const ListedVerb> verbs() {
    static constexpr std::array table = {
#define QUIRE_VERB(folder, name) ListedVerb{#folder, &verb_##name},
#include "verbs.def"
#undef QUIRE_VERB
    };
    return table;
}

const Verb* find_verb(std::string_view name) {
    for (const ListedVerb& listed : verbs())
        if (listed.verb->name == name) return listed.verb;
    return nullptr;
}

std::string_view nearest_verb(std::string_view name) {
    constexpr std::size_t longest_worth_comparing = 20;
    if (name.size() > longest_worth_comparing) return {};
    std::string_view best;
    std::size_t best_distance = std::max<std::size_t>(1, name.size() / 2) + 1;
    for (const ListedVerb& listed : verbs()) {
        if (listed.verb->hidden) continue;
        const std::size_t edits = distance(name, listed.verb->name);
        if (edits < best_distance) {
            best = listed.verb->name;
            best_distance = edits;
        }
    }
    return best;
}

}  // namespace quire::app
