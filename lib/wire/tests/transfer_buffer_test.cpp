// SPDX-License-Identifier: MIT

#include "quire/wire/transfer_buffer.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <utility>
#include <vector>

namespace quire::wire {
namespace {

constexpr std::uint64_t MiB = std::uint64_t{1} << 20U;

ipc::Memory sealed(std::uint64_t size, bool writable = true) {
    UniqueFd fd(::memfd_create("buffer", MFD_CLOEXEC | MFD_ALLOW_SEALING));
    EXPECT_EQ(::ftruncate(fd.get(), static_cast<off_t>(size)), 0);
    EXPECT_EQ(::fcntl(fd.get(), F_ADD_SEALS, F_SEAL_SHRINK), 0);
    return {std::move(fd), size, writable};
}

template <typename T>
std::errc code_of(const Result<T>& result) {
    return result ? std::errc{} : result.error().code();
}

class Accounts : public ::testing::Test {
protected:
    std::shared_ptr<Account> client(std::uint64_t bytes) const {
        return std::make_shared<Account>(AccountLimits{.buffer_bytes = bytes}, all);
    }
    const std::shared_ptr<Allowance> all = std::make_shared<Allowance>(3);
};

TEST_F(Accounts, are_charged_by_all_buffers_of_a_client) {
    const auto account = client(3 * MiB);
    TransferBuffer large(account);
    TransferBuffer small(account);
    ASSERT_TRUE(large.replace(sealed(2 * MiB)));
    // However little it is, it takes a mapping.
    ASSERT_TRUE(small.replace(sealed(4096)));
    EXPECT_EQ(account->buffer_bytes.used(), 3 * MiB);
    TransferBuffer more(account);
    EXPECT_EQ(code_of(more.replace(sealed(4096))), std::errc(EDQUOT));
    EXPECT_FALSE(more);
    EXPECT_EQ(all->used(), 2u);
}

TEST_F(Accounts, of_all_clients_share_what_there_is) {
    std::vector<std::unique_ptr<TransferBuffer>> buffers;
    for (int i = 0; i < 3; ++i) {
        buffers.push_back(std::make_unique<TransferBuffer>(client(MiB)));
        ASSERT_TRUE(buffers.back()->replace(sealed(4096)));
    }
    TransferBuffer another(client(MiB));
    EXPECT_EQ(code_of(another.replace(sealed(4096))), std::errc(EDQUOT));
    buffers.pop_back();
    EXPECT_TRUE(another.replace(sealed(4096)));
}

TEST_F(Accounts, get_back_what_was_replaced_once_nobody_uses_it) {
    const auto account = client(4 * MiB);
    TransferBuffer buffer(account);
    ASSERT_TRUE(buffer.replace(sealed(2 * MiB)));
    {
        const auto place = *buffer.target(0, 4096);
        ASSERT_TRUE(buffer.replace(sealed(MiB)));
        EXPECT_EQ(account->buffer_bytes.used(), 3 * MiB);
        place.bytes[4095] = std::byte{1};
    }
    EXPECT_EQ(account->buffer_bytes.used(), MiB);
    EXPECT_EQ(all->used(), 1u);
}

TEST_F(Accounts, lose_nothing_to_memory_that_is_refused) {
    const auto account = client(256 * MiB);
    TransferBuffer buffer(account);
    EXPECT_EQ(code_of(buffer.replace({})), std::errc::invalid_argument);
    EXPECT_EQ(code_of(buffer.replace(sealed(64 * MiB + 1))), std::errc::invalid_argument);
    EXPECT_EQ(code_of(buffer.source(0, 0)), std::errc::invalid_argument);
    EXPECT_EQ(account->buffer_bytes.used(), 0u);
    EXPECT_EQ(all->used(), 0u);
}

TEST_F(Accounts, pay_for_memory_that_is_only_read_too) {
    TransferBuffer buffer(client(MiB));
    ASSERT_TRUE(buffer.replace(sealed(8192, false)));
    EXPECT_TRUE(buffer.source(8191, 1));
    EXPECT_FALSE(buffer.source(8191, 2));
    EXPECT_FALSE(buffer.source(UINT64_MAX, 2));
    const auto target = buffer.target(0, 1);
    ASSERT_FALSE(target);
    EXPECT_EQ(target.error(), std::errc::permission_denied);
}

}  // namespace
}  // namespace quire::wire
