// SPDX-License-Identifier: MIT

#include "quire/assembly/address.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "quire/base/units.hpp"

namespace quire::assembly {

namespace {

constexpr std::string_view special = ":@\\";

// Those that the grammar knows and this version does not speak.
constexpr std::array<std::string_view, 2> later_schemes = {"nbd", "rbd"};

std::unexpected<Error> malformed(std::string_view address, std::string_view why) {
    return fail(std::errc::invalid_argument,
                fmt::format("the address '{}' {}", printable(address), why));
}

// What stands between two separating colons: the letters meant, and which of them an `@` without a
// backslash wrote.
struct Part {
    std::string letters;
    std::vector<std::size_t> ats;
    bool last = false;  // no colon followed
};

// Where colons are letters unless something like a path follows them.
enum class Colons : bool { all, before_paths };

bool separates(std::string_view after, Colons colons) {
    return colons == Colons::all || after.empty() || after.front() == '/' || after.front() == ':';
}

// Takes one part and the colon behind it off the front of `rest`.
Part take_part(std::string_view& rest, Colons colons) {
    Part part;
    while (!rest.empty()) {
        const char letter = rest.front();
        rest.remove_prefix(1);
        if (letter == '\\' && !rest.empty() && special.find(rest.front()) != special.npos) {
            part.letters += rest.front();
            rest.remove_prefix(1);
            continue;
        }
        if (letter == ':' && separates(rest, colons)) return part;
        if (letter == '@') part.ats.push_back(part.letters.size());
        part.letters += letter;
    }
    part.last = true;
    return part;
}

bool is_number(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

// Takes `@pN` or `@@OFFSET` off the end of a part.
Result<Slice> take_slice(std::string_view address, Part& part) {
    Slice slice;
    const std::size_t count = part.ats.size();
    if (count == 0) return slice;
    const std::size_t at = part.ats.back();
    const std::string_view after = std::string_view(part.letters).substr(at + 1);
    if (count >= 2 && part.ats[count - 2] + 1 == at && !after.empty() &&
        is_number(after.substr(0, 1))) {
        auto offset = parse_size(after);
        if (!offset)
            return malformed(
                address,
                fmt::format("has '{}' for an offset: digits and K, M, G, T or P are expected",
                            printable(after)));
        slice.offset = *offset;
        part.letters.resize(at - 1);
    } else if (after.starts_with('p') && is_number(after.substr(1))) {
        std::uint32_t number = 0;
        const auto [end, error] =
            std::from_chars(after.data() + 1, after.data() + after.size(), number);
        if (error != std::errc{} || number == 0)
            return malformed(address,
                             fmt::format("has '{}' for a partition: partitions are counted from 1",
                                         printable(after.substr(1))));
        slice.partition = number;
        part.letters.resize(at);
    }
    return slice;
}

}  // namespace

std::string Slice::text() const {
    if (partition) return fmt::format("@p{}", *partition);
    if (offset) return fmt::format("@@{}", *offset);
    return {};
}

Result<Address> Address::parse(std::string_view text) {
    if (text.empty()) return fail(std::errc::invalid_argument, "an address is empty");
    if (text.find('\0') != text.npos) return malformed(text, "has a NUL in it");
    Address address;
    address.text_ = text;
    std::string_view rest = text;
    bool more = true;
    const bool path_like =
        text.starts_with('/') || text.starts_with("./") || text.starts_with("../");
    if (!path_like) {
        for (std::string_view scheme : later_schemes)
            if (text.starts_with(scheme) && text.substr(scheme.size()).starts_with(':'))
                return fail(std::errc::operation_not_supported,
                            fmt::format("{}: addresses are not available in this version ('{}'); "
                                        "a file of that name is written './{}'",
                                        scheme, printable(text), printable(text)));
    }
    if (!path_like && text.starts_with("mem:")) {
        address.scheme_ = Scheme::memory;
        rest.remove_prefix(4);
        more = !rest.empty();
    } else {
        if (!path_like && text.starts_with("host:")) {
            address.scheme_ = Scheme::host;
            rest.remove_prefix(5);
        } else if (!path_like && text.starts_with("socket:")) {
            address.scheme_ = Scheme::socket;
            rest.remove_prefix(7);
        }
        // After a scheme a leading slash says what it says without one.
        const bool strict =
            rest.starts_with('/') || rest.starts_with("./") || rest.starts_with("../");
        Part part = take_part(rest, strict ? Colons::before_paths : Colons::all);
        more = !part.last;
        const bool dash = address.scheme_ == Scheme::file && part.letters.starts_with('-');
        if (address.scheme_ != Scheme::host) {
            QUIRE_TRY_ASSIGN(address.slice_, take_slice(text, part));
        }
        if (dash && part.letters == "-")
            address.scheme_ = Scheme::standard;
        else
            address.source_ = std::move(part.letters);
        if (address.source_.empty() && address.scheme_ == Scheme::host) address.source_ = ".";
        if (address.source_.empty() && address.scheme_ == Scheme::file)
            return malformed(text, "names no image before its path");
        if (address.source_.empty() && address.scheme_ == Scheme::socket)
            return malformed(text, "names no socket");
    }
    while (more) {
        Part part = take_part(rest, Colons::all);
        more = !part.last;
        Step step;
        QUIRE_TRY_ASSIGN(step.slice, take_slice(text, part));
        const bool enters = more || !step.slice.whole();
        if (part.letters.empty() && enters)
            return malformed(text, "has an empty path where an image inside the image should be");
        // A path inside begins at the root, whether it says so or not.
        if (!part.letters.starts_with('/')) part.letters.insert(0, "/");
        auto path = Path::parse(part.letters);
        if (!path)
            return std::unexpected(
                std::move(path).error().within(fmt::format("the address '{}'", printable(text))));
        step.path = *std::move(path);
        address.steps_.push_back(std::move(step));
    }
    return address;
}

bool Address::names_node() const {
    if (!steps_.empty()) return steps_.back().slice.whole();
    return scheme_ == Scheme::memory || scheme_ == Scheme::host;
}

std::string escape_address(std::string_view part) {
    std::string escaped;
    for (char letter : part) {
        if (special.find(letter) != special.npos) escaped += '\\';
        escaped += letter;
    }
    return escaped;
}

}  // namespace quire::assembly
