// SPDX-License-Identifier: MIT
//
// Images inside a filesystem that is served: several clients of its server see each other's locks.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "quire/assembly/assembler.hpp"
#include "quire/ipc/client.hpp"
#include "quire/ipc/server.hpp"
#include "quire/remote/volume.hpp"
#include "quire/testing/temporary_directory.hpp"
#include "quire/volumes/memory/memory_volume.hpp"
#include "serve/service_object.hpp"

namespace quire::assembly {
namespace {

using ::testing::HasSubstr;

const fs::Call as_owner = fs::Call::as_root();

/// A filesystem in memory with `inner.img` in it, at a socket.
class ServedImages : public ::testing::Test {
protected:
    ServedImages() : server(*ipc::Server::create()) {
        tree = *fs::Tree::open(*memory::MemoryVolume::create({.clock = clock}));
        const auto file = *tree->create_open(as_owner, tree->root(), *Name::parse("inner.img"),
                                             0600, {.read = true, .write = true});
        EXPECT_TRUE(file->resize(as_owner, 1U << 20U));
        served->description = "a tree";
        served->tree = server::Authority(tree, fs::Credentials::root());
        served->files = std::make_unique<server::FileServer>(tree);
        EXPECT_TRUE(server->listen(
            (place / "socket").string(), [this](const ipc::Peer& peer) -> Result<ipc::AnyCap> {
                return ipc::AnyCap(
                    ipc::Cap<protocols::Service>(std::make_shared<ServiceObject>(served, peer)));
            }));
    }

    /// What one command does.
    struct Command {
        explicit Command(const ServedImages& ground) : assembler(ground.environment()) {}
        std::string open(Access access, const char* inside = "") {
            const auto device = assembler.device(
                *Address::parse(std::string("socket:socket:/inner.img") + inside), access);
            return device ? "" : device.error().sentence();
        }
        Assembler assembler;
    };
    Environment environment() const {
        Environment result;
        result.clock = clock;
        result.working_directory = place.path().string();
        return result;
    }

    const std::shared_ptr<Clock> clock = std::make_shared<FixedClock>(Time{1'700'000'000, 0});
    const quire::testing::TemporaryDirectory place;
    std::shared_ptr<fs::Tree> tree;
    const std::shared_ptr<Served> served = std::make_shared<Served>();
    std::optional<ipc::Server> server;
};

const char* const is_used =
    "socket:socket:/inner.img is being used by another program, try again when that has ended";
const char* const is_written =
    "socket:socket:/inner.img is being written by another program, try again when that has ended";

TEST_F(ServedImages, have_one_writer) {
    Command one(*this);
    EXPECT_EQ(one.open(Access::write), "");
    EXPECT_EQ(one.open(Access::write), "") << "the same command";
    EXPECT_EQ(Command(*this).open(Access::write), is_used);
    EXPECT_EQ(Command(*this).open(Access::read), is_written);
    ASSERT_TRUE(one.assembler.finish());
    EXPECT_EQ(Command(*this).open(Access::write), "");
}

TEST_F(ServedImages, have_many_readers) {
    Command one(*this);
    Command two(*this);
    EXPECT_EQ(one.open(Access::read), "");
    EXPECT_EQ(two.open(Access::read), "");
    EXPECT_EQ(Command(*this).open(Access::write), is_used);
    ASSERT_TRUE(one.assembler.finish());
    EXPECT_EQ(Command(*this).open(Access::write), is_used);
    ASSERT_TRUE(two.assembler.finish());
    EXPECT_EQ(Command(*this).open(Access::write), "");
}

TEST_F(ServedImages, are_locked_as_what_they_are_not_by_their_names) {
    ASSERT_TRUE(tree->link(as_owner, *tree->walk(as_owner, *Path::parse("inner.img")), tree->root(),
                           *Name::parse("other.img")));
    Command one(*this);
    EXPECT_EQ(one.open(Access::write), "");
    Assembler other(environment());
    const auto device = other.device(*Address::parse("socket:socket:/other.img"), Access::write);
    ASSERT_FALSE(device);
    EXPECT_EQ(device.error(), std::errc::device_or_resource_busy);
    EXPECT_THAT(device.error().sentence(), HasSubstr("other.img is being used"));
}

TEST_F(ServedImages, are_free_again_when_a_client_ends_without_a_word) {
    const auto count = [&] { return server->snapshot().channels.size(); };
    Command next(*this);
    {
        const auto service = *ipc::connect<protocols::Service>((place / "socket").string());
        const auto volume = *service->volume(ipc::Call::forever(), "", false);
        const protocols::Credentials me{};
        const auto root = *volume->root(ipc::Call::forever(), me);
        const auto inner = *volume->lookup(ipc::Call::forever(), me, root.node, "inner.img");
        ASSERT_TRUE(volume->open(ipc::Call::forever(), me, inner.node, 3));
        ASSERT_TRUE(volume->advisory_lock(ipc::Call::forever(), me, inner.node,
                                          protocols::LockKind::exclusive, {}, 7, false));
        EXPECT_EQ(next.open(Access::write), is_used);
        EXPECT_EQ(count(), 2U);
    }
    while (count() == 2) std::this_thread::yield();
    EXPECT_EQ(next.open(Access::write), "");
}

}  // namespace
}  // namespace quire::assembly
