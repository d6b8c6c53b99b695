// SPDX-License-Identifier: MIT
//
// The C header: what c_program.c does, which is compiled as C11.

#include "client_ground.hpp"
#include "quire/protocols/service.hpp"
#include "quire/testing/temporary_directory.hpp"
#include "tests/c_program.h"

namespace quire::client {
namespace {

/// A served socket's first object, that gives an opener and nothing else.
class SomeService final : public protocols::Service {
public:
    explicit SomeService(ipc::Cap<protocols::Opener> opener) : opener_(std::move(opener)) {}

    Result<ipc::Cap<protocols::Opener>> opener(const ipc::Call&, std::string_view subtree,
                                               bool read_only) override {
        EXPECT_EQ(subtree, "");
        EXPECT_FALSE(read_only);
        return opener_;
    }
    Result<protocols::ServiceDescribeResult> describe(const ipc::Call&) override { return none(); }
    Result<ipc::Cap<protocols::Volume>> volume(const ipc::Call&, std::string_view, bool) override {
        return none();
    }
    Result<ipc::Cap<protocols::Filesystem>> filesystem(const ipc::Call&) override { return none(); }
    Result<ipc::Cap<protocols::Block>> block(const ipc::Call&, bool) override { return none(); }
    Result<std::vector<protocols::ServedClient>> clients(const ipc::Call&, std::uint64_t) override {
        return none();
    }
    Result<std::vector<protocols::HeldObject>> held(const ipc::Call&, std::uint64_t) override {
        return none();
    }
    Result<std::vector<protocols::HeldObject>> gates(const ipc::Call&) override {
        return fail(std::errc::function_not_supported);
    }
    Result<std::string> status(const ipc::Call&) override { return none(); }
    Result<ipc::Cap<protocols::Block>> image(const ipc::Call&) override { return none(); }

private:
    static std::unexpected<Error> none() { return fail(std::errc::not_supported); }
    ipc::Cap<protocols::Opener> opener_;
};

class CPrograms : public ClientGround {
protected:
    ipc::Cap<protocols::Opener> own_opener() {
        return files->opener(
            server::Authority(tree, {.uid = 0, .gid = 0, .groups = {}, .umask = 0, .pid = 0}));
    }
};
INSTANTIATE_TEST_SUITE_P(Remote, CPrograms, ::testing::Values(Way::remote), name_of_way);

TEST_P(CPrograms, reach_files_through_a_descriptor) {
    quire_client_context* in_c = nullptr;
    ASSERT_EQ(quire_client_open_gate(carrier->gate(own_opener())->release(), 0, &in_c), 0);
    EXPECT_EQ(run_c_program(in_c), 0);
    quire_client_set_patience(in_c, 0);
    EXPECT_EQ(quire_client_sync(in_c), -ETIMEDOUT);
    quire_client_set_patience(in_c, -1);
    EXPECT_EQ(quire_client_sync(in_c), 0);
    quire_client_free_context(in_c);
    quire_client_free_context(nullptr);
    EXPECT_LT(quire_client_open_gate(-1, 0, &in_c), 0);
    EXPECT_EQ(in_c, nullptr);
}

TEST_P(CPrograms, hear_of_events) {
    quire_client_context* in_c = nullptr;
    ASSERT_EQ(quire_client_open_gate(carrier->gate(own_opener())->release(), 1, &in_c), 0);
    EXPECT_EQ(run_c_program_of_events(in_c), 0);
    quire_client_free_context(in_c);
}

TEST_P(CPrograms, reach_files_through_a_socket) {
    const testing::TemporaryDirectory directory;
    const std::string path = directory.path() / "socket";
    quire_client_context* in_c = nullptr;
    EXPECT_EQ(quire_client_connect(path.c_str(), 0, &in_c), -ENOENT);
    EXPECT_EQ(in_c, nullptr);
    ASSERT_TRUE(carrier->listen(path, [&](const ipc::Peer&) -> Result<ipc::AnyCap> {
        return ipc::AnyCap(
            ipc::Cap<protocols::Service>(std::make_shared<SomeService>(own_opener())));
    }));
    ASSERT_EQ(quire_client_connect(path.c_str(), 0, &in_c), 0);
    EXPECT_EQ(run_c_program(in_c), 0);

    quire_client_file* file = nullptr;
    ASSERT_EQ(quire_client_open(in_c, "f", QUIRE_CLIENT_WRITE, 0, &file), 0);
    EXPECT_EQ(quire_client_write(file, "delayed", 7), 0);
    carrier.reset();
    EXPECT_EQ(quire_client_close(file), -ECONNRESET);
    EXPECT_EQ(quire_client_sync(in_c), -ECONNRESET);
    quire_client_free_context(in_c);
}

}  // namespace
}  // namespace quire::client
