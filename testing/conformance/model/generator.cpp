// SPDX-License-Identifier: MIT

// Which operations a seed means. A model runs along, so that they are mostly about what exists.

#include <array>
#include <iterator>
#include <random>

#include "model/model.hpp"

namespace quire::conformance {

namespace {

struct Frequency {
    Verb verb = Verb::sync;
    unsigned weight = 0;
};

constexpr std::array frequencies = {
    Frequency{Verb::create, 14},       Frequency{Verb::mkdir, 10},
    Frequency{Verb::symlink, 4},       Frequency{Verb::link, 6},
    Frequency{Verb::unlink, 6},        Frequency{Verb::rmdir, 4},
    Frequency{Verb::rename, 10},       Frequency{Verb::rename_no_replace, 3},
    Frequency{Verb::exchange, 4},      Frequency{Verb::write, 14},
    Frequency{Verb::read, 5},          Frequency{Verb::truncate, 6},
    Frequency{Verb::reserve, 3},       Frequency{Verb::punch, 3},
    Frequency{Verb::chmod, 3},         Frequency{Verb::set_attribute, 5},
    Frequency{Verb::get_attribute, 2}, Frequency{Verb::remove_attribute, 2},
    Frequency{Verb::list, 3},          Frequency{Verb::stat, 3},
    Frequency{Verb::hold, 4},          Frequency{Verb::write_held, 4},
    Frequency{Verb::read_held, 3},     Frequency{Verb::drop, 3},
    Frequency{Verb::sync, 1},          Frequency{Verb::remount, 1},
};

using Random = std::mt19937_64;

std::uint64_t below(Random& random, std::uint64_t bound) {
    return random() % bound;
}

Verb random_verb(Random& random) {
    unsigned sum = 0;
    for (const Frequency& one : frequencies) sum += one.weight;
    std::uint64_t at = below(random, sum);
    for (const Frequency& one : frequencies) {
        if (at < one.weight) return one.verb;
        at -= one.weight;
    }
    return Verb::sync;
}

// Few names, so that they meet.
std::string any_path(Random& random) {
    std::string path;
    const std::uint64_t depth = 1 + below(random, 3);
    for (std::uint64_t i = 0; i < depth; ++i) {
        if (i > 0) path += '/';
        path += static_cast<char>('a' + below(random, 4));
    }
    return path;
}

// What exists, or could at once, more often than not: else most operations would fail.
std::string random_path(Random& random, const Model& model) {
    if (model.nodes().empty() || below(random, 8) == 0) return any_path(random);
    auto existing = model.nodes().begin();
    std::advance(existing, below(random, model.nodes().size()));
    const auto& [path, node] = *existing;
    // Paths stay short, or nothing would ever meet.
    if (node->type == fs::FileType::directory && path.size() < 7 && below(random, 2) == 0)
        return path + '/' + static_cast<char>('a' + below(random, 4));
    return path;
}

// Near ends of blocks as often as anywhere.
std::uint64_t random_offset(Random& random) {
    const std::uint64_t block = below(random, 2) == 0 ? 1024 : 4096;
    if (below(random, 2) == 0) return below(random, 20'000);
    const std::uint64_t near = block * (1 + below(random, 5));
    return near - 2 + below(random, 5);
}

}  // namespace

std::vector<Operation> random_operations(std::uint64_t seed, std::size_t count) {
    Random random(seed);
    Model model;
    std::vector<Operation> operations;
    while (operations.size() < count) {
        Operation operation;
        operation.verb = random_verb(random);
        operation.path = random_path(random, model);
        switch (operation.verb) {
            case Verb::link:
            case Verb::rename:
            case Verb::rename_no_replace:
            case Verb::exchange:
                operation.other = random_path(random, model);
                break;
            case Verb::create:
            case Verb::mkdir:
            case Verb::chmod:
                operation.number = 0100 * below(random, 8) + below(random, 0100);
                break;
            case Verb::symlink:
                operation.number = 1 + below(random, 200);
                break;
            case Verb::write:
            case Verb::read:
            case Verb::reserve:
            case Verb::punch:
                operation.number = random_offset(random);
                operation.length = 1 + random_offset(random) / (1 + below(random, 20));
                break;
            case Verb::truncate:
                operation.number = below(random, 4) == 0 ? 0 : random_offset(random);
                break;
            case Verb::set_attribute:
            case Verb::get_attribute:
            case Verb::remove_attribute:
                operation.number = below(random, 3);
                operation.length = below(random, 200);
                break;
            case Verb::hold:
            case Verb::read_held:
            case Verb::drop:
                operation.number = below(random, held_slots);
                break;
            case Verb::write_held:
                operation.number = below(random, held_slots);
                operation.length = 1 + below(random, 6000);
                break;
            case Verb::list:
                if (below(random, 4) == 0) operation.path = ".";
                break;
            default:
                break;
        }
        operations.push_back(operation);
        (void)model.run(operation);
    }
    return operations;
}

}  // namespace quire::conformance
