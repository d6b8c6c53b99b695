// SPDX-License-Identifier: MIT

#include "values/owner.hpp"

#include <fmt/core.h>
#include <grp.h>
#include <pwd.h>

#include <charconv>
#include <vector>

#include "quire/base/name.hpp"

namespace quire::app {

namespace {

struct Account {
    std::uint32_t id = 0;
    std::uint32_t group = 0;  // of a user
};

std::optional<std::uint32_t> number(std::string_view text) {
    std::uint32_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    // The greatest number means "leave it" to the kernel.
    if (error != std::errc{} || end != text.data() + text.size() || value == UINT32_MAX)
        return std::nullopt;
    return value;
}

bool all_digits(std::string_view text) {
    return !text.empty() && text.find_first_not_of("0123456789") == text.npos;
}

// Fields of a line of /etc/passwd or /etc/group.
std::vector<std::string_view> fields_of(std::string_view line) {
    std::vector<std::string_view> fields;
    while (true) {
        const std::size_t colon = line.find(':');
        fields.push_back(line.substr(0, colon));
        if (colon == line.npos) return fields;
        line.remove_prefix(colon + 1);
    }
}

Result<std::string> content_of(const assembly::Location& place, const fs::Call& call,
                               const std::string& path) {
    constexpr std::uint64_t most = 64U << 20U;
    const auto named = [&](Error error) { return fail(std::move(error).within(path)); };
    auto node = place.tree->walk(call, *Path::parse(path), fs::Follow::yes);
    if (!node) return named(std::move(node).error());
    auto file = place.tree->open(call, *node, {.read = true, .write = false});
    if (!file) return named(std::move(file).error());
    auto facts = (*file)->attributes(call);
    if (!facts) return named(std::move(facts).error());
    if (facts->size > most) return named(Error(std::errc::file_too_large));
    std::string text(facts->size, '\0');
    std::size_t done = 0;
    while (done < text.size()) {
        auto count =
            (*file)->read(call, done, std::as_writable_bytes(std::span(text).subspan(done)));
        if (!count) return named(std::move(count).error());
        if (*count == 0) break;
        done += *count;
    }
    text.resize(done);
    return text;
}

Result<std::optional<Account>> find_inside(const assembly::Location& place, const fs::Call& call,
                                           const std::string& path, std::string_view name) {
    QUIRE_TRY_ASSIGN(const std::string text, content_of(place, call, path));
    std::string_view rest = text;
    while (!rest.empty()) {
        const std::size_t end = rest.find('\n');
        const auto fields = fields_of(rest.substr(0, end));
        rest.remove_prefix(end == rest.npos ? rest.size() : end + 1);
        if (fields.size() < 3 || fields[0] != name) continue;
        const auto id = number(fields[2]);
        if (!id) continue;
        const auto group = fields.size() > 3 ? number(fields[3]) : std::nullopt;
        return Account{*id, group.value_or(*id)};
    }
    return std::nullopt;
}

// No threads run yet, so the host's lists may be asked the simple way.
std::optional<Account> find_on_host(bool group, const std::string& name) {
    if (group) {
        const struct group* found = ::getgrnam(name.c_str());  // NOLINT(concurrency-mt-unsafe)
        if (found == nullptr) return std::nullopt;
        return Account{found->gr_gid, found->gr_gid};
    }
    const passwd* found = ::getpwnam(name.c_str());  // NOLINT(concurrency-mt-unsafe)
    if (found == nullptr) return std::nullopt;
    return Account{found->pw_uid, found->pw_gid};
}

Result<Account> find(const assembly::Location& place, const fs::Call& call, bool group,
                     const std::string& name) {
    const std::string path = group ? "/etc/group" : "/etc/passwd";
    std::optional<Account> found;
    if (place.on_host) {
        found = find_on_host(group, name);
    } else {
        auto inside = find_inside(place, call, path, name);
        if (!inside)
            return fail(std::errc::invalid_argument,
                        fmt::format("there is no way to look up '{}' ({}); give its number",
                                    printable(name), inside.error().message()));
        found = *inside;
    }
    if (!found)
        return fail(
            std::errc::invalid_argument,
            fmt::format("there is no {} '{}' in {} {}; give its number", group ? "group" : "user",
                        printable(name), place.on_host ? "the host's" : "the image's", path));
    return *found;
}

// A number, or a name that is looked up.
Result<Account> resolve(const assembly::Location& place, const fs::Call& call, bool group,
                        std::string_view text) {
    const std::string_view digits = text.starts_with('+') ? text.substr(1) : text;
    if (!all_digits(digits)) return find(place, call, group, std::string(text));
    const auto value = number(digits);
    if (!value)
        return fail(std::errc::invalid_argument,
                    fmt::format("{} is too great for an owner", printable(text)));
    return Account{*value, *value};
}

}  // namespace

Result<Owner> resolve_owner(const assembly::Location& place, const fs::Call& call,
                            std::string_view text) {
    Owner owner;
    const std::size_t colon = text.find(':');
    const std::string_view user = text.substr(0, colon);
    if (!user.empty()) {
        QUIRE_TRY_ASSIGN(const Account account, resolve(place, call, false, user));
        owner.uid = account.id;
        if (colon + 1 == text.size()) {
            if (all_digits(user))
                return fail(std::errc::invalid_argument,
                            "a number has no login group; give the group after the colon");
            owner.gid = account.group;
        }
    }
    if (colon != text.npos && colon + 1 < text.size()) {
        QUIRE_TRY_ASSIGN(const Account account, resolve(place, call, true, text.substr(colon + 1)));
        owner.gid = account.id;
    }
    return owner;
}

}  // namespace quire::app
