// SPDX-License-Identifier: MIT

#pragma once

#include <gtest/gtest.h>
#include <sys/types.h>

#include <functional>
#include <string>
#include <string_view>

#include "quire/base/unique_fd.hpp"
#include "quire/confine/confinement.hpp"

namespace quire::confine::tests {

/// As whom a child runs: as this program does, or, where that is root, as a user without rights.
enum class Who : bool { as_we_are, plain_user };
std::string name_of(Who who);

inline constexpr uid_t plain_uid = 65534;

/// What a child says to its parent, and when.
class Voice {
public:
    Voice(UniqueFd out, UniqueFd go_on) : out_(std::move(out)), go_on_(std::move(go_on)) {}

    void say(std::string_view text) const;
    /// Says `complaint` unless `good`.
    void expect(bool good, std::string_view complaint) const;
    /// Waits until the parent says go on.
    void pause() const;
    /// Confines the child, which keeps its voice and stderr besides.
    Result<Report> confine(Confinement wanted) const;
    /// The same, and complains when that fails.
    bool confined(const Confinement& wanted) const;

private:
    UniqueFd out_;
    UniqueFd go_on_;
};

struct Ending {
    int signal = 0;   ///< that killed it; 0: none
    int status = -1;  ///< that it exited with
    std::string said;
};

/// A process of its own for one case. It exits with status 0 after `body`.
class Child {
public:
    using Body = std::function<void(const Voice&)>;
    Child(Who who, const Body& body);
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;
    ~Child();

    pid_t pid() const { return pid_; }
    /// Waits until it pauses; false when it ended instead.
    bool paused();
    /// Lets it go on, and waits for its end.
    Ending end();

private:
    bool listen();

    pid_t pid_ = -1;
    UniqueFd heard_;
    UniqueFd go_on_;
    std::string said_;
};

Ending in_child(Who who, const Child::Body& body);
/// Succeeds when it exited with 0 and had nothing to complain of.
::testing::AssertionResult content(const Ending& ending);

/// What a call returned: "ok", or the name of the error in errno.
std::string outcome(long result);

/// Runs a command by the shell, with what it says going nowhere; whether it succeeded.
bool succeeds(const std::string& command);

/// Both kinds of child, for INSTANTIATE_TEST_SUITE_P; skip_when_same() leaves out the second where
/// it is the first.
inline const auto everybody = ::testing::Values(Who::as_we_are, Who::plain_user);
bool is_the_same(Who who);

}  // namespace quire::confine::tests

#define SKIP_WHEN_SAME(who)                        \
    if (::quire::confine::tests::is_the_same(who)) \
    GTEST_SKIP() << "this program runs as a plain user already"
