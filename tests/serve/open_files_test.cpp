// SPDX-License-Identifier: MIT

// One client with a hundred thousand files open at a confined server of an ext4 image, with the
// server's quotas as they are.

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "quire/client/context.hpp"
#include "quire/ipc/client.hpp"
#include "quire/ipc/remote_object.hpp"
#include "quire/protocols/service.hpp"
#include "serve/served_image.hpp"

namespace quire::tests {
namespace {

using ::testing::HasSubstr;

const ipc::Call with_patience = ipc::Call::forever();

class OpenFiles : public ::testing::Test {
protected:
    static constexpr int inodes = 2000;
    static constexpr int many = 100'000;

    void SetUp() override {
        for (int i = 0; i < inodes; ++i)
            std::ofstream(fmt::format("{}/{}", served_.tree(), i)) << content_of(i);
        served_.create({"--size", "32M"});
        ASSERT_EQ(served_.serve(), "");
        watcher_ = *ipc::connect<protocols::Service>(served_.socket());
    }
    static std::string content_of(int number) { return fmt::format("content {}", number); }
    std::string status() const { return *watcher_->status(with_patience); }

    ServedImage served_;
    ipc::Cap<protocols::Service> watcher_;
};

TEST_F(OpenFiles, of_one_client_may_be_a_hundred_thousand) {
    const auto service = *ipc::connect<protocols::Service>(served_.socket());
    client::Context context = *client::Context::create(*service->opener(with_patience, "", false));
    std::vector<client::File> files;
    files.reserve(many);
    constexpr client::OpenOptions plain{.buffered = false, .first_bytes = 0};
    for (int i = 0; i < many; ++i) {
        // Also for writing: small files that are only read need not be open at the server.
        auto file = context.open(std::to_string(i % inodes),
                                 protocols::open_read | protocols::open_write, plain);
        ASSERT_TRUE(file) << i << ": " << file.error().message();
        files.push_back(*std::move(file));
    }
    EXPECT_THAT(status(), HasSubstr(fmt::format("{} open files, 0 open directories on {} inodes",
                                                many, inodes)));
    for (int i = 0; i < many; i += 997) {
        std::array<char, 100> bytes{};
        const auto got = files.at(static_cast<std::size_t>(i))
                             .pread(0, std::as_writable_bytes(std::span(bytes)));
        ASSERT_TRUE(got) << i << ": " << got.error().message();
        EXPECT_EQ(std::string(bytes.data(), *got), content_of(i % inodes));
    }
    // Nobody else is in want of anything meanwhile.
    {
        const auto next = *ipc::connect<protocols::Service>(served_.socket());
        client::Context other = *client::Context::create(*next->opener(with_patience, "", false));
        EXPECT_TRUE(other.open("0", protocols::open_read));
    }
    {
        const ipc::ReleaseBatch batch;
        files.clear();
    }
    // What is let go of is told along with what is asked next.
    while (status().find(" 0 open files, 0 open directories on 0 inodes") == std::string::npos)
        ASSERT_TRUE(context.stat("0"));
}

}  // namespace
}  // namespace quire::tests
