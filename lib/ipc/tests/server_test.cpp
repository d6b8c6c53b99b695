// SPDX-License-Identifier: MIT

#include "quire/ipc/server.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <fstream>
#include <mutex>
#include <thread>
#include <vector>

#include "quire/testing/temporary_directory.hpp"
#include "tests/kit/raw_client.hpp"
#include "tests/kit/serving.hpp"

namespace quire::ipc {

namespace {

using quire::testing::TemporaryDirectory;

class Listening : public ::testing::Test {
protected:
    Result<AnyCap> admit(const Peer& peer) {
        const std::scoped_lock lock(mutex_);
        peer_ = peer;
        return AnyCap(serving_.sample());
    }
    /// Who came last.
    Peer peer() {
        const std::scoped_lock lock(mutex_);
        return peer_;
    }
    Result<void> listen(mode_t mode = 0600) {
        return serving_.server.listen(
            path_, [this](const Peer& peer) { return admit(peer); }, mode);
    }

    TemporaryDirectory directory_;
    std::string path_ = directory_ / "socket";
    std::mutex mutex_;
    Peer peer_;
    Serving serving_;  // the last: it ends first, and with it who calls admit()
};

TEST_F(Listening, clients_connect_by_path_and_are_known) {
    ASSERT_TRUE(listen());
    const auto client = connect<Sample>(path_);
    ASSERT_TRUE(client) << client.error().message();
    ASSERT_TRUE((*client)->nothing(any_time));
    EXPECT_EQ(peer().pid, ::getpid());
    EXPECT_EQ(peer().uid, ::getuid());
    EXPECT_EQ(peer().gid, ::getgid());
    std::vector<gid_t> groups(static_cast<std::size_t>(::getgroups(0, nullptr)));
    ASSERT_GE(::getgroups(static_cast<int>(groups.size()), groups.data()), 0);
    EXPECT_EQ(peer().groups, groups);
}

TEST_F(Listening, who_is_not_admitted_is_cut_off) {
    ASSERT_TRUE(serving_.server.listen(
        path_, [](const Peer&) -> Result<AnyCap> { return fail(std::errc::permission_denied); }));
    const auto client = connect<Sample>(path_);
    ASSERT_TRUE(client);
    EXPECT_EQ((*client)->nothing(any_time).error(), std::errc::connection_reset);
}

TEST_F(Listening, the_socket_has_the_permissions_asked_for) {
    const auto mode_of = [](const std::string& path) {
        struct stat status{};
        EXPECT_EQ(::stat(path.c_str(), &status), 0);
        return status.st_mode & 07777;
    };
    ASSERT_TRUE(listen());
    EXPECT_EQ(mode_of(path_), 0600u);
    path_ += "2";
    ASSERT_TRUE(listen(0666));
    EXPECT_EQ(mode_of(path_), 0666u);
}

TEST_F(Listening, the_socket_goes_with_the_server_and_not_with_another_s) {
    ASSERT_TRUE(listen());
    EXPECT_TRUE(std::filesystem::exists(path_));
    serving_.server.stop(std::chrono::steady_clock::now());
    serving_.wait_until([this] { return !std::filesystem::exists(path_); });
    {
        Serving other;
        const auto anybody = [&](const Peer&) -> Result<AnyCap> { return AnyCap(other.sample()); };
        ASSERT_TRUE(other.server.listen(path_, anybody));
        std::filesystem::remove(path_);
        std::ofstream(path_) << "somebody else's";
    }
    EXPECT_TRUE(std::filesystem::exists(path_));
}

TEST_F(Listening, a_socket_that_nobody_listens_at_is_replaced) {
    {
        const UniqueFd socket(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        path_.copy(address.sun_path, sizeof(address.sun_path) - 1);
        ASSERT_EQ(::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    }
    EXPECT_EQ(connect<Sample>(path_).error(), std::errc::connection_refused);
    ASSERT_TRUE(listen());
    EXPECT_TRUE((*connect<Sample>(path_))->nothing(any_time));
}

TEST_F(Listening, a_socket_in_use_or_a_file_is_not) {
    ASSERT_TRUE(listen());
    EXPECT_EQ(listen().error(), std::errc::address_in_use);
    EXPECT_TRUE((*connect<Sample>(path_))->nothing(any_time));
    path_ += "2";
    std::ofstream(path_) << "a file";
    EXPECT_EQ(listen().error(), std::errc::address_in_use);
    EXPECT_EQ(std::filesystem::file_size(path_), 6u);
}

TEST_F(Listening, paths_that_cannot_be_fail_with_a_sentence) {
    path_ = directory_ / std::string(120, 'x');
    EXPECT_EQ(listen().error(), std::errc::filename_too_long);
    EXPECT_EQ(connect<Sample>(path_).error(), std::errc::filename_too_long);
    path_ = directory_ / "nowhere/socket";
    EXPECT_EQ(listen().error(), std::errc::no_such_file_or_directory);
    const auto error = connect<Sample>(path_).error();
    EXPECT_EQ(error, std::errc::no_such_file_or_directory);
    EXPECT_NE(error.sentence().find(path_), std::string::npos);
    EXPECT_EQ(connect<Sample>("").error(), std::errc::no_such_file_or_directory);
    EXPECT_EQ(connect<Sample>(std::string("a\0b", 3)).error(), std::errc::invalid_argument);
}

TEST_F(Listening, thousands_of_connections_leave_nothing) {
    ASSERT_TRUE(listen());
    const auto good = *connect<Sample>(path_);
    for (int i = 0; i < 2000; ++i) {
        const auto client = connect<Sample>(path_);
        ASSERT_TRUE(client) << client.error().message();
        if (i % 2 == 0) {
            ASSERT_TRUE((*client)->make_counter(any_time, 1));
        }
    }
    serving_.wait_until([this] { return serving_.server.snapshot().channels.size() == 1; });
    serving_.wait_until([this] { return serving_.world->counters == 0; });
    serving_.wait_until([this] { return serving_.server.snapshot().accepted_channels == 2001; });
}

TEST_F(Listening, without_free_descriptors_clients_are_turned_away_and_later_served_again) {
    ASSERT_TRUE(listen());
    ASSERT_TRUE((*connect<Sample>(path_))->nothing(any_time));
    serving_.wait_until([this] { return serving_.server.snapshot().channels.empty(); });
    UniqueFd end(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
    std::vector<UniqueFd> all;
    rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
    const rlimit small{200, before.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &small), 0);
    while (true) {
        UniqueFd fd(::open("/dev/null", O_RDONLY | O_CLOEXEC));
        if (!fd) break;
        all.push_back(std::move(fd));
    }
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path_.copy(address.sun_path, sizeof(address.sun_path) - 1);
    ASSERT_EQ(::connect(end.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    Incoming message;
    EXPECT_EQ(receive_message(end.get(), message, true), Arrival::gone);
    all.clear();
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
    EXPECT_TRUE((*connect<Sample>(path_))->nothing(any_time));
}

TEST(Server, refuses_what_is_no_channel) {
    Serving serving;
    const AnyCap root(serving.sample());
    EXPECT_EQ(serving.server.adopt(UniqueFd(::open("/dev/null", O_RDWR)), root).error(),
              std::errc::not_a_socket);
    EXPECT_EQ(serving.server.adopt(UniqueFd(::socket(AF_UNIX, SOCK_STREAM, 0)), root).error(),
              std::errc::not_a_socket);
    EXPECT_EQ(serving.server.adopt(UniqueFd(), root).error(), std::errc::not_a_socket);
}

TEST(Server, has_no_more_channels_than_its_limit) {
    Serving serving({.max_channels = 2});
    std::vector<Cap<Sample>> clients{serving.connect(), serving.connect()};
    SocketPair pair = *make_socket_pair();
    EXPECT_EQ(serving.server.adopt(std::move(pair.theirs), AnyCap(serving.sample())).error(),
              std::errc::too_many_files_open);
    clients.pop_back();
    serving.wait_until([&] { return serving.server.snapshot().channels.size() == 1; });
    serving.wait_until([&] {
        SocketPair another = *make_socket_pair();
        return serving.server.adopt(std::move(another.theirs), AnyCap(serving.sample()))
            .has_value();
    });
}

TEST(Server, stops_when_the_calls_in_progress_are_done) {
    Serving serving;
    const auto busy = serving.connect();
    const auto other = serving.connect();
    ASSERT_TRUE(other->nothing(any_time));
    std::jthread waiting([&] { EXPECT_TRUE(busy->wait(any_time)) << "it is not cut off"; });
    serving.world->wait_for_waiting(1);
    std::jthread stopping([&] { EXPECT_TRUE(serving.server.stop(Call::Deadline::max())); });
    serving.wait_until([&] {
        const auto refused = other->nothing(any_time);
        return !refused && refused.error() == std::errc::operation_canceled;
    });
    SocketPair pair = *make_socket_pair();
    EXPECT_EQ(serving.server.adopt(std::move(pair.theirs), AnyCap(serving.sample())).error(),
              std::errc::operation_canceled);
    EXPECT_EQ(serving.server.gate(AnyCap(serving.sample())).error(), std::errc::operation_canceled);
    serving.world->open();
    stopping.join();
    EXPECT_EQ(other->nothing(any_time).error(), std::errc::connection_reset);
    EXPECT_TRUE(serving.server.snapshot().channels.empty());
}

TEST(Server, cancels_what_is_not_done_at_the_deadline) {
    Serving serving;
    const auto busy = serving.connect();
    std::jthread waiting([&] { EXPECT_FALSE(busy->wait(any_time)); });
    serving.world->wait_for_waiting(1);
    EXPECT_FALSE(serving.server.stop(std::chrono::steady_clock::now()));
    waiting.join();
    serving.wait_until([&] { return serving.world->cancelled() == 1; });
}

TEST(Server, its_end_cancels_and_releases_everything) {
    const auto world = [] {
        Serving serving;
        const auto client = serving.connect();
        EXPECT_TRUE(client->keep(any_time, *client->make_counter(any_time, 1)));
        auto held = *client->make_counter(any_time, 1);
        static Cap<Counter> outlives;
        outlives = held;
        EXPECT_EQ(serving.world->counters, 2);
        return std::exchange(serving.world, std::make_shared<World>());
    }();
    EXPECT_EQ(world->counters, 0);
}

}  // namespace

}  // namespace quire::ipc
