// SPDX-License-Identifier: MIT
//
// A server that dies, between operations and in the middle of one.

#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>

#include "client_ground.hpp"

namespace quire::client {
namespace {

constexpr auto gone = std::errc::connection_reset;

/// A server in another process, which ends itself when its volume is asked for one operation.
class MortalServer {
public:
    explicit MortalServer(std::optional<fs::Operation> deadly) {
        int ends[2];
        EXPECT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
        pid_ = ::fork();
        if (pid_ == 0) {
            ::close(ends[1]);
            serve(UniqueFd(ends[0]), deadly);
        }
        ::close(ends[0]);
        opener = *ipc::adopt<protocols::Opener>(UniqueFd(ends[1]));
    }
    MortalServer(const MortalServer&) = delete;
    MortalServer& operator=(const MortalServer&) = delete;
    ~MortalServer() { die(); }

    void die() {
        if (pid_ <= 0) return;
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
        pid_ = 0;
    }

    ipc::Cap<protocols::Opener> opener;

private:
    [[noreturn]] static void serve(UniqueFd end, std::optional<fs::Operation> deadly) {
        ::alarm(60);
        auto armed = std::make_shared<std::atomic<bool>>(false);
        const std::shared_ptr<fs::Volume> volume =
            *memory::MemoryVolume::create({.clock = std::make_shared<SystemClock>()});
        const auto tree = *fs::Tree::open(std::make_shared<testing::HookedVolume>(
            volume, [&](fs::Operation operation, fs::Cookie) -> Result<void> {
                // Its making of a symbolic link is the sign to begin.
                if (operation == fs::Operation::symlink) *armed = true;
                if (*armed && operation == deadly) ::raise(SIGKILL);
                return {};
            }));
        server::FileServer files(tree);
        auto carrier = *ipc::Server::create();
        (void)carrier.adopt(
            std::move(end),
            ipc::AnyCap(files.opener(server::Authority(tree, fs::Credentials::root()))));
        while (true) ::pause();
    }

    pid_t pid_ = 0;
};

void expect_nothing_works(Context& context, File& file, Directory& directory) {
    std::byte memory[100];
    std::vector<std::byte> large(200'000);
    EXPECT_EQ(code_of(context.open("f", "r")), gone);
    EXPECT_EQ(code_of(context.open("new", "w")), gone);
    EXPECT_EQ(code_of(context.open_directory("/")), gone);
    EXPECT_EQ(code_of(context.read_file("f")), gone);
    EXPECT_EQ(code_of(context.list("/")), gone);
    EXPECT_EQ(code_of(context.stat("f")), gone);
    EXPECT_EQ(code_of(context.lstat("f")), gone);
    EXPECT_EQ(code_of(context.access("f", R_OK)), gone);
    EXPECT_EQ(code_of(context.readlink("f")), gone);
    EXPECT_EQ(code_of(context.statistics()), gone);
    EXPECT_EQ(code_of(context.mkdir("d")), gone);
    EXPECT_EQ(code_of(context.rmdir("d")), gone);
    EXPECT_EQ(code_of(context.remove("f")), gone);
    EXPECT_EQ(code_of(context.rename("f", "g")), gone);
    EXPECT_EQ(code_of(context.link("f", "g")), gone);
    EXPECT_EQ(code_of(context.symlink("f", "g")), gone);
    EXPECT_EQ(code_of(context.mknod("p", protocols::FileType::fifo, 0600)), gone);
    EXPECT_EQ(code_of(context.chmod("f", 0600)), gone);
    EXPECT_EQ(code_of(context.truncate("f", 0)), gone);
    EXPECT_EQ(code_of(context.extended_attribute("f", "user.a")), gone);
    EXPECT_EQ(code_of(context.set_extended_attribute("f", "user.a", {})), gone);
    EXPECT_EQ(code_of(context.extended_attributes("f")), gone);
    EXPECT_EQ(code_of(context.remove_extended_attribute("f", "user.a")), gone);
    EXPECT_EQ(code_of(context.sync()), gone);
    EXPECT_EQ(context.last_error()->code(), gone);
    EXPECT_EQ(code_of(file.pread(10'000'000, memory)), gone);
    EXPECT_EQ(code_of(file.pread(0, large)), gone);
    EXPECT_EQ(code_of(file.write(large)), gone);
    EXPECT_EQ(code_of(file.seek(0, Whence::end)), gone);
    EXPECT_EQ(code_of(file.seek(0, Whence::data)), gone);
    EXPECT_EQ(code_of(file.truncate(0)), gone);
    EXPECT_EQ(code_of(file.allocate(protocols::AllocateMode::allocate, 0, 1)), gone);
    EXPECT_EQ(code_of(file.attributes()), gone);
    EXPECT_EQ(code_of(file.set_attributes({})), gone);
    EXPECT_EQ(code_of(file.extended_attribute("user.a")), gone);
    EXPECT_EQ(code_of(file.set_extended_attribute("user.a", {})), gone);
    EXPECT_EQ(code_of(file.extended_attributes()), gone);
    EXPECT_EQ(code_of(file.remove_extended_attribute("user.a")), gone);
    EXPECT_EQ(code_of(file.unsubscribe()), gone);
    EXPECT_EQ(code_of(file.flush()), gone);
    EXPECT_EQ(code_of(directory.attributes()), gone);
    EXPECT_TRUE(directory.seek(0));
    EXPECT_EQ(code_of(directory.next()), gone);
}

// Delayed writes end with an error wherever they end, and what was accepted before is not forgotten.
void expect_writes_to_fail(Context& context, File& closed, File& dropped, File& flushed) {
    EXPECT_EQ(code_of(closed.close()), gone);
    EXPECT_EQ(code_of(flushed.flush()), gone);
    EXPECT_TRUE(flushed.write(bytes_of("into the buffer")));
    EXPECT_EQ(code_of(flushed.write_out()), gone);
    EXPECT_TRUE(flushed.close());
    EXPECT_FALSE(context.take_lost_error());
    {
        const File ends = std::move(dropped);
    }
    EXPECT_EQ(context.take_lost_error()->code(), gone);
}

class DeathOfServers : public ::testing::Test {
protected:
    void begin(std::optional<fs::Operation> deadly) {
        // Whoever started this may have left it ignored; nobody here may need that.
        ::signal(SIGPIPE, SIG_DFL);
        server.emplace(deadly);
        context.emplace(*Context::create(server->opener));
        ASSERT_TRUE(context->mkdir("d"));
        file = *context->open("f", "w+");
        ASSERT_TRUE(file->write(bytes_of("content")));
        ASSERT_TRUE(file->flush());
        directory = *context->open_directory("/");
        for (auto* one : {&closed, &dropped, &flushed}) {
            *one = *context->open("delayed", "w");
            ASSERT_TRUE((*one)->write(bytes_of("delayed")));
        }
        ASSERT_TRUE(context->symlink("now", "sign"));
    }
    void end() {
        expect_nothing_works(*context, *file, *directory);
        expect_writes_to_fail(*context, *closed, *dropped, *flushed);
        EXPECT_TRUE(file->close());
    }

    std::optional<MortalServer> server;
    std::optional<Context> context;
    std::optional<Directory> directory;
    std::optional<File> file, closed, dropped, flushed;
};

TEST_F(DeathOfServers, is_seen_by_every_operation) {
    begin(std::nullopt);
    server->die();
    end();
}

TEST_F(DeathOfServers, in_the_middle_of_a_read_is_seen) {
    begin(fs::Operation::read);
    std::vector<std::byte> memory(100'000);
    EXPECT_EQ(code_of(file->pread(0, memory)), gone);
    end();
}

TEST_F(DeathOfServers, in_the_middle_of_a_delayed_write_is_seen) {
    begin(fs::Operation::write);
    EXPECT_TRUE(file->write(bytes_of("more")));
    EXPECT_EQ(code_of(file->seek(0, Whence::set)), gone);
    EXPECT_EQ(code_of(file->write_out()), gone);
    end();
}

TEST_F(DeathOfServers, in_the_middle_of_a_flush_is_seen) {
    begin(fs::Operation::fsync);
    EXPECT_TRUE(file->write(bytes_of("more")));
    EXPECT_EQ(code_of(file->flush()), gone);
    end();
}

TEST_F(DeathOfServers, in_the_middle_of_a_change_of_names_is_seen) {
    begin(fs::Operation::mkdir);
    EXPECT_EQ(code_of(context->mkdir("e")), gone);
    end();
}

}  // namespace
}  // namespace quire::client
