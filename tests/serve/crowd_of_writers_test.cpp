// SPDX-License-Identifier: MIT

// Eight clients of four threads over the same hundred files, with little memory: each thread writes one
// region of each file and reads them all, files are cut off, removed and made again meanwhile, and
// every byte is compared with what it may be. QUIRE_CROWD_TURNS makes it longer.

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "crash/judges.hpp"
#include "crash/traced_program.hpp"
#include "quire/block/file_device.hpp"
#include "quire/client/context.hpp"
#include "quire/ipc/client.hpp"
#include "quire/protocols/service.hpp"
#include "serve/served_image.hpp"

namespace quire::tests {
namespace {

constexpr unsigned crowd_files = 100;
constexpr unsigned crowd_processes = 8;
constexpr unsigned crowd_threads = 4;  // of each process
constexpr unsigned crowd_size = crowd_processes * crowd_threads;
constexpr client::OpenOptions crowd_unbuffered{.buffered = false};

/// Neither of pages nor of blocks, so that neighbours share some. All of a file takes two runs of 64 KiB.
using CrowdRecord = std::array<std::uint64_t, 375>;
constexpr std::size_t big_size = 12U << 20U;
/// A write makes the next version of its record; version 0 are zeros, or nothing at all.
CrowdRecord record_of(unsigned file, unsigned writer, std::uint32_t version) {
    CrowdRecord record{};
    if (version == 0) return record;
    const std::uint64_t stamp = std::uint64_t{file} << 48U | std::uint64_t{writer} << 32U | version;
    for (std::size_t i = 0; i < record.size(); ++i)
        record[i] = i == 0 ? stamp : (stamp + i) * 0x9E3779B97F4A7C15;
    return record;
}
std::uint64_t word_of_big(std::uint64_t number) {
    return (number + 1) * 0x9E3779B97F4A7C15;
}
constexpr std::uint64_t place_of_writer(unsigned writer) {
    return writer * sizeof(CrowdRecord);
}

/// What all processes know of one file.
struct CrowdFile {
    static constexpr int being_remade = -1;

    /// Who is busy with it; or it is its owner's alone.
    std::atomic<int> users = 0;
    /// Of the file that has this name now.
    std::atomic<std::uint32_t> generation = 0;
    std::array<std::atomic<std::uint32_t>, crowd_size> begun{};
    std::array<std::atomic<std::uint32_t>, crowd_size> told{};

    bool enter() {
        for (int now = users; now != being_remade;)
            if (users.compare_exchange_weak(now, now + 1)) return true;
        return false;
    }
    void leave() { --users; }
    bool enter_alone() {
        int nobody = 0;
        return users.compare_exchange_strong(nobody, being_remade);
    }
    void leave_alone() { users = 0; }
    /// What began there is not any more.
    void forget_from(unsigned writer) {
        for (; writer < crowd_size; ++writer) begun.at(writer) = told.at(writer) = 0;
    }
};
struct CrowdModel {
    std::array<CrowdFile, crowd_files> files;
    /// What took no message, and what did.
    std::atomic<std::uint64_t> in_memory = 0;
    std::atomic<std::uint64_t> by_message = 0;

    CrowdFile& at(unsigned number) { return files.at(number); }
};

std::string crowd_name(unsigned file) {
    return fmt::format("crowd{}", file);
}

/// Thrown by what must not happen.
struct CrowdComplaint {
    std::string text;
};
void must(bool good, const std::string& what) {
    if (!good) throw CrowdComplaint{what};
}
template <typename T>
T must(Result<T> result, const std::string& what) {
    if (!result) throw CrowdComplaint{what + ": " + result.error().message()};
    if constexpr (!std::is_void_v<T>) return *std::move(result);
}

client::Context come_to(const std::string& socket) {
    const auto service = must(ipc::connect<protocols::Service>(socket), "connect");
    const auto opener = must(service->opener(ipc::Call::forever(), "", false), "opener");
    return must(client::Context::create(opener, {.patience = std::chrono::minutes(2)}), "context");
}

/// What was read while its writer went from the version `told` to the version `begun`.
void check_content(const CrowdRecord& record, unsigned file, unsigned writer, std::uint32_t told,
                   std::uint32_t begun) {
    const auto version = static_cast<std::uint32_t>(record[0]);
    if (version >= told && version <= begun && record == record_of(file, writer, version)) return;
    // It was being written, and this may be half of it.
    if (begun != told) return;
    const CrowdRecord right = record_of(file, writer, told);
    const auto [is, should_be] = std::ranges::mismatch(record, right);
    throw CrowdComplaint{
        fmt::format("record {} of file {} is not of version {}: it begins with {:x}, and word {} "
                    "is {:x}, not {:x}",
                    writer, file, told, record[0], is - record.begin(), *is, *should_be)};
}

/// Of any file, by any thread of any process.
void check_record(client::File& file, CrowdModel& model, unsigned number, unsigned writer) {
    CrowdFile& known = model.at(number);
    CrowdRecord record{};
    const std::uint32_t told = known.told.at(writer);
    (void)must(file.pread(place_of_writer(writer), std::as_writable_bytes(std::span(record))),
               "read");
    check_content(record, number, writer, told, known.begun.at(writer));
}

/// The same of all that somebody has of a file; behind its end there is nothing, which is version 0.
CrowdRecord record_in(std::span<const std::byte> content, unsigned writer) {
    CrowdRecord record{};
    const std::size_t place = place_of_writer(writer);
    if (place < content.size())
        std::memcpy(record.data(), content.data() + place,
                    std::min(sizeof record, content.size() - place));
    return record;
}

void check_big(client::File& file, std::uint64_t first, std::size_t count) {
    std::vector<std::uint64_t> words(count);
    const std::size_t got =
        must(file.pread(first * sizeof(std::uint64_t), std::as_writable_bytes(std::span(words))),
             "read");
    must(got == words.size() * sizeof(std::uint64_t), "the big file is too short");
    for (std::size_t i = 0; i < count; ++i)
        if (words[i] != word_of_big(first + i))
            throw CrowdComplaint{
                fmt::format("word {} of the big file is {:x}", first + i, words[i])};
}

/// One thread.
class CrowdWriter {
public:
    CrowdWriter(const std::string& socket, CrowdModel& model, unsigned number)
        : context_(come_to(socket)),
          model_(model),
          number_(number),
          random_(number),
          big_(must(context_.open("big", "r", crowd_unbuffered), "open the big file")) {}

    void work(unsigned turns) {
        for (unsigned turn = 0; turn < turns; ++turn) {
            if (random_() % 2 == 0) {
                // As long as nobody else comes, these are on loan to this one.
                std::vector<unsigned> own;
                for (unsigned file = number_; file < crowd_files; file += crowd_size)
                    own.push_back(file);
                const unsigned file = own[random_() % own.size()];
                if (random_() % 4 == 0 && model_.at(file).enter_alone()) {
                    remake(file);
                    model_.at(file).leave_alone();
                }
                use(own, 60);
            } else {
                use({static_cast<unsigned>(random_() % crowd_files)}, 6);
            }
            if (random_() % 4 == 0) {
                constexpr std::size_t most = 20'000;
                check_big(big_, random_() % (big_size / sizeof(std::uint64_t) - most),
                          1 + random_() % most);
            }
        }
        for (Handle& handle : handles_) must(handle.file.close(), "close");
    }

private:
    struct Handle {
        unsigned number;
        std::uint32_t generation;
        client::File file;
    };

    // Open files stay open, so that several are on loan here; one that has been replaced is closed when
    // its turn comes.
    client::File& open(unsigned number) {
        constexpr std::size_t most_open = 8;
        const std::uint32_t generation = model_.at(number).generation;
        for (Handle& handle : handles_)
            if (handle.number == number && handle.generation == generation) return handle.file;
        if (handles_.size() == most_open) {
            Handle& victim = handles_[random_() % most_open];
            must(victim.file.close(), "close");
            std::swap(victim, handles_.back());
            handles_.pop_back();
        }
        auto file = must(context_.open(crowd_name(number), "r+", crowd_unbuffered), "open");
        handles_.push_back({number, generation, std::move(file)});
        return handles_.back().file;
    }

    void use(std::vector<unsigned> numbers, unsigned steps) {
        std::erase_if(numbers, [&](unsigned number) { return !model_.at(number).enter(); });
        for (unsigned step = 0; step < steps && !numbers.empty(); ++step)
            act(numbers[random_() % numbers.size()]);
        for (const unsigned number : numbers) {
            check_record(open(number), model_, number, number_);
            model_.at(number).leave();
        }
    }
    void act(unsigned number) {
        switch (random_() % 64) {
            case 0:
                (void)must(open(number).flush(), "flush");
                return;
            case 1:
                check_length(number);
                return;
            case 2:
                check_all(number);
                return;
            default:
                if (random_() % 4 == 0)
                    check_record(open(number), model_, number, random_() % crowd_size);
                else
                    write(open(number), number);
        }
    }
    void write(client::File& file, unsigned number) {
        CrowdFile& known = model_.at(number);
        const std::uint32_t version = known.begun.at(number_) + 1;
        known.begun.at(number_) = version;
        const CrowdRecord record = record_of(number, number_, version);
        const std::uint64_t before = messages();
        must(file.pwrite(place_of_writer(number_), std::as_bytes(std::span(record))), "write");
        known.told.at(number_) = version;
        ++(messages() == before ? model_.in_memory : model_.by_message);
    }
    std::uint64_t messages() const {
        return context_.capability()->remote()->counters().sent_messages;
    }
    /// As it is found by its name.
    void check_all(unsigned number) {
        CrowdFile& known = model_.at(number);
        std::array<std::uint32_t, crowd_size> told{};
        for (unsigned writer = 0; writer < crowd_size; ++writer)
            told.at(writer) = known.told.at(writer);
        const auto content = must(context_.read_file(crowd_name(number)), "read all of a file");
        for (unsigned writer = 0; writer < crowd_size; ++writer)
            check_content(record_in(content, writer), number, writer, told.at(writer),
                          known.begun.at(writer));
    }
    void check_length(unsigned number) {
        std::uint64_t least = 0;
        for (unsigned writer = 0; writer < crowd_size; ++writer)
            if (model_.at(number).told.at(writer) != 0) least = place_of_writer(writer + 1);
        const auto attributes = must(context_.stat(crowd_name(number)), "stat");
        must(attributes.size >= least && attributes.size <= place_of_writer(crowd_size),
             fmt::format("file {} is {} bytes long, and has {}", number, attributes.size, least));
    }

    /// Needs: nobody else uses it.
    void remake(unsigned number) {
        CrowdFile& known = model_.at(number);
        const std::string name = crowd_name(number);
        const unsigned left = random_() % crowd_size;
        switch (random_() % 5) {
            case 0:
                must(context_.truncate(name, 0), "truncate");
                known.forget_from(0);
                break;
            case 1:
                must(open(number).truncate(place_of_writer(left)), "truncate what is open");
                known.forget_from(left);
                break;
            case 2: {
                must(context_.remove(name), "remove");
                known.forget_from(0);
                ++known.generation;
                must(must(context_.open(name, "w+x", crowd_unbuffered), "make").close(), "close");
                break;
            }
            case 3: {
                const std::string next = "next of " + name;
                auto file = must(context_.open(next, "w+x", crowd_unbuffered), "make");
                fill_with_zeros(file);
                must(file.close(), "close");
                must(context_.rename(next, name), "rename");
                known.forget_from(0);
                ++known.generation;
                break;
            }
            default: {
                client::File& file = open(number);
                must(file.truncate(0), "truncate what is open");
                known.forget_from(0);
                fill_with_zeros(file);
            }
        }
        for (unsigned writer = 0; writer < crowd_size; ++writer)
            check_record(open(number), model_, number, writer);
    }
    static void fill_with_zeros(client::File& file) {
        const std::vector<std::byte> zeros(place_of_writer(crowd_size));
        must(file.pwrite(0, zeros), "write zeros");
    }

    client::Context context_;
    CrowdModel& model_;
    const unsigned number_;
    std::mt19937 random_;
    client::File big_;
    std::vector<Handle> handles_;
};

class CrowdOfWriters : public ::testing::Test {
protected:
    CrowdOfWriters() {
        void* const place = ::mmap(nullptr, sizeof(CrowdModel), PROT_READ | PROT_WRITE,
                                   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        model_ = new (place) CrowdModel;
        const char* const turns = std::getenv("QUIRE_CROWD_TURNS");
        if (turns != nullptr) turns_ = static_cast<unsigned>(std::atoi(turns));
        const std::string zeros(place_of_writer(crowd_size), '\0');
        for (unsigned file = 0; file < crowd_files; ++file)
            std::ofstream(served_.tree() + "/" + crowd_name(file), std::ios::binary) << zeros;
        std::ofstream big(served_.tree() + "/big", std::ios::binary);
        for (std::uint64_t i = 0; i < big_size / sizeof(std::uint64_t); ++i) {
            const std::uint64_t word = word_of_big(i);
            big.write(reinterpret_cast<const char*>(&word), sizeof word);
        }
    }
    ~CrowdOfWriters() override { ::munmap(model_, sizeof(CrowdModel)); }

    [[noreturn]] void be_one_of_the_processes(unsigned process) {
        std::atomic<int> bad = 0;
        {
            std::vector<std::jthread> threads;
            for (unsigned thread = 0; thread < crowd_threads; ++thread)
                threads.emplace_back([&, writer = process * crowd_threads + thread] {
                    try {
                        CrowdWriter(served_.socket(), *model_, writer).work(turns_);
                    } catch (const CrowdComplaint& complaint) {
                        std::fprintf(stderr, "writer %u: %s\n", writer, complaint.text.c_str());
                        ++bad;
                    }
                });
        }
        ::_exit(bad == 0 ? 0 : 1);
    }
    void run_all_processes() {
        std::vector<pid_t> children;
        for (unsigned process = 0; process < crowd_processes; ++process) {
            std::fflush(nullptr);
            const pid_t child = ::fork();
            if (child == 0) {
                // One that hangs is killed, and that is seen.
                ::alarm(60 + turns_);
                be_one_of_the_processes(process);
            }
            children.push_back(child);
        }
        for (const pid_t child : children) {
            int status = 0;
            ::waitpid(child, &status, 0);
            EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
        }
    }
    void expect_what_was_told() {
        try {
            client::Context context = come_to(served_.socket());
            for (unsigned number = 0; number < crowd_files; ++number) {
                auto file = must(context.open(crowd_name(number), "r", crowd_unbuffered), "open");
                for (unsigned writer = 0; writer < crowd_size; ++writer) {
                    CrowdFile& known = model_->at(number);
                    EXPECT_EQ(known.begun.at(writer), known.told.at(writer));
                    check_record(file, *model_, number, writer);
                }
            }
            auto big = must(context.open("big", "r", crowd_unbuffered), "open");
            check_big(big, 0, big_size / sizeof(std::uint64_t));
        } catch (const CrowdComplaint& complaint) {
            ADD_FAILURE() << complaint.text;
        }
    }
    /// As somebody reads it who has never heard of the server.
    void expect_on_the_image(unsigned number) {
        const auto dumped = run_program(
            {"/usr/bin/env", "debugfs", "-R", "cat /" + crowd_name(number), served_.image()});
        ASSERT_TRUE(dumped && dumped->exit_code == 0);
        // Before the content it says who it is, which ends a line.
        const std::string content = dumped->output.substr(dumped->output.find('\n') + 1);
        ASSERT_LE(content.size(), place_of_writer(crowd_size));
        for (unsigned writer = 0; writer < crowd_size; ++writer)
            EXPECT_TRUE(record_in(std::as_bytes(std::span(content)), writer) ==
                        record_of(number, writer, model_->at(number).told.at(writer)))
                << "record " << writer << " of file " << number;
    }

    unsigned turns_ = 60;
    ServedImage served_;
    Judges judges_;
    CrowdModel* model_ = nullptr;
};

TEST_F(CrowdOfWriters, finds_every_byte_as_it_was_written) {
    served_.create({"--type", "ext4", "--size", "64M"});
    ASSERT_EQ(served_.serve({"--memory", "4M"}), "");
    run_all_processes();
    if (HasFailure()) return;
    EXPECT_GT(model_->in_memory, 0u);
    EXPECT_GT(model_->by_message, 0u);
    expect_what_was_told();
    served_.stop();
    if (judges_.without_e2fsck()) return;
    const auto device = *block::FileDevice::open(served_.image());
    EXPECT_EQ(judges_.complaint(*device).value_or("clean"), "clean");
    for (const unsigned number : {0U, 37U, 99U}) expect_on_the_image(number);
}

}  // namespace
}  // namespace quire::tests
