// SPDX-License-Identifier: MIT

#pragma once

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "quire/testing/temporary_directory.hpp"
#include "tests/support/run_quire.hpp"

namespace quire::app::testing {

/// What stat(1) tells about a file.
struct Facts {
    std::string type;  ///< "regular", "directory", "symlink", …
    unsigned mode = 0;
    unsigned uid = 0;
    unsigned gid = 0;
    unsigned links = 0;      ///< not of directories
    std::uint64_t size = 0;  ///< of regular files
    std::string target;      ///< of symbolic links
    std::string access;      ///< "seconds.nanoseconds"
    std::string modify;
    friend bool operator==(const Facts&, const Facts&) = default;
};
std::ostream& operator<<(std::ostream& out, const Facts& facts);
using Tree = std::map<std::string, Facts>;  // by path, "" is the top

/// One tree three times: `gnu/` for the programs of coreutils, `mine/` and the ext4 image `a.img`
/// for quire. The same commands on all have to lead to the same outcome.
class Twins : public ::testing::Test {
protected:
    void SetUp() override;

    /// Makes the three out of what a script does in an empty directory.
    void make(const std::string& script);
    /// Runs the command with `{}` standing for the tree, as the program of coreutils and twice as a
    /// verb: all have to succeed, or all to fail.
    void command(const std::vector<std::string>& words, const std::string& umask = "022");
    /// That the three are the same now, and that e2fsck has nothing to say.
    void expect_same(bool with_times = false);

    /// Runs quire in the place of the test.
    Outcome quire(const std::vector<std::string>& words,
                  const std::vector<std::string>& environment = {}) const;
    /// Runs a script in the place of the test; its standard output.
    std::string shell(const std::string& script) const;
    /// quire fails with exit code 1 and one sentence that has `words`.
    void expect_refused(const std::vector<std::string>& arguments, const std::string& words) const;
    void expect_clean(const std::string& image = "a.img") const;

    Tree tree_of_host(const std::string& directory) const;
    /// As debugfs sees it, by the paths of another tree.
    Tree tree_of_image(const std::string& image, const Tree& paths) const;

    const quire::testing::TemporaryDirectory place;

private:
    Outcome with_umask(const std::string& umask, const std::vector<std::string>& words) const;
};

}  // namespace quire::app::testing
