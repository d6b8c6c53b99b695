// SPDX-License-Identifier: MIT

#pragma once

#include <gtest/gtest.h>
#include <sys/types.h>

#include <string>
#include <vector>

#include "quire/testing/temporary_directory.hpp"
#include "tests/support/run_quire.hpp"

namespace quire::app::testing {

/// `text` with every `from` made a `to`.
std::string substituted(std::string text, const std::string& from, const std::string& to);

/// A directory, and servers in it that end with the test.
class WithServers : public ::testing::Test {
protected:
    void TearDown() override;

    Surroundings surroundings(const std::string& input = {}) const;
    Outcome quire(const std::vector<std::string>& arguments, const std::string& input = {}) const;
    /// `quire serve --background`.
    Outcome serve(const std::string& address, const std::string& socket,
                  std::vector<std::string> options = {});
    pid_t pid_of(const std::string& socket) const;
    bool listens(const std::string& socket) const;
    /// Waits until everything is committed and the image free.
    void stop(const std::string& socket) const;
    void expect_clean(const std::string& image) const;

    const quire::testing::TemporaryDirectory place;
    std::vector<std::string> sockets_;
};

}  // namespace quire::app::testing
