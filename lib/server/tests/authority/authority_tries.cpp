// SPDX-License-Identifier: MIT

#include "tests/authority/authority_tries.hpp"

#include <cerrno>
#include <span>

#include "quire/ipc/decoder.hpp"

namespace quire::server {

namespace {

using protocols::open_create;
using protocols::open_exclusive;
using protocols::open_read;
using protocols::open_write;

const ipc::Call patient = ipc::Call::forever();

std::string text_from(std::span<const std::byte> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// Nothing: it was refused.
std::optional<std::string> read_by(protocols::OpenerContext& context, std::string_view path) {
    const auto opened = context.open(patient, path, open_read, 0, 100);
    return opened ? std::optional(text_from(opened->content)) : std::nullopt;
}

bool write_by(protocols::OpenerContext& context, std::string_view path, std::uint32_t flags,
              std::uint16_t mode, const std::string& content) {
    const auto opened = context.open(patient, path, open_read | open_write | flags, mode, 0);
    return opened && opened->file->write(patient, 0, std::as_bytes(std::span(content)));
}

std::set<std::string> names_of(const protocols::DirectoryPage& page) {
    std::set<std::string> names;
    ipc::Decoder in(page.entries);
    for (std::uint32_t i = 0; i < page.count; ++i) {
        protocols::DirectoryEntry entry;
        decode(in, entry);
        names.insert(entry.name);
    }
    return names;
}

std::string described(const AuthorityModel::Grant& grant) {
    return " by " + std::to_string(grant.uid) + (grant.read_only ? " who may read" : "") +
           " below node " + std::to_string(grant.top);
}

}  // namespace

void AuthorityTries::expect(bool same, const std::string& what) {
    check_(same, what);
}

// As long as every other content, so that a write replaces it.
std::string AuthorityTries::stamp() {
    return std::to_string(10'000'000 + random_() % 90'000'000);
}

void AuthorityTries::of(const AuthorityModel::Grant& grant, protocols::OpenerContext* context) {
    const std::string path = a_path();
    const std::string to = a_path();
    const std::string directory = a_directory();
    const std::string content = stamp();
    const unsigned mode = random_() % 2 == 0 ? 0666 : 0600;
    const std::string who = path + described(grant);
    switch (random_() % 12) {
        case 0:
        case 1:
        case 2: {
            const auto granted = model_.read(grant, path);
            if (context) expect(read_by(*context, path) == granted, "reading " + who);
            break;
        }
        case 3:
        case 4:
        case 5: {
            const bool granted = model_.write(grant, path, content);
            if (context)
                expect(write_by(*context, path, 0, 0, content) == granted, "writing " + who);
            break;
        }
        case 6:
        case 7: {
            const bool granted = model_.create(grant, path, mode, content);
            if (context)
                expect(write_by(*context, path, open_create | open_exclusive,
                                static_cast<std::uint16_t>(mode), content) == granted,
                       "making " + who);
            break;
        }
        case 8: {
            const bool granted = model_.remove(grant, path);
            if (context)
                expect(context->remove(patient, path).has_value() == granted, "removing " + who);
            break;
        }
        case 9:
        case 10: {
            const bool whole = random_() % 4 == 0;
            const std::string from = whole ? directory : path;
            const std::string into = whole ? std::string(to) + "moved" : to;
            // A directory's own name, not where it leads from or to.
            if (from.ends_with("..") || from == "/") break;
            const bool granted = model_.rename(grant, from, into);
            if (context)
                expect(context->rename(patient, from, into, protocols::rename_no_replace)
                               .has_value() == granted,
                       "moving " + from + " to " + into + described(grant));
            break;
        }
        default: {
            const auto granted = model_.list(grant, directory);
            if (!context) break;
            const auto opened = context->open_directory(patient, directory, 0, false);
            const auto names = opened ? std::optional(names_of(opened->page)) : std::nullopt;
            expect(names == granted, "listing " + directory + described(grant));
        }
    }
}

void AuthorityTries::of(const AuthorityModel::Grant& grant, protocols::Opener* opener) {
    const bool read_only = random_() % 4 == 0;
    const std::string directory = a_directory();
    const auto less = model_.narrow(grant, directory, read_only);
    ipc::Cap<protocols::Opener> narrower;
    if (opener) {
        const auto got = opener->restrict(patient, directory, read_only);
        expect(got.has_value() == less.has_value(), "narrowing to " + directory + described(grant));
        if (got) narrower = *got;
    }
    const AuthorityModel::Grant& in_use = less ? *less : grant;
    protocols::Opener* const holder = narrower ? narrower.operator->() : opener;
    ipc::Cap<protocols::OpenerContext> context;
    if (holder) {
        const auto got = holder->context(patient);
        expect(got.has_value(), "a context" + described(in_use));
        if (!got) return;
        context = *got;
    }
    for (int i = 0; i < 4; ++i) of(in_use, context ? context.operator->() : nullptr);
}

void AuthorityTries::of(const ModelSession& session, protocols::FileObject* file) {
    const std::string content = stamp();
    const bool read_first = random_() % 2 == 0;
    for (const bool reading : {read_first, !read_first}) {
        std::string& known = model_.content(session.node);
        if (reading) {
            if (!file) continue;
            const auto got = file->read(patient, 0, 100);
            expect(got && text_from(*got) == known,
                   "reading an open file" + described(session.grant));
        } else {
            if (session.may_write) known = content;
            if (!file) continue;
            const auto written = file->write(patient, 0, std::as_bytes(std::span(content)));
            expect(written.has_value() == session.may_write,
                   "writing an open file" + described(session.grant));
        }
    }
}

void AuthorityTries::of(const ModelSession& session, protocols::Directory* directory) {
    if (!directory) return;
    const auto page = directory->page(patient, 0, 0, false);
    if (model_.reaches(session.grant, session.node))
        expect(page && names_of(*page) == model_.names(session.node),
               "listing an open directory" + described(session.grant));
    else
        expect(!page && page.error() == std::errc(ESTALE),
               "listing a directory that was moved out" + described(session.grant));
}

}  // namespace quire::server
