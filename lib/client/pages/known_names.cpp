// SPDX-License-Identifier: MIT

#include "pages/known_names.hpp"

#include <utility>

#include "context_state.hpp"
#include "pages/leased_file.hpp"

namespace quire::client {

namespace {

/// Who asks for less has nothing of a table.
constexpr unsigned asked_before = 4;
/// For one walk, which may find content in segments of its own.
constexpr int segments_of_a_walk = 4;

}  // namespace

protocols::Attributes attributes_of(const paging::NodeImage& image) {
    const auto time = [&](std::size_t which) {
        return protocols::Time{image.seconds[which], image.nanoseconds[which]};
    };
    return {.type = static_cast<protocols::FileType>(image.type),
            .permissions = image.permissions,
            .uid = image.uid,
            .gid = image.gid,
            .links = image.links,
            .size = image.size,
            .allocated = image.allocated,
            .inode = image.inode,
            .generation = image.generation,
            .device = {image.device_major, image.device_minor},
            .preferred_io_size = image.preferred_io_size,
            .flags = image.flags,
            .access = time(0),
            .modify = time(1),
            .change = time(2),
            .has_birth = image.has_birth != 0,
            .birth = time(3)};
}

// That there is no memory is no matter of the operation for which it was asked.
Result<void> KnownNames::refuse(const Error& error) {
    refused_ = true;
    if (error == std::errc::connection_reset) return fail(error);
    return {};
}

Result<void> KnownNames::map(ContextState& state, std::uint32_t segment) {
    const auto mapped = state.memory.map(state, segment);
    return mapped ? Result<void>() : refuse(mapped.error());
}

Result<void> KnownNames::begin(ContextState& state) {
    const auto table = state.context->names(state.call());
    if (!table) return refuse(table.error());
    QUIRE_TRY(map(state, table->segment));
    if (refused_) return {};
    QUIRE_TRY_ASSIGN(const auto map, state.memory.get(state));
    reader_.emplace(map, paging::NameTableShape{table->segment, table->buckets, table->records});
    return {};
}

Result<KnownNames::Outcome> KnownNames::find(ContextState& state, std::string_view path,
                                             bool follow, std::vector<std::byte>* content) {
    if (refused_) return Outcome::unknown;
    if (!reader_) {
        if (asked_++ >= asked_before) QUIRE_TRY(begin(state));
        return Outcome::unknown;
    }
    for (int mappings = 0;; ++mappings) {
        const Outcome outcome = reader_->find(path, follow, answer_, content);
        if (outcome == Outcome::died)
            return fail(std::errc::connection_reset, "the server is gone");
        if (outcome == Outcome::missing) return fail(std::errc::no_such_file_or_directory);
        if (outcome != Outcome::unmapped) return outcome;
        if (mappings == segments_of_a_walk) return Outcome::unknown;
        QUIRE_TRY(map(state, answer_.segment));
        if (refused_) return Outcome::unknown;
    }
}

std::optional<Result<protocols::Attributes>> KnownNames::attributes(ContextState& state,
                                                                    std::string_view path,
                                                                    bool follow) {
    const auto outcome = find(state, path, follow, nullptr);
    if (!outcome) return fail(outcome.error());
    if (*outcome == Outcome::unknown) return std::nullopt;
    return attributes_of(answer_.attributes);
}

std::optional<Result<void>> KnownNames::exists(ContextState& state, std::string_view path) {
    const auto outcome = find(state, path, true, nullptr);
    if (!outcome) return fail(outcome.error());
    if (*outcome == Outcome::unknown) return std::nullopt;
    return Result<void>();
}

std::optional<Result<std::vector<std::byte>>> KnownNames::content(ContextState& state,
                                                                  std::string_view path,
                                                                  std::uint64_t most) {
    std::vector<std::byte> content;
    const auto outcome = find(state, path, true, &content);
    if (!outcome) return fail(outcome.error());
    const auto type = static_cast<protocols::FileType>(answer_.attributes.type);
    if (*outcome == Outcome::unknown || type != protocols::FileType::regular) return std::nullopt;
    if (content.size() > most) return fail(std::errc::file_too_large);
    return content;
}

// The word is written, and then the record is looked at once more: if it still counts, who takes it
// away sees the word.
std::optional<Result<protocols::OpenerContextOpenResult>> KnownNames::open(
    const std::shared_ptr<ContextState>& state, std::string_view path, bool follow) {
    std::vector<std::byte> content;
    const auto outcome = find(*state, path, follow, &content);
    if (!outcome) return fail(outcome.error());
    const auto type = static_cast<protocols::FileType>(answer_.attributes.type);
    if (*outcome == Outcome::unknown || type != protocols::FileType::regular) return std::nullopt;
    const auto word = state->leases.take(*state, answer_.node);
    if (!word) return fail(word.error());
    if (!*word) return std::nullopt;
    if (!paging::NameReader::counts(answer_.mark)) {
        state->leases.give_back(**word);
        return std::nullopt;
    }
    protocols::OpenerContextOpenResult result;
    result.attributes = attributes_of(answer_.attributes);
    result.content = std::move(content);
    result.file = ipc::Cap<protocols::FileObject>(std::make_shared<LeasedFile>(
        state, LeasedFile::Found{answer_.node, **word, answer_.mark, result.attributes}));
    return result;
}

std::optional<Result<std::string>> KnownNames::target(ContextState& state, std::string_view path) {
    std::vector<std::byte> content;
    const auto outcome = find(state, path, false, &content);
    if (!outcome) return fail(outcome.error());
    const auto type = static_cast<protocols::FileType>(answer_.attributes.type);
    if (*outcome == Outcome::unknown || type != protocols::FileType::symbolic_link)
        return std::nullopt;
    return std::string(reinterpret_cast<const char*>(content.data()), content.size());
}

}  // namespace quire::client
