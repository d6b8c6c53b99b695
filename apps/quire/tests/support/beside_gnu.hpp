// SPDX-License-Identifier: MIT

#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "quire/testing/temporary_directory.hpp"
#include "tests/support/run_quire.hpp"

namespace quire::app::testing {

/// One command line run three times from the same beginning: by a coreutils program on a
/// directory, by quire on a directory of the host, and by quire inside an ext4 image. The trees and
/// the exit codes have to be the same afterwards. coreutils is the oracle: nobody here wrote it.
class BesideGnu : public ::testing::Test {
protected:
    void SetUp() override;

    /// `set_up` makes the tree, in its top. Words of the command that begin with `:` name something
    /// in it: `:/a/b`. `with_times`: times of modification count too (they differ where nothing
    /// preserves them).
    void expect_same(const std::string& set_up, const std::string& program,
                     const std::vector<std::string>& arguments, bool with_times = false);

    void prepare(const std::string& script) const { testing::prepare(script, place.path()); }
    Outcome quire(const std::vector<std::string>& arguments, const std::string& input = {}) const {
        return testing::quire(arguments,
                              {.directory = place.path(), .input = input, .environment = {}});
    }
    Outcome shell(const std::string& script) const {
        return testing::run({"bash", "-uc", script},
                            {.directory = place.path(), .input = {}, .environment = {}});
    }
    /// The outcome must be success without a word on standard error.
    std::string out(const std::vector<std::string>& arguments, const std::string& input = {}) const;
    /// Refused with exit code 1 and one sentence that has `words`.
    void expect_refused(const std::vector<std::string>& arguments, const std::string& words) const;
    /// e2fsck finds nothing to say about an image.
    void expect_clean(const std::string& image) const;
    /// Lines of everything in a host directory.
    std::string lines(const std::string& directory) const;
    /// Lines of everything in an image, shown by the kernel where this is root and loop devices
    /// work, otherwise copied out by quire.
    std::string lines_of_image(const std::string& image) const;
    bool is_root() const;

    const quire::testing::TemporaryDirectory place;

private:
    void show(const std::string& image, const std::string& directory,
              const std::function<void()>& look) const;

    std::string made_;  // what base and base.img are made of
};

}  // namespace quire::app::testing
