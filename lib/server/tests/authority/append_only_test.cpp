// SPDX-License-Identifier: MIT
//
// Append-only files through guards and sessions: whatever way leads to them, only their end is
// written. What exactly is refused with what, lib/fs compares with the kernel.

#include "tests/kit/file_ground.hpp"
#include "tests/kit/guard_ground.hpp"

namespace quire::server {
namespace {

constexpr auto refused = std::errc::operation_not_permitted;
constexpr fs::OpenMode write_plainly{.read = true, .write = true};
constexpr fs::OpenMode write_the_end{.read = true, .write = true, .append = true};

class GuardOfAppendOnly : public GuardGround {
protected:
    GuardOfAppendOnly() {
        const auto open = *tree->open(call, at("secret"), write_plainly);
        EXPECT_TRUE(open->write_all(call, 0, bytes_of("0123456789")));
    }
    std::string all_of(std::string_view path) {
        std::string text(100, '\0');
        const auto open = *tree->open(call, at(path), {});
        text.resize(*open->read(call, 0, std::as_writable_bytes(std::span(text))));
        return text;
    }
};

TEST_F(GuardOfAppendOnly, opens_it_for_appending_only) {
    append_only = at("secret");
    Guard guard(whole());
    const fs::Cookie node = find(guard, "secret");
    EXPECT_EQ(error_of(guard.open(call, node, write_plainly)), refused);
    EXPECT_EQ(error_of(guard.open(call, node, {.read = false, .write = true})), refused);
    EXPECT_EQ(error_of(guard.write(call, node, 0, bytes_of("x"))), std::errc::bad_file_descriptor);
    EXPECT_TRUE(guard.open(call, node, {}));
    EXPECT_TRUE(guard.open(call, node, write_the_end));
}

TEST_F(GuardOfAppendOnly, lets_its_end_be_written_and_nothing_else) {
    append_only = at("secret");
    Guard guard(whole());
    const fs::Cookie node = find(guard, "secret");
    const fs::Cookie source = find(guard, "outside/secret");
    ASSERT_TRUE(guard.open(call, source, {}));
    ASSERT_TRUE(guard.open(call, node, write_the_end));
    EXPECT_EQ(error_of(guard.write(call, node, 0, bytes_of("x"))), refused);
    EXPECT_EQ(error_of(guard.setattr(call, node, {.size = 0})), refused);
    EXPECT_EQ(error_of(guard.fallocate(call, node, fs::AllocateMode::punch_hole, {0, 5})), refused);
    EXPECT_EQ(error_of(guard.fallocate(call, node, fs::AllocateMode::zero_range, {0, 5})), refused);
    EXPECT_EQ(error_of(guard.discard(call, node, {0, 5})), refused);
    EXPECT_EQ(error_of(guard.copy_range(call, source, 0, node, 0, 5)),
              std::errc::bad_file_descriptor);
    EXPECT_TRUE(guard.write(call, node, 10, bytes_of("ab")));
    EXPECT_EQ(all_of("secret"), "0123456789ab");
    EXPECT_TRUE(guard.close(call, node, write_the_end));
    EXPECT_EQ(error_of(guard.write(call, node, 12, bytes_of("x"))), std::errc::bad_file_descriptor);
}

TEST_F(GuardOfAppendOnly, refuses_to_cut_what_was_open_before_it_became_that) {
    Guard guard(whole());
    const fs::Cookie node = find(guard, "secret");
    ASSERT_TRUE(guard.open(call, node, write_plainly));
    append_only = at("secret");
    EXPECT_EQ(error_of(guard.setattr(call, node, {.size = 0})), refused);
    EXPECT_EQ(error_of(guard.fallocate(call, node, fs::AllocateMode::punch_hole, {0, 5})), refused);
    EXPECT_EQ(all_of("secret"), "0123456789");
}

class SessionsOnAppendOnly : public FileGround {
protected:
    SessionsOnAppendOnly() {
        file("log", "0123456789");
        const auto node = *tree->walk(fs::Call::as_root(), *Path::parse("log"));
        append_only = node->cookie();
    }
    static constexpr std::uint32_t to_append = to_write | protocols::open_append;
};

TEST_F(SessionsOnAppendOnly, are_opened_for_appending_only) {
    EXPECT_EQ(open_error("log", to_write), refused);
    EXPECT_EQ(open_error("log", protocols::open_write), refused);
    EXPECT_EQ(open_error("log", to_append | protocols::open_truncate), refused);
    EXPECT_EQ(open_error("log", to_read), std::errc());
    EXPECT_EQ(open_error("log", to_append), std::errc());
    EXPECT_EQ(content("log"), "0123456789");
}

TEST_F(SessionsOnAppendOnly, append_and_do_nothing_else) {
    const auto log = open("log", to_append);
    protocols::AttributeChanges cut;
    cut.which = protocols::change_size;
    EXPECT_EQ(code_of(log->set_attributes(in_time, cut)), refused);
    EXPECT_EQ(code_of(context->set_attributes(in_time, "log", true, cut)), refused);
    for (const auto mode :
         {protocols::AllocateMode::punch_hole, protocols::AllocateMode::zero_range})
        EXPECT_EQ(code_of(log->allocate(in_time, mode, {0, 5})), refused);
    EXPECT_EQ(code_of(log->flush(in_time, 100)), refused);
    // Wherever it is said to go.
    EXPECT_EQ(log->write(in_time, 0, bytes_of("ab"))->position_after, 12U);
    EXPECT_EQ(content("log"), "0123456789ab");
}

}  // namespace
}  // namespace quire::server
