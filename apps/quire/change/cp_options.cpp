// SPDX-License-Identifier: MIT

#include "change/cp_options.hpp"

#include <fmt/core.h>

#include "quire/base/name.hpp"

namespace quire::app {

namespace {

using Links = CpRequest::Links;

// Sets what a list names: "mode,ownership,xattr".
Result<void> apply_list(std::string_view list, bool value, transfer::CopyOptions& copy) {
    transfer::Preserve& preserve = copy.preserve;
    while (true) {
        const std::size_t comma = list.find(',');
        const std::string_view word = list.substr(0, comma);
        const bool all = word == "all";
        const bool known = all || word == "mode" || word == "ownership" || word == "timestamps" ||
                           word == "links" || word == "xattr";
        if (!known)
            return fail(std::errc::invalid_argument,
                        fmt::format("what can be preserved is mode, ownership, timestamps, links, "
                                    "xattr and all, not '{}'",
                                    printable(word)));
        if (all || word == "mode") {
            preserve.mode = value;
            copy.usual_permissions = !value;
        }
        if (all || word == "ownership") preserve.owner = value;
        if (all || word == "timestamps") preserve.times = value;
        if (all || word == "links") preserve.links = value;
        if (all || word == "xattr") preserve.attributes = value;
        if (comma == list.npos) return {};
        list.remove_prefix(comma + 1);
    }
}

constexpr std::string_view plain_list = "mode,ownership,timestamps";

}  // namespace

void CpRequest::settle() {
    if (links == Links::always) copy.follow = fs::Follow::yes;
    if (sparse == "always") copy.sparse = transfer::Sparse::always;
    if (sparse == "never") copy.sparse = transfer::Sparse::never;
}

void declare_cp_options(Options& options, CpRequest& request) {
    transfer::CopyOptions& copy = request.copy;
    options
        .operands("ADDRESS", request.words, 1,
                  "what to copy, and last where to; '-' is standard input or output")
        .flag(
            "-a,--archive",
            [&] {
                copy.recursive = true;
                request.links = Links::never;
                static_cast<void>(apply_list("all", true, copy));
            },
            "everything as it is: -R -P --preserve=all")
        .flag("-R,-r,--recursive", copy.recursive, "directories with all that is below them")
        .flag(
            "-p", [&] { static_cast<void>(apply_list(plain_list, true, copy)); },
            "the same as --preserve")
        .optional_value(
            "--preserve", "LIST",
            [&](std::string_view list) {
                return apply_list(list.empty() ? plain_list : list, true, copy);
            },
            "keep these: mode, ownership, timestamps (without a list), links, xattr, all")
        .value(
            "--no-preserve", "LIST",
            [&](std::string_view list) { return apply_list(list, false, copy); },
            "do not keep these")
        .flag(
            "-P,--no-dereference", [&] { request.links = Links::never; },
            "copy symbolic links as links")
        .flag(
            "-L,--dereference", [&] { request.links = Links::always; },
            "copy what symbolic links lead to")
        .flag(
            "-H", [&] { request.links = Links::command_line; },
            "copy what symbolic links among the sources lead to, and those below as links")
        .flag(
            "-d",
            [&] {
                request.links = Links::never;
                copy.preserve.links = true;
            },
            "the same as -P --preserve=links")
        .flag("-f,--force", copy.force,
              "make a file anew that is there and can't be opened for writing")
        .flag(
            "-n,--no-clobber", [&] { copy.existing = transfer::Existing::keep; },
            "leave files as they are that are there already")
        .flag(
            "-u,--update",
            [&] {
                if (copy.existing != transfer::Existing::keep)
                    copy.existing = transfer::Existing::replace_older;
            },
            "replace only files that are older")
        .flag("--remove-destination", copy.remove_first,
              "remove a file that is there instead of writing into it")
        .choice("--sparse", {"auto", "always", "never"}, request.sparse,
                "holes: as the source has them, wherever there are zeros, nowhere")
        .value("-t,--target-directory", "DIRECTORY", request.directory,
               "copy all sources into this directory", ValueKind::address)
        .flag("-T,--no-target-directory", request.no_directory,
              "the destination is the name of the copy, also where it is a directory");
}

}  // namespace quire::app
