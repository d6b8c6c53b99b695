// SPDX-License-Identifier: MIT

#include "quire/base/result.hpp"

#include <gtest/gtest.h>

#include <memory>

namespace quire {
namespace {

Result<std::unique_ptr<int>> make(bool good) {
    if (!good) return fail(std::errc::io_error, "disk.img: block 7 can't be read");
    return std::make_unique<int>(7);
}

Result<int> use(bool good) {
    QUIRE_TRY_ASSIGN(std::unique_ptr<int> value, make(good));
    QUIRE_TRY(make(true));
    return *value;
}

TEST(Result, passes_values_and_errors_on) {
    EXPECT_EQ(*use(true), 7);
    EXPECT_EQ(use(false).error(), std::errc::io_error);
}

TEST(Error, says_what_failed_and_what_it_means) {
    EXPECT_EQ(use(false).error().message(), "disk.img: block 7 can't be read: Input/output error");
    EXPECT_EQ(Error(std::errc::io_error).message(), "Input/output error");
    EXPECT_EQ(Error(std::errc::io_error).within("a.img").message(), "a.img: Input/output error");
}

TEST(Error, of_errno) {
    errno = ENOSPC;
    EXPECT_EQ(Error::from_errno(), std::errc::no_space_on_device);
}

}  // namespace
}  // namespace quire
