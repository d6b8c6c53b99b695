// SPDX-License-Identifier: MIT
//
// The same random operations on files behind a capability and on the host's own, compared step by
// step.

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <random>
#include <string>

#include "client_ground.hpp"
#include "quire/testing/temporary_directory.hpp"

namespace quire::client {
namespace {

using RandomOperations = ClientGround;
QUIRE_BOTH_WAYS(RandomOperations);

struct Outcome {
    std::int64_t value = 0;  // or an errno, negative
    std::string content;
    friend bool operator==(const Outcome&, const Outcome&) = default;
};
std::ostream& operator<<(std::ostream& out, const Outcome& outcome) {
    return out << outcome.value << " with " << outcome.content.size() << " bytes";
}

Outcome outcome_of(std::int64_t value) {
    return {value < 0 ? -errno : value, {}};
}
template <typename T>
Outcome outcome_of(const Result<T>& result) {
    if (!result) return {-static_cast<int>(result.error().code()), {}};
    if constexpr (std::is_integral_v<T>) return {static_cast<std::int64_t>(*result), {}};
    return {0, {}};
}

/// One open file, here and there.
struct Twin {
    UniqueFd host;
    std::optional<File> ours;
    std::size_t name = 0;
};

class Sequence {
public:
    Sequence(Context& context, bool buffered, unsigned seed)
        : context_(context), buffered_(buffered), random_(seed) {}

    void run(int steps) {
        for (int i = 0; i < steps && !::testing::Test::HasFailure(); ++i) {
            SCOPED_TRACE("step " + std::to_string(i));
            step();
        }
        for (Twin& twin : twins_) close(twin);
        for (std::size_t name = 0; name < names; ++name) compare_whole(name);
    }

private:
    static constexpr std::size_t names = 2;
    static constexpr std::uint64_t longest = 700'000;

    std::uint64_t below(std::uint64_t limit) { return random_() % limit; }
    std::uint64_t some_size() {
        // About what has bounds: a buffer, a message, a part of the transfer buffer.
        const std::array<std::uint64_t, 6> bounds{10, 4096, 16'384, 61'440, 262'144, 300'000};
        const std::uint64_t bound = bounds.at(below(10) == 0 ? below(6) : below(4));
        return below(3) == 0 ? bound + below(3) : below(bound + 1);
    }
    std::string host_path(std::size_t name) const {
        return directory_.path() / ("f" + std::to_string(name));
    }
    static std::string our_path(std::size_t name) { return "f" + std::to_string(name); }

    void step() {
        Twin& twin = twins_.at(below(twins_.size()));
        if (!twin.ours) return open(twin);
        switch (below(12)) {
            case 0:
                return close(twin);
            case 1:
            case 2:
            case 3:
                return read(twin, std::nullopt);
            case 4:
            case 5:
            case 6:
                return write(twin, std::nullopt);
            case 7:
                return read(twin, below(longest));
            case 8:
                return write(twin, below(longest));
            case 9:
                return seek(twin);
            case 10:
                return truncate(twin);
            default:
                return look(twin);
        }
    }

    void open(Twin& twin) {
        twin.name = below(names);
        // What a buffer keeps, another open file does not see.
        for (const Twin& other : twins_)
            if (buffered_ && other.ours && other.name == twin.name) return;
        static constexpr std::array<std::pair<int, std::uint32_t>, 3> ways{
            {{O_RDONLY, protocols::open_read},
             {O_WRONLY, protocols::open_write},
             {O_RDWR, protocols::open_read | protocols::open_write}}};
        auto [host_flags, flags] = ways.at(std::min<std::uint64_t>(below(5), 2));
        const auto add = [&](unsigned one_in, int host, std::uint32_t ours) {
            if (below(one_in) != 0) return;
            host_flags |= host;
            flags |= ours;
        };
        add(2, O_CREAT, protocols::open_create);
        if ((host_flags & O_CREAT) != 0) add(6, O_EXCL, protocols::open_exclusive);
        if ((flags & protocols::open_write) != 0) add(6, O_TRUNC, protocols::open_truncate);
        add(4, O_APPEND, protocols::open_append);
        SCOPED_TRACE("open " + std::to_string(host_flags));
        UniqueFd host(::open(host_path(twin.name).c_str(), host_flags | O_CLOEXEC, 0644));
        const Outcome expected = outcome_of(host ? 0 : -1);
        OpenOptions options{.buffered = buffered_};
        if (below(2) == 0) options.first_bytes = static_cast<std::uint32_t>(below(70'000));
        auto ours = context_.open(our_path(twin.name), flags, options);
        ASSERT_EQ(outcome_of(ours), expected);
        if (!ours) return;
        twin.host = std::move(host);
        twin.ours = std::move(*ours);
    }
    static void close(Twin& twin) {
        if (!twin.ours) return;
        ASSERT_EQ(outcome_of(twin.ours->close()), (Outcome{0, {}}));
        twin.ours.reset();
        twin.host.reset();
    }
    void read(Twin& twin, std::optional<std::uint64_t> position) {
        std::vector<std::byte> memory(some_size());
        SCOPED_TRACE("read " + std::to_string(memory.size()));
        std::vector<char> host(memory.size());
        Outcome expected = outcome_of(position ? ::pread(twin.host.get(), host.data(), host.size(),
                                                         static_cast<off_t>(*position))
                                               : ::read(twin.host.get(), host.data(), host.size()));
        const auto got = position ? twin.ours->pread(*position, memory) : twin.ours->read(memory);
        Outcome outcome = outcome_of(got);
        if (expected.value > 0)
            expected.content.assign(host.data(), static_cast<std::size_t>(expected.value));
        if (got) outcome.content = text_of(std::span(memory).first(*got));
        ASSERT_EQ(outcome, expected);
    }
    void write(Twin& twin, std::optional<std::uint64_t> position) {
        const std::string text = pattern(some_size(), static_cast<unsigned>(random_()));
        SCOPED_TRACE("write " + std::to_string(text.size()));
        Outcome expected =
            outcome_of(position ? ::pwrite(twin.host.get(), text.data(), text.size(),
                                           static_cast<off_t>(*position))
                                : ::write(twin.host.get(), text.data(), text.size()));
        if (expected.value > 0) expected.value = 0;
        ASSERT_EQ(outcome_of(position ? twin.ours->pwrite(*position, bytes_of(text))
                                      : twin.ours->write(bytes_of(text))),
                  expected);
    }
    void seek(Twin& twin) {
        static constexpr std::array<std::pair<int, Whence>, 3> ways{
            {{SEEK_SET, Whence::set}, {SEEK_CUR, Whence::current}, {SEEK_END, Whence::end}}};
        const auto [host, ours] = ways.at(below(3));
        auto offset = static_cast<std::int64_t>(below(host == SEEK_SET ? longest / 2 : 100'000));
        if (below(host == SEEK_SET ? 10 : 2) == 0) offset = -offset;
        if (below(3) == 0) offset = 0;
        SCOPED_TRACE("seek " + std::to_string(offset));
        const Outcome expected = outcome_of(::lseek(twin.host.get(), offset, host));
        ASSERT_EQ(outcome_of(twin.ours->seek(offset, ours)), expected);
    }
    void truncate(Twin& twin) {
        const std::uint64_t size = below(longest);
        SCOPED_TRACE("truncate " + std::to_string(size));
        const Outcome expected = outcome_of(::ftruncate(twin.host.get(), static_cast<off_t>(size)));
        ASSERT_EQ(outcome_of(twin.ours->truncate(size)), expected);
    }
    void look(Twin& twin) {
        struct stat facts{};
        ASSERT_EQ(::fstat(twin.host.get(), &facts), 0);
        if (below(2) == 0) {
            ASSERT_TRUE(twin.ours->flush());
        }
        const auto attributes = twin.ours->attributes();
        ASSERT_TRUE(attributes);
        ASSERT_EQ(attributes->size, static_cast<std::uint64_t>(facts.st_size));
        ASSERT_EQ(twin.ours->position(),
                  static_cast<std::uint64_t>(::lseek(twin.host.get(), 0, SEEK_CUR)));
    }
    void compare_whole(std::size_t name) {
        const UniqueFd host(::open(host_path(name).c_str(), O_RDONLY | O_CLOEXEC));
        const auto ours = context_.read_file(our_path(name));
        ASSERT_EQ(static_cast<bool>(host), ours.has_value());
        if (!host) return;
        std::string text(ours->size() + 1, '\0');
        const ssize_t got = ::pread(host.get(), text.data(), text.size(), 0);
        text.resize(static_cast<std::size_t>(got));
        ASSERT_TRUE(text == text_of(*ours));
    }

    Context& context_;
    const bool buffered_;
    std::mt19937 random_;
    testing::TemporaryDirectory directory_;
    std::array<Twin, 3> twins_;
};

TEST_P(RandomOperations, come_to_the_same_as_the_hosts_own) {
    // Others by the environment: a run of its own each.
    const char* const wanted = std::getenv("QUIRE_SEED");
    const auto first = static_cast<unsigned>(wanted != nullptr ? std::stoul(wanted) : 1);
    for (const bool buffered : {false, true})
        for (unsigned seed = first; seed < first + (wanted != nullptr ? 1 : 4); ++seed) {
            SCOPED_TRACE((buffered ? "buffered, seed " : "unbuffered, seed ") +
                         std::to_string(seed));
            Context own = *Context::create(opener());
            const std::string place = std::to_string(seed) + (buffered ? "b" : "u");
            ASSERT_TRUE(own.mkdir(place));
            Context inside =
                *Context::create(*opener()->restrict(ipc::Call::forever(), place, false));
            Sequence(inside, buffered, seed).run(250);
            ASSERT_FALSE(HasFailure());
            EXPECT_FALSE(inside.take_lost_error());
        }
}

}  // namespace
}  // namespace quire::client
