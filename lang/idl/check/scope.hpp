// SPDX-License-Identifier: MIT

#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "codes.hpp"
#include "model/model.hpp"

namespace quire::idl {

/// Something with a name.
struct Entity {
    std::variant<Constant*, Enum*, Struct*, Interface*> what;
    lang::Span span;

    template <typename T>
    T* as() const {
        T* const* pointer = std::get_if<T*>(&what);
        return pointer ? *pointer : nullptr;
    }
    /// `a struct`.
    std::string_view kind() const;
};

/// The one name space of a compilation.
class Scope {
public:
    explicit Scope(lang::Diagnostics& diagnostics) : diagnostics_(diagnostics) {}

    /// The declarations of this file come next.
    void begin(const ast::File& file);

    /// What has the name, or nullptr.
    const Entity* find(std::string_view name) const;
    /// Which declaration of the current file gives the name, wherever it stands.
    std::optional<std::size_t> place_of(std::string_view name) const;

    /// Reports that nothing has the name. `wanted` is what it should be: `a type`.
    void report_unknown(const ast::Name& name, std::string_view wanted);

    /// Gives the name; false, after a report, when it is taken.
    bool declare(const ast::Name& name, Entity entity);

    /// Keeps a name for generated code, on behalf of what stands at `span`.
    void claim(std::string name, const lang::Span& span);

private:
    struct Claim {
        lang::Span span;
    };
    std::string similar_to(std::string_view name) const;

    lang::Diagnostics& diagnostics_;
    std::map<std::string, Entity, std::less<>> entities_;
    std::map<std::string, Claim, std::less<>> claims_;
    std::map<std::string_view, std::size_t> places_;
};

}  // namespace quire::idl
