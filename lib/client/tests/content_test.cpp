// SPDX-License-Identifier: MIT
//
// Reading, writing and seeking, with and without buffers.

#include "buffers/read_ahead.hpp"
#include "client_ground.hpp"

namespace quire::client {
namespace {

using ContentOfFiles = ClientGround;
QUIRE_BOTH_WAYS(ContentOfFiles);

constexpr OpenOptions unbuffered{.buffered = false};

TEST_P(ContentOfFiles, is_what_was_written) {
    for (const bool buffered : {false, true}) {
        const OpenOptions options{.buffered = buffered};
        File file = open("f", "w+", options);
        EXPECT_TRUE(file.write(bytes_of("hello, ")));
        EXPECT_TRUE(file.write(bytes_of("world")));
        EXPECT_EQ(*file.position(), 12u);
        EXPECT_EQ(*file.seek(0, Whence::set), 0u);
        EXPECT_EQ(read(file, 5), "hello");
        EXPECT_EQ(read(file, 100), ", world");
        EXPECT_EQ(read(file, 100), "");
        EXPECT_TRUE(file.pwrite(7, bytes_of("W")));
        std::vector<std::byte> memory(5);
        EXPECT_EQ(*file.pread(7, memory), 5u);
        EXPECT_EQ(text_of(memory), "World");
        EXPECT_EQ(*file.position(), 12u);
        EXPECT_EQ(file.attributes()->size, 12u);
        EXPECT_TRUE(file.truncate(5));
        EXPECT_EQ(*file.seek(-1, Whence::end), 4u);
        EXPECT_EQ(read(file, 10), "o");
        EXPECT_TRUE(file.close());
        EXPECT_EQ(content("f"), "hello");
    }
}

TEST_P(ContentOfFiles, is_as_long_as_one_likes) {
    const std::string long_content = pattern(3 * MiB + 12'345);
    for (const bool buffered : {false, true}) {
        const OpenOptions options{.buffered = buffered};
        File file = open("f", "w+", options);
        EXPECT_TRUE(file.write(bytes_of(long_content)));
        EXPECT_EQ(*file.seek(0, Whence::set), 0u);
        EXPECT_TRUE(read(file, 4 * MiB) == long_content);
        EXPECT_TRUE(file.close());
        EXPECT_TRUE(content("f") == long_content);
    }
}

TEST_P(ContentOfFiles, is_read_and_written_in_pieces_of_any_size) {
    for (const std::size_t piece : {1000u, 4096u, 61'440u, 61'441u, 200'000u}) {
        const std::string whole = pattern(500'000);
        File out = open("f", "w");
        for (std::size_t at = 0; at < whole.size(); at += piece)
            ASSERT_TRUE(out.write(bytes_of(std::string_view(whole).substr(at, piece))));
        ASSERT_TRUE(out.close());
        File in = open("f", "r");
        std::string got;
        while (true) {
            const std::string more = read(in, piece);
            if (more.empty()) break;
            got += more;
        }
        EXPECT_TRUE(got == whole) << piece;
    }
}

TEST_P(ContentOfFiles, begins_where_a_mode_says) {
    EXPECT_EQ(code_of(context->open("f", "r")), std::errc::no_such_file_or_directory);
    EXPECT_EQ(code_of(context->open("f", "r+")), std::errc::no_such_file_or_directory);
    make("f", "content");
    EXPECT_EQ(code_of(context->open("f", "wx")), std::errc::file_exists);
    EXPECT_EQ(code_of(context->open("f", "q")), std::errc::invalid_argument);
    EXPECT_EQ(code_of(context->open("f", "rw")), std::errc::invalid_argument);
    EXPECT_EQ(code_of(context->open("f", "")), std::errc::invalid_argument);
    EXPECT_EQ(context->last_error()->code(), std::errc::invalid_argument);

    File both = open("f", "rb+");
    EXPECT_EQ(read(both, 3), "con");
    EXPECT_TRUE(both.write(bytes_of("T")));
    EXPECT_TRUE(both.close());
    EXPECT_EQ(content("f"), "conTent");

    File reader = open("f", "r");
    EXPECT_EQ(code_of(reader.write(bytes_of("x"))), std::errc::bad_file_descriptor);
    EXPECT_EQ(code_of(reader.truncate(0)), std::errc::invalid_argument);
    EXPECT_EQ(reader.last_error()->code(), std::errc::invalid_argument);
    File writer = open("f", "w");
    std::byte one[1];
    EXPECT_EQ(code_of(writer.read(one)), std::errc::bad_file_descriptor);
    EXPECT_TRUE(writer.close());
    EXPECT_EQ(code_of(writer.write(bytes_of("x"))), std::errc::bad_file_descriptor);
    EXPECT_EQ(code_of(writer.close()), std::errc::bad_file_descriptor);
    EXPECT_EQ(code_of(writer.seek(0, Whence::set)), std::errc::bad_file_descriptor);
    EXPECT_EQ(code_of(writer.flush()), std::errc::bad_file_descriptor);
    EXPECT_EQ(content("f"), "");
}

TEST_P(ContentOfFiles, is_appended_at_the_end_wherever_it_is) {
    make("log", "0");
    for (const bool buffered : {false, true}) {
        File one = open("log", "a+", {.buffered = buffered});
        File two = open("log", "a", {.buffered = buffered});
        EXPECT_TRUE(one.write(bytes_of("1")));
        EXPECT_TRUE(one.write_out());
        EXPECT_TRUE(two.write(bytes_of("2")));
        EXPECT_TRUE(two.write_out());
        EXPECT_TRUE(one.write(bytes_of("3")));
        EXPECT_TRUE(one.pwrite(0, bytes_of("4")));
        EXPECT_EQ(*one.position(), buffered ? 8u : 4u);
        EXPECT_EQ(*one.seek(0, Whence::set), 0u);
        EXPECT_EQ(read(one, 100), buffered ? "012341234" : "01234");
    }
    File kept = open("log", "a+");
    EXPECT_TRUE(kept.write(bytes_of("5")));
    EXPECT_EQ(*kept.seek(1, Whence::set), 1u);
    EXPECT_TRUE(kept.write_out());
    EXPECT_EQ(*kept.position(), 1u) << "what was written before the seek does not move it";
}

TEST_P(ContentOfFiles, waits_in_the_buffer_until_it_is_asked_for) {
    File file = open("f", "w+");
    File other = open("f", "r", unbuffered);
    const auto seen = [&] {
        EXPECT_TRUE(other.seek(0, Whence::set));
        return read(other, 100);
    };
    EXPECT_TRUE(file.write(bytes_of("a")));
    EXPECT_EQ(seen(), "");
    EXPECT_TRUE(file.write_out());
    EXPECT_EQ(seen(), "a");
    EXPECT_TRUE(file.write(bytes_of("b")));
    EXPECT_TRUE(file.flush());
    EXPECT_EQ(seen(), "ab");
    EXPECT_TRUE(file.write(bytes_of("c")));
    EXPECT_TRUE(file.seek(2, Whence::set));
    EXPECT_EQ(seen(), "abc");
    EXPECT_TRUE(file.write(bytes_of("C")));
    EXPECT_EQ(file.attributes()->size, 3u);
    EXPECT_EQ(seen(), "abC");
    EXPECT_TRUE(file.write(bytes_of("d")));
    EXPECT_EQ(read(file, 1), "");
    EXPECT_EQ(seen(), "abCd");
    EXPECT_TRUE(file.write(bytes_of("e")));
    {
        const File ends = std::move(file);
    }
    EXPECT_EQ(seen(), "abCde");
    EXPECT_FALSE(context->take_lost_error());
}

TEST_P(ContentOfFiles, read_ahead_may_be_old_until_it_is_forgotten) {
    make("f", "old");
    File file = open("f", "r");
    make("g", "");
    File writer = open("f", "r+");
    EXPECT_TRUE(writer.write(bytes_of("new, and longer")));
    EXPECT_TRUE(writer.flush());
    EXPECT_EQ(read(file, 100), "old");
    EXPECT_TRUE(file.seek(0, Whence::set));
    file.forget_read();
    EXPECT_EQ(read(file, 100), "new, and longer");
    // Who follows a growing file sees the end, and then what has come.
    EXPECT_EQ(read(file, 100), "");
    EXPECT_TRUE(writer.write(bytes_of("!")));
    EXPECT_TRUE(writer.flush());
    EXPECT_EQ(read(file, 100), "!");
}

TEST_P(ContentOfFiles, has_positions_that_make_sense) {
    make("f", "0123456789");
    File file = open("f", "r+");
    EXPECT_EQ(*file.seek(3, Whence::set), 3u);
    EXPECT_EQ(*file.seek(-2, Whence::current), 1u);
    EXPECT_EQ(*file.seek(5, Whence::end), 15u);
    EXPECT_EQ(code_of(file.seek(-1, Whence::set)), std::errc::invalid_argument);
    EXPECT_EQ(code_of(file.seek(-16, Whence::current)), std::errc::invalid_argument);
    EXPECT_EQ(code_of(file.seek(INT64_MIN, Whence::end)), std::errc::invalid_argument);
    EXPECT_EQ(code_of(file.seek(INT64_MAX, Whence::current)), std::errc::value_too_large);
    EXPECT_EQ(*file.position(), 15u);
    EXPECT_EQ(read(file, 1), "");
    EXPECT_EQ(*file.seek(4, Whence::data), 4u);
    EXPECT_EQ(*file.seek(4, Whence::hole), 10u);
    EXPECT_EQ(code_of(file.seek(10, Whence::data)), std::errc::no_such_device_or_address);
    EXPECT_EQ(code_of(file.seek(-1, Whence::data)), std::errc::no_such_device_or_address);
    EXPECT_EQ(*file.seek(INT64_MAX, Whence::set), std::uint64_t{INT64_MAX});
    EXPECT_EQ(code_of(file.write(bytes_of("x"))), std::errc::file_too_large);
    EXPECT_EQ(code_of(file.pwrite(UINT64_MAX, bytes_of("x"))), std::errc::file_too_large);
    EXPECT_TRUE(file.allocate(protocols::AllocateMode::punch_hole, 0, 4));
    EXPECT_TRUE(file.seek(0, Whence::set));
    EXPECT_EQ(read(file, 6), std::string("\0\0\0\0", 4) + "45");
}

TEST_P(ContentOfFiles, that_cannot_be_written_leaves_the_position) {
    constexpr std::size_t piece = 1000;
    const std::size_t room = WriteBehind::limit();
    // A piece that fills the buffer, one that has no place in it, and one that is never kept.
    for (const std::size_t first : {room - piece, room - 1, room}) {
        File file = open("f", "w+");
        EXPECT_TRUE(file.write(bytes_of("12345")));
        EXPECT_TRUE(file.write_out());
        set_hook([](fs::Operation operation, fs::Cookie) -> Result<void> {
            if (operation == fs::Operation::write) return fail(std::errc::no_space_on_device);
            return {};
        });
        std::uint64_t position = 5;
        if (first < room) {
            EXPECT_TRUE(file.write(bytes_of(pattern(first))));
            position += first;
            EXPECT_EQ(code_of(file.write(bytes_of(pattern(piece)))), std::errc::no_space_on_device);
        } else {
            EXPECT_EQ(code_of(file.write(bytes_of(pattern(first)))), std::errc::no_space_on_device);
        }
        EXPECT_EQ(file.position().value_or(0), position) << first;
        set_hook(nullptr);
        EXPECT_EQ(code_of(file.close()),
                  first < room ? std::errc::no_space_on_device : std::errc());
    }
}

TEST_P(ContentOfFiles, that_cannot_be_written_later_is_reported) {
    const auto fill_up = [&](fs::Operation operation, fs::Cookie) -> Result<void> {
        if (operation == fs::Operation::write) return fail(std::errc::no_space_on_device);
        return {};
    };
    constexpr auto no_space = std::errc::no_space_on_device;
    {
        File file = open("f", "w+");
        set_hook(fill_up);
        EXPECT_TRUE(file.write(bytes_of("a")));
        EXPECT_EQ(code_of(file.close()), no_space);
        EXPECT_EQ(file.last_error()->code(), no_space);
        set_hook(nullptr);
    }
    {
        // Reported where it failed, and once more by flush; then no more.
        File file = open("f", "w+");
        set_hook(fill_up);
        EXPECT_TRUE(file.write(bytes_of("a")));
        EXPECT_EQ(code_of(file.seek(7, Whence::set)), no_space);
        EXPECT_EQ(*file.position(), 1u);
        set_hook(nullptr);
        EXPECT_TRUE(file.write(bytes_of("b")));
        EXPECT_EQ(code_of(file.flush()), no_space);
        EXPECT_TRUE(file.flush());
        EXPECT_TRUE(file.close());
        EXPECT_EQ(content("f"), std::string("\0b", 2));
    }
    {
        // Others still work, and have no error.
        File other = open("other", "w");
        File file = open("f", "w+");
        set_hook(fill_up);
        EXPECT_TRUE(file.write(bytes_of("a")));
        EXPECT_EQ(code_of(file.attributes()), no_space);
        EXPECT_FALSE(other.last_error());
        set_hook(nullptr);
        EXPECT_EQ(code_of(file.write_out()), no_space);
        EXPECT_TRUE(other.close());
    }
    EXPECT_FALSE(context->take_lost_error());
    {
        File file = open("f", "w");
        set_hook(fill_up);
        EXPECT_TRUE(file.write(bytes_of("a")));
    }
    EXPECT_EQ(context->take_lost_error()->code(), no_space);
    EXPECT_FALSE(context->take_lost_error());
    {
        File file = open("f", "w");
        EXPECT_TRUE(file.write(bytes_of("a")));
        set_hook(nullptr);
        file = open("g", "w");
        EXPECT_FALSE(context->take_lost_error());
        EXPECT_TRUE(file.write(bytes_of("g")));
    }
    EXPECT_EQ(content("f"), "a");
    EXPECT_EQ(content("g"), "g");
}

TEST_P(ContentOfFiles, is_read_whole) {
    make("empty", "");
    EXPECT_EQ(content("empty"), "");
    for (const std::size_t size : {1u, 61'439u, 61'440u, 61'441u, 700'000u}) {
        const std::string whole = pattern(size);
        make("f", whole);
        EXPECT_TRUE(content("f") == whole) << size;
        EXPECT_EQ(code_of(context->read_file("f", size - 1)), std::errc::file_too_large);
        EXPECT_TRUE(context->read_file("f", size));
    }
    EXPECT_EQ(code_of(context->read_file("none")), std::errc::no_such_file_or_directory);
    EXPECT_EQ(code_of(context->read_file("/")), std::errc::is_a_directory);
}

}  // namespace
}  // namespace quire::client
