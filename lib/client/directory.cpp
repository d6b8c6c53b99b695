// SPDX-License-Identifier: MIT

#include "quire/client/directory.hpp"

#include <utility>

#include "context_state.hpp"
#include "quire/ipc/decoder.hpp"

namespace quire::client {

namespace {

bool is_entry_name(const std::string& name) {
    return !name.empty() && name != "." && name != ".." &&
           name.find_first_of(std::string_view("/\0", 2)) == std::string::npos;
}

Entry entry_of(protocols::DirectoryEntry&& found) {
    return {.name = std::move(found.name),
            .inode = found.inode,
            .type = found.type,
            .next = found.next,
            .attributes = std::nullopt};
}

Entry entry_of(protocols::DetailedEntry&& found) {
    Entry entry = entry_of(std::move(found.entry));
    if (found.attributes.type != protocols::FileType::unknown) entry.attributes = found.attributes;
    return entry;
}

// Its end may be padding.
template <typename Found>
Result<std::vector<Entry>> entries_of(const protocols::DirectoryPage& page) {
    std::vector<Entry> entries;
    ipc::Decoder in(page.entries);
    for (std::uint32_t i = 0; i < page.count; ++i) {
        Found found;
        decode(in, found);
        if (in.failed()) return senseless("a page of a directory that cannot be read");
        entries.push_back(entry_of(std::move(found)));
        if (!is_entry_name(entries.back().name)) return senseless("a name that is none");
    }
    return entries;
}

}  // namespace

template <typename T>
Result<T> Directory::note(Result<T> result) {
    if (!result) last_error_ = result.error();
    return result;
}

Directory::Directory(std::shared_ptr<ContextState> state, ipc::Cap<protocols::Directory> directory,
                     const protocols::Attributes& attributes, bool with_attributes)
    : state_(std::move(state)),
      directory_(std::move(directory)),
      attributes_(attributes),
      with_attributes_(with_attributes) {}

Result<void> Directory::accept(const protocols::DirectoryPage& page) {
    QUIRE_TRY_ASSIGN(auto entries, with_attributes_ ? entries_of<protocols::DetailedEntry>(page)
                                                    : entries_of<protocols::DirectoryEntry>(page));
    // Who goes on from here would get the same again and again.
    if (!page.last && (entries.empty() || entries.back().next == place_))
        return senseless("a directory that does not end");
    entries_ = std::move(entries);
    taken_ = 0;
    last_ = page.last;
    return {};
}

Result<void> Directory::fetch() {
    QUIRE_TRY_ASSIGN(const protocols::DirectoryPage page,
                     directory_->page(state_->call(), place_, 0, with_attributes_));
    return accept(page);
}

Result<std::optional<Entry>> Directory::next() {
    if (!directory_)
        return note(Result<std::optional<Entry>>(fail(std::errc::bad_file_descriptor)));
    if (taken_ == entries_.size() && !last_)
        if (const auto fetched = note(fetch()); !fetched) return fail(fetched.error());
    if (taken_ == entries_.size()) return std::nullopt;
    Entry entry = std::move(entries_[taken_++]);
    place_ = entry.next;
    return entry;
}

Result<void> Directory::seek(std::uint64_t place) {
    if (!directory_) return note(Result<void>(fail(std::errc::bad_file_descriptor)));
    place_ = place;
    entries_.clear();
    taken_ = 0;
    last_ = false;
    return {};
}

Result<protocols::Attributes> Directory::attributes() {
    if (!directory_)
        return note(Result<protocols::Attributes>(fail(std::errc::bad_file_descriptor)));
    return note(directory_->attributes(state_->call()));
}

Result<void> Directory::subscribe(const EventQueue& queue, std::uint32_t events,
                                  std::uint64_t source) {
    if (!directory_) return note(Result<void>(fail(std::errc::bad_file_descriptor)));
    return note(directory_->subscribe(state_->call(), queue.notifier(source), events, source));
}

Result<void> Directory::unsubscribe() {
    if (!directory_) return note(Result<void>(fail(std::errc::bad_file_descriptor)));
    return note(directory_->subscribe(state_->call(), nullptr, 0, 0));
}

void Directory::close() {
    directory_ = nullptr;
    entries_.clear();
    taken_ = 0;
    last_ = true;
}

}  // namespace quire::client
