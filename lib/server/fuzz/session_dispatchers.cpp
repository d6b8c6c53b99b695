// SPDX-License-Identifier: MIT

// Messages to what a client holds: an opener, a context, a file and a directory, in a subtree and as
// a plain user; and the same messages to what root holds of the whole tree for reading only. Before
// each message (see fuzz_messages.hpp) a byte says which of them it is for; or for the filesystem
// itself, whose openers for anybody are dropped at once. Whatever they are, what is
// outside the subtree stays as it was, through what is for reading only everything does, and in the
// end nothing is left.

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "quire/server/file_server.hpp"
#include "quire/testing/fuzz_messages.hpp"
#include "quire/testing/whole_tree.hpp"
#include "quire/volumes/memory/memory_volume.hpp"

namespace {

using namespace quire;

const ipc::Call no_limit = ipc::Call::forever();

/// Everything in the top directory and in the file that the client must not reach.
std::string outside(const ipc::Cap<protocols::OpenerContext>& root) {
    std::string seen;
    const auto top = root->open_directory(no_limit, "/", 100, false);
    const auto read = root->read(no_limit, "secret", 100);
    testing::fuzz_expect(top && read);
    for (const std::byte byte : top->page.entries) seen += static_cast<char>(byte);
    for (const std::byte byte : read->content) seen += static_cast<char>(byte);
    for (const std::uint32_t fact : {std::uint32_t{read->attributes.permissions},
                                     read->attributes.uid, read->attributes.links})
        seen += std::to_string(fact) + ',';
    return seen;
}

/// What a client holds, and how messages come to it.
struct Held {
    Held(server::FileServer& files, ipc::Cap<protocols::Opener> its_opener, std::string_view path,
         std::uint32_t flags)
        : filesystem(files.filesystem()),
          opener(std::move(its_opener)),
          context(*opener->context(no_limit)) {
        const auto opened = context->open(no_limit, path, flags, 0666, 0);
        testing::fuzz_expect(opened.has_value());
        file = opened->file;
        const auto listed = context->open_directory(no_limit, "/", 0, true);
        testing::fuzz_expect(listed.has_value());
        directory = listed->directory;
        testing::fuzz_expect(context->set_buffer(no_limit, testing::fuzz_buffer(8192)).has_value());
        testing::fuzz_expect(file->set_buffer(no_limit, testing::fuzz_buffer(8192)).has_value());
    }

    void take_all(std::span<const std::uint8_t> input) const {
        bool goes_on = true;
        while (goes_on && !input.empty()) {
            const std::uint8_t whose = input.front();
            input = input.subspan(1);
            switch (whose % 6) {
                case 0:
                    goes_on = testing::dispatch_message(*opener, 16, input);
                    break;
                case 1:
                    goes_on = testing::dispatch_message(*file, 64, input);
                    break;
                case 2:
                    goes_on = testing::dispatch_message(*file, 0, input);
                    break;
                case 3:
                    goes_on = testing::dispatch_message(*directory, 90, input);
                    break;
                case 5:
                    goes_on = testing::dispatch_message(*filesystem, 16, input);
                    break;
                default:
                    goes_on = testing::dispatch_message(*context, 32, input);
            }
        }
        testing::fuzz_expect(context->stat(no_limit, "/", true).has_value());
    }

    ipc::Cap<protocols::Filesystem> filesystem;
    ipc::Cap<protocols::Opener> opener;
    ipc::Cap<protocols::OpenerContext> context;
    ipc::Cap<protocols::FileObject> file;
    ipc::Cap<protocols::Directory> directory;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    memory::MemoryVolume::Options options;
    options.clock = std::make_shared<FixedClock>(Time{1'700'000'000, 0});
    options.byte_limit = 1U << 20U;
    options.inode_limit = 100;
    options.file_size_limit = 1U << 20U;
    const auto tree = *fs::Tree::open(*memory::MemoryVolume::create(options));
    server::FileServer files(tree);
    const auto opener_of_root = files.opener(server::Authority(tree, fs::Credentials::root()));
    const auto root = *opener_of_root->context(no_limit);
    constexpr std::uint32_t to_make =
        protocols::open_read | protocols::open_write | protocols::open_create;
    const std::array<std::byte, 6> content{};
    testing::fuzz_expect(root->mkdir(no_limit, "home", 0777).has_value());
    testing::fuzz_expect(
        root->set_attributes(no_limit, "home", false,
                             {.which = protocols::change_permissions, .permissions = 0777})
            .has_value());
    testing::fuzz_expect(root->symlink(no_limit, "../secret", "home/link").has_value());
    {
        const auto secret = root->open(no_limit, "secret", to_make, 0600, 0);
        testing::fuzz_expect(secret && secret->file->write(no_limit, 0, content));
        testing::fuzz_expect(
            secret->file->set_extended_attribute(no_limit, "user.x", content, {}).has_value());
    }
    const std::string before = outside(root);
    const std::string all_before = testing::WholeTree::of(*root).value_or("");
    testing::fuzz_expect(!all_before.empty());
    // Root could do anything, but for how it holds the tree.
    Held(files, *opener_of_root->restrict(no_limit, "", true), "secret", protocols::open_read)
        .take_all({data, size});
    testing::fuzz_expect(testing::WholeTree::of(*root) == all_before);
    {
        const auto authority = server::Authority(
            tree, {.uid = 1000, .gid = 1000, .groups = {50}, .umask = 022, .pid = 0});
        const Held held(files, *files.opener(authority)->restrict(no_limit, "home", false), "f",
                        to_make);
        testing::fuzz_expect(held.context->mkdir(no_limit, "d", 0777).has_value());
        held.take_all({data, size});
    }
    testing::fuzz_expect(outside(root) == before);
    const server::FileServerCounters left = files.counters();
    testing::fuzz_expect(left.openers == 1 && left.contexts == 1 && left.files == 0 &&
                         left.directories == 0 && left.providers == 0 && left.buffers == 0);
    return 0;
}
