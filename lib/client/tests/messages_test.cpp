// SPDX-License-Identifier: MIT
//
// How many messages an operation takes: the table of the README.

#include <thread>

#include "client_ground.hpp"
#include "quire/ipc/remote_object.hpp"

namespace quire::client {
namespace {

struct Messages {
    std::uint64_t calls = 0;
    std::uint64_t one_way = 0;
    friend bool operator==(const Messages&, const Messages&) = default;
};
std::ostream& operator<<(std::ostream& out, const Messages& messages) {
    return out << messages.calls << " calls, " << messages.one_way << " one-way messages";
}

class MessagesOfOperations : public ClientGround {
protected:
    MessagesOfOperations() {
        // A slot for short calls is offered in a message of its own.
        const auto own =
            there(files->opener(server::Authority(tree, fs::Credentials::root())), false);
        make("nothing", "");
        context.emplace(*Context::create(own));
        // That there is no memory to read in is found out by one message.
        File nothing = open("nothing", "r", {.buffered = false});
        read(nothing, 1);
    }
    template <typename Do>
    Messages of(Do act) {
        const auto count = [&] { return context->capability()->remote()->counters(); };
        const ipc::ChannelCounters before = count();
        act();
        const ipc::ChannelCounters after = count();
        const std::uint64_t calls = after.received_messages - before.received_messages;
        return {calls, after.sent_messages - before.sent_messages - calls};
    }
};
INSTANTIATE_TEST_SUITE_P(Remote, MessagesOfOperations, ::testing::Values(Way::remote), name_of_way);

TEST_P(MessagesOfOperations, on_content_are_few) {
    const std::string small = pattern(10'000);
    const std::string large = pattern(1 * MiB);
    make("small", small);
    make("large", large);                                           // makes the transfer buffer too
    EXPECT_EQ(of([&] { make("made", small); }), (Messages{2, 1}));  // open, write, let go
    EXPECT_EQ(of([&] {
                  File file = open("small", "r");
                  std::string got;
                  while (true) {
                      const std::string more = read(file, 999);
                      if (more.empty()) break;
                      got += more;
                  }
                  EXPECT_TRUE(got == small);
                  EXPECT_EQ(file.opened_attributes().size, small.size());
                  EXPECT_TRUE(file.close());
              }),
              (Messages{1, 1}));
    EXPECT_EQ(of([&] { EXPECT_TRUE(content("small") == small); }), (Messages{1, 0}));
    EXPECT_EQ(of([&] { EXPECT_TRUE(content("large") == large); }), (Messages{6, 1}));

    std::optional<File> file;
    EXPECT_EQ(of([&] { file = open("large", "r+"); }), (Messages{1, 0}));
    EXPECT_EQ(of([&] { read(*file, 1000); }), (Messages{0, 0}));
    EXPECT_EQ(of([&] {
                  for (int i = 0; i < 1000; ++i) EXPECT_EQ(read(*file, 1000).size(), 1000u);
              }),
              (Messages{5, 0}));  // 60 KiB, then 256 KiB each
    EXPECT_EQ(of([&] { EXPECT_TRUE(file->seek(0, Whence::set)); }), (Messages{0, 0}));
    EXPECT_EQ(of([&] { read(*file, 1 * MiB); }), (Messages{4, 0}));
    EXPECT_EQ(of([&] { EXPECT_TRUE(file->seek(0, Whence::end)); }), (Messages{1, 0}));
    EXPECT_EQ(of([&] {
                  for (int i = 0; i < 1000; ++i) EXPECT_TRUE(file->write(bytes_of("x")));
              }),
              (Messages{0, 0}));
    EXPECT_EQ(of([&] { EXPECT_TRUE(file->write_out()); }), (Messages{1, 0}));
    EXPECT_EQ(of([&] { EXPECT_TRUE(file->write_out()); }), (Messages{0, 0}));
    EXPECT_EQ(of([&] { EXPECT_TRUE(file->flush()); }), (Messages{1, 0}));
    EXPECT_EQ(of([&] { EXPECT_TRUE(file->write(bytes_of(large))); }), (Messages{4, 0}));
    EXPECT_EQ(of([&] { EXPECT_TRUE(file->close()); }), (Messages{0, 1}));
}

TEST_P(MessagesOfOperations, of_letting_go_are_one_for_many) {
    make("f", "");
    std::vector<File> held;
    for (int i = 0; i < 100; ++i) held.push_back(open("f", "r"));
    EXPECT_EQ(of([&] {
                  const ipc::ReleaseBatch batch;
                  for (File& one : held) EXPECT_TRUE(one.close());
              }),
              (Messages{0, 1}));
    // Nothing tells when the release has been done; a call may overtake it in the slot.
    while (files->counters().files != 0) std::this_thread::yield();
}

TEST_P(MessagesOfOperations, on_unbuffered_content_are_one_each) {
    make("f", pattern(1000));
    std::optional<File> file;
    EXPECT_EQ(of([&] { file = open("f", "r+", {.buffered = false}); }), (Messages{1, 0}));
    EXPECT_EQ(of([&] { read(*file, 10); }), (Messages{1, 0}));
    EXPECT_EQ(of([&] { EXPECT_TRUE(file->write(bytes_of("x"))); }), (Messages{1, 0}));
    EXPECT_EQ(of([&] { EXPECT_TRUE(file->flush()); }), (Messages{1, 0}));
    EXPECT_EQ(of([&] { EXPECT_TRUE(file->attributes()); }), (Messages{1, 0}));
    EXPECT_EQ(of([&] { EXPECT_TRUE(file->truncate(5)); }), (Messages{1, 0}));
    // The first that is too long for a message makes the transfer buffer.
    EXPECT_EQ(of([&] { EXPECT_TRUE(file->write(bytes_of(pattern(200'000)))); }), (Messages{2, 0}));
    EXPECT_EQ(of([&] { EXPECT_TRUE(file->write(bytes_of(pattern(200'000)))); }), (Messages{1, 0}));
}

TEST_P(MessagesOfOperations, on_names_are_one_each) {
    constexpr Messages one{1, 0};
    // The first that makes something tells the umask.
    EXPECT_EQ(of([&] { EXPECT_TRUE(context->mkdir("first")); }), (Messages{2, 0}));
    EXPECT_EQ(of([&] { EXPECT_TRUE(context->mkdir("d")); }), one);
    EXPECT_EQ(of([&] { EXPECT_TRUE(context->stat("d")); }), one);
    EXPECT_EQ(of([&] { EXPECT_TRUE(context->rename("d", "e")); }), one);
    EXPECT_EQ(of([&] { EXPECT_TRUE(context->chmod("e", 0700)); }), one);
    EXPECT_EQ(of([&] { EXPECT_TRUE(context->set_extended_attribute("e", "user.a", {})); }), one);
    EXPECT_EQ(of([&] { EXPECT_TRUE(context->extended_attributes("e")); }), one);
    EXPECT_EQ(of([&] { EXPECT_TRUE(context->statistics()); }), one);
    for (int i = 0; i < 200; ++i) make("e/f" + std::to_string(i), "");
    EXPECT_EQ(of([&] { EXPECT_EQ(context->list("e")->size(), 200u); }), (Messages{1, 1}));
    EXPECT_EQ(of([&] { EXPECT_EQ(context->list("e", true)->size(), 200u); }), (Messages{1, 1}));
    EXPECT_EQ(
        of([&] { EXPECT_TRUE(context->rmdir("e").error() == std::errc::directory_not_empty); }),
        one);
}

}  // namespace
}  // namespace quire::client
