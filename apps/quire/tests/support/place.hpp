// SPDX-License-Identifier: MIT

#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "quire/testing/temporary_directory.hpp"
#include "tests/support/run_quire.hpp"

namespace quire::app::testing {

/// A test with a directory of its own in which programs run. Scripts find `quire`, the outsider
/// `tree-hash` and `make`, which makes a filesystem that belongs to root.
class Place : public ::testing::Test {
protected:
    void SetUp() override {
        for (const char* program : {"mke2fs", "e2fsck", "debugfs", "tar"})
            if (!have(program)) GTEST_SKIP() << program << " is not installed";
    }

    void prepare(const std::string& script) const { testing::prepare(words() + script, path()); }
    Outcome shell(const std::string& script) const {
        return run({"bash", "-uc", words() + script}, surroundings());
    }
    Outcome quire(const std::vector<std::string>& arguments, std::string input = {},
                  std::vector<std::string> environment = {}) const {
        return testing::quire(arguments, {path(), std::move(input), std::move(environment)});
    }
    /// Standard output of what must succeed and say nothing else.
    std::string out(const std::vector<std::string>& arguments, std::string input = {}) const {
        const Outcome outcome = quire(arguments, std::move(input));
        EXPECT_EQ(outcome.status, 0) << outcome.err;
        EXPECT_EQ(outcome.err, "");
        return outcome.out;
    }
    /// Ends with `status`, nothing on standard output and one sentence that has `part`.
    static void expect_sentence(const Outcome& outcome, int status, const std::string& part) {
        EXPECT_EQ(outcome.status, status) << outcome.err;
        EXPECT_EQ(outcome.out, "");
        EXPECT_THAT(outcome.err, ::testing::HasSubstr(part));
        EXPECT_EQ(std::ranges::count(outcome.err, '\n'), 1) << outcome.err;
    }
    /// What an outsider says of a script's output: it must succeed.
    std::string said(const std::string& script) const {
        const Outcome outcome = shell(script);
        EXPECT_EQ(outcome.status, 0) << script << '\n' << outcome.out << outcome.err;
        return outcome.out;
    }
    std::string content(const std::string& name) const {
        std::ifstream file(place / name, std::ios::binary);
        return {std::istreambuf_iterator<char>(file), {}};
    }
    void write(const std::string& name, const std::string& text) const {
        std::ofstream(place / name, std::ios::binary) << text;
    }
    std::filesystem::path path() const { return place.path(); }
    static bool root() { return ::geteuid() == 0; }

    /// A tree `d` with everything that this user can make here.
    void make_tree() const {
        prepare(R"sh(
            umask 022
            mkdir -p d/etc d/sub/deep d/empty
            printf 'hello\n' > d/etc/motd; ln d/etc/motd d/sub/hard; ln -s ../etc/motd d/sub/soft
            head -c 100000 /dev/urandom > d/sub/random
            truncate -s 3M d/sub/sparse; printf end >> d/sub/sparse
            printf z > $'d/odd\t\xff'; mkfifo d/sub/fifo
            printf x > "d/$(printf 'n%.0s' {1..200})"
            if [ "$(id -u)" = 0 ]; then
                mknod d/sub/null c 1 3; mknod d/sub/disk b 259 70000
                chown 70000:4000000000 d/sub/random
                chmod 6755 d/etc/motd
            fi
            setfattr -n user.note -v some d/etc/motd 2>/dev/null || true
            setfacl -m u:1234:r d/sub/random 2>/dev/null || true
            touch -d @1000000000.123456789 d/etc/motd; touch -h -d @-5.5 d/sub/soft
            touch -d @4000000000.000000001 d/sub/random; touch -d @5 d/empty d/sub d)sh");
    }

private:
    Surroundings surroundings() const { return {path(), {}, {}}; }
    static std::string words() {
        const std::string tools =
            std::filesystem::path(QUIRE_COMPLETION).parent_path().string() + "/tree-hash";
        return "quire() { \"" QUIRE_PROGRAM "\" \"$@\"; }\ntree-hash() { python3 '" + tools +
               "' \"$@\"; }\nmake() { mke2fs -q -F -E root_owner=0:0 \"$@\"; }\n";
    }

    const quire::testing::TemporaryDirectory place;
};

}  // namespace quire::app::testing
