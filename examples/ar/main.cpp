// SPDX-License-Identifier: MIT
//
// example_ar ARCHIVE [MEMBER]: lists an ar archive, or prints one of its members.

#include <cstdio>
#include <string_view>
#include <vector>

#include "ar_volume.hpp"
#include "quire/block/file_device.hpp"
#include "quire/fs/tree.hpp"

namespace {

using namespace quire;

const fs::Call as_root = fs::Call::as_root();

Result<void> list(fs::Tree& tree) {
    return tree.list(
        as_root, tree.root(), 0, fs::WithAttributes::yes, [](const fs::DirectoryEntry& entry) {
            std::printf("%10llu %s\n", static_cast<unsigned long long>(entry.attributes->size),
                        printable(entry.name).c_str());
            return true;
        });
}

Result<void> print(fs::Tree& tree, std::string_view member) {
    QUIRE_TRY_ASSIGN(const Path path, Path::parse(member));
    QUIRE_TRY_ASSIGN(const fs::NodeReference node, tree.walk(as_root, path));
    QUIRE_TRY_ASSIGN(const auto file, tree.open(as_root, node, {.read = true, .write = false}));
    std::vector<std::byte> memory(1 << 16);
    for (std::uint64_t offset = 0;;) {
        QUIRE_TRY_ASSIGN(const std::size_t got, file->read(as_root, offset, memory));
        if (got == 0) return {};
        if (std::fwrite(memory.data(), 1, got, stdout) != got) return fail_errno("standard output");
        offset += got;
    }
}

Result<void> run(int argc, char** argv) {
    QUIRE_TRY_ASSIGN(std::shared_ptr<block::Device> device, block::FileDevice::open(argv[1]));
    QUIRE_TRY_ASSIGN(const auto volume, examples::ArVolume::open(device));
    QUIRE_TRY_ASSIGN(const auto tree, fs::Tree::open(volume));
    return argc == 3 ? print(*tree, argv[2]) : list(*tree);
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2 && argc != 3) {
        std::fputs("usage: example_ar ARCHIVE [MEMBER]\n", stderr);
        return 2;
    }
    auto done = run(argc, argv);
    if (done && std::fflush(stdout) != 0) done = fail_errno("standard output");
    if (done) return 0;
    std::fprintf(stderr, "example_ar: %s: %s\n", printable(argv[1]).c_str(),
                 done.error().message().c_str());
    return 1;
}
