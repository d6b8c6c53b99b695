// SPDX-License-Identifier: MIT
//
// Whole compilations of hostile sources in memory: read, parse, check, compare, emit and print. An input
// is divided by lines that begin with `////`: the first part is compiled, the second is a file that it
// may include as "a.idl", the third one as "b.idl", the fourth what was released.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "check/compatible.hpp"
#include "check/compile.hpp"
#include "emit/header.hpp"
#include "emit/layout.hpp"
#include "emit/reference.hpp"
#include "quire/lang/common/reader.hpp"
#include "quire/lang/common/render.hpp"

namespace {

using namespace quire;

// Smaller than in life, so that what they guard against is reached in short inputs.
idl::Limits small_limits() {
    idl::Limits limits;
    limits.file_size = 16 * 1024;
    limits.files = 3;
    limits.include_depth = 2;
    limits.declarations = 300;
    limits.struct_depth = 6;
    return limits;
}

std::array<std::string, 4> parts_of(std::string_view text) {
    std::array<std::string, 4> parts;
    std::size_t part = 0;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size() - 1) + 1;
        if (text.starts_with("////") && part + 1 < parts.size())
            ++part;
        else
            parts[part] += text.substr(0, end);
        text.remove_prefix(end);
    }
    return parts;
}

// The sum keeps a compiler from leaving the work out.
std::size_t emit(const idl::Model& model) {
    std::size_t bytes = 0;
    for (const char* name_space : {"quire::protocols", "other"}) {
        const idl::Cpp cpp(idl::CppOptions{name_space, "quire/protocols"});
        bytes += idl::emit_header(model, cpp).size() + idl::emit_source(model, cpp).size();
    }
    return bytes + idl::emit_reference(model).size() + idl::emit_layout(model).size();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const idl::Limits limits = small_limits();
    const auto parts = parts_of({reinterpret_cast<const char*>(data), size});
    lang::MemoryReader reader(limits.file_size);
    const char* const names[] = {"main.idl", "a.idl", "b.idl", "released.idl"};
    for (std::size_t i = 0; i < parts.size(); ++i) reader.add(names[i], parts[i]);

    const auto compiled = idl::compile(reader, names[0], {}, limits);
    if (!compiled) std::abort();  // it is there, and whatever it holds is a diagnostic
    idl::Compilation& compilation = **compiled;
    // Outlives the diagnostics, which point into it.
    Result<std::unique_ptr<idl::Compilation>> released;
    if (compilation.diagnostics.empty()) {
        if (emit(compilation.model) == 0) std::abort();
        released = idl::compile(reader, names[3], {}, limits);
        if (released && (*released)->diagnostics.empty())
            idl::check_compatible((*released)->model, compilation.model, compilation.diagnostics);
    }
    (void)lang::render(compilation.diagnostics).size();
    return 0;
}
