// SPDX-License-Identifier: MIT
//
// What dispatchers make of messages that no proxy would send.

#include <gtest/gtest.h>
#include <sys/mman.h>

#include "tests/generated/node_object.hpp"

namespace quire::idl_goldens {
namespace {

// A peer whose table has lost every object.
class Forgetful final : public ipc::CapSource {
public:
    std::optional<ipc::RemoteObject> theirs(std::uint32_t) override { return std::nullopt; }
    std::optional<ipc::AnyCap> ours(std::uint32_t) override { return ipc::AnyCap(); }
    ipc::RemoteObject gate(UniqueFd, std::shared_ptr<void>) override { return {}; }
};

class Heard final : public ipc::Invocation {
public:
    enum class Answer { none, reply, failure, unknown, malformed };

    Heard(std::uint32_t opcode, bool one_way, std::span<const std::byte> body,
          std::span<UniqueFd> descriptors = {}, ipc::CapSource* source = nullptr)
        : Invocation(opcode, one_way, ipc::Call::forever(),
                     ipc::Decoder(body, descriptors, source)) {}

    void reply() override { set(Answer::reply); }
    void fail(quire::Error error) override {
        code = error.code();
        set(Answer::failure);
    }
    void unknown() override { set(Answer::unknown); }
    void malformed() override { set(Answer::malformed); }

    Answer answer = Answer::none;
    std::errc code{};

private:
    void set(Answer given) {
        EXPECT_EQ(answer, Answer::none) << "answered twice";
        answer = given;
    }
};

using enum Heard::Answer;

template <typename I = Node>
Heard::Answer dispatch(NodeObject& object, Heard& heard) {
    ipc::Protocol<I>::dispatch(object, heard);
    return heard.answer;
}

template <typename I = Node>
Heard::Answer dispatch(NodeObject& object, std::uint32_t opcode, bool one_way = false,
                       std::span<const std::byte> body = {}) {
    Heard heard(opcode, one_way, body);
    return dispatch<I>(object, heard);
}

TEST(Dispatch, calls_the_object_and_answers) {
    NodeObject object;
    EXPECT_EQ(dispatch(object, 100), reply);
    EXPECT_EQ(object.calls, 1);
    object.nothing_result = fail(std::errc::file_exists);
    Heard heard(100, false, {});
    EXPECT_EQ(dispatch(object, heard), failure);
    EXPECT_EQ(heard.code, std::errc::file_exists);
}

TEST(Dispatch, an_opcode_of_another_interface_is_unknown) {
    NodeObject object;
    for (const std::uint32_t opcode : {0u, 5u, 99u, 118u, 65536u + 100u, ~0u})
        EXPECT_EQ(dispatch<Node>(object, opcode), unknown) << opcode;
    EXPECT_EQ(dispatch<Empty>(*std::make_shared<NodeObject>(), 100), unknown);
    EXPECT_EQ(dispatch<Flush>(object, 100), unknown);
    EXPECT_EQ(object.calls, 0);
}

TEST(Dispatch, a_compound_knows_the_opcodes_of_its_parts) {
    NodeObject object;
    const std::vector<std::byte> size(8);
    EXPECT_EQ(dispatch<FlushableNode>(object, 100), reply);
    EXPECT_EQ(dispatch<FlushableNode>(object, 5, false, size), reply);
    EXPECT_EQ(dispatch<FlushableNode>(object, 6, true, size), none);
    EXPECT_EQ(dispatch<FlushableNode>(object, 7), unknown);
    EXPECT_EQ(object.calls, 3);
}

TEST(Dispatch, a_request_is_no_one_way_message_nor_the_reverse) {
    NodeObject object;
    EXPECT_EQ(dispatch(object, 100, true), malformed);
    EXPECT_EQ(dispatch<Flush>(object, 6, false, std::vector<std::byte>(8)), malformed);
    EXPECT_EQ(object.calls, 0);
}

TEST(Dispatch, arguments_that_are_short_or_long_never_reach_the_object) {
    NodeObject object;
    for (const std::size_t size : {0, 1, 7, 16, 4096})
        EXPECT_EQ(dispatch<Flush>(object, 5, false, std::vector<std::byte>(size)), malformed)
            << size;
    EXPECT_EQ(dispatch(object, 100, false, std::vector<std::byte>(8)), malformed);
    EXPECT_EQ(object.calls, 0);
}

// A capability that is not in the table any more is no crime: the message is read to its end, and the
// call answered. What is malformed besides is malformed.
std::optional<quire::Error> objection(std::uint32_t opcode, std::span<const std::byte> body,
                                      std::span<UniqueFd> descriptors) {
    NodeObject object;
    Forgetful source;
    Heard heard(opcode, false, body, descriptors, &source);
    EXPECT_EQ(dispatch(object, heard), malformed);
    EXPECT_EQ(object.calls, 0);
    return heard.in().objection();
}

TEST(Dispatch, a_stale_capability_is_answered_when_the_rest_is_well_formed) {
    std::vector<std::byte> body(16, std::byte{0xFF});  // a capability, and Wide::only
    for (std::size_t i = 0; i < 8; ++i) body[i] = std::byte{};
    body[0] = std::byte{2};  // an object of the receiver's table
    body[4] = std::byte{1};
    const auto stale = objection(117, body, {});
    ASSERT_TRUE(stale);
    EXPECT_EQ(*stale, std::errc::bad_file_descriptor);
    body[15] = std::byte{0};  // a value of Wide that has no name
    EXPECT_FALSE(objection(117, body, {}));
}

TEST(Dispatch, a_list_is_read_past_a_stale_capability) {
    UniqueFd descriptors[2];
    for (UniqueFd& descriptor : descriptors) descriptor.reset(::memfd_create("test", MFD_CLOEXEC));
    // list<Handles, 2>: twice a node, no flush, and empty memory to be read; then the label "x".
    const std::uint32_t words[] = {2, 2, 1, 0, 0, 0, 1, 0, 0, 0,  //
                                   2, 1, 0, 0, 1, 1, 0, 0, 1, 'x'};
    const auto body = std::as_bytes(std::span(words));
    const auto stale = objection(110, body, descriptors);
    ASSERT_TRUE(stale);
    EXPECT_EQ(*stale, std::errc::bad_file_descriptor);
}

TEST(Dispatch, a_result_over_its_bound_is_left_to_the_reply_to_refuse) {
    NodeObject object;
    object.text_result = "eleven char";
    Heard heard(105, false, {});
    EXPECT_EQ(dispatch(object, heard), reply);
    ASSERT_TRUE(heard.out().failed());
    EXPECT_EQ(heard.out().error(), std::errc::argument_list_too_long);
}

}  // namespace
}  // namespace quire::idl_goldens
