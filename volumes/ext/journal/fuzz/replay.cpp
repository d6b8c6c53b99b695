// SPDX-License-Identifier: MIT

// A log made of whatever the input says, scanned and replayed. A fuzzer cannot guess checksums, so
// the input is a little program: it writes whole transactions with right checksums, raw blocks, and
// changes single bytes afterwards, in a journal of a kind that it chooses.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <vector>

#include "format.hpp"
#include "quire/block/memory_device.hpp"
#include "quire/volumes/ext/journal/overlay.hpp"
#include "transaction_image.hpp"

namespace quire::ext::journal {
namespace {

constexpr std::uint32_t block_size = 1024;
constexpr std::uint32_t filesystem_blocks = 300;

class Input {
public:
    explicit Input(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}
    bool empty() const { return bytes_.empty(); }
    std::uint8_t byte() {
        if (bytes_.empty()) return 0;
        const std::uint8_t value = bytes_.front();
        bytes_ = bytes_.subspan(1);
        return value;
    }
    std::uint32_t number() { return byte() | std::uint32_t{byte()} << 8; }

private:
    std::span<const std::uint8_t> bytes_;
};

void require(bool condition) {
    if (!condition) std::abort();
}

std::vector<std::byte> superblock_bytes(Input& input) {
    std::vector<std::byte> bytes(Superblock::bytes_size);
    const auto put = [&bytes](std::size_t offset, std::uint32_t value) {
        format::store(std::span(bytes), offset, value);
    };
    put(0x00, format::magic);
    put(0x04, 4);
    put(0x0C, block_size);
    put(0x10, 24 + input.byte() % 16);
    put(0x14, 1);
    put(0x18, input.byte() % 4 ? 10 : 0xFFFFFFFE);
    put(0x28, input.byte() & 0x37);  // all but the checksums
    put(0x54, 1 + input.byte() % 4);
    put(0x40, 1);
    bytes[0x30] = std::byte{1};
    return bytes;
}

class Log {
public:
    Log(const Map& map, Superblock& superblock) : map_(map), superblock_(superblock) {
        position_ = superblock.first();
        transaction_ = superblock.sequence();
    }

    void run(Input& input) {
        for (int i = 0; i < 64 && !input.empty(); ++i) {
            switch (input.byte() % 5) {
                case 0:
                    write_transaction(input);
                    break;
                case 1:
                    write_raw(input);
                    break;
                case 2:
                    change(input);
                    break;
                case 3:
                    move(input.byte());
                    break;
                case 4:
                    transaction_ += input.byte() % 8 - 3u;
                    break;
            }
        }
    }

private:
    void put(std::span<const std::byte> block) {
        require(map_.device().write(map_.device_block(position_) * block_size, block).has_value());
        move(1);
    }
    void move(std::uint32_t blocks) {
        const std::uint32_t length = superblock_.end() - superblock_.first();
        position_ = superblock_.first() + (position_ - superblock_.first() + blocks) % length;
    }

    void write_transaction(Input& input) {
        const std::vector<std::byte> magic = [] {
            std::vector<std::byte> bytes(block_size);
            format::store(std::span(bytes), 0, format::magic);
            return bytes;
        }();
        const std::vector<std::byte> plain(block_size, static_cast<std::byte>(transaction_ | 1));
        std::vector<BlockWrite> writes;
        std::vector<std::uint64_t> revokes;
        const unsigned shape = input.byte();
        for (unsigned i = 0; i < shape % 8; ++i) {
            const std::uint32_t block = input.number();
            writes.push_back({block % 320u, block & 0x8000 ? magic.data() : plain.data()});
        }
        for (unsigned i = 0; i < shape / 8 % 4; ++i) revokes.push_back(input.number() % 320);
        const TransactionImage image(superblock_, transaction_, writes, revokes,
                                     Time{1000 + input.byte() % 4, 0});
        for (const auto& block : image.blocks()) put(block);
        if (shape >= 32) put(image.commit());
        if (shape >= 48) ++transaction_;
    }

    void write_raw(Input& input) {
        std::vector<std::byte> block(block_size);
        const std::uint8_t fill = input.byte();
        std::ranges::fill(block, std::byte{fill});
        format::store(std::span(block), 0, format::magic);
        format::store<std::uint32_t>(block, 4, input.byte() % 7);
        format::store(std::span(block), 8, transaction_);
        for (unsigned at = 12; at < 40; ++at) block[at] = std::byte{input.byte()};
        put(block);
    }

    void change(Input& input) {
        const std::uint32_t block = superblock_.first() + input.byte() % (superblock_.end() - 1);
        const std::uint64_t at =
            map_.device_block(std::min(block, superblock_.end() - 1)) * block_size +
            input.number() % block_size;
        const std::byte value{input.byte()};
        require(map_.device().write(at, std::span(&value, 1)).has_value());
    }

    const Map& map_;
    const Superblock& superblock_;
    std::uint32_t position_;
    std::uint32_t transaction_;
};

std::vector<std::byte> block_in_place(const Map& map, std::uint64_t block) {
    std::vector<std::byte> bytes(block_size);
    require(map.device().read(block * block_size, bytes).has_value());
    return bytes;
}

void check(const Map& map, Superblock& superblock, const Overlay& overlay) {
    std::vector<std::vector<std::byte>> contents;
    std::uint64_t previous = 0;
    for (const auto& entry : overlay.entries()) {
        require(contents.empty() || entry.block > previous);
        require(entry.block < filesystem_blocks && !map.owns(entry.block));
        previous = entry.block;
        auto& content = contents.emplace_back(block_size);
        require(overlay.read(map, entry.block, content).value());
    }
    const auto recovered = recover(map, superblock, overlay);
    require(recovered.has_value() == !overlay.damage().has_value());
    if (!recovered) return;
    for (std::size_t i = 0; i < contents.size(); ++i)
        require(block_in_place(map, overlay.entries()[i].block) == contents[i]);
    const auto again = Superblock::read(map);
    require(again && again->clean() && Overlay::scan(map, *again)->empty());
}

void run(Input input) {
    block::MemoryDevice device(filesystem_blocks * block_size);
    const auto map =
        Map::open(device, block_size, filesystem_blocks, {{200, 10}, {50, 20}, {250, 10}}).value();
    const std::uint8_t checksums = input.byte() % 4;
    auto bytes = superblock_bytes(input);
    if (checksums == 1) format::store<std::uint32_t>(bytes, 0x24, 1);
    auto superblock = Superblock::parse(bytes, map);
    if (!superblock) return;
    if (checksums == 2) superblock->add_incompatible(feature::checksum_v2);
    if (checksums == 3) superblock->add_incompatible(feature::checksum_v3);
    Log log(map, *superblock);
    log.run(input);
    superblock->set_log(superblock->first() + input.byte() % 4, superblock->sequence());
    require(superblock->write(map).has_value());
    const auto overlay = Overlay::scan(map, *superblock);
    if (overlay) check(map, *superblock, *overlay);
}

}  // namespace
}  // namespace quire::ext::journal

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    quire::ext::journal::run(quire::ext::journal::Input({data, size}));
    return 0;
}
