// SPDX-License-Identifier: MIT

#pragma once

#include <string>
#include <string_view>

#include "emit/cpp.hpp"

namespace quire::idl {

/// Statements that write and read values. `out` is the encoder and `in` the decoder: words of the
/// language, so no parameter has these names.
class Carry {
public:
    /// Other names that the statements bring differ from the parameters of `around`.
    /// Needs: both live longer.
    Carry(const Cpp& cpp, const Operation& around, std::string indent)
        : cpp_(cpp), around_(around), indent_(std::move(indent)) {}

    /// Writes `value`, an expression of the type (as a member or as an argument).
    std::string put(const Type& type, std::string_view value) const;
    /// Reads into `place`, an object of the type.
    std::string get(const Type& type, std::string_view place) const;
    /// Declares `name` and reads it, as what is passed for an argument: strings and bytes stay
    /// in the message.
    std::string get_argument(const Type& type, std::string_view name) const;
    /// Declares `name` and reads it, as a result.
    std::string get_result(const Type& type, std::string_view name) const;

private:
    std::string put_list(const Type& type, std::string_view value) const;
    std::string get_list(const Type& type, std::string_view place) const;
    /// A loop over one statement, on one line where that fits.
    std::string loop(std::string_view head, std::string_view body) const;

    const Cpp& cpp_;
    const Operation& around_;
    std::string indent_;
};

}  // namespace quire::idl
