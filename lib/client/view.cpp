// SPDX-License-Identifier: MIT

#include "quire/client/view.hpp"

#include <utility>

#include "context_state.hpp"

namespace quire::client {

View::View(std::vector<std::byte> copy) : copy_(std::move(copy)), bytes_(copy_) {}

View::View(std::shared_ptr<ContextState> state, std::vector<std::size_t> words,
           std::span<const std::byte> bytes)
    : state_(std::move(state)), words_(std::move(words)), bytes_(bytes) {}

// What a vector holds moves with it.
View::View(View&& other) noexcept
    : state_(std::move(other.state_)),
      words_(std::move(other.words_)),
      copy_(std::move(other.copy_)),
      bytes_(std::exchange(other.bytes_, {})) {
    other.words_.clear();
}

View& View::operator=(View&& other) noexcept {
    if (this == &other) return *this;
    end();
    state_ = std::move(other.state_);
    words_ = std::exchange(other.words_, {});
    copy_ = std::move(other.copy_);
    bytes_ = std::exchange(other.bytes_, {});
    return *this;
}

View::~View() {
    end();
}

void View::end() noexcept {
    for (const std::size_t word : words_) state_->pins.give_back(word);
    words_.clear();
}

}  // namespace quire::client
