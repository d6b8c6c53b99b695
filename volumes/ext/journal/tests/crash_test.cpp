// SPDX-License-Identifier: MIT

// Random sessions of transactions against a plain model, cut at every point a crash may cut them.
// What is found afterwards must be the model after the last acknowledged transaction or after the
// one under way, exactly; which of them, the log says. Then the next session begins on what the
// crash left, so that the log holds leftovers of crashed sessions.

#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <random>
#include <set>

#include "format.hpp"
#include "log_maker.hpp"
#include "quire/testing/bytes.hpp"
#include "quire/testing/crash_states.hpp"
#include "quire/testing/recording_device.hpp"
#include "quire/volumes/ext/journal/overlay.hpp"
#include "quire/volumes/ext/journal/writer.hpp"

namespace quire::ext::journal {
namespace {

using testing::Bytes;

/// The blocks in use and the value each holds. What is not in it is free: any content will do.
using Model = std::map<std::uint64_t, std::uint32_t>;

Bytes content_of(std::uint32_t value, std::uint32_t block_size) {
    Bytes bytes(block_size, static_cast<std::byte>(value * 37));
    format::store(std::span(bytes), 4, value);
    if (value % 5 == 0) format::store(std::span(bytes), 0, format::magic);
    return bytes;
}

Map map_of(block::Device& device, const Kind& kind) {
    return Map::open(device, kind.block_size, kind.filesystem_blocks, kind.extents).value();
}

std::shared_ptr<block::MemoryDevice> memory_with(const Bytes& content) {
    auto device = std::make_shared<block::MemoryDevice>(content.size());
    EXPECT_TRUE(device->write(0, content));
    return device;
}

Bytes content_of(block::Device& device) {
    return testing::read_bytes(device, 0, device.geometry().size);
}

/// One use of the journal from opening to closing or crashing.
class Session {
public:
    Session(const Kind& kind, const Bytes& content, Model model, std::mt19937& random)
        : kind_(kind),
          random_(random),
          start_(memory_with(content)),
          device_(memory_with(content)),
          map_(map_of(device_, kind)),
          first_(Superblock::read(map_)->sequence()),
          value_(static_cast<std::uint32_t>(random())) {
        states_.push_back(std::move(model));
        for (std::uint64_t block = 0; block < kind.filesystem_blocks; ++block)
            if (!map_.owns(block) && !states_[0].contains(block)) free_.insert(block);
        for (const auto& [block, value] : states_[0]) metadata_.insert(block);
    }

    void run(int transactions) {
        const auto superblock = Superblock::read(map_).value();
        Writer::Options options;
        options.wide_blocks = kind_.incompatible & feature::wide_blocks;
        options.memory_budget = (8 + random_() % 60) * kind_.block_size;
        writer_ = Writer::open(map_, superblock, options).value();
        for (int i = 0; i < transactions; ++i) {
            step();
            if (random_() % 8 == 0) {
                ASSERT_TRUE(writer_->checkpoint());
            }
            if (random_() % 8 == 0) {
                ASSERT_TRUE(writer_->commit({}));
            }
            check_live();
            if (::testing::Test::HasFatalFailure()) return;
        }
        if (random_() % 2) {
            ASSERT_TRUE(writer_->close());
        }
    }

    /// Calls `visit(state, recovered content)` for each crash.
    template <typename Visit>
    void for_each_crash(Visit visit) {
        const auto log = device_.log();
        const testing::CrashOptions options{.samples_per_epoch = 3, .seed = random_()};
        ASSERT_TRUE(testing::visit_crash_states(
            start_, log, options, [&](const testing::CrashState& crash) {
                SCOPED_TRACE(crash.name);
                const std::size_t state = check_crash(crash.device, crash.marks.size());
                if (!::testing::Test::HasFailure()) visit(state, crash.device);
                return !::testing::Test::HasFailure();
            }));
    }
    const Model& state(std::size_t index) const { return states_[index]; }

private:
    /// Whether what a crash left is, by what its log says, the state acknowledged last or the one
    /// after, through the overlay and recovered. Answers which. The device is recovered then.
    std::size_t check_crash(block::Device& crashed, std::size_t acknowledged) {
        const Map map = map_of(crashed, kind_);
        auto superblock = Superblock::read(map).value();
        const auto overlay = Overlay::scan(map, superblock).value();
        EXPECT_FALSE(overlay.damage()) << overlay.damage()->sentence;
        const std::uint32_t end =
            superblock.clean() ? superblock.sequence() : overlay.end_transaction();
        const std::size_t state = end == first_ ? 0 : end - (first_ + 1);
        EXPECT_GE(state, acknowledged);
        EXPECT_LE(state, acknowledged + 1);
        if (state >= states_.size()) {
            ADD_FAILURE() << "state " << state << " was never committed";
            return acknowledged;
        }
        expect_state(state, map, &overlay);
        if (random_() % 16 == 0) check_crashed_recovery(crashed, state);
        EXPECT_TRUE(recover(map, superblock, overlay));
        expect_state(state, map, nullptr);
        EXPECT_TRUE(Superblock::read(map)->clean());
        return state;
    }

    /// A free block, often one that was freed just now: leftovers lie in wait there.
    std::uint64_t take_free() {
        if (random_() % 2 && free_.contains(last_freed_)) {
            free_.erase(last_freed_);
            return last_freed_;
        }
        return take(free_);
    }

    std::uint64_t take(std::set<std::uint64_t>& set) {
        auto at = set.begin();
        std::advance(at, static_cast<std::ptrdiff_t>(random_() % set.size()));
        const std::uint64_t block = *at;
        set.erase(at);
        return block;
    }

    void step() {
        Model next = states_.back();
        std::map<std::uint64_t, Bytes> writes;
        std::vector<std::uint64_t> revokes;
        std::set<std::uint64_t> freed;
        const auto write = [&](std::uint64_t block) {
            next[block] = ++value_;
            writes[block] = content_of(value_, kind_.block_size);
            metadata_.insert(block);
        };
        // Files are overwritten by nobody here, so data goes to blocks that are free for sure.
        for (unsigned i = random_() % 3; i > 0 && free_.size() > 8; --i) {
            const std::uint64_t block = take_free();
            next[block] = ++value_;
            data_.insert(block);
            ASSERT_TRUE(
                device_.write(block * kind_.block_size, content_of(value_, kind_.block_size)));
        }
        const auto release = [&](std::uint64_t block) {
            next.erase(block);
            writes.erase(block);
            freed.insert(block);
        };
        for (unsigned i = random_() % 3; i > 0 && !data_.empty(); --i) release(take(data_));
        for (unsigned i = random_() % 4; i > 0 && metadata_.size() > 4; --i) {
            const std::uint64_t block = take(metadata_);
            release(block);
            if (random_() % 2)
                revokes.push_back(block);
            else
                writer_->forget(block);
            if (random_() % 4 == 0) {  // and in use again
                freed.erase(block);
                write(block);
            }
        }
        for (unsigned i = random_() % 4; i > 0 && free_.size() > 8; --i) write(take_free());
        for (unsigned i = random_() % 6; i > 0 && !metadata_.empty(); --i) {
            const std::uint64_t block = take(metadata_);
            write(block);
        }
        if (writes.empty()) write(take_free());

        std::vector<BlockWrite> blocks;
        for (const auto& [block, bytes] : writes) blocks.push_back({block, bytes.data()});
        states_.push_back(std::move(next));
        ASSERT_TRUE(writer_->commit({blocks, revokes, Time{5000, 0}}));
        device_.mark("committed");
        if (!freed.empty()) last_freed_ = *freed.begin();
        free_.merge(freed);
    }

    /// What a reader beside the writer sees.
    void check_live() {
        for (const auto& [block, value] : states_.back()) {
            Bytes bytes(kind_.block_size);
            if (const std::byte* newest = writer_->find(block)) {
                std::copy_n(newest, bytes.size(), bytes.begin());
            } else {
                ASSERT_TRUE(device_.read(block * kind_.block_size, bytes));
            }
            ASSERT_EQ(bytes, content_of(value, kind_.block_size)) << "block " << block;
        }
    }

    void expect_state(std::size_t state, const Map& map, const Overlay* overlay) {
        Bytes bytes(kind_.block_size);
        for (const auto& [block, value] : states_[state]) {
            if (!overlay || !overlay->read(map, block, bytes).value()) {
                ASSERT_TRUE(map.device().read(block * kind_.block_size, bytes));
            }
            ASSERT_EQ(bytes, content_of(value, kind_.block_size))
                << "block " << block << (overlay ? " through the overlay" : " recovered")
                << ", state " << state;
        }
    }

    void check_crashed_recovery(block::Device& crashed, std::size_t state) {
        const Bytes content = content_of(crashed);
        testing::RecordingDevice recovery(memory_with(content));
        const auto recover_all = [&](block::Device& device) {
            const Map map = map_of(device, kind_);
            auto superblock = Superblock::read(map).value();
            const auto overlay = Overlay::scan(map, superblock).value();
            EXPECT_TRUE(recover(map, superblock, overlay));
            expect_state(state, map, nullptr);
        };
        recover_all(recovery);
        EXPECT_TRUE(testing::visit_crash_states(memory_with(content), recovery.log(),
                                                {.samples_per_epoch = 2},
                                                [&](const testing::CrashState& again) {
                                                    recover_all(again.device);
                                                    return !::testing::Test::HasFailure();
                                                }));
    }

    const Kind& kind_;
    std::mt19937& random_;
    const std::shared_ptr<block::MemoryDevice> start_;
    testing::RecordingDevice device_;
    const Map map_;
    const std::uint32_t first_;
    std::unique_ptr<Writer> writer_;
    std::vector<Model> states_;
    std::set<std::uint64_t> free_;
    std::set<std::uint64_t> metadata_;
    std::set<std::uint64_t> data_;
    std::uint64_t last_freed_ = 0;
    std::uint32_t value_;
};

class Crash : public ::testing::TestWithParam<Kind> {};

std::vector<Kind> small_kinds() {
    auto kinds = every_kind();
    for (Kind& kind : kinds) {
        kind.filesystem_blocks = 128;
        kind.extents = {{40, 24}, {10, 8}, {100, 12}};
    }
    return kinds;
}

INSTANTIATE_TEST_SUITE_P(Kinds, Crash, ::testing::ValuesIn(small_kinds()),
                         [](const auto& kind) { return kind.param.name; });

TEST_P(Crash, leaves_the_last_transaction_or_the_next_and_nothing_between) {
    const char* seed = std::getenv("QUIRE_TEST_SEED");
    std::mt19937 random(seed ? static_cast<unsigned>(std::atoi(seed)) : 1);
    std::size_t crashes = 0;
    const int chains = GetParam().block_size > 1024 ? 1 : 3;
    for (int chain = 0; chain < chains; ++chain) {
        LogMaker log(GetParam());
        Bytes content(log.device.geometry().size);
        ASSERT_TRUE(log.device.read(0, content));
        Model model;
        for (int generation = 0; generation < 3; ++generation) {
            Session session(GetParam(), content, model, random);
            session.run(12);
            ASSERT_FALSE(HasFatalFailure());
            std::size_t seen = 0;
            session.for_each_crash([&](std::size_t state, block::Device& recovered) {
                ++crashes;
                // One of them, each as likely, is what the next session finds.
                if (random() % ++seen == 0) {
                    content = content_of(recovered);
                    model = session.state(state);
                }
            });
            ASSERT_FALSE(HasFailure()) << "chain " << chain << ", generation " << generation;
        }
    }
    RecordProperty("crashes", static_cast<int>(crashes));
    EXPECT_GT(crashes, 600u * static_cast<unsigned>(chains));
}

}  // namespace
}  // namespace quire::ext::journal
