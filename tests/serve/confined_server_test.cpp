// SPDX-License-Identifier: MIT

// The process that parses a served image is confined, as seen from outside: by /proc, and by strace
// while a client uses all that there is.

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "crash/traced_program.hpp"
#include "quire/client/context.hpp"
#include "quire/ipc/client.hpp"
#include "quire/ipc/server.hpp"
#include "quire/protocols/service.hpp"
#include "quire/testing/bytes.hpp"
#include "quire/testing/fuzz_messages.hpp"
#include "quire/testing/temporary_directory.hpp"
#include "serve/served_image.hpp"

namespace quire::tests {
namespace {

namespace stdfs = std::filesystem;
using ::testing::AnyOf;
using ::testing::StartsWith;

constexpr uid_t plain_user = 65534;

/// Lines `NAME: VALUE`, as in /proc/PID/status.
std::map<std::string, std::string> lines_of(const stdfs::path& file) {
    std::map<std::string, std::string> values;
    std::ifstream lines(file);
    for (std::string line; std::getline(lines, line);) {
        const std::size_t colon = line.find(':');
        const std::size_t value = line.find_first_not_of(" \t", colon + 1);
        if (colon == line.npos || value == line.npos) continue;
        values[line.substr(0, colon)] = line.substr(value);
    }
    return values;
}

std::vector<std::string> text_lines_of(const stdfs::path& file) {
    std::vector<std::string> lines;
    std::ifstream text(file);
    for (std::string line; std::getline(text, line);) lines.push_back(line);
    return lines;
}

/// A client that does everything once, and keeps what it has.
class BusyClient {
public:
    explicit BusyClient(const std::string& socket)
        : home_(*ipc::Server::create()),
          service_(*ipc::connect<protocols::Service>(socket, home_.home())),
          context_(*client::Context::create(*service_->opener(any_time_, "", false))),
          other_(*client::Context::create(*service_->opener(any_time_, "", false))) {}

    void do_everything() {
        write_and_read();
        list_and_change();
        use_long_attributes();
        hear_of_changes();
    }

private:
    static constexpr auto to_make =
        protocols::open_read | protocols::open_write | protocols::open_create;

    void write_and_read() {
        const testing::Bytes content = testing::pattern(3'000'000, 1);
        {
            auto file = context_.open("new", to_make);
            ASSERT_TRUE(file);
            EXPECT_TRUE(file->write(content));
            EXPECT_TRUE(file->allocate(protocols::AllocateMode::keep_size, 4'000'000, 100'000));
            EXPECT_TRUE(file->flush());
            EXPECT_TRUE(file->close());
        }
        const auto read = context_.read_file("new");
        ASSERT_TRUE(read);
        EXPECT_TRUE(*read == content);
        auto file = context_.open("new", to_make);
        ASSERT_TRUE(file);
        EXPECT_TRUE(file->allocate(protocols::AllocateMode::punch_hole, 1'000'000, 1'000'000));
        EXPECT_EQ(*file->seek(0, client::Whence::hole), 1'003'520);
        EXPECT_TRUE(file->truncate(10));
    }
    void list_and_change() {
        EXPECT_EQ(context_.list("/", true)->size(), 3u);  // lost+found, f, new
        EXPECT_TRUE(context_.mkdir("d"));
        EXPECT_TRUE(context_.rename("new", "d/new"));
        EXPECT_TRUE(context_.symlink("d/new", "link"));
        EXPECT_TRUE(context_.chmod("link", 0600));
        EXPECT_TRUE(context_.remove("link"));
        EXPECT_TRUE(context_.statistics());
        EXPECT_TRUE(context_.sync());
        // Through the slot.
        for (int i = 0; i < 500; ++i) EXPECT_TRUE(context_.stat("f"));
    }
    void use_long_attributes() {
        // More than fits a message: through shared memory. ext4 has no room for it.
        const auto set =
            context_.set_extended_attribute("f", "user.long", testing::pattern(62'000, 2));
        ASSERT_FALSE(set);
        EXPECT_EQ(set.error(), std::errc::no_space_on_device) << set.error().message();
        // The other way.
        const testing::Bytes value = testing::pattern(3000, 2);
        EXPECT_TRUE(context_.set_extended_attribute("f", "user.short", value));
        const ipc::Memory memory = testing::fuzz_buffer(65536);
        const auto& capability = other_.capability();
        ASSERT_TRUE(capability->set_buffer(any_time_, memory));
        const auto length =
            capability->get_extended_attribute_to(any_time_, "f", true, "user.short", 5000, 60000);
        EXPECT_EQ(length, value.size());
        testing::Bytes got(value.size());
        EXPECT_EQ(::pread(memory.fd(), got.data(), got.size(), 5000), 3000);
        EXPECT_TRUE(got == value);
        EXPECT_EQ(context_.extended_attributes("f")->size(), 1u);
        EXPECT_TRUE(context_.remove_extended_attribute("f", "user.short"));
    }
    void hear_of_changes() {
        client::EventQueue queue;
        auto watched = context_.open("f", protocols::open_read);
        ASSERT_TRUE(watched);
        ASSERT_TRUE(watched->subscribe(queue, protocols::event_modified, 7));
        auto changed = other_.open("f", protocols::open_write);
        ASSERT_TRUE(changed);
        EXPECT_TRUE(changed->write(testing::pattern(100, 3)));
        EXPECT_TRUE(changed->close());
        const auto event = queue.wait(any_time_);
        ASSERT_TRUE(event);
        EXPECT_EQ(event->source, 7u);
        EXPECT_EQ(event->events, protocols::event_modified);
        kept_.emplace(std::move(*watched));
    }

    const ipc::Call any_time_ = ipc::Call::forever();
    ipc::Server home_;
    ipc::Cap<protocols::Service> service_;
    client::Context context_;
    client::Context other_;
    std::optional<client::File> kept_;
};

class ConfinedServer : public ::testing::Test {
protected:
    void SetUp() override {
        std::ofstream(served_.tree() + "/f") << std::string(10'000, 'x');
        served_.create({"--size", "32M"});
    }

    static stdfs::path facts_of(pid_t process) {
        return stdfs::path("/proc") / std::to_string(process);
    }
    /// Everything belongs to a plain user from now on.
    void give_away() const {
        const stdfs::path place = stdfs::path(served_.image()).parent_path();
        for (const stdfs::path& path : {place, stdfs::path(served_.image())})
            ASSERT_EQ(::chown(path.c_str(), plain_user, plain_user), 0);
    }

    ServedImage served_;
};

TEST_F(ConfinedServer, has_no_rights_in_any_of_its_threads) {
    ASSERT_EQ(served_.serve(), "");
    BusyClient client(served_.socket());
    client.do_everything();
    const stdfs::path facts = facts_of(served_.server());
    int threads = 0;
    for (const auto& thread : stdfs::directory_iterator(facts / "task")) {
        auto status = lines_of(thread.path() / "status");
        // It may have ended meanwhile.
        if (status.empty()) continue;
        ++threads;
        EXPECT_EQ(status["NoNewPrivs"], "1");
        EXPECT_EQ(status["Seccomp"], "2");
        for (const char* const set : {"CapInh", "CapPrm", "CapEff", "CapAmb"})
            EXPECT_EQ(status[set], "0000000000000000") << set;
    }
    EXPECT_GE(threads, 2);
}

TEST_F(ConfinedServer, has_its_image_and_its_channels_open_and_nothing_else) {
    if (::geteuid() != 0) GTEST_SKIP() << "what a confined process has open only root can see";
    ASSERT_EQ(served_.serve(), "");
    BusyClient client(served_.socket());
    client.do_everything();
    int images = 0;
    int pipes = 0;
    int memories = 0;
    for (const auto& entry : stdfs::directory_iterator(facts_of(served_.server()) / "fd")) {
        const std::string number = entry.path().filename().string();
        std::error_code error;
        const std::string what = stdfs::read_symlink(entry.path(), error).string();
        if (error) continue;          // closed meanwhile
        if (number == "2") continue;  // where it complains
        if (number == "0" || number == "1") {
            EXPECT_EQ(what, "/dev/null") << number;
        } else if (what == stdfs::canonical(served_.image())) {
            ++images;
        } else if (what.starts_with("pipe:[")) {
            ++pipes;
        } else if (what.starts_with("/memfd:")) {
            ++memories;
        } else {
            EXPECT_THAT(what, AnyOf(StartsWith("socket:["), "anon_inode:[eventpoll]",
                                    "anon_inode:[eventfd]", "anon_inode:[timerfd]"))
                << number;
        }
    }
    EXPECT_EQ(images, 1);
    // To who waits for it.
    EXPECT_EQ(pipes, 1);
    EXPECT_LE(memories, 3);
}

TEST_F(ConfinedServer, cannot_be_inspected) {
    // Where it may be raised, so that it is the server's own doing that there is none.
    rlimit cores{};
    ::getrlimit(RLIMIT_CORE, &cores);
    cores.rlim_cur = cores.rlim_max;
    ::setrlimit(RLIMIT_CORE, &cores);
    std::vector<std::string> as_plain_user;
    if (::geteuid() == 0) {
        give_away();
        const std::string user = std::to_string(plain_user);
        as_plain_user = {"/usr/bin/setpriv", "--reuid", user, "--regid", user, "--clear-groups"};
        auto tried = as_plain_user;
        tried.insert(tried.end(), {QUIRE_PROGRAM, "--version"});
        const auto ended = run_program(tried);
        if (!ended || ended->exit_code != 0)
            GTEST_SKIP() << "a plain user can't run the command: " << ended->output;
    }
    ASSERT_EQ(served_.serve({}, as_plain_user), "");
    const stdfs::path facts = facts_of(served_.server());
    const std::string uid = lines_of(facts / "status")["Uid"];
    const uid_t expected = ::geteuid() == 0 ? plain_user : ::geteuid();
    EXPECT_THAT(uid, StartsWith(std::to_string(expected) + "\t"));
    // What belongs to a process that may be dumped is its user's; of another, root's.
    struct stat status{};
    ASSERT_EQ(::stat((facts / "mem").c_str(), &status), 0);
    EXPECT_EQ(status.st_uid, 0u);
    ASSERT_EQ(
        ::stat((facts.parent_path() / lines_of(facts / "status")["PPid"] / "mem").c_str(), &status),
        0);
    EXPECT_EQ(status.st_uid, expected) << "the kernel tells no difference here";
    bool told = false;
    for (const std::string& line : text_lines_of(facts / "limits")) {
        if (!line.starts_with("Max core file size")) continue;
        told = true;
        const std::size_t soft = line.find_first_of("0123456789u");
        EXPECT_EQ(line.substr(soft, 2), "0 ") << line;
    }
    EXPECT_TRUE(told);
}

/// What strace saw: a list of calls for each thread.
using Traces = std::map<pid_t, std::vector<std::string>>;

Traces read_traces(const stdfs::path& directory) {
    Traces traces;
    for (const auto& file : stdfs::directory_iterator(directory))
        traces[std::stoi(file.path().extension().string().substr(1))] = text_lines_of(file.path());
    return traces;
}

std::string_view called(std::string_view line) {
    return line.substr(0, line.find('('));
}

bool reads(std::string_view line, const std::string& file) {
    static const std::set<std::string_view> reading{
        "read", "readv",    "pread64", "preadv",          "preadv2",
        "mmap", "sendfile", "splice",  "copy_file_range", "tee"};
    return reading.contains(called(line)) && line.find('<' + file + '>') != line.npos;
}

/// The place of the first call of which `is` is true; behind the last one: there is none.
template <typename Is>
std::size_t place_of(const std::vector<std::string>& calls, Is is) {
    return static_cast<std::size_t>(std::ranges::find_if(calls, is) - calls.begin());
}

bool makes_filter(const std::string& line) {
    // libseccomp asks about flags first, by filters at NULL.
    return called(line) == "seccomp" && line.find("MODE_FILTER") != line.npos &&
           line.find("NULL") == line.npos && line.ends_with(" = 0");
}
bool restricts(const std::string& line) {
    return called(line) == "landlock_restrict_self" && line.ends_with(" = 0");
}
bool is_without_landlock(const std::string& line) {
    return called(line) == "landlock_create_ruleset" && line.find(" = -1 ") != line.npos;
}

/// Refused, and not missed. What else comes up belongs into lib/confine/calls.cpp, or here with the
/// reason why it does not.
bool is_refused_for_good(std::string_view line) {
    // malloc, before it gives memory of a thread back; without an answer it does.
    return called(line) == "openat" && line.find("\"/proc/sys/vm/overcommit_memory\"") != line.npos;
}

TEST_F(ConfinedServer, is_confined_before_it_reads_and_refused_nothing_that_it_needs) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    GTEST_SKIP() << "a sanitizer makes calls of its own";
#endif
    const auto tried = run_program({"/bin/sh", "-c", "strace -qq -o /dev/null true"});
    if (!tried || tried->exit_code != 0)
        GTEST_SKIP() << "strace is not installed, or may not trace: " << tried->output;
    const std::string image = stdfs::canonical(served_.image()).string();
    const testing::TemporaryDirectory traces_in;
    const auto command =
        fmt::format("exec strace -ff -y -qq -o '{}' '{}' serve --quiet '{}' --socket '{}'",
                    (traces_in / "trace").string(), QUIRE_PROGRAM, image, served_.socket());
    std::atomic<bool> ended = false;
    std::jthread tracer([&] {
        const auto served = run_program({"/bin/sh", "-c", command});
        EXPECT_TRUE(served && served->exit_code == 0) << (served ? served->output : "");
        ended = true;
    });
    while (!ended && !ipc::connect_channel(served_.socket())) std::this_thread::yield();
    ASSERT_FALSE(ended);
    BusyClient(served_.socket()).do_everything();
    EXPECT_EQ(run_program(quire_words({"ls", "-lR", served_.inside("/")}))->exit_code, 0);
    EXPECT_EQ(
        run_program(quire_words({"cp", "-a", served_.tree(), served_.inside("/c")}))->exit_code, 0);
    const pid_t server = served_.server();
    const pid_t parent = std::stoi(lines_of(facts_of(server) / "status")["PPid"]);
    served_.stop();
    tracer.join();

    const Traces traces = read_traces(traces_in.path());
    ASSERT_TRUE(traces.contains(server) && traces.contains(parent));
    const auto reads_image = [&](const std::string& line) { return reads(line, image); };
    const auto& calls = traces.at(server);
    const std::size_t filter = place_of(calls, makes_filter);
    const std::size_t first_read = place_of(calls, reads_image);
    ASSERT_LT(first_read, calls.size()) << "a bad trace";
    EXPECT_LT(filter, first_read);
    EXPECT_LT(std::min(place_of(calls, restricts), place_of(calls, is_without_landlock)), filter);
    EXPECT_FALSE(std::ranges::any_of(traces.at(parent), reads_image));

    EXPECT_GE(traces.size(), 3u) << "no threads";
    for (const auto& [thread, lines] : traces) {
        if (thread == parent) continue;
        for (std::size_t i = thread == server ? filter : 0; i < lines.size(); ++i) {
            if (lines[i].find(" = -1 EPERM ") == std::string::npos) continue;
            EXPECT_TRUE(is_refused_for_good(lines[i])) << lines[i];
        }
    }
}

}  // namespace
}  // namespace quire::tests
