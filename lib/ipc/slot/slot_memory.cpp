// SPDX-License-Identifier: MIT

#include "slot/slot_memory.hpp"

#include <fcntl.h>
#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstring>
#include <ctime>
#include <utility>

#include "quire/ipc/limits.hpp"
#include "system/now.hpp"

namespace quire::ipc {

namespace {

/// Newer kernels want to be told that it holds no program; older ones do not know the word.
constexpr unsigned holds_no_program = 0x0008;

constexpr int wanted_seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;

UniqueFd new_memory() {
    constexpr unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
    UniqueFd fd(::memfd_create("quire slot", flags | holds_no_program));
    if (!fd) fd.reset(::memfd_create("quire slot", flags));
    return fd;
}

}  // namespace

SlotMemory::SlotMemory(std::byte* base) : base_(base), words_(reinterpret_cast<Words*>(base)) {}

SlotMemory::SlotMemory(SlotMemory&& other) noexcept
    : base_(std::exchange(other.base_, nullptr)), words_(std::exchange(other.words_, nullptr)) {}

SlotMemory::~SlotMemory() {
    if (base_ != nullptr) ::munmap(base_, size);
}

Result<SlotMemory> SlotMemory::map(int fd) {
    void* const base = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (base == MAP_FAILED) return fail_errno();
    return SlotMemory(static_cast<std::byte*>(base));
}

Result<SlotMemory::Created> SlotMemory::create() {
    UniqueFd fd = new_memory();
    if (!fd || ::ftruncate(fd.get(), size) != 0 ||
        ::fcntl(fd.get(), F_ADD_SEALS, wanted_seals) != 0)
        return fail_errno();
    QUIRE_TRY_ASSIGN(SlotMemory memory, map(fd.get()));
    return Created{std::move(memory), std::move(fd)};
}

Result<SlotMemory> SlotMemory::open(const UniqueFd& descriptor) {
    struct stat status{};
    const int seals = ::fcntl(descriptor.get(), F_GET_SEALS);
    // Only memory of this kind can have these seals, and of this size it has small pages, which
    // are there when they are touched.
    if (seals < 0 || (seals & wanted_seals) != wanted_seals ||
        ::fstat(descriptor.get(), &status) != 0 || status.st_size != static_cast<off_t>(size))
        return fail(std::errc::invalid_argument, "this is not the memory of a slot");
    return map(descriptor.get());
}

bool SlotMemory::sleep(Sleeper& self, std::uint32_t state, std::chrono::nanoseconds at_most) {
    const auto end = now() + at_most;
    // Before the word is looked at again, by the kernel; who changes it looks for sleepers after.
    self.store(1, std::memory_order_seq_cst);
    bool changed = false;
    while (!(changed = this->state() != state)) {
        const auto left = std::chrono::nanoseconds(end - now());
        if (left.count() <= 0) break;
        const timespec time{static_cast<time_t>(left.count() / 1'000'000'000),
                            static_cast<long>(left.count() % 1'000'000'000)};
        (void)::syscall(SYS_futex, &words_->state, FUTEX_WAIT, state, &time, nullptr, 0);
    }
    self.store(0, std::memory_order_relaxed);
    return changed;
}

void SlotMemory::wake(const Sleeper& other) {
    if (other.load(std::memory_order_seq_cst) == 0) return;
    (void)::syscall(SYS_futex, &words_->state, FUTEX_WAKE, 1, nullptr, nullptr, 0);
}

bool SlotMemory::copy_out(std::span<const std::byte> area, Incoming& into) {
    std::uint32_t length = 0;
    std::memcpy(&length, area.data(), sizeof(length));
    // The compiler must not read it again.
    asm volatile("" : "+r"(length) : : "memory");
    if (length < header_size || length > area.size()) return false;
    into.clear();
    std::memcpy(into.room().data(), area.data(), length);
    into.set_size(length);
    return true;
}

}  // namespace quire::ipc
