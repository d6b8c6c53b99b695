// SPDX-License-Identifier: MIT

#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "quire/base/result.hpp"

namespace quire::app {

/// What an operand or an option's value is, for completion.
enum class ValueKind : std::uint8_t { word, address, host_path };

/// The options and operands of one verb: declared once, they are parsed, explained by --help and
/// completed by the shell.
///
/// Values are given to the variables in the order of the command line, so that of `-P -L` the last
/// one counts when both set the same variable.
class Options {
public:
    /// Takes the text of a value ("" for a flag). Fails: invalid_argument (a usage error).
    using Apply = std::function<Result<void>(std::string_view)>;

    /// `names`: "-a,--all", "-0", "--json".
    Options& flag(std::string_view names, bool& target, std::string_view help);
    Options& flag(std::string_view names, std::function<void()> action, std::string_view help);
    /// An option with a value, which help calls `meta`.
    Options& value(std::string_view names, std::string_view meta, std::string& target,
                   std::string_view help, ValueKind kind = ValueKind::word);
    Options& value(std::string_view names, std::string_view meta,
                   std::optional<std::string>& target, std::string_view help,
                   ValueKind kind = ValueKind::word);
    Options& value(std::string_view names, std::string_view meta, Apply apply,
                   std::string_view help, ValueKind kind = ValueKind::word);
    /// An option that may be given often.
    Options& values(std::string_view names, std::string_view meta, std::vector<std::string>& target,
                    std::string_view help, ValueKind kind = ValueKind::word);
    /// An option whose value is one of a few words.
    Options& choice(std::string_view names, std::initializer_list<std::string_view> words,
                    std::string& target, std::string_view help);
    /// An option that may stand alone (`apply("")`) or have its value behind `=`.
    Options& optional_value(std::string_view names, std::string_view meta, Apply apply,
                            std::string_view help);

    /// Operands are given out in the order in which they are declared; at most one takes several,
    /// and leaves behind what those after it need.
    Options& operand(std::string_view meta, std::string& target, std::string_view help,
                     ValueKind kind = ValueKind::address);
    Options& operand(std::string_view meta, std::optional<std::string>& target,
                     std::string_view help, ValueKind kind = ValueKind::address);
    Options& operands(std::string_view meta, std::vector<std::string>& target, std::size_t least,
                      std::string_view help, ValueKind kind = ValueKind::address);
    /// From the first argument that `begins` accepts, everything goes to `target` unparsed (the
    /// expression of find).
    Options& rest(std::string_view meta, std::function<bool(std::string_view)> begins,
                  std::vector<std::string>& target, std::string_view help);

    /// Words that begin with a dash and are operands although they look like options (`-x`, the
    /// mode of chmod): what `accepts` says yes to.
    Options& operand_with_dash(std::function<bool(std::string_view)> accepts);

    /// Fills the variables. Fails: invalid_argument (a usage error, with its sentence).
    Result<void> parse(const std::vector<std::string>& arguments);

    /// One declared thing, for help and completion.
    struct Item {
        enum class Kind : std::uint8_t { flag, value, optional_value, operand, rest };
        Kind kind = Kind::flag;
        std::vector<std::string> names;  ///< with their dashes; empty for operands
        std::string meta;
        std::string help;
        std::vector<std::string> words;  ///< the possible values, where they are few
        ValueKind value_kind = ValueKind::word;
        std::size_t least = 0;  ///< operands: how many are needed
        bool many = false;      ///< operands: whether further ones are taken
        Apply apply;
    };
    const std::vector<Item>& items() const { return items_; }

private:
    Item& add(Item::Kind kind, std::string_view names, std::string_view meta, std::string_view help,
              Apply apply);
    Result<void> give_operands(const std::vector<std::string>& operands);

    std::vector<Item> items_;
    std::function<bool(std::string_view)> rest_begins_;
    std::function<bool(std::string_view)> operand_with_dash_;
};

}  // namespace quire::app
