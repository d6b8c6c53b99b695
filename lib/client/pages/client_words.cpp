// SPDX-License-Identifier: MIT

#include "pages/client_words.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>

#include "context_state.hpp"

namespace quire::client {

ClientWords::~ClientWords() {
    if (words_ != nullptr) ::munmap(words_, size);
}

Result<void> ClientWords::make(const ContextState& state) {
    UniqueFd memory(::memfd_create(name_, MFD_CLOEXEC | MFD_ALLOW_SEALING));
    if (!memory || ::ftruncate(memory.get(), size) != 0 ||
        ::fcntl(memory.get(), F_ADD_SEALS, F_SEAL_SHRINK) != 0)
        return fail_errno();
    QUIRE_TRY(mark_.make());
    void* const place =
        ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, memory.get(), 0);
    if (place == MAP_FAILED) return fail_errno();
    words_ = static_cast<Word*>(place);
    QUIRE_TRY_ASSIGN(const std::size_t most,
                     tell_(state, ipc::Memory(std::move(memory), size, true)));
    for (std::size_t word = std::min(most, size / sizeof(Word)); word > 0; --word)
        free_.push_back(word - 1);
    return {};
}

Result<std::optional<std::size_t>> ClientWords::take(const ContextState& state,
                                                     std::uint64_t value) {
    if (refused_) return std::nullopt;
    if (words_ == nullptr) {
        if (const auto made = make(state); !made) {
            refused_ = true;
            if (made.error() == std::errc::connection_reset) return fail(made.error());
            return std::nullopt;
        }
    }
    if (free_.empty() || !mark_.is_ours()) return std::nullopt;
    const std::size_t word = free_.back();
    free_.pop_back();
    words_[word].store(value, std::memory_order_seq_cst);
    return word;
}

void ClientWords::give_back(std::size_t word) {
    if (!mark_.is_ours()) return;
    words_[word].store(0, std::memory_order_release);
    free_.push_back(word);
}

}  // namespace quire::client
