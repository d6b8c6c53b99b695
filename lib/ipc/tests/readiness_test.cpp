// SPDX-License-Identifier: MIT

#include "quire/ipc/readiness.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <string>

#include "quire/base/unique_fd.hpp"
#include "quire/testing/temporary_directory.hpp"

namespace quire::ipc {

namespace {

class Readiness : public ::testing::Test {
protected:
    Readiness() {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        path_.copy(address.sun_path, sizeof(address.sun_path) - 1);
        EXPECT_EQ(::bind(manager_.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)),
                  0);
        ::setenv("NOTIFY_SOCKET", path_.c_str(), 1);
    }
    ~Readiness() override { ::unsetenv("NOTIFY_SOCKET"); }

    std::string heard() {
        std::array<char, 500> text{};
        const ssize_t size = ::recv(manager_.get(), text.data(), text.size(), 0);
        return size < 0 ? "" : std::string(text.data(), static_cast<std::size_t>(size));
    }

    testing::TemporaryDirectory directory_;
    std::string path_ = directory_ / "notify";
    UniqueFd manager_{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
};

TEST_F(Readiness, the_service_manager_hears_of_it) {
    ASSERT_TRUE(report_ready("serving disk.img\nREADY=0"));
    EXPECT_EQ(heard(), "READY=1\nSTATUS=serving disk.img READY=0");
    ASSERT_TRUE(report_stopping());
    EXPECT_EQ(heard(), "STOPPING=1");
}

TEST_F(Readiness, a_manager_that_is_gone_is_an_error) {
    manager_.reset();
    EXPECT_EQ(report_ready("x").error(), std::errc::connection_refused);
}

TEST_F(Readiness, nobody_needs_to_want_it) {
    ::unsetenv("NOTIFY_SOCKET");
    EXPECT_TRUE(report_ready("serving"));
}

}  // namespace

}  // namespace quire::ipc
