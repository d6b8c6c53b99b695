// SPDX-License-Identifier: MIT
//
// Each operation, called on an object of this process and on the same one at the other end of a channel:
// the caller cannot tell which.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "quire/ipc/client.hpp"
#include "quire/ipc/server.hpp"
#include "tests/generated/node_object.hpp"

namespace quire::idl_goldens {
namespace {

using ::testing::ElementsAre;

const ipc::Call any_time = ipc::Call::forever();

enum class Where { here, elsewhere };

class Operations : public ::testing::TestWithParam<Where> {
protected:
    template <typename I>
    ipc::Cap<I> reach() {
        if (GetParam() == Where::here) return ipc::Cap<I>(object);
        int ends[2];
        EXPECT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
        EXPECT_TRUE(server_.adopt(UniqueFd(ends[0]), ipc::Cap<I>(object)));
        return *ipc::adopt<I>(UniqueFd(ends[1]), server_.home());
    }

    const std::shared_ptr<NodeObject> object = std::make_shared<NodeObject>();
    bool remote() const { return GetParam() == Where::elsewhere; }

private:
    ipc::Server server_ = *ipc::Server::create();
};

INSTANTIATE_TEST_SUITE_P(Everywhere, Operations, ::testing::Values(Where::here, Where::elsewhere),
                         [](const auto& one) {
                             return std::string(one.param == Where::here ? "here" : "elsewhere");
                         });

TEST_P(Operations, without_arguments_and_results) {
    const auto node = reach<Node>();
    EXPECT_TRUE(node->nothing(any_time));
    object->nothing_result = fail(std::errc::no_space_on_device, "the disk is full");
    const auto failed = node->nothing(any_time);
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error(), std::errc::no_space_on_device);
    EXPECT_EQ(failed.error().sentence(), "the disk is full");
}

TEST_P(Operations, every_type_there_and_back) {
    const auto node = reach<Node>();
    const auto mirrored = node->mirror(any_time, full_value());
    ASSERT_TRUE(mirrored) << mirrored.error().message();
    EXPECT_EQ(*mirrored, full_value());
}

TEST_P(Operations, scalars_and_several_results) {
    const auto result = reach<Node>()->scalars(any_time, -5, true, Wide::only, 65534);
    ASSERT_TRUE(result);
    EXPECT_EQ(result->d, 65535);
    EXPECT_EQ(result->e, -5);
    EXPECT_EQ(result->f, FileType::directory);
}

TEST_P(Operations, texts_and_bytes) {
    const std::vector<std::byte> data(1000, std::byte{7});
    const auto result = reach<Node>()->texts(any_time, std::string(name_limit, 'n'), data);
    ASSERT_TRUE(result);
    EXPECT_EQ(result->shorter, std::string(10, 'n'));
    EXPECT_EQ(result->longer, data);
}

TEST_P(Operations, lists) {
    const auto result = reach<Node>()->lists(any_time, {{-3, 1}, {4, 2}}, {1, 2, 3}, {true, false});
    ASSERT_TRUE(result);
    EXPECT_THAT(*result, ElementsAre("-3", "4", "6", "yes", "no"));
    EXPECT_THAT(*reach<Node>()->kinds(any_time, {FileType::symlink, FileType::unknown}),
                ElementsAre(FileType::symlink, FileType::unknown));
}

TEST_P(Operations, parameters_called_like_what_generated_code_needs) {
    EXPECT_EQ(reach<Node>()->names(any_time, 1, 2, 4, 8, 16, 32), 63);
}

TEST_P(Operations, a_capability_is_returned_and_works) {
    const auto inner = std::make_shared<NodeObject>();
    inner->text_result = "inner";
    object->node_result = inner;
    const auto node = reach<Node>();
    const auto opened = node->open(any_time, "name");
    ASSERT_TRUE(opened);
    EXPECT_EQ(*(*opened)->text(any_time), "inner");
    EXPECT_EQ((*opened)->remote() != nullptr, remote());
}

TEST_P(Operations, an_optional_capability_may_be_none) {
    const auto found = reach<Node>()->find(any_time, "name");
    ASSERT_TRUE(found);
    EXPECT_FALSE(*found);
}

TEST_P(Operations, capabilities_and_memory_travel_in_both_directions) {
    const auto mine = std::make_shared<NodeObject>();
    mine->text_result = "mine";
    UniqueFd fd(::memfd_create("test", MFD_CLOEXEC));
    ASSERT_EQ(::ftruncate(fd.get(), 4096), 0);
    ASSERT_EQ(::pwrite(fd.get(), "page", 4, 100), 4);
    const ipc::Memory pages(std::move(fd), 4096, true);

    auto result = reach<Node>()->handles(any_time, mine, nullptr, pages);
    ASSERT_TRUE(result) << result.error().message();
    EXPECT_EQ(*result->handles.node->text(any_time), "mine");
    EXPECT_FALSE(result->handles.flush);
    EXPECT_EQ(*result->result->flush(any_time, 6), 7u);
    EXPECT_EQ(result->handles.pages.size(), 4096u);
    char read[4] = {};
    ASSERT_EQ(::pread(result->handles.pages.fd(), read, 4, 100), 4);
    EXPECT_EQ(std::string_view(read, 4), "page");
}

TEST_P(Operations, structs_with_capabilities_in_lists) {
    const auto first = std::make_shared<NodeObject>();
    const auto second = std::make_shared<NodeObject>();
    first->text_result = "first";
    second->text_result = "second";
    const auto node = reach<Node>();
    const auto pages = node->pages(any_time, 8192);
    ASSERT_TRUE(pages);
    EXPECT_EQ(pages->size(), 8192u);
    const Tree tree{{{first, nullptr, *pages}, {second, second, *pages}}, "x"};
    const auto result = node->tree(any_time, tree);
    ASSERT_TRUE(result) << result.error().message();
    ASSERT_EQ(result->nodes.size(), 2u);
    EXPECT_EQ(*result->nodes[0].node->text(any_time), "first");
    EXPECT_FALSE(result->nodes[0].flush);
    EXPECT_EQ(*result->nodes[1].node->text(any_time), "second");
    EXPECT_EQ(*result->nodes[1].flush->flush(any_time, 1), 2u);
    EXPECT_EQ(result->label, "x");
}

TEST_P(Operations, one_way_messages_arrive) {
    const auto mine = std::make_shared<NodeObject>();
    mine->text_result = "mine";
    const auto node = reach<Node>();
    node->notify(any_time, "news", {{1, 2}}, mine);
    const NodeObject::Notice notice = object->wait_for_notice();
    EXPECT_EQ(notice.text, "news");
    EXPECT_THAT(notice.times, ElementsAre(Time{1, 2}));
    EXPECT_EQ(*notice.node->text(any_time), "mine");
}

TEST_P(Operations, a_compound_is_each_of_its_parts) {
    const auto both = reach<FlushableNode>();
    const ipc::Cap<Flush> flush = both;
    const ipc::Cap<Node> node = both;
    const ipc::Cap<Empty> empty = both;
    EXPECT_EQ(*flush->flush(any_time, 41), 42u);
    EXPECT_EQ(*node->text(any_time), "text");
    EXPECT_TRUE(empty);
}

// What a proxy does besides: bounds are checked before anything is sent, and after it came back.

class Proxies : public Operations {};
INSTANTIATE_TEST_SUITE_P(Everywhere, Proxies, ::testing::Values(Where::elsewhere),
                         [](const auto&) { return std::string("elsewhere"); });

TEST_P(Proxies, arguments_over_their_bounds_are_not_sent) {
    const auto node = reach<Node>();
    const std::vector<std::byte> long_data(1001);
    EXPECT_EQ(node->texts(any_time, "name", long_data).error(), std::errc::argument_list_too_long);
    EXPECT_EQ(node->open(any_time, std::string(256, 'n')).error(),
              std::errc::argument_list_too_long);
    EXPECT_EQ(node->lists(any_time, std::vector<Time>(11), {}, {}).error(),
              std::errc::argument_list_too_long);
    EXPECT_EQ(node->open(any_time, std::string_view("a\0b", 3)).error(),
              std::errc::invalid_argument);
    EXPECT_EQ(node->give(any_time, nullptr, Wide::only).error(), std::errc::invalid_argument);
    EXPECT_EQ(node->kind(any_time, static_cast<FileType>(77)).error(), std::errc::invalid_argument);
    node->notify(any_time, std::string(101, 'n'), {}, nullptr);
    EXPECT_TRUE(node->nothing(any_time));  // and the channel goes on
    EXPECT_EQ(object->calls, 1);
}

TEST_P(Proxies, results_over_their_bounds_are_an_error_of_the_call) {
    const auto node = reach<Node>();
    object->text_result = "eleven char";
    object->data_result.resize(11);
    object->kind_result = static_cast<FileType>(77);
    EXPECT_EQ(node->text(any_time).error(), std::errc::message_size);
    EXPECT_EQ(node->data(any_time).error(), std::errc::message_size);
    EXPECT_EQ(node->kind(any_time, FileType::regular).error(), std::errc::invalid_argument);
    // A capability that must not be empty.
    EXPECT_EQ(node->open(any_time, "none").error(), std::errc::invalid_argument);
    EXPECT_TRUE(node->nothing(any_time));
}

TEST_P(Proxies, are_nothing_but_their_interface) {
    const auto node = reach<Node>();
    EXPECT_EQ(std::dynamic_pointer_cast<Flush>(node.object()), nullptr);
    const auto both = reach<FlushableNode>();
    EXPECT_NE(std::dynamic_pointer_cast<Flush>(ipc::Cap<Node>(both).object()), nullptr);
    EXPECT_EQ(std::dynamic_pointer_cast<Deep>(both.object()), nullptr);
}

}  // namespace
}  // namespace quire::idl_goldens
