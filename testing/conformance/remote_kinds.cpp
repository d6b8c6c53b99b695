// SPDX-License-Identifier: MIT

// Volumes behind a real channel, and a chain of them: each a client of a server that does not know
// what is below it.

#include <sys/socket.h>

#include <array>
#include <limits>

#include "e2fsck.hpp"
#include "ground.hpp"
#include "quire/block/file_device.hpp"
#include "quire/block/memory_device.hpp"
#include "quire/block/source_device.hpp"
#include "quire/fs/file_source.hpp"
#include "quire/ipc/client.hpp"
#include "quire/ipc/server.hpp"
#include "quire/remote/block_object.hpp"
#include "quire/remote/device.hpp"
#include "quire/remote/volume.hpp"
#include "quire/remote/volume_object.hpp"
#include "quire/testing/image.hpp"
#include "quire/testing/temporary_directory.hpp"
#include "quire/volumes/ext/format.hpp"
#include "quire/volumes/ext/volume.hpp"
#include "quire/volumes/memory/memory_volume.hpp"

namespace quire::conformance {

namespace {

/// A client's end of a channel to an object that `server` serves from now on.
template <typename I>
Result<ipc::Cap<I>> serve(ipc::Server& server, ipc::Cap<I> object) {
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0)
        return fail_errno();
    UniqueFd ours(ends[0]);
    QUIRE_TRY(server.adopt(UniqueFd(ends[1]), std::move(object)));
    return ipc::adopt<I>(std::move(ours), server.home());
}

Result<std::shared_ptr<fs::Volume>> through_channel(ipc::Server& server, fs::SharedVolume& volume) {
    const ipc::Cap<protocols::Volume> object =
        std::make_shared<remote::VolumeObject>(volume, wire::Account::alone());
    QUIRE_TRY_ASSIGN(auto cap, serve(server, object));
    QUIRE_TRY_ASSIGN(auto made, remote::Volume::open(std::move(cap)));
    return made;
}

Result<std::shared_ptr<fs::Volume>> through_channel(ipc::Server& server,
                                                    std::shared_ptr<fs::Volume> volume) {
    return through_channel(server, *fs::SharedVolume::create(std::move(volume)));
}

Result<std::shared_ptr<block::Device>> through_channel(ipc::Server& server,
                                                       std::shared_ptr<block::Device> device) {
    const ipc::Cap<protocols::Block> object =
        std::make_shared<remote::BlockObject>(std::move(device), wire::Account::alone());
    QUIRE_TRY_ASSIGN(auto cap, serve(server, object));
    QUIRE_TRY_ASSIGN(auto made, remote::Device::open(std::move(cap)));
    return made;
}

Result<std::shared_ptr<ipc::Server>> make_server() {
    QUIRE_TRY_ASSIGN(auto server, ipc::Server::create());
    return std::make_shared<ipc::Server>(std::move(server));
}

Result<std::unique_ptr<Ground>> make_remote_memory() {
    memory::MemoryVolume::Options options;
    options.clock = std::make_shared<TickingClock>();
    options.byte_limit = 8U << 20U;
    options.inode_limit = 4000;
    options.link_limit = 100;
    QUIRE_TRY_ASSIGN(const auto volume, memory::MemoryVolume::create(options));
    QUIRE_TRY_ASSIGN(const auto server, make_server());
    Traits traits;
    traits.largest_file = options.file_size_limit;
    traits.link_max = options.link_limit;
    traits.earliest = std::numeric_limits<std::int64_t>::min();
    traits.latest = std::numeric_limits<std::int64_t>::max();
    // Opened again, the volume gets another object; the one before may live a little longer.
    const auto shared = fs::SharedVolume::create(volume);
    return TreeGround::make(
        [server, shared]() -> Result<std::shared_ptr<fs::Volume>> {
            return through_channel(*server, *shared);
        },
        nullptr, traits);
}

ext::Options remote_options() {
    ext::Options result;
    result.clock = std::make_shared<TickingClock>();
    result.seed = 1;
    return result;
}

Result<void> format_remote(block::Device& device) {
    ext::FormatOptions wanted;
    wanted.inodes = 3000;
    wanted.time = {1'700'000'000, 0};
    wanted.hash_seed = {1, 2, 3, 4};
    wanted.device_is_zero = true;
    return ext::format(device, wanted);
}

Traits traits_of_remote() {
    Traits traits;
    traits.hole = 4096;
    traits.largest_file = ((std::uint64_t{1} << 32U) - 1) * 4096;
    traits.attribute_limit = 4096;
    traits.earliest = -(std::int64_t{1} << 31U);
    traits.latest = (std::int64_t{1} << 34U) - (std::int64_t{1} << 31U) - 1;
    return traits;
}

Result<std::shared_ptr<block::MemoryDevice>> fresh_remote_image() {
    static const auto made = []() -> Result<std::shared_ptr<block::MemoryDevice>> {
        auto device = std::make_shared<block::MemoryDevice>(16U << 20U);
        QUIRE_TRY(format_remote(*device));
        return device;
    }();
    if (!made) return fail(made.error());
    return testing::snapshot(**made);
}

Result<std::unique_ptr<Ground>> make_remote_ext() {
    QUIRE_TRY_ASSIGN(const std::shared_ptr<block::Device> device, fresh_remote_image());
    QUIRE_TRY_ASSIGN(const auto server, make_server());
    return TreeGround::make(
        [server, device]() -> Result<std::shared_ptr<fs::Volume>> {
            QUIRE_TRY_ASSIGN(auto volume, ext::Volume::open(device, remote_options()));
            return through_channel(*server, std::move(volume));
        },
        [server, device] { return check_with_e2fsck(*device); }, traits_of_remote());
}

/// Host file → block server → ext server → block server over a file of it; what comes above is up
/// to the user. All four ends are servers of their own.
struct Chain {
    std::shared_ptr<ipc::Server> host_server;
    std::shared_ptr<ipc::Server> outer_server;
    std::shared_ptr<ipc::Server> inner_server;
    std::shared_ptr<ipc::Server> top_server;
    std::shared_ptr<fs::Tree> outer;
    std::shared_ptr<block::Device> inner;

    static Result<Chain> open(std::shared_ptr<block::Device> host) {
        Chain chain;
        for (auto* server :
             {&chain.host_server, &chain.outer_server, &chain.inner_server, &chain.top_server}) {
            QUIRE_TRY_ASSIGN(*server, make_server());
        }
        QUIRE_TRY_ASSIGN(auto device, through_channel(*chain.host_server, std::move(host)));
        QUIRE_TRY_ASSIGN(auto below, ext::Volume::open(std::move(device), remote_options()));
        QUIRE_TRY_ASSIGN(auto volume, through_channel(*chain.outer_server, std::move(below)));
        QUIRE_TRY_ASSIGN(chain.outer, fs::Tree::open(std::move(volume)));
        const fs::Call call = fs::Call::as_root();
        const Name name = *Name::parse("inner.img");
        auto node = chain.outer->lookup(call, chain.outer->root(), name);
        if (!node) node = chain.outer->create(call, chain.outer->root(), name, 0600);
        if (!node) return fail(node.error());
        QUIRE_TRY_ASSIGN(auto file, chain.outer->open(call, *node, {.read = true, .write = true}));
        QUIRE_TRY_ASSIGN(const auto attributes, file->attributes(call));
        if (attributes.size == 0) QUIRE_TRY(file->resize(call, 16U << 20U));
        QUIRE_TRY_ASSIGN(auto source, block::SourceDevice::open(std::make_shared<fs::FileSource>(
                                          std::move(file), call, "inner.img")));
        QUIRE_TRY_ASSIGN(chain.inner, through_channel(*chain.inner_server, std::move(source)));
        return chain;
    }

    Result<void> close() {
        inner.reset();
        // With its server the block object lets go of the file.
        inner_server.reset();
        return outer->unmount(fs::Call::as_root());
    }
};

Result<std::shared_ptr<block::MemoryDevice>> fresh_chain_image() {
    static const auto made = []() -> Result<std::shared_ptr<block::MemoryDevice>> {
        auto device = std::make_shared<block::MemoryDevice>(32U << 20U);
        QUIRE_TRY(format_remote(*device));
        QUIRE_TRY_ASSIGN(Chain chain, Chain::open(device));
        QUIRE_TRY(format_remote(*chain.inner));
        QUIRE_TRY(chain.close());
        return device;
    }();
    if (!made) return fail(made.error());
    return *made;
}

Result<std::unique_ptr<Ground>> make_chain() {
    QUIRE_TRY_ASSIGN(const auto image, fresh_chain_image());
    const auto directory = std::make_shared<testing::TemporaryDirectory>();
    QUIRE_TRY(testing::write_image(*image, *directory / "host.img"));
    QUIRE_TRY_ASSIGN(std::shared_ptr<block::Device> host,
                     block::FileDevice::open(*directory / "host.img", {.writable = true}));
    QUIRE_TRY_ASSIGN(Chain opened, Chain::open(host));
    const auto chain = std::make_shared<Chain>(std::move(opened));
    return TreeGround::make(
        [chain]() -> Result<std::shared_ptr<fs::Volume>> {
            QUIRE_TRY_ASSIGN(auto volume, ext::Volume::open(chain->inner, remote_options()));
            return through_channel(*chain->top_server, std::move(volume));
        },
        [chain, host, directory]() -> Result<void> {
            QUIRE_TRY(check_with_e2fsck(*chain->inner));
            chain->top_server.reset();
            QUIRE_TRY(chain->close());
            return check_with_e2fsck(*host);
        },
        traits_of_remote());
}

}  // namespace

std::vector<Kind> remote_kinds() {
    return {{"remote_memory", make_remote_memory},
            {"remote_ext4_4k", make_remote_ext},
            {"remote_chain", make_chain}};
}

}  // namespace quire::conformance
