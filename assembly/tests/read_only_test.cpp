// SPDX-License-Identifier: MIT
//
// Through a volume or a device that a connection has for reading only nothing is changed by any
// message, whoever wanted that, the client or who serves; beside tests of lib/server that show it of
// what is opened by paths. An operation that is in no list here fails the test.

#include <gtest/gtest.h>
#include <unistd.h>

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "quire/block/memory_device.hpp"
#include "quire/testing/attempts.hpp"
#include "quire/testing/whole_tree.hpp"
#include "quire/volumes/memory/memory_volume.hpp"
#include "serve/service_object.hpp"

namespace quire::assembly {
namespace {

using protocols::Block;
using protocols::Volume;
using quire::testing::Attempt;
using quire::testing::Nature;
using quire::testing::with;

const ipc::Call at_any_time = ipc::Call::forever();
constexpr std::uint32_t mode_read = 1;
constexpr std::uint32_t mode_write = 2;
constexpr std::uint32_t mode_append = 4;

/// Who wants that nothing is changed.
enum class Wish : std::uint8_t { nobodys, clients, clients_of_a_part, servers, servers_of_a_part };

bool of_client(Wish wish) {
    return wish == Wish::clients || wish == Wish::clients_of_a_part;
}
bool of_server(Wish wish) {
    return wish == Wish::servers || wish == Wish::servers_of_a_part;
}

std::span<const std::byte> bytes_in(std::string_view text) {
    return std::as_bytes(std::span(text));
}

/// A small tree, and a client that acts as its root and holds nodes of it.
struct HeldVolume {
    explicit HeldVolume(Wish wish) {
        make_tree();
        const server::Authority all(tree, fs::Credentials::root());
        served->tree = all;
        if (wish == Wish::servers_of_a_part) served->tree = *all.narrow(*Path::parse("top"), true);
        if (wish == Wish::servers) served->tree = all.for_reading();
        served->read_only = of_server(wish);
        const std::string_view part = wish == Wish::clients_of_a_part ? "top" : "";
        volume = *ServiceObject(served, {.pid = 1, .uid = 0, .gid = 0, .groups = {}})
                      .volume(at_any_time, part, of_client(wish));
        top = volume->root(at_any_time, nobody)->node;
        // What is a part for the others is what everything is for them.
        const bool whole = part.empty() && wish != Wish::servers_of_a_part;
        if (whole) top = find(top, "top");
        directory = find(top, "d");
        file = find(top, "f");
        other = find(top, "g");
        link = find(top, "l");
        handle = *volume->node_to_handle(at_any_time, nobody, file);
        for (int i = 0; i < 2; ++i) EXPECT_TRUE(volume->open(at_any_time, nobody, file, mode_read));
        if (wish == Wish::nobodys) {
            EXPECT_TRUE(volume->open(at_any_time, nobody, file, mode_read | mode_write));
            EXPECT_TRUE(volume->open(at_any_time, nobody, other, mode_read | mode_write));
        }
        EXPECT_TRUE(volume->set_buffer(
            at_any_time, quire::testing::fuzz_buffer(quire::testing::attempt_memory)));
    }

    void make_tree() {
        for (const char* const path : {"top", "top/d"})
            EXPECT_TRUE(root->mkdir(at_any_time, path, 0755));
        EXPECT_TRUE(root->symlink(at_any_time, "f", "top/l"));
        for (const char* const path : {"top/f", "top/g"}) {
            const auto made = root->open(
                at_any_time, path,
                protocols::open_read | protocols::open_write | protocols::open_create, 0644, 0);
            EXPECT_TRUE(made->file->write(at_any_time, 0, bytes_in(path)));
            EXPECT_TRUE(
                made->file->set_extended_attribute(at_any_time, "user.x", bytes_in("x"), {}));
        }
    }
    std::uint64_t find(std::uint64_t in, std::string_view name) const {
        const auto found = volume->lookup(at_any_time, nobody, in, name);
        EXPECT_TRUE(found) << name;
        return found ? found->node : 0;
    }
    std::string seen() const {
        const auto text = quire::testing::WholeTree::of(*root);
        EXPECT_TRUE(text);
        return text.value_or("");
    }

    std::shared_ptr<fs::Tree> tree = *fs::Tree::open(*memory::MemoryVolume::create(
        {.clock = std::make_shared<FixedClock>(Time{1'700'000'000, 0})}));
    server::FileServer files{tree};
    ipc::Cap<protocols::OpenerContext> root =
        *(*files.opener(server::Authority(tree, fs::Credentials::root()))).context(at_any_time);
    std::shared_ptr<Served> served = std::make_shared<Served>();
    ipc::Cap<Volume> volume;
    /// What a caller says of itself counts for nothing.
    protocols::Credentials nobody{.uid = 65534, .gid = 65534};
    std::uint64_t top = 0;
    std::uint64_t directory = 0;
    std::uint64_t file = 0;
    std::uint64_t other = 0;
    std::uint64_t link = 0;
    protocols::Handle handle;
};

using Text = std::string_view;
constexpr protocols::NewNode plain{.permissions = 0644, .uid = 0, .gid = 0};
constexpr std::uint64_t beginning = 0;
constexpr std::uint64_t length = 4096;
constexpr auto either = protocols::SetAttributeMode::either;

/// An operation in somebody's name.
template <typename... T>
quire::testing::Arguments by(const HeldVolume& held, T... values) {
    return with(held.nobody, values...);
}

std::vector<Attempt> on_names(const HeldVolume& at) {
    using protocols::FileType;
    constexpr std::uint32_t no_flags = 0;
    return {
        {153, Nature::looks, by(at, at.top, Text("f"))},
        {154, Nature::changes, by(at, at.top, Text("new"), plain)},
        {155, Nature::changes,
         by(at, at.top, Text("new"), plain, FileType::fifo, protocols::DeviceNumber())},
        {155, Nature::changes,
         by(at, at.top, Text("new"), plain, FileType::block_device,
            protocols::DeviceNumber{.major_number = 8, .minor_number = 0})},
        {156, Nature::changes, by(at, at.top, Text("new"), plain)},
        {157, Nature::changes, by(at, at.top, Text("new"), plain, Text("target"))},
        {158, Nature::changes, by(at, at.file, at.directory, Text("new"))},
        {159, Nature::changes, by(at, at.top, Text("f"))},
        {160, Nature::changes, by(at, at.top, Text("d"))},
        {161, Nature::changes, by(at, at.top, Text("f"), at.directory, Text("new"), no_flags)},
        {161, Nature::changes, by(at, at.top, Text("f"), at.top, Text("g"), no_flags)},
        {161, Nature::changes,
         by(at, at.top, Text("f"), at.top, Text("new"), protocols::rename_no_replace)},
        {161, Nature::changes,
         by(at, at.top, Text("f"), at.top, Text("d"), protocols::rename_exchange)},
        {162, Nature::looks, by(at, at.top, beginning, true, std::uint32_t{10})},
        {163, Nature::looks, by(at, at.directory)},
        {164, Nature::looks, by(at, at.link)},
    };
}

/// One change of attributes.
protocols::AttributeChanges changed(std::uint32_t which) {
    protocols::AttributeChanges changes;
    changes.which = which;
    changes.permissions = 0600;
    changes.uid = changes.gid = 1000;
    changes.size = 5000;
    changes.access = changes.modify = changes.change = changes.birth = {1'600'000'000, 1};
    return changes;
}

std::vector<Attempt> on_attributes(const HeldVolume& at) {
    std::vector<Attempt> attempts{
        {167, Nature::looks, by(at, at.file, std::uint32_t{R_OK})},
        {167, Nature::asks, by(at, at.file, std::uint32_t{W_OK})},
        {168, Nature::looks, by(at, at.file)},
        {183, Nature::looks, by(at, at.file, protocols::PathConfiguration::name_max)},
        {185, Nature::looks, by(at, at.file, Text("user.x"))},
        {186, Nature::changes, by(at, at.file, Text("user.y"), bytes_in("y"), either)},
        {186, Nature::changes,
         by(at, at.file, Text("user.x"), bytes_in("y"), protocols::SetAttributeMode::replace)},
        {187, Nature::looks, by(at, at.file)},
        {188, Nature::changes, by(at, at.file, Text("user.x"))},
        {191, Nature::looks, by(at, at.file)},
        {196, Nature::looks, by(at, at.file, Text("user.x"), beginning, length)},
        {197, Nature::changes, by(at, at.file, Text("user.y"), beginning, length, either)},
        {198, Nature::looks, by(at, at.file, beginning, length)},
    };
    for (const std::uint32_t which :
         {protocols::change_permissions, protocols::change_uid, protocols::change_gid,
          protocols::change_size, protocols::change_access, protocols::change_modify,
          protocols::change_change, protocols::change_birth})
        attempts.push_back({169, Nature::changes, by(at, at.file, changed(which))});
    return attempts;
}

std::vector<Attempt> on_content(const HeldVolume& at) {
    using protocols::AllocateMode;
    using protocols::LockKind;
    constexpr protocols::Range all_of_it{0, 5000};
    constexpr protocols::Range whole{0, 0};
    constexpr std::uint64_t owner = 1;
    constexpr std::uint32_t readable = 1;
    return {
        {165, Nature::looks, by(at, at.file, mode_read)},
        {165, Nature::asks, by(at, at.file, mode_write)},
        {165, Nature::asks, by(at, at.file, mode_read | mode_write)},
        {165, Nature::asks, by(at, at.file, mode_write | mode_append)},
        {166, Nature::looks, by(at, at.file, mode_read)},
        {166, Nature::asks, by(at, at.file, mode_read | mode_write)},
        {170, Nature::looks, by(at, at.file, beginning, std::uint32_t{100})},
        {171, Nature::changes, by(at, at.file, beginning, bytes_in("other"))},
        {172, Nature::looks, with(), true},
        {173, Nature::looks, by(at, at.file, beginning, beginning, length)},
        {174, Nature::changes, by(at, at.file, beginning, beginning, length)},
        {175, Nature::looks, by(at, at.file)},
        {176, Nature::looks, by(at, at.file, beginning, protocols::SeekTo::data)},
        {177, Nature::changes, by(at, at.file, AllocateMode::allocate, all_of_it)},
        {177, Nature::changes, by(at, at.file, AllocateMode::punch_hole, all_of_it)},
        {177, Nature::changes, by(at, at.file, AllocateMode::zero_range, all_of_it)},
        {178, Nature::changes, by(at, at.file, all_of_it)},
        {179, Nature::changes, by(at, at.file, beginning, at.other, beginning, length)},
        {180, Nature::looks, by(at, at.file, mode_read)},
        {180, Nature::asks, by(at, at.file, mode_read | mode_write)},
        {181, Nature::looks, by(at, at.file, readable)},
        {182, Nature::looks, by(at, at.file, LockKind::shared, whole, owner, false)},
        {182, Nature::asks, by(at, at.file, LockKind::exclusive, whole, owner, false)},
        {182, Nature::looks, by(at, at.file, LockKind::unlock, whole, owner, false)},
        {184, Nature::for_nobody, by(at, at.file, std::uint32_t{1}, bytes_in(""))},
        {189, Nature::looks, by(at, at.file)},
    };
}

std::vector<Attempt> on_all(const HeldVolume& at) {
    std::vector<Attempt> attempts{
        {144, Nature::looks},
        // Nobody.
        {145, Nature::looks, with(std::uint32_t{0}, std::uint32_t{0})},
        {146, Nature::looks, by(at)},
        {147, Nature::looks, by(at)},
        {148, Nature::looks, by(at)},
        {149, Nature::looks, by(at, at.file)},
        {150, Nature::looks, by(at, at.handle)},
        {151, Nature::for_nobody, by(at, Text("clear"))},
        {152, Nature::for_nobody, by(at, false)},
        {152, Nature::for_nobody, by(at, true)},
    };
    for (const auto& some : {on_names(at), on_attributes(at), on_content(at)})
        attempts.insert(attempts.end(), some.begin(), some.end());
    attempts.push_back({190, Nature::tells, with(at.file, std::uint64_t{1})});
    return attempts;
}

/// A device with bytes in it, and a client that has it.
struct HeldDevice {
    explicit HeldDevice(Wish wish) {
        served->read_only = of_server(wish);
        served->device = device;
        EXPECT_TRUE(device->write(0, bytes_in("content")));
        block = *ServiceObject(served, {.pid = 1, .uid = 0, .gid = 0, .groups = {}})
                     .block(at_any_time, wish != Wish::nobodys);
        EXPECT_TRUE(block->set_buffer(at_any_time,
                                      quire::testing::fuzz_buffer(quire::testing::attempt_memory)));
    }
    std::string seen() const {
        std::string all(device->geometry().size, ' ');
        EXPECT_TRUE(device->read(0, std::as_writable_bytes(std::span(all))));
        return all;
    }

    std::shared_ptr<block::MemoryDevice> device = std::make_shared<block::MemoryDevice>(8192);
    std::shared_ptr<Served> served = std::make_shared<Served>();
    ipc::Cap<Block> block;
};

/// Runs of a device.
quire::testing::Arguments runs(std::vector<protocols::BlockRun> list) {
    return [list = std::move(list)](ipc::Encoder& out) {
        out.put_count(list.size(), list.size());
        for (const protocols::BlockRun& run : list) encode(out, run);
    };
}

std::vector<Attempt> on_device(const HeldDevice&) {
    constexpr protocols::Range first{0, 4096};
    return {
        {128, Nature::looks},
        {129, Nature::looks, with(beginning, std::uint32_t{100})},
        {130, Nature::changes, with(beginning, bytes_in("other"))},
        {131, Nature::looks, with(), true},
        {132, Nature::looks, runs({{0, 100, 0}, {4096, 100, 4096}})},
        {133, Nature::changes, runs({{0, 100, 0}})},
        {133, Nature::changes, runs({{4096, 100, 4096}, {0, 1, 0}})},
        {134, Nature::looks},
        {135, Nature::changes, with(first)},
        {136, Nature::changes, with(first)},
        {137, Nature::looks, with(beginning)},
        {138, Nature::changes, with(std::uint64_t{4096})},
        {138, Nature::changes, with(std::uint64_t{16384})},
    };
}

class ReadOnlyConnection : public ::testing::TestWithParam<Wish> {};

TEST_P(ReadOnlyConnection, changes_nothing_of_a_volume_by_any_message) {
    quire::testing::expect_unchanging<Volume>(
        [] { return HeldVolume(GetParam()); }, [] { return HeldVolume(Wish::nobodys); },
        [](const HeldVolume& held) -> Volume& { return *held.volume; }, on_all);
}

TEST_P(ReadOnlyConnection, changes_nothing_of_a_device_by_any_message) {
    quire::testing::expect_unchanging<Block>(
        [] { return HeldDevice(GetParam()); }, [] { return HeldDevice(Wish::nobodys); },
        [](const HeldDevice& held) -> Block& { return *held.block; }, on_device);
}

INSTANTIATE_TEST_SUITE_P(WhoeverWantsThat, ReadOnlyConnection,
                         ::testing::Values(Wish::clients, Wish::clients_of_a_part, Wish::servers,
                                           Wish::servers_of_a_part));

}  // namespace
}  // namespace quire::assembly
