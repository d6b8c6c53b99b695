// SPDX-License-Identifier: MIT

#include "serve/scribbler.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/falloc.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <barrier>
#include <chrono>
#include <cstring>
#include <deque>
#include <memory>
#include <random>
#include <span>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "quire/base/unique_fd.hpp"
#include "quire/ipc/client.hpp"
#include "quire/memory/layout.hpp"
#include "quire/protocols/service.hpp"

namespace quire::tests {
namespace {

using protocols::FileObject;
using protocols::OpenerContext;
using Random = std::mt19937_64;

constexpr std::size_t scribbled_page = 4096;
/// Every eighth run may be pinned.
constexpr std::size_t scribbled_pins = 8;
constexpr std::size_t longest_drawn = 1U << 21U;
constexpr unsigned hand_count = 3;

/// Who waits longer has met with a server that hangs.
ipc::Call soon_enough() {
    return ipc::Call::within(std::chrono::minutes(1));
}

/// Numbers that could mean something there, and others.
std::uint64_t drawn_word(Random& random) {
    const std::uint64_t number = random();
    switch (random() % 16) {
        case 0:
            return number % 64;
        case 1:
            return 1;
        case 2:
            return ~std::uint64_t{0};
        case 3:  // an entry, of a run that may be there
            return (number % 2048) << 40U | (number >> 50U) << 1U | 1U;
        default:
            // Mostly even: odd ones say that it is being written, and everybody waits for a while.
            return random() % 16 == 0 ? number : number & ~std::uint64_t{1};
    }
}

/// Memory of the server, mapped as far as it lets itself be.
class MappedMemory {
public:
    MappedMemory(std::string name, ipc::Memory memory, bool sealed)
        : name_(std::move(name)), memory_(std::move(memory)), sealed_(sealed) {
        const int protection = sealed_ ? PROT_READ : PROT_READ | PROT_WRITE;
        void* const place =
            ::mmap(nullptr, memory_.size(), protection, MAP_SHARED, memory_.fd(), 0);
        if (place != MAP_FAILED) data_ = static_cast<std::byte*>(place);
    }
    MappedMemory(MappedMemory&& other) noexcept
        : name_(std::move(other.name_)),
          memory_(std::move(other.memory_)),
          sealed_(other.sealed_),
          data_(std::exchange(other.data_, nullptr)) {}
    MappedMemory& operator=(MappedMemory&&) = delete;
    ~MappedMemory() {
        if (data_ != nullptr) ::munmap(data_, memory_.size());
    }

    const std::string& name() const { return name_; }
    bool is_mapped() const { return data_ != nullptr; }
    bool is_sealed() const { return sealed_; }

    /// In every run, or in those that no hand pins.
    bool contains(const Mark& mark, bool also_where_pinned) const {
        if (also_where_pinned || !sealed_)
            return ::memmem(data_, memory_.size(), mark.data(), sizeof mark) != nullptr;
        for (std::size_t place = 0; place < memory_.size(); place += paging::run_size) {
            if (place / paging::run_size % scribbled_pins == 0) continue;
            const std::size_t length = std::min(memory_.size() - place, paging::run_size);
            if (::memmem(data_ + place, length, mark.data(), sizeof mark) != nullptr) return true;
        }
        return false;
    }

    void scribble(Random& random) {
        auto* const words = reinterpret_cast<std::uint64_t*>(data_);
        const std::size_t count = memory_.size() / sizeof(std::uint64_t);
        for (int i = 0; i < 16; ++i)
            std::atomic_ref(words[random() % count]).store(drawn_word(random));
        const std::uint64_t page = random() % (memory_.size() / scribbled_page);
        if (random() % 8 == 0)
            ::fallocate(memory_.fd(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                        static_cast<off_t>(page * scribbled_page), scribbled_page);
        else
            scribble_page(words + page * scribbled_page / sizeof(std::uint64_t), random);
    }

    /// What succeeded that must not, or nothing.
    std::string break_open(Random& random) const {
        const std::string path = fmt::format("/proc/self/fd/{}", memory_.fd());
        std::string how = break_open(memory_.fd(), random);
        for (const int mode : {O_RDWR, O_WRONLY, O_RDWR | O_TRUNC, O_RDWR | O_APPEND}) {
            const UniqueFd again(::open(path.c_str(), mode | O_CLOEXEC));
            if (again && how.empty()) how = break_open(again.get(), random);
        }
        return how;
    }

private:
    static void scribble_page(std::uint64_t* words, Random& random) {
        for (std::size_t i = 0; i < scribbled_page / sizeof(std::uint64_t); ++i)
            std::atomic_ref(words[i]).store(drawn_word(random), std::memory_order_relaxed);
    }

    // How long it is and how it is sealed stays, whoever may write it.
    std::string break_open(int fd, Random& random) const {
        const auto size = static_cast<off_t>(memory_.size());
        for (const off_t length : {off_t{0}, size - off_t{scribbled_page}, 2 * size})
            if (::ftruncate(fd, length) == 0) return "ftruncate";
        for (const int seal : {0, F_SEAL_WRITE, F_SEAL_SHRINK, F_SEAL_SEAL})
            if (::fcntl(fd, F_ADD_SEALS, seal) == 0) return "F_ADD_SEALS";
        if (::fallocate(fd, 0, size, scribbled_page) == 0) return "fallocate behind the end";
        return sealed_ ? write_to(fd, random) : "";
    }
    std::string write_to(int fd, Random& random) const {
        std::array<std::uint64_t, scribbled_page / sizeof(std::uint64_t)> page;
        scribble_page(page.data(), random);
        const auto place =
            static_cast<off_t>(random() % (memory_.size() / scribbled_page) * scribbled_page);
        if (::pwrite(fd, page.data(), sizeof page, place) > 0) return "pwrite";
        for (const int mode : {FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, FALLOC_FL_ZERO_RANGE})
            if (::fallocate(fd, mode, place, scribbled_page) == 0) return "fallocate";
        for (const int protection : {PROT_READ | PROT_WRITE, PROT_WRITE, PROT_READ}) {
            void* const mapped = ::mmap(nullptr, scribbled_page, protection, MAP_SHARED, fd, place);
            if (mapped == MAP_FAILED) continue;
            const bool writable = ::mprotect(mapped, scribbled_page, PROT_READ | PROT_WRITE) == 0;
            if (writable) scribble_page(static_cast<std::uint64_t*>(mapped), random);
            const bool removed = ::madvise(mapped, scribbled_page, MADV_REMOVE) == 0;
            // The kernel writes for whoever asks it to, unless the memory is sealed.
            const UniqueFd self(::open("/proc/self/mem", O_RDWR | O_CLOEXEC));
            const bool written =
                ::pwrite(self.get(), page.data(), sizeof page, reinterpret_cast<off_t>(mapped)) > 0;
            ::munmap(mapped, scribbled_page);
            if (writable || removed || written) return "a mapping";
        }
        return "";
    }

    std::string name_;
    ipc::Memory memory_;
    bool sealed_ = false;
    std::byte* data_ = nullptr;
};

/// One thread's connection, what it has open there, and what it has mapped.
class Hand {
public:
    Hand(const std::string& socket, const ScribblerFiles& files, ScribblerWords& words,
         unsigned number)
        : socket_(socket), files_(files), words_(words), number_(number), random_(number + 1) {}
    ~Hand() {
        if (leases_ != nullptr) ::munmap(leases_, scribbled_page);
    }
    Hand(const Hand&) = delete;
    Hand& operator=(const Hand&) = delete;

    void come() {
        own_ = {};
        read_only_ = {};
        shown_ = {};
        to_lend_ = {};
        context_ = {};
        mapped_.clear();
        const auto service = noted(ipc::connect<protocols::Service>(socket_));
        if (!service) return;
        const auto opener = noted((*service)->opener(soon_enough(), "", false));
        if (!opener) return;
        const auto context = noted((*opener)->context(soon_enough()));
        if (!context) return;
        context_ = *context;
        domain_known_ = 0;
        written_known_ = 0;
        set_words();
        if (!context_) return;
        if (context_->names(soon_enough())) ++words_.uses;
    }

    ipc::Cap<FileObject> open(const std::string& path, std::uint32_t flags) {
        if (!context_) return {};
        auto opened = noted(context_->open(soon_enough(), path, flags, 0644, 16384));
        return opened ? opened->file : ipc::Cap<FileObject>();
    }

    /// One round of mischief. `write_only` is a file that several hands have open.
    void act(const ipc::Cap<FileObject>& write_only) {
        if (!context_ || random_() % 512 == 0) come();
        if (!context_) return;
        use(own_, files_.own, protocols::open_read | protocols::open_write);
        use(to_lend_, files_.shown_to_lend, protocols::open_read | protocols::open_write);
        use(read_only_, files_.read_only, protocols::open_read);
        use(shown_, files_.shown, protocols::open_read);
        if (context_) (void)context_->read(soon_enough(), files_.shown_small, 16384);
        // At the same time as another one, who may be let in before it is clear that nobody is.
        for (int i = 0; i < 20 && write_only && number_ != 0; ++i)
            (void)noted(write_only->lend(soon_enough(), 0, 1, longest_drawn));
        map_all();
        scribble_all();
        use_leases();
        use_pins();
        if (random_() % 4 == 0 && !mapped_.empty())
            try_to_break_open(mapped_[random_() % mapped_.size()]);
        ++words_.uses;
    }

    /// Maps what it is given, until there is no more.
    void map_all() {
        if (!context_) return;
        while (auto memory = context_->segment(soon_enough(), domain_known_))
            add(fmt::format("segment {}", domain_known_++), *std::move(memory), true);
        while (auto memory = context_->write_segment(soon_enough(), written_known_)) {
            add(fmt::format("write segment {}", written_known_), *std::move(memory),
                written_known_ == 0);
            ++written_known_;
        }
    }

    /// What all hands share is searched by the first one.
    /// `also_where_pinned`: what is looked at where it lies stays as it was, for who could read it then.
    void search(const Mark& mark, const std::string& what, bool also_where_pinned = true) {
        for (const MappedMemory& memory : mapped_)
            if ((number_ == 0 || !memory.is_sealed()) && memory.contains(mark, also_where_pinned))
                words_.found(fmt::format("hand {} found {} in {}", number_, what, memory.name()));
    }

private:
    // A call that is refused is as good as any; one without an answer is not.
    template <typename T>
    Result<T> noted(Result<T> result) {
        if (result) return result;
        if (result.error() == std::errc::timed_out) words_.found("a call that took a minute");
        if (result.error() == std::errc::connection_reset) context_ = {};
        return result;
    }

    bool lend(const ipc::Cap<FileObject>& file) {
        const std::uint64_t position = random_() % 4 == 0 ? random_() : random_() % longest_drawn;
        const auto lent =
            noted(file->lend(soon_enough(), position, random_() % longest_drawn, random_()));
        if (lent) ++words_.loans;
        return lent.has_value();
    }

    void use(ipc::Cap<FileObject>& file, const std::string& path, std::uint32_t flags) {
        if (!file || random_() % 64 == 0) file = open(path, flags);
        if (!file) return;
        (void)noted(
            file->bring_in(soon_enough(), random_() % longest_drawn, random_() % longest_drawn));
        if ((flags & protocols::open_write) == 0) return;
        (void)lend(file);
        if (random_() % 4 == 0) {
            std::array<std::byte, 1000> bytes{};
            bytes.fill(static_cast<std::byte>(random_()));
            (void)noted(file->write(soon_enough(), random_() % longest_drawn, bytes));
        }
        if (random_() % 16 == 0) (void)noted(file->settle(soon_enough()));
        if (random_() % 64 == 0) (void)noted(file->flush(soon_enough(), 0));
    }

    void add(std::string name, ipc::Memory memory, bool sealed) {
        MappedMemory mapped(std::move(name), std::move(memory), sealed);
        if (!mapped.is_mapped()) return;
        try_to_break_open(mapped);
        mapped_.push_back(std::move(mapped));
        ++words_.mapped;
    }
    void try_to_break_open(const MappedMemory& memory) {
        if (const std::string how = memory.break_open(random_); !how.empty())
            words_.found(
                fmt::format("hand {} could write or resize {}: {}", number_, memory.name(), how));
    }
    void scribble_all() {
        for (MappedMemory& memory : mapped_)
            if (!memory.is_sealed() && random_() % 4 == 0) memory.scribble(random_);
    }

    /// Memory of words that the server looks at, instead of what there was.
    std::optional<ipc::Memory> new_words(std::uint64_t*& words) const {
        UniqueFd memory(::memfd_create("words", MFD_CLOEXEC | MFD_ALLOW_SEALING));
        if (::ftruncate(memory.get(), scribbled_page) != 0 ||
            ::fcntl(memory.get(), F_ADD_SEALS, F_SEAL_SHRINK) != 0)
            return std::nullopt;
        void* const place =
            ::mmap(nullptr, scribbled_page, PROT_READ | PROT_WRITE, MAP_SHARED, memory.get(), 0);
        if (place == MAP_FAILED) return std::nullopt;
        if (words != nullptr) ::munmap(words, scribbled_page);
        words = static_cast<std::uint64_t*>(place);
        return ipc::Memory(std::move(memory), scribbled_page, true);
    }
    void set_words() {
        if (auto leases = new_words(leases_))
            (void)noted(context_->set_leases(soon_enough(), *std::move(leases)));
        if (!context_) return;
        if (auto pins = new_words(pins_))
            (void)noted(context_->set_pins(soon_enough(), *std::move(pins)));
    }
    // As many as it may have, there or nowhere, and none at times.
    void use_pins() {
        if (pins_ == nullptr) return;
        for (std::size_t i = 0; i < scribbled_page / sizeof(std::uint64_t); ++i) {
            if (random_() % 4 != 0) continue;
            const std::uint64_t run = random_() % paging::runs_in_segment * scribbled_pins;
            std::atomic_ref(pins_[i]).store(random_() % 8 != 0 ? run + 1
                                                               : drawn_word(random_) | 1ULL << 31U);
        }
    }
    // Small numbers are those of files that were found by name.
    void use_leases() {
        if (leases_ == nullptr || !context_) return;
        constexpr std::size_t count = scribbled_page / sizeof(std::uint64_t);
        for (int i = 0; i < 32; ++i)
            std::atomic_ref(leases_[random_() % count])
                .store(random_() % 2 == 0 ? random_() % 64 : drawn_word(random_));
        const auto leased = noted(context_->open_leased(soon_enough(), random_() % 64));
        if (leased) (void)noted(leased->file->bring_in(soon_enough(), 0, longest_drawn));
        if (context_) (void)context_->end_lease(soon_enough(), random_() % 64);
    }

    const std::string& socket_;
    const ScribblerFiles& files_;
    ScribblerWords& words_;
    const unsigned number_;
    Random random_;
    ipc::Cap<OpenerContext> context_;
    std::uint32_t domain_known_ = 0;
    std::uint32_t written_known_ = 0;
    ipc::Cap<FileObject> own_;
    ipc::Cap<FileObject> read_only_;
    ipc::Cap<FileObject> shown_;
    ipc::Cap<FileObject> to_lend_;
    std::uint64_t* leases_ = nullptr;
    std::uint64_t* pins_ = nullptr;
    std::deque<MappedMemory> mapped_;
};

}  // namespace

void ScribblerWords::found(const std::string& what) {
    const std::size_t number = finding_count_++;
    if (number >= most_findings) return;
    std::ranges::copy(what.substr(0, longest_finding - 1), findings_.at(number).begin());
}

std::string ScribblerWords::findings() const {
    std::string all;
    const std::size_t count = finding_count_;
    for (std::size_t i = 0; i < std::min(count, most_findings); ++i)
        all += fmt::format("{}\n", findings_.at(i).data());
    if (count > most_findings) all += fmt::format("and {} more\n", count - most_findings);
    return all;
}

// Each thread has a hand. One more has the file that two of them want to borrow at the same time.
void scribble(const std::string& socket, const ScribblerFiles& files, ScribblerWords& words) {
    std::vector<std::unique_ptr<Hand>> hands;
    for (unsigned number = 0; number <= hand_count; ++number) {
        hands.push_back(std::make_unique<Hand>(socket, files, words, number));
        hands.back()->come();
    }
    Hand& between = *hands.back();
    const auto write_only = between.open(files.write_only, protocols::open_write);
    if (!write_only) words.found("nothing at all, since it could not open what it may write");
    std::barrier together(hand_count);
    const auto work = [&](unsigned number) {
        std::uint64_t handled = 1;
        for (std::uint64_t turn = 0;; ++turn) {
            const std::uint64_t phase = words.phase;
            if (phase == ScribblerWords::over) return;
            if (phase % 2 == 0 || phase == handled) {
                hands[number]->act(write_only);
                if (number != 0 || turn % 16 != 0) continue;
                between.map_all();
                between.search(never_shown, "what it may not read");
                hands[0]->search(never_shown, "what it may not read");
                continue;
            }
            // No call is under way when it is searched.
            together.arrive_and_wait();
            if (number == 0) {
                for (const auto& hand : hands) {
                    hand->map_all();
                    hand->search(never_shown, "what it may not read");
                    hand->search(shown_in(phase / 2), "what it may not read any more", false);
                }
                words.searched = phase;
            }
            together.arrive_and_wait();
            handled = phase;
        }
    };
    std::vector<std::jthread> threads;
    for (unsigned number = 0; number < hand_count; ++number) threads.emplace_back(work, number);
}

}  // namespace quire::tests
