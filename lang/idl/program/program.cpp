// SPDX-License-Identifier: MIT

#include "program/program.hpp"

#include <fmt/core.h>

#include <filesystem>

#include "check/compatible.hpp"
#include "check/compile.hpp"
#include "emit/header.hpp"
#include "emit/layout.hpp"
#include "emit/reference.hpp"
#include "program/depfile.hpp"
#include "program/options.hpp"
#include "quire/base/name.hpp"
#include "quire/lang/common/output_files.hpp"
#include "quire/lang/common/render.hpp"

#ifndef QUIRE_VERSION
#error "the build says which version this is"
#endif

namespace quire::idl {

namespace {

constexpr int bad_source = 1;
constexpr int bad_usage = 2;

Outcome refuse(std::string_view name, std::string_view sentence) {
    return {bad_usage, {}, fmt::format("{}: {}\n", name, sentence)};
}

Outcome complain(const lang::Diagnostics& diagnostics) {
    return {bad_source, {}, lang::render(diagnostics)};
}

Outcome explain(const std::string& number, std::string_view name) {
    const auto code = lang::Code::parse(number);
    const lang::CatalogueEntry* entry = code ? lang::find(catalogue(), *code) : nullptr;
    if (!entry)
        return refuse(name, fmt::format("there is no diagnostic {}; they look like Q0107",
                                        printable(number)));
    return {0, lang::explain(*entry), {}};
}

Result<void> write(const Options& options, const Model& model) {
    const Cpp cpp(options.cpp);
    const std::filesystem::path base = std::filesystem::path(options.out) / model.main().stem;
    const std::string header = base.string() + ".hpp";
    const std::string source = base.string() + ".cpp";
    const std::string page = base.string() + ".md";
    lang::OutputFiles files;
    files.add(header, emit_header(model, cpp));
    files.add(source, emit_source(model, cpp));
    files.add(page, emit_reference(model));
    if (!options.depfile.empty()) {
        const std::string outputs[] = {header, source, page};
        files.add(options.depfile, depfile(outputs, model));
    }
    return files.write();
}

}  // namespace

Outcome run(std::span<const std::string> arguments, std::string_view name) {
    lang::FileReader reader(Limits{}.file_size);
    return run(arguments, reader, name);
}

Outcome run(std::span<const std::string> arguments, lang::Reader& reader, std::string_view name) {
    const auto options = Options::parse(arguments);
    if (!options) return refuse(name, options.error().sentence());
    if (options->help) return {0, help_text(), {}};
    if (options->version) return {0, "quire-idl " QUIRE_VERSION "\n", {}};
    if (!options->explain.empty()) return explain(options->explain, name);

    const auto compiled = compile(reader, options->file, options->directories, Limits{});
    if (!compiled) return refuse(name, compiled.error().message());
    Compilation& compilation = **compiled;
    if (!compilation.diagnostics.empty()) return complain(compilation.diagnostics);
    if (!options->compatible_with.empty()) {
        const auto released =
            compile(reader, options->compatible_with, options->directories, Limits{});
        if (!released) return refuse(name, released.error().message());
        if (!(*released)->diagnostics.empty()) return complain((*released)->diagnostics);
        check_compatible((*released)->model, compilation.model, compilation.diagnostics);
        if (!compilation.diagnostics.empty()) return complain(compilation.diagnostics);
    }
    if (!options->out.empty())
        if (const auto written = write(*options, compilation.model); !written)
            return refuse(name, written.error().message());
    return {0, options->layout ? emit_layout(compilation.model) : "", {}};
}

}  // namespace quire::idl
