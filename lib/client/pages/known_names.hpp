// SPDX-License-Identifier: MIT

#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "quire/base/result.hpp"
#include "quire/memory/name_reader.hpp"
#include "quire/protocols/filesystem.hpp"

namespace quire::client {

struct ContextState;

/// As the protocol has them.
protocols::Attributes attributes_of(const paging::NodeImage& image);

/// What the server shows to a context of names and attributes. After some paths that it was asked for
/// by message it is asked where that lies.
/// Each operation answers nothing where the server must be asked.
/// Threads: that of its context.
class KnownNames {
public:
    std::optional<Result<protocols::Attributes>> attributes(ContextState& state,
                                                            std::string_view path, bool follow);
    using Outcome = paging::NameReader::Outcome;
    /// Without a message: found, then shown() has it until the next question; missing; or another way
    /// has to be gone.
    Outcome look(std::string_view path, bool follow) {
        return reader_ ? reader_->find(path, follow, answer_) : Outcome::unknown;
    }
    const paging::NodeImage& shown() const { return answer_.attributes; }
    /// Whether there is something of that name.
    std::optional<Result<void>> exists(ContextState& state, std::string_view path);
    /// All of a regular file. Fails: file_too_large (over `most` bytes) besides.
    std::optional<Result<std::vector<std::byte>>> content(ContextState& state,
                                                          std::string_view path,
                                                          std::uint64_t most);
    /// A small regular file, open for reading from now on, with all of its content.
    std::optional<Result<protocols::OpenerContextOpenResult>> open(
        const std::shared_ptr<ContextState>& state, std::string_view path, bool follow);
    /// False when the server has died.
    bool server_lives() const { return !reader_ || reader_->server_lives(); }
    std::optional<Result<std::string>> target(ContextState& state, std::string_view path);

private:
    /// unknown: nothing is known.
    Result<Outcome> find(ContextState& state, std::string_view path, bool follow,
                         std::vector<std::byte>* content);
    Result<void> begin(ContextState& state);
    Result<void> map(ContextState& state, std::uint32_t segment);
    Result<void> refuse(const Error& error);

    bool refused_ = false;
    unsigned asked_ = 0;
    std::optional<paging::NameReader> reader_;
    paging::NameReader::Answer answer_;
};

}  // namespace quire::client
