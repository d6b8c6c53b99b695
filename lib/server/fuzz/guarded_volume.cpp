// SPDX-License-Identifier: MIT

// Messages to a volume that a guard keeps (see fuzz_messages.hpp): to what root holds of the whole
// tree for reading only; and the same messages to what a plain user holds of a subtree. Through what
// is for reading only everything stays as it was, through the other what is outside the subtree; and
// in the end nobody holds anything. The client has the root, node 1 in most inputs, and the file `f`
// in it, node 2, open for whatever it may, from the beginning.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "quire/remote/volume_object.hpp"
#include "quire/server/file_server.hpp"
#include "quire/server/guard.hpp"
#include "quire/testing/fuzz_messages.hpp"
#include "quire/testing/whole_tree.hpp"
#include "quire/volumes/memory/memory_volume.hpp"

namespace {

using namespace quire;

const ipc::Call always = ipc::Call::forever();
const protocols::Credentials claimed{};  // root, which counts for nothing

void make(protocols::OpenerContext& root, std::string_view path) {
    const std::string text(path);
    const auto made =
        root.open(always, path,
                  protocols::open_read | protocols::open_write | protocols::open_create, 0666, 0);
    testing::fuzz_expect(made.has_value());
    const auto bytes = std::as_bytes(std::span(text));
    testing::fuzz_expect(made->file->write(always, 0, bytes).has_value());
    testing::fuzz_expect(
        made->file->set_extended_attribute(always, "user.x", bytes, {}).has_value());
}

void open_to_all(protocols::OpenerContext& root, std::string_view path) {
    testing::fuzz_expect(
        root.set_attributes(always, path, true,
                            {.which = protocols::change_permissions, .permissions = 0777})
            .has_value());
}

std::string all_of(protocols::OpenerContext& context) {
    const auto seen = testing::WholeTree::of(context);
    testing::fuzz_expect(seen.has_value());
    return *seen;
}

/// What is in the top directory.
std::string names_in(protocols::OpenerContext& root) {
    const auto top = root.open_directory(always, "/", 100, false);
    testing::fuzz_expect(top && top->page.last);
    std::string names;
    for (const std::byte byte : top->page.entries) names += static_cast<char>(byte);
    return names;
}

void take_all(const server::Authority& authority, std::span<const std::uint8_t> input) {
    const auto guard = std::make_shared<server::Guard>(authority);
    {
        const auto object = remote::VolumeObject::over(guard, wire::Account::alone({.nodes = 20}));
        const auto top = object->root(always, claimed);
        testing::fuzz_expect(top.has_value());
        const auto file = object->lookup(always, claimed, top->node, "f");
        testing::fuzz_expect(file.has_value());
        const std::uint32_t mode = authority.read_only() ? 1 : 3;
        testing::fuzz_expect(object->open(always, claimed, file->node, mode).has_value());
        testing::fuzz_expect(object->set_buffer(always, testing::fuzz_buffer(8192)).has_value());
        while (testing::dispatch_message<protocols::Volume>(*object, 144, input)) continue;
    }
    testing::fuzz_expect(guard->held() == 0);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    memory::MemoryVolume::Options options;
    options.clock = std::make_shared<FixedClock>(Time{1'700'000'000, 0});
    options.byte_limit = 1U << 20U;
    options.inode_limit = 100;
    options.file_size_limit = 1U << 20U;
    const auto tree = *fs::Tree::open(*memory::MemoryVolume::create(options));
    server::FileServer files(tree);
    const server::Authority all(tree, fs::Credentials::root());
    const auto opener = files.opener(all);
    const auto root = *opener->context(always);
    for (const char* const directory : {"home", "home/d", "outside"}) {
        testing::fuzz_expect(root->mkdir(always, directory, 0777).has_value());
        open_to_all(*root, directory);
    }
    testing::fuzz_expect(root->symlink(always, "../outside", "home/link").has_value());
    for (const char* const file : {"f", "home/f", "outside/f"}) {
        make(*root, file);
        open_to_all(*root, file);
    }
    const std::string before = all_of(*root);
    take_all(all.for_reading(), {data, size});
    testing::fuzz_expect(all_of(*root) == before);

    const auto outside = *(*opener->restrict(always, "outside", false))->context(always);
    const std::string outside_before = all_of(*outside) + names_in(*root);
    const auto user =
        all.acting_as({.uid = 1000, .gid = 1000, .groups = {50}, .umask = 022, .pid = 0});
    testing::fuzz_expect(user.has_value());
    const auto part = user->narrow(*Path::parse("home"), false);
    testing::fuzz_expect(part.has_value());
    take_all(*part, {data, size});
    testing::fuzz_expect(all_of(*outside) + names_in(*root) == outside_before);
    return 0;
}
