// SPDX-License-Identifier: MIT

// Whether anything acknowledged can be lost. A workload of verbs runs on a device that writes down
// every request. Then every image that a crash could have left, at any moment and with the writes
// since the last flush done in any part, is opened as the next verb would open it. What the verbs
// that had returned made must be there, unless the verb under way was changing it; and e2fsck must
// find nothing wrong. Some of the images are given to e2fsck and to the kernel instead, which must
// come to the same.

#include <fmt/core.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <chrono>
#include <cstdlib>
#include <memory>
#include <thread>

#include "crash/judges.hpp"
#include "crash/session_workload.hpp"
#include "crash/workload.hpp"
#include "quire/base/units.hpp"
#include "quire/block/memory_device.hpp"
#include "quire/ipc/client.hpp"
#include "quire/ipc/server.hpp"
#include "quire/memory/page_pool.hpp"
#include "quire/remote/volume.hpp"
#include "quire/remote/volume_object.hpp"
#include "quire/server/file_server.hpp"
#include "quire/server/guard.hpp"
#include "quire/testing/crash_states.hpp"
#include "quire/testing/image.hpp"
#include "quire/testing/overlay_device.hpp"
#include "quire/testing/recording_device.hpp"
#include "quire/volumes/ext/format.hpp"
#include "quire/volumes/ext/volume.hpp"

namespace quire::tests {
namespace {

constexpr Time start_of_time{1'700'000'000, 0};

/// Who does the work.
enum class Clients : std::uint8_t {
    none,      ///< each verb opens the volume itself, and ends it
    volumes,   ///< the verbs are clients of a server that has it, and are done when it has synced
    sessions,  ///< clients with paths and open files, and buffers of their own
};

struct Subject {
    const char* name;
    ext::Type type;
    std::uint32_t block_size;
    std::uint64_t size;
    std::uint64_t journal;
    /// What the disk writes as a whole. With metadata checksums the superblock's 1024 bytes have to
    /// be: neither we nor the kernel can open an image of which half of them are old (e2fsck can,
    /// by a backup). Host files are written in pages of 4096.
    std::uint32_t sector;
    /// How many states: so that all subjects together are over ten thousand.
    std::size_t samples;
    /// Of how many states one is visited at all, unless all are asked for.
    std::size_t each;
    /// Of how many states one goes to e2fsck -fn after our replay; to e2fsck instead of our
    /// replay; to the kernel instead.
    std::size_t check_each;
    std::size_t repair_each;
    std::size_t mount_each;
    Clients clients = Clients::none;
};

/// A volume of this process that clients reach through channels.
class ServedVolume {
public:
    static Result<std::unique_ptr<ServedVolume>> open(const std::shared_ptr<block::Device>& device,
                                                      const ext::Options& options) {
        QUIRE_TRY_ASSIGN(const auto volume, ext::Volume::open(device, options));
        QUIRE_TRY_ASSIGN(auto tree, fs::Tree::open(volume));
        QUIRE_TRY_ASSIGN(auto server, ipc::Server::create());
        return std::unique_ptr<ServedVolume>(new ServedVolume(std::move(tree), std::move(server)));
    }

    /// As one more client.
    Result<void> run(const Verb& verb) {
        const ipc::Cap<protocols::Volume> given = remote::VolumeObject::over(
            std::make_shared<server::Guard>(authority()), wire::Account::alone());
        QUIRE_TRY_ASSIGN(auto cap, across(given));
        QUIRE_TRY_ASSIGN(auto volume, remote::Volume::open(std::move(cap)));
        QUIRE_TRY_ASSIGN(const auto tree, fs::Tree::open(std::move(volume)));
        QUIRE_TRY(verb.act(*tree));
        return tree->sync(fs::Call::as_root());
    }
    /// The same; the client is gone, with all that it had open, when this returns.
    Result<void> run(const SessionStep& step) {
        {
            QUIRE_TRY_ASSIGN(const auto opener, across(files_->opener(authority())));
            QUIRE_TRY_ASSIGN(client::Context context, client::Context::create(opener));
            QUIRE_TRY(step.act(context));
        }
        while (files_->counters().contexts + files_->counters().files > 0)
            std::this_thread::yield();
        return {};
    }

    Result<void> end() {
        server_.stop(std::chrono::steady_clock::now() + std::chrono::minutes(1));
        server_ = *ipc::Server::create();  // the old one ends, with all that clients held
        files_.reset();
        return tree_->unmount(fs::Call::as_root());
    }

private:
    ServedVolume(std::shared_ptr<fs::Tree> tree, ipc::Server server)
        : tree_(std::move(tree)), server_(std::move(server)) {
        files_ = std::make_unique<server::FileServer>(
            tree_, server::FileServerOptions{.clock = std::make_shared<FixedClock>(start_of_time),
                                             .pages = *paging::PagePool::create(
                                                 {.budget = paging::PagePool::least_budget})});
    }

    server::Authority authority() const { return {tree_, fs::Credentials::root()}; }

    /// An object as somebody has it who is elsewhere.
    template <typename I>
    Result<ipc::Cap<I>> across(const ipc::Cap<I>& object) {
        int ends[2];
        if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return fail_errno();
        UniqueFd ours(ends[0]);
        UniqueFd theirs(ends[1]);
        QUIRE_TRY(server_.adopt(std::move(ours), object));
        return ipc::adopt<I>(std::move(theirs));
    }

    std::shared_ptr<fs::Tree> tree_;
    std::unique_ptr<server::FileServer> files_;
    ipc::Server server_;
};

/// A device that others may hold no longer than their turn.
std::shared_ptr<block::Device> lend(block::Device& device) {
    return {std::shared_ptr<void>(), &device};
}

ext::Options options_of(bool read_only) {
    ext::Options options;
    options.read_only = read_only;
    options.clock = std::make_shared<FixedClock>(start_of_time);
    options.seed = 1;
    return options;
}

class CrashStates : public ::testing::TestWithParam<Subject> {
protected:
    /// What a workload left behind: the image before, the log, and what each verb acknowledged.
    struct Recording {
        std::shared_ptr<block::MemoryDevice> before;
        std::vector<testing::Record> log;
        std::vector<Facts> acknowledged;  // [k]: after k verbs
    };

    Recording record(const Subject& subject) {
        Recording recording;
        auto device = std::make_shared<block::MemoryDevice>(subject.size);
        ext::FormatOptions format;
        format.type = subject.type;
        format.block_size = subject.block_size;
        format.journal_size = subject.journal;
        format.inodes = 512;
        format.time = start_of_time;
        format.device_is_zero = true;
        const auto made = ext::format(*device, format);
        EXPECT_TRUE(made) << made.error().message();
        recording.before = *testing::snapshot(*device);
        const auto recorder = std::make_shared<testing::RecordingDevice>(device);
        recording.acknowledged.push_back(facts_of(*device));
        std::unique_ptr<ServedVolume> served;
        if (subject.clients != Clients::none)
            served = *ServedVolume::open(recorder, options_of(false));
        const auto note = [&](const std::string& name, const Result<void>& done) {
            EXPECT_TRUE(done) << name << ": " << done.error().message();
            recorder->mark(name);
            recording.acknowledged.push_back(facts_of(*device));
        };
        constexpr std::uint64_t seed = 7;
        if (subject.clients == Clients::sessions) {
            for (const SessionStep& step : session_workload(seed))
                note(step.name, served->run(step));
        } else {
            for (const Verb& verb : crash_workload(seed))
                note(verb.name, served ? served->run(verb) : run(recorder, verb));
        }
        if (served) {
            const auto ended = served->end();
            EXPECT_TRUE(ended) << ended.error().message();
        }
        recording.log = recorder->log();
        return recording;
    }

    static Result<void> run(const std::shared_ptr<block::Device>& device, const Verb& verb) {
        QUIRE_TRY_ASSIGN(const auto volume, ext::Volume::open(device, options_of(false)));
        QUIRE_TRY_ASSIGN(const auto tree, fs::Tree::open(volume));
        QUIRE_TRY(verb.act(*tree));
        return tree->unmount(fs::Call::as_root());
    }

    static Facts facts_of(block::Device& device) {
        const auto facts = read(device);
        EXPECT_TRUE(facts) << facts.error().message();
        return facts ? *facts : Facts();
    }

    static Result<Facts> read(block::Device& device) {
        QUIRE_TRY_ASSIGN(const auto volume, ext::Volume::open(lend(device), options_of(true)));
        QUIRE_TRY_ASSIGN(const auto tree, fs::Tree::open(volume));
        return read_facts(tree);
    }

    /// As the next writing verb would: opens, replays, and ends properly.
    static Result<void> recover(block::Device& device) {
        QUIRE_TRY_ASSIGN(const auto volume, ext::Volume::open(lend(device), options_of(false)));
        return volume->unmount(fs::Call::as_root(), false);
    }

    /// What the verbs that had returned left must be there unless the verb under way was to
    /// change it.
    static std::string lost(const Recording& recording, std::size_t verbs_done, const Facts& now) {
        const Facts& promised = recording.acknowledged[verbs_done];
        const std::size_t next = std::min(verbs_done + 1, recording.acknowledged.size() - 1);
        const Facts& under_way = recording.acknowledged[next];
        for (const auto& [path, fact] : promised) {
            const auto later = under_way.find(path);
            if (later == under_way.end() || later->second != fact) continue;
            const auto found = now.find(path);
            if (found == now.end()) return path + " is lost";
            if (found->second != fact)
                return fmt::format("{} changed:\n  {}\n  {}", path, fact, found->second);
        }
        return {};
    }

    Judges judges_;
};

TEST_P(CrashStates, lose_nothing_that_was_acknowledged) {
    const Subject subject = GetParam();
    const Recording recording = record(subject);
    ASSERT_FALSE(HasFailure());
    const auto no_e2fsck = judges_.without_e2fsck();
    const auto no_kernel = judges_.without_kernel();
    if (no_e2fsck) GTEST_SKIP() << *no_e2fsck;
    const bool journal = subject.journal > 0;
    // "every": every state is visited; "all": by every judge, which takes hours.
    const char* const variable = std::getenv("QUIRE_CRASH_STATES");
    const std::string_view wish = variable != nullptr ? variable : "";
    const bool all = wish == "all";

    testing::CrashOptions options;
    options.samples_per_epoch = subject.samples;
    options.sector = subject.sector;
    options.shards = all || wish == "every" ? 1 : subject.each;
    std::size_t visited = 0;
    std::size_t checked = 0;
    std::size_t repaired = 0;
    std::size_t mounted = 0;
    const auto explain = [&](const testing::CrashState& state, std::string_view who) {
        return fmt::format("{}: state {} ({}), after {} verbs, judged by {}", subject.name,
                           state.number, state.name, state.marks.size(), who);
    };
    const auto expect_kept = [&](const testing::CrashState& state, std::string_view who,
                                 block::Device& image) {
        const auto now = read(image);
        if (!now) {
            ADD_FAILURE() << explain(state, who) << ": " << now.error().message();
            return;
        }
        const std::string loss = lost(recording, state.marks.size(), *now);
        EXPECT_EQ(loss, "") << explain(state, who);
    };
    const auto expect_clean = [&](const testing::CrashState& state, std::string_view who,
                                  block::Device& image) {
        ++checked;
        const auto complaint = judges_.complaint(image);
        if (complaint) ADD_FAILURE() << explain(state, who) << ":\n" << *complaint;
    };

    const auto visit = [&](const testing::CrashState& state) {
        ++visited;
        if (visited % subject.repair_each == 0 || all || !journal) {
            testing::OverlayDevice image(lend(state.device));
            const auto trouble = judges_.repair(image);
            if (trouble) ADD_FAILURE() << explain(state, "e2fsck -fy") << ":\n" << *trouble;
            ++repaired;
            expect_kept(state, "e2fsck -fy", image);
            if (visited % subject.check_each == 0 || all) expect_clean(state, "e2fsck -fy", image);
        }
        if (journal && !no_kernel && (visited % subject.mount_each == 0 || all)) {
            testing::OverlayDevice image(lend(state.device));
            const auto trouble = judges_.mount(image);
            if (trouble) ADD_FAILURE() << explain(state, "the kernel") << ":\n" << *trouble;
            ++mounted;
            expect_kept(state, "the kernel", image);
            expect_clean(state, "the kernel", image);
        }
        if (journal) {
            // Reading without replay must come to the same as replaying.
            if (visited % 7 == 0) expect_kept(state, "reading alone", state.device);
            const auto recovered = recover(state.device);
            if (!recovered)
                ADD_FAILURE() << explain(state, "us") << ": " << recovered.error().message();
            expect_kept(state, "us", state.device);
            if (visited % subject.check_each == 0 || all) expect_clean(state, "us", state.device);
        }
        return !HasFailure();
    };
    const auto done = testing::visit_crash_states(recording.before, recording.log, options, visit);
    ASSERT_TRUE(done) << done.error().message();
    fmt::print("{}: {} states; {} checked by e2fsck, {} repaired by e2fsck, {} mounted by {}\n",
               subject.name, visited, checked, repaired, mounted,
               no_kernel ? "nobody (" + *no_kernel + ")" : "the kernel");
}

// After a normal end there is nothing to repair.
TEST_P(CrashStates, a_normal_end_is_clean) {
    const Subject subject = GetParam();
    if (const auto reason = judges_.without_e2fsck()) GTEST_SKIP() << *reason;
    const Recording recording = record(subject);
    testing::OverlayDevice image(recording.before);
    for (const testing::Record& record : recording.log) {
        if (record.kind == testing::Record::Kind::write) {
            ASSERT_TRUE(image.write(record.range.offset, record.bytes));
        } else if (record.kind == testing::Record::Kind::zero) {
            ASSERT_TRUE(image.zero(record.range));
        }
    }
    EXPECT_EQ(judges_.complaint(image).value_or("clean"), "clean");
    EXPECT_EQ(facts_of(image), recording.acknowledged.back());
}

INSTANTIATE_TEST_SUITE_P(
    Images, CrashStates,
    ::testing::Values(
        Subject{"ext4_1K", ext::Type::ext4, 1024, 12 * MiB, 1 * MiB, 4096, 60, 1, 40, 100, 400},
        Subject{"ext4_4K", ext::Type::ext4, 4096, 24 * MiB, 4 * MiB, 4096, 60, 1, 40, 100, 400},
        Subject{"ext3_1K", ext::Type::ext3, 1024, 12 * MiB, 1 * MiB, 512, 40, 1, 40, 100, 400},
        Subject{"ext4_without_journal", ext::Type::ext4, 4096, 16 * MiB, 0, 4096, 1, 4, 5, 1, 1},
        Subject{"ext2", ext::Type::ext2, 1024, 12 * MiB, 0, 512, 1, 8, 5, 1, 1},
        Subject{"ext4_served", ext::Type::ext4, 4096, 24 * MiB, 4 * MiB, 4096, 20, 1, 40, 100, 400,
                Clients::volumes},
        Subject{"ext4_sessions", ext::Type::ext4, 4096, 24 * MiB, 4 * MiB, 4096, 20, 1, 40, 100,
                400, Clients::sessions}),
    [](const auto& given) { return given.param.name; });

}  // namespace
}  // namespace quire::tests
