// SPDX-License-Identifier: MIT

#pragma once

#include <gtest/gtest.h>
#include <sys/types.h>

#include <cerrno>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "kinds.hpp"
#include "subject.hpp"

namespace quire::conformance {

using fs::FileType;

inline constexpr fs::OpenMode reading{.read = true, .write = false};
inline constexpr fs::OpenMode writing{.read = false, .write = true};

/// The fixture of every case: a new filesystem of one kind, which is unmounted and checked for
/// damage at the end. Files that a case opens it must close.
class Conformance : public ::testing::TestWithParam<Kind> {
protected:
    void SetUp() override;
    void TearDown() override;

    const Traits& traits() const { return ground_->traits(); }
    /// Somebody who is neither root nor anybody else.
    std::shared_ptr<Subject> user(std::uint32_t uid, std::uint32_t gid,
                                  std::vector<std::uint32_t> groups = {}, std::uint16_t umask = 0);
    /// Unmounts and mounts again, where the kind can.
    void remount();

    // What cases are made of; what fails here fails the case.
    void file(const std::string& path, std::string_view content = {},
              std::uint16_t permissions = 0644);
    void directory(const std::string& path, std::uint16_t permissions = 0755);
    void owned(const std::string& path, std::uint32_t uid, std::uint32_t gid,
               std::uint16_t permissions);
    std::string content(const std::string& path);
    fs::Attributes stat(const std::string& path);  ///< does not follow a link at the end
    bool exists(const std::string& path);
    std::vector<std::string> names(const std::string& path);
    std::unique_ptr<File> open(const std::string& path, bool write = true);

    /// As far as the clock of the kind can tell.
    void expect_later(const Time& after, const Time& before);

    std::shared_ptr<Subject> root;

private:
    std::unique_ptr<Ground> ground_;
};

std::string kind_name(const ::testing::TestParamInfo<Kind>& info);

template <typename T>
::testing::AssertionResult succeeds(const Result<T>& result) {
    if (result) return ::testing::AssertionSuccess();
    return ::testing::AssertionFailure() << result.error().message();
}

::testing::AssertionResult fails(int expected, const Error* error);

template <typename T>
::testing::AssertionResult fails(int expected, const Result<T>& result) {
    return fails(expected, result ? nullptr : &result.error());
}

}  // namespace quire::conformance

#define EXPECT_OK(...) EXPECT_TRUE(::quire::conformance::succeeds(__VA_ARGS__))
#define ASSERT_OK(...) ASSERT_TRUE(::quire::conformance::succeeds(__VA_ARGS__))
/// The operation fails, and with exactly this errno.
#define EXPECT_FAILS(code, ...) EXPECT_TRUE(::quire::conformance::fails(code, __VA_ARGS__))
#define NEEDS(condition, reason) \
    if (!(condition)) GTEST_SKIP() << reason

/// A suite of cases that runs on every kind.
#define CONFORMANCE_SUITE(name)                                                                 \
    class name : public ::quire::conformance::Conformance {};                                   \
    INSTANTIATE_TEST_SUITE_P(Volumes, name, ::testing::ValuesIn(::quire::conformance::kinds()), \
                             ::quire::conformance::kind_name)
