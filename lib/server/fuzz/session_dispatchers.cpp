// SPDX-License-Identifier: MIT

// Messages to what a client holds: an opener, a context, a file and a directory, in a subtree and as
// a plain user. Before each message (see fuzz_messages.hpp) a byte says which of them it is for.
// Whatever they are, what is outside the subtree stays as it was, and in the end nothing is left.

#include <array>
#include <cstdint>
#include <span>
#include <string>

#include "quire/server/file_server.hpp"
#include "quire/testing/fuzz_messages.hpp"
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
    }
    const std::string before = outside(root);
    {
        const auto authority = server::Authority(
            tree, {.uid = 1000, .gid = 1000, .groups = {50}, .umask = 022, .pid = 0});
        const auto opener = *files.opener(authority)->restrict(no_limit, "home", false);
        const auto context = *opener->context(no_limit);
        const auto file = context->open(no_limit, "f", to_make, 0666, 0);
        testing::fuzz_expect(file.has_value());
        testing::fuzz_expect(context->mkdir(no_limit, "d", 0777).has_value());
        const auto directory = context->open_directory(no_limit, "/", 0, true);
        testing::fuzz_expect(directory.has_value());
        testing::fuzz_expect(context->set_buffer(no_limit, testing::fuzz_buffer(8192)).has_value());
        testing::fuzz_expect(
            file->file->set_buffer(no_limit, testing::fuzz_buffer(8192)).has_value());
        std::span input(data, size);
        bool goes_on = true;
        while (goes_on && !input.empty()) {
            const std::uint8_t whose = input.front();
            input = input.subspan(1);
            switch (whose % 5) {
                case 0:
                    goes_on = testing::dispatch_message(*opener, 16, input);
                    break;
                case 1:
                    goes_on = testing::dispatch_message(*file->file, 64, input);
                    break;
                case 2:
                    goes_on = testing::dispatch_message(*file->file, 0, input);
                    break;
                case 3:
                    goes_on = testing::dispatch_message(*directory->directory, 90, input);
                    break;
                default:
                    goes_on = testing::dispatch_message(*context, 32, input);
            }
        }
        testing::fuzz_expect(context->stat(no_limit, "/", true).has_value());
    }
    testing::fuzz_expect(outside(root) == before);
    const server::FileServerCounters left = files.counters();
    testing::fuzz_expect(left.files == 0 && left.directories == 0 && left.providers == 0 &&
                         left.buffers == 0);
    return 0;
}
