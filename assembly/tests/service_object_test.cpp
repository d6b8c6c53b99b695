// SPDX-License-Identifier: MIT
//
// What a connection to a served socket may have, by who connects and by what is served.

#include "serve/service_object.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <vector>

#include "quire/block/memory_device.hpp"
#include "quire/testing/fuzz_messages.hpp"
#include "quire/volumes/memory/memory_volume.hpp"

namespace quire::assembly {
namespace {

using protocols::OpenerContext;
using protocols::Service;
using enum std::errc;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

const ipc::Call any_time = ipc::Call::forever();
constexpr std::uint32_t to_look = protocols::open_read;
constexpr std::uint32_t to_make =
    protocols::open_read | protocols::open_write | protocols::open_create;

constexpr uid_t servers_user = 500;
const ipc::Peer host_root{.pid = 1, .uid = 0, .gid = 0, .groups = {}};
const ipc::Peer servers_own{.pid = 2, .uid = servers_user, .gid = 501, .groups = {}};
const ipc::Peer stranger{.pid = 3, .uid = 1000, .gid = 1001, .groups = {50}};

template <typename T>
std::errc code_of(const Result<T>& result) {
    return result ? std::errc() : result.error().code();
}

class ServiceObjects : public ::testing::Test {
protected:
    ServiceObjects() {
        served_->description = "disk.img";
        served_->uid = servers_user;
        served_->snapshot = [this] { return snapshot_; };
    }

    /// A tree with `sub` for all to look at, `common` for all to write in, `private` for root, and
    /// `of group 50`; or the part of it below `part`.
    void serve_tree(std::string_view part = "", bool read_only = false) {
        const auto tree = *fs::Tree::open(*memory::MemoryVolume::create(
            {.clock = std::make_shared<FixedClock>(Time{1'700'000'000, 0})}));
        const server::Authority all(tree, fs::Credentials::root());
        served_->files = std::make_unique<server::FileServer>(tree);
        const auto context = *(*served_->files->opener(all)).context(any_time);
        for (const char* const directory : {"sub", "sub/deep", "common"})
            ASSERT_TRUE(context->mkdir(any_time, directory, 0755));
        set_permissions(*context, "common", 0777);
        for (const char* const file : {"private", "of group 50", "sub/file"})
            ASSERT_TRUE(context->open(any_time, file, to_make, 0600, 0));
        set_permissions(*context, "of group 50", 0040);
        ASSERT_TRUE(context->set_attributes(any_time, "of group 50", false,
                                            {.which = protocols::change_gid, .gid = 50}));
        served_->read_only = read_only;
        served_->tree.emplace(tree, fs::Credentials::root(), read_only);
        if (!part.empty()) served_->tree = *all.narrow(*Path::parse(part), read_only);
    }
    static void set_permissions(OpenerContext& context, const char* path,
                                std::uint16_t permissions) {
        ASSERT_TRUE(context.set_attributes(
            any_time, path, false,
            {.which = protocols::change_permissions, .permissions = permissions}));
    }
    void serve_device(bool read_only = false) {
        served_->read_only = read_only;
        served_->device = std::make_shared<block::MemoryDevice>(8192);
    }

    std::shared_ptr<ServiceObject> service_for(const ipc::Peer& peer) const {
        return std::make_shared<ServiceObject>(served_, peer);
    }
    ipc::Cap<OpenerContext> context_for(const ipc::Peer& peer, std::string_view subtree = "",
                                        bool read_only = false) const {
        return *(*service_for(peer)->opener(any_time, subtree, read_only))->context(any_time);
    }
    std::errc filesystem_for(const ipc::Peer& peer) const {
        return code_of(service_for(peer)->filesystem(any_time));
    }
    std::errc block_for(const ipc::Peer& peer, bool read_only) const {
        return code_of(service_for(peer)->block(any_time, read_only));
    }
    /// Whether root's own is given to a peer: by path, and by node.
    std::array<std::errc, 2> opens_private(const ipc::Peer& peer) const {
        const auto volume = *service_for(peer)->volume(any_time, "", false);
        // What a caller says of itself counts for nothing.
        const protocols::Credentials claimed{};
        const auto top = *volume->root(any_time, claimed);
        const auto node = *volume->lookup(any_time, claimed, top.node, "private");
        return {code_of(context_for(peer)->open(any_time, "private", to_look, 0, 0)),
                code_of(volume->open(any_time, claimed, node.node, 1))};
    }

    std::shared_ptr<Served> served_ = std::make_shared<Served>();
    ipc::Snapshot snapshot_;
};

TEST_F(ServiceObjects, let_the_servers_own_user_be_root_unless_told_otherwise) {
    serve_tree();
    const auto all = ElementsAre(std::errc(), std::errc());
    const auto nothing = ElementsAre(permission_denied, permission_denied);
    EXPECT_THAT(opens_private(host_root), all);
    EXPECT_THAT(opens_private(servers_own), all);
    EXPECT_THAT(opens_private(stranger), nothing);
    EXPECT_EQ(filesystem_for(servers_own), std::errc());
    served_->owner_is_root = false;
    EXPECT_THAT(opens_private(host_root), all);
    EXPECT_THAT(opens_private(servers_own), nothing);
    EXPECT_THAT(opens_private(stranger), nothing);
    EXPECT_EQ(filesystem_for(servers_own), operation_not_permitted);
    EXPECT_EQ(filesystem_for(host_root), std::errc());
}

TEST_F(ServiceObjects, act_as_their_peer) {
    serve_tree();
    served_->owner_is_root = false;
    EXPECT_TRUE(context_for(stranger)->open(any_time, "of group 50", to_look, 0, 0));
    EXPECT_EQ(code_of(context_for(servers_own)->open(any_time, "of group 50", to_look, 0, 0)),
              permission_denied);
    for (const ipc::Peer& peer : {stranger, servers_own}) {
        const std::string name = "common/of " + std::to_string(peer.uid);
        // With the permissions that were asked for: no umask comes along.
        const auto made = context_for(peer)->open(any_time, name, to_make, 0666, 0);
        ASSERT_TRUE(made);
        EXPECT_EQ(made->attributes.uid, peer.uid);
        EXPECT_EQ(made->attributes.gid, peer.gid);
        EXPECT_EQ(made->attributes.permissions, 0666);
    }
}

TEST_F(ServiceObjects, give_the_filesystem_to_root_and_as_a_whole_only) {
    serve_tree();
    EXPECT_EQ(filesystem_for(host_root), std::errc());
    EXPECT_EQ(filesystem_for(stranger), operation_not_permitted);
    serve_tree("/");
    EXPECT_EQ(filesystem_for(host_root), std::errc());
    serve_tree("sub");
    EXPECT_EQ(filesystem_for(host_root), operation_not_permitted);
    serve_tree("", true);
    EXPECT_EQ(filesystem_for(host_root), operation_not_permitted);
    serve_tree("sub", true);
    EXPECT_EQ(filesystem_for(host_root), operation_not_permitted);
}

TEST_F(ServiceObjects, give_a_part_and_nothing_beside_it) {
    serve_tree("sub");
    for (const char* const subtree : {"", "/", "..", "deep/../.."}) {
        const auto context = context_for(host_root, subtree);
        EXPECT_TRUE(context->stat(any_time, "file", true)) << subtree;
        EXPECT_EQ(code_of(context->stat(any_time, "../private", true)), no_such_file_or_directory)
            << subtree;
        const auto volume = *service_for(host_root)->volume(any_time, subtree, false);
        const auto top = *volume->root(any_time, {});
        EXPECT_TRUE(volume->lookup(any_time, {}, top.node, "file")) << subtree;
        EXPECT_EQ(volume->parent(any_time, {}, top.node)->node, top.node) << subtree;
    }
    EXPECT_EQ(code_of(context_for(host_root, "deep")->stat(any_time, "../file", true)),
              no_such_file_or_directory);
    EXPECT_EQ(code_of(service_for(host_root)->opener(any_time, "file", false)), not_a_directory);
    EXPECT_EQ(code_of(service_for(host_root)->volume(any_time, "none", false)),
              no_such_file_or_directory);
}

TEST_F(ServiceObjects, change_nothing_where_one_of_both_wants_that) {
    for (const bool by_server : {false, true}) {
        serve_tree("", by_server);
        for (const bool by_client : {false, true}) {
            const auto expected = by_server || by_client ? read_only_file_system : std::errc();
            const std::string name = by_client ? "new" : "other";
            EXPECT_EQ(code_of(context_for(host_root, "", by_client)->mkdir(any_time, name, 0755)),
                      expected);
            EXPECT_EQ(
                code_of(context_for(host_root, "sub", by_client)->mkdir(any_time, name, 0755)),
                expected);
            const auto volume = *service_for(host_root)->volume(any_time, "common", by_client);
            const auto top = *volume->root(any_time, {});
            EXPECT_EQ(code_of(volume->mkdir(any_time, {}, top.node, name, {.permissions = 0755})),
                      expected);
        }
    }
}

TEST_F(ServiceObjects, give_a_device_to_root_only_and_for_reading_where_it_is) {
    serve_device();
    served_->owner_is_root = false;
    for (const bool read_only : {false, true}) {
        EXPECT_EQ(block_for(host_root, read_only), std::errc());
        EXPECT_EQ(block_for(servers_own, read_only), operation_not_permitted);
        EXPECT_EQ(block_for(stranger, read_only), operation_not_permitted);
    }
    served_->owner_is_root = true;
    EXPECT_EQ(block_for(servers_own, false), std::errc());
    serve_device(true);
    EXPECT_EQ(block_for(host_root, false), read_only_file_system);
    EXPECT_EQ(block_for(stranger, false), operation_not_permitted);
    const auto block = service_for(host_root)->block(any_time, true);
    ASSERT_TRUE(block);
    EXPECT_FALSE((*block)->geometry(any_time)->geometry.writable);
    const std::array<std::byte, 512> bytes{};
    EXPECT_EQ(code_of((*block)->write(any_time, 0, bytes)), read_only_file_system);
    EXPECT_EQ(code_of((*block)->zero(any_time, {0, 512})), read_only_file_system);
}

// Whatever a connection has been given, its buffers are its own affair.
TEST_F(ServiceObjects, charge_the_image_s_buffers_to_the_connection) {
    serve_tree();
    served_->image = [] { return std::make_shared<block::MemoryDevice>(8192); };
    const auto image = *service_for(host_root)->image(any_time);
    EXPECT_TRUE(image->set_buffer(any_time, quire::testing::fuzz_buffer(4096)));
    EXPECT_EQ(served_->buffers->used(), 1u);
}

TEST_F(ServiceObjects, give_a_device_to_one_writer_or_many_readers) {
    serve_device();
    {
        const auto writer = service_for(host_root)->block(any_time, false);
        ASSERT_TRUE(writer);
        EXPECT_EQ(block_for(host_root, false), device_or_resource_busy);
        EXPECT_EQ(block_for(host_root, true), device_or_resource_busy);
    }
    auto first = service_for(host_root)->block(any_time, true);
    const auto second = service_for(servers_own)->block(any_time, true);
    ASSERT_TRUE(first && second);
    EXPECT_EQ(block_for(host_root, false), device_or_resource_busy);
    *first = {};
    EXPECT_EQ(block_for(host_root, false), device_or_resource_busy);
}

TEST_F(ServiceObjects, have_one_kind) {
    serve_device();
    const auto device = service_for(host_root);
    EXPECT_EQ(device->describe(any_time)->kind, protocols::ServiceKind::device);
    EXPECT_EQ(code_of(device->volume(any_time, "", true)), operation_not_supported);
    EXPECT_EQ(code_of(device->opener(any_time, "", true)), operation_not_supported);
    EXPECT_EQ(filesystem_for(host_root), operation_not_supported);
    served_->device.reset();
    serve_tree();
    EXPECT_EQ(service_for(host_root)->describe(any_time)->kind, protocols::ServiceKind::volume);
    EXPECT_EQ(block_for(host_root, true), operation_not_supported);
}

/// Channels 1 to 3 of the peers above, with objects.
ipc::Snapshot three_clients() {
    ipc::Snapshot snapshot;
    std::uint64_t number = 0;
    for (const ipc::Peer& peer : {host_root, servers_own, stranger})
        snapshot.channels.push_back({.number = ++number,
                                     .peer = peer,
                                     .objects = {{1, "Service", 1}, {2, "Volume", 2}},
                                     .calls = 10 * number,
                                     .received_bytes = 100 * number,
                                     .sent_bytes = 1000 * number});
    snapshot.channels.back().objects.push_back({3, "Volume", 3});
    return snapshot;
}

std::vector<std::uint64_t> numbers_of(const Result<std::vector<protocols::ServedClient>>& clients) {
    std::vector<std::uint64_t> numbers;
    if (!clients) return {9999};
    for (const protocols::ServedClient& client : *clients) numbers.push_back(client.number);
    return numbers;
}

TEST_F(ServiceObjects, show_root_all_clients_and_others_their_own) {
    serve_tree();
    snapshot_ = three_clients();
    served_->owner_is_root = false;
    EXPECT_THAT(numbers_of(service_for(host_root)->clients(any_time, 0)), ElementsAre(1, 2, 3));
    EXPECT_THAT(numbers_of(service_for(host_root)->clients(any_time, 2)), ElementsAre(3));
    EXPECT_THAT(numbers_of(service_for(servers_own)->clients(any_time, 0)), ElementsAre(2));
    EXPECT_THAT(numbers_of(service_for(stranger)->clients(any_time, 0)), ElementsAre(3));
    EXPECT_THAT(numbers_of(service_for(stranger)->clients(any_time, 3)), ElementsAre());
    served_->owner_is_root = true;
    EXPECT_THAT(numbers_of(service_for(servers_own)->clients(any_time, 0)), ElementsAre(1, 2, 3));
    const auto client = service_for(stranger)->clients(any_time, 0)->front();
    EXPECT_EQ(client.uid, stranger.uid);
    EXPECT_EQ(client.gid, stranger.gid);
    EXPECT_EQ(client.pid, stranger.pid);
    EXPECT_EQ(client.objects, 3u);
    EXPECT_EQ(client.calls, 30u);
    EXPECT_EQ(client.received, 300u);
    EXPECT_EQ(client.sent, 3000u);
}

TEST_F(ServiceObjects, show_what_is_held_to_root_and_to_its_own_user) {
    serve_tree();
    snapshot_ = three_clients();
    served_->owner_is_root = false;
    for (const std::uint64_t number : {1, 2, 3})
        EXPECT_TRUE(service_for(host_root)->held(any_time, number)) << number;
    EXPECT_EQ(code_of(service_for(stranger)->held(any_time, 1)), operation_not_permitted);
    EXPECT_EQ(code_of(service_for(stranger)->held(any_time, 2)), operation_not_permitted);
    EXPECT_EQ(code_of(service_for(servers_own)->held(any_time, 3)), operation_not_permitted);
    EXPECT_EQ(code_of(service_for(host_root)->held(any_time, 4)), no_such_file_or_directory);
    const auto held = service_for(stranger)->held(any_time, 3);
    ASSERT_TRUE(held);
    EXPECT_THAT(*held, ElementsAre(protocols::HeldObject{"Service", 1, 1},
                                   protocols::HeldObject{"Volume", 2, 5}));
}

TEST_F(ServiceObjects, show_gates_to_root_only) {
    serve_tree();
    snapshot_ = three_clients();
    snapshot_.gates = {{"Opener"}, {"FileObject"}, {"Opener"}};
    served_->owner_is_root = false;
    const auto gates = service_for(host_root)->gates(any_time);
    ASSERT_TRUE(gates);
    EXPECT_THAT(*gates, ElementsAre(protocols::HeldObject{"FileObject", 1, 1},
                                    protocols::HeldObject{"Opener", 2, 2}));
    EXPECT_EQ(code_of(service_for(servers_own)->gates(any_time)), operation_not_permitted);
    EXPECT_EQ(code_of(service_for(stranger)->gates(any_time)), operation_not_permitted);
}

TEST_F(ServiceObjects, show_many_clients_page_by_page) {
    serve_tree();
    for (std::uint64_t number = 1; number <= 600; ++number) {
        ipc::Snapshot::Channel& channel = snapshot_.channels.emplace_back();
        channel.number = number;
        channel.peer = number % 2 == 0 ? stranger : host_root;
    }
    std::vector<std::uint64_t> seen;
    while (true) {
        const auto page = service_for(stranger)->clients(any_time, seen.empty() ? 0 : seen.back());
        ASSERT_TRUE(page);
        if (page->empty()) break;
        EXPECT_LE(page->size(), 256u);
        for (const protocols::ServedClient& client : *page) seen.push_back(client.number);
    }
    ASSERT_EQ(seen.size(), 300u);
    for (std::size_t i = 0; i < seen.size(); ++i) EXPECT_EQ(seen[i], 2 * (i + 1));
}

TEST_F(ServiceObjects, count_what_they_have_given) {
    serve_tree();
    const auto now = [&] { return *service_for(stranger)->status(any_time); };
    EXPECT_THAT(now(), HasSubstr("\n0 volumes with 0 nodes\n"));
    auto first = *service_for(host_root)->volume(any_time, "", false);
    const auto second = *service_for(stranger)->volume(any_time, "sub", false);
    const auto top = *first->root(any_time, {});
    ASSERT_TRUE(first->lookup(any_time, {}, top.node, "sub"));
    ASSERT_TRUE(second->root(any_time, {}));
    EXPECT_THAT(now(), HasSubstr("\n2 volumes with 3 nodes\n"));
    first = {};
    EXPECT_THAT(now(), HasSubstr("\n1 volumes with 1 nodes\n"));
    const auto opener = *service_for(stranger)->opener(any_time, "", false);
    const auto context = *opener->context(any_time);
    EXPECT_THAT(now(), HasSubstr("\n1 openers, 1 contexts, 0 open files, "));
}

}  // namespace
}  // namespace quire::assembly
