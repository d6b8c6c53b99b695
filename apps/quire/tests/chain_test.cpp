// SPDX-License-Identifier: MIT
//
// Host file → block server → ext server → block server over a file in it → ext server → client. Each
// of the servers can be left out: what it has is then opened by the process that is next, by one
// more colon of an address, and nobody can tell.

#include <gtest/gtest.h>

#include "tests/support/with_servers.hpp"

namespace quire::app {
namespace {

using testing::Outcome;

/// With the servers left out that the parameter's bits name, number n from the host file on by bit n.
class Chain : public testing::WithServers, public ::testing::WithParamInterface<unsigned> {
protected:
    static constexpr unsigned links = 4;

    void SetUp() override {
        for (const char* program : {"mke2fs", "e2fsck", "python3"})
            if (!testing::have(program)) GTEST_SKIP() << program << " is not installed";
        testing::prepare(R"(
            umask 022
            mkdir -p d/etc d/sub/deep outer
            printf 'hello\n' > d/etc/motd
            ln d/etc/motd d/etc/motd2
            ln -s ../etc/motd d/sub/link
            seq 1 50000 > d/sub/numbers
            truncate -s 1M d/sub/sparse; printf end >> d/sub/sparse
            for i in $(seq 1 100); do echo $i > d/sub/deep/f$i; done
            find d -exec touch -h -d @1700000000 {} +
            mke2fs -q -F -t ext4 -d d expected.img 16M
            cp expected.img outer/inner.img
            mke2fs -q -F -t ext4 -d outer host.img 48M
            )",
                         place.path());
    }

    std::string hash_of(const std::string& tree) const {
        const Outcome archive = quire({"tar", tree + ":/"});
        EXPECT_EQ(archive.status, 0) << archive.err;
        const Outcome hash =
            testing::run({"python3", QUIRE_TREE_HASH, "--tar", "-"}, surroundings(archive.out));
        EXPECT_EQ(hash.status, 0) << hash.err;
        return hash.out;
    }

    /// Answers the address of the nested filesystem.
    std::string start() {
        std::string address = "host.img";
        for (unsigned link = 0; link < links; ++link) {
            if (link == 2) address += ":/inner.img";
            if ((GetParam() & 1U << link) != 0) continue;
            const std::string socket = "link" + std::to_string(link);
            // The bytes that the address names, or the filesystem on them.
            const Outcome served = link % 2 == 0 ? serve(address, socket, {"--device"})
                                                 : serve(address + ":/", socket);
            EXPECT_EQ(served.status, 0) << address << ": " << served.err;
            address = "socket:" + socket;
        }
        return address;
    }
    void end_all() {
        for (; !sockets_.empty(); sockets_.pop_back()) stop(sockets_.back());
    }
};

TEST_P(Chain, is_the_same_as_the_nested_image_by_itself) {
    const std::string before = hash_of("expected.img");
    ASSERT_EQ(quire({"cp", "-", "expected.img:/etc/new"}, "through the chain\n").err, "");
    ASSERT_EQ(quire({"rm", "expected.img:/sub/deep/f50"}).err, "");
    const std::string after = hash_of("expected.img");
    ASSERT_NE(before, after);
    const std::string nested = start();
    EXPECT_EQ(hash_of(nested), before);
    EXPECT_EQ(quire({"cp", "-", nested + ":/etc/new"}, "through the chain\n").err, "");
    EXPECT_EQ(quire({"rm", nested + ":/sub/deep/f50"}).err, "");
    EXPECT_EQ(hash_of(nested), after);
    end_all();
    // What was done through servers is in the file, and sound at both levels.
    EXPECT_EQ(hash_of("host.img:/inner.img"), after);
    expect_clean("host.img");
    EXPECT_EQ(quire({"check", "host.img:/inner.img"}).status, 0);
}

// None, each one, and all.
INSTANTIATE_TEST_SUITE_P(LeftOut, Chain, ::testing::Values(0U, 1U, 2U, 4U, 8U, 15U));

}  // namespace
}  // namespace quire::app
