// SPDX-License-Identifier: MIT

#include "walk.hpp"

#include <fmt/core.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <filesystem>

#include "choose.hpp"
#include "quire/base/name.hpp"
#include "quire/block/file_device.hpp"
#include "quire/block/region_device.hpp"
#include "quire/block/snapshot_device.hpp"
#include "quire/block/source_device.hpp"
#include "quire/fs/file_source.hpp"
#include "quire/ipc/client.hpp"
#include "quire/remote/device.hpp"
#include "quire/remote/volume.hpp"
#include "quire/volumes/host/host_volume.hpp"
#include "quire/volumes/memory/memory_volume.hpp"
#include "serve/records.hpp"

namespace quire::assembly {

namespace {

using Scheme = Address::Scheme;

const fs::Call as_root = fs::Call::as_root();

Path root_path() {
    return {};
}

// The identity of a host file before it is opened: opening it twice would let it wait for its own
// lock. Two nodes of one block device are the same bytes.
FileKey key_of(const struct stat& facts) {
    if (S_ISBLK(facts.st_mode))
        return {.tree = nullptr, .device = ~std::uint64_t{0}, .inode = facts.st_rdev};
    return {.tree = nullptr, .device = facts.st_dev, .inode = facts.st_ino};
}

// The same file as a node knows itself. A block device is no file that a tree could hold twice.
std::vector<Carrier> carrier_of(const FileKey& key) {
    if (key.tree != nullptr) return {{key.tree, {key.inode, key.device}}};
    if (key.device == ~std::uint64_t{0}) return {};
    const std::uint32_t number = major(key.device) << 20 | minor(key.device);
    return {{nullptr, {key.inode, number}}};
}

Result<struct stat> facts_of(const std::string& path, const std::string& name) {
    struct stat facts{};
    if (::stat(path.c_str(), &facts) != 0) return fail_errno(printable(name));
    return facts;
}

Result<std::shared_ptr<block::Device>> image_at(const ipc::Cap<protocols::Service>& service) {
    QUIRE_TRY_ASSIGN(auto image, service->image(ipc::Call::forever()));
    QUIRE_TRY_ASSIGN(std::shared_ptr<block::Device> device, remote::Device::open(std::move(image)));
    return device;
}

Result<std::shared_ptr<block::Device>> device_at(const ipc::Cap<protocols::Service>& service,
                                                 bool read_only) {
    QUIRE_TRY_ASSIGN(auto bytes, service->block(ipc::Call::forever(), read_only));
    QUIRE_TRY_ASSIGN(std::shared_ptr<block::Device> device, remote::Device::open(std::move(bytes)));
    return device;
}

Result<std::string> absolute(const std::string& path) {
    if (path.starts_with('/')) return path;
    std::error_code error;
    const std::filesystem::path directory = std::filesystem::current_path(error);
    if (error) return fail(static_cast<std::errc>(error.value()), "the working directory");
    return directory.string() + '/' + path;
}

}  // namespace

std::string Walk::source_path() const {
    if (address_.scheme() == Scheme::standard)
        return fmt::format("/proc/self/fd/{}", environment_.input);
    return environment_.host_path(address_.source());
}

std::string Walk::first_name() const {
    switch (address_.scheme()) {
        case Scheme::file:
            return address_.source();
        case Scheme::standard:
            return "-";
        case Scheme::memory:
            return "mem";
        case Scheme::host:
            return "host:" + address_.source();
        case Scheme::socket:
            return "socket:" + address_.source();
    }
    return {};
}

std::string Walk::name_of(std::size_t step) const {
    std::string name = first_name() + address_.slice().text();
    for (std::size_t i = 0; i <= step; ++i) {
        const Address::Step& one = address_.steps()[i];
        name += ':' + one.path.text() + (i < step ? one.slice.text() : "");
    }
    return name;
}

Location Walk::location(Place place, Path path) const {
    Location location;
    location.tree = std::move(place.tree);
    location.carriers = std::move(place.carriers);
    location.path = std::move(path);
    location.on_host = place.on_host;
    location.writable = writable_;
    location.text = address_.text();
    location.prefix = address_.text();
    const bool host_path = place.on_host && address_.scheme() == Scheme::file;
    const bool has_path = host_path || !address_.steps().empty();
    if (!has_path || (!host_path && !address_.names_node()))
        location.prefix += address_.scheme() == Scheme::memory ? "/" : ":/";
    else if (!location.prefix.ends_with('/'))
        location.prefix += location.prefix.ends_with(':') ? "" : "/";
    return location;
}

Result<Location> Walk::to_location(Bare bare) {
    if (address_.bare()) return bare_location(bare);
    const auto& steps = address_.steps();
    if (address_.names_node()) {
        const std::size_t last = steps.empty() ? 0 : steps.size() - 1;
        QUIRE_TRY_ASSIGN(Place place, tree_of(last));
        return location(std::move(place), steps.empty() ? root_path() : steps.back().path);
    }
    // A device: its root is meant.
    QUIRE_TRY_ASSIGN(Place place, tree_of(steps.size()));
    return location(std::move(place), root_path());
}

Result<Location> Walk::bare_location(Bare bare) {
    const std::string& source = address_.source();
    const std::string path = environment_.host_path(source);
    if (bare == Bare::image) {
        bool directory = false;
        if (opened_.find_held(path) == nullptr) {
            QUIRE_TRY_ASSIGN(const struct stat facts, facts_of(path, source));
            directory = S_ISDIR(facts.st_mode);
        }
        if (!directory) {
            QUIRE_TRY_ASSIGN(Place place, tree_of(0));
            return location(std::move(place), root_path());
        }
        QUIRE_TRY_ASSIGN(Place place, host_tree(path));
        return location(std::move(place), root_path());
    }
    // The whole host is the tree, so that links lead where they lead for every other program.
    QUIRE_TRY_ASSIGN(const std::string whole, absolute(path));
    QUIRE_TRY_ASSIGN(Path parsed, Path::parse(whole));
    QUIRE_TRY_ASSIGN(Place place, host_tree("/"));
    return location(std::move(place), std::move(parsed));
}

Result<std::shared_ptr<block::Device>> Walk::to_device() {
    const auto& steps = address_.steps();
    if (steps.empty()) {
        if (address_.scheme() == Scheme::memory || address_.scheme() == Scheme::host)
            return fail(std::errc::is_a_directory, fmt::format("{} is a filesystem, not a device",
                                                               printable(address_.text())));
        QUIRE_TRY_ASSIGN(const OpenDevice device, first_device());
        QUIRE_TRY_ASSIGN(const block::Range bytes,
                         bytes_of_slice(device.device, address_.slice(), first_name()));
        return bytes_of(device, address_.slice(), bytes, first_name());
    }
    const std::size_t last = steps.size() - 1;
    QUIRE_TRY_ASSIGN(const Place place, tree_of(last));
    QUIRE_TRY_ASSIGN(const OpenDevice device, inner_device(place, last));
    QUIRE_TRY_ASSIGN(const block::Range bytes,
                     bytes_of_slice(device.device, steps[last].slice, name_of(last)));
    return bytes_of(device, steps[last].slice, bytes, name_of(last));
}

Result<Walk::Place> Walk::tree_of(std::size_t step) {
    QUIRE_TRY_ASSIGN(Place place, first_tree());
    for (std::size_t i = 0; i < step; ++i) {
        QUIRE_TRY_ASSIGN(const OpenDevice device, inner_device(place, i));
        std::vector<Carrier> carriers = std::move(place.carriers);
        QUIRE_TRY_ASSIGN(place, volume_on(device, address_.steps()[i].slice, name_of(i)));
        carriers.insert(carriers.end(), place.carriers.begin(), place.carriers.end());
        place.carriers = std::move(carriers);
    }
    return place;
}

Result<Walk::Place> Walk::first_tree() {
    switch (address_.scheme()) {
        case Scheme::memory:
            return memory_tree();
        case Scheme::host:
            return host_tree(environment_.host_path(address_.source()));
        case Scheme::socket: {
            QUIRE_TRY_ASSIGN(const Connection* connection, opened_.connect(source_path()));
            if (connection->kind == protocols::ServiceKind::volume) return served_tree(*connection);
            break;
        }
        case Scheme::file:
        case Scheme::standard:
            break;
    }
    QUIRE_TRY_ASSIGN(const OpenDevice device, first_device());
    return volume_on(device, address_.slice(), first_name());
}

Result<OpenDevice> Walk::first_device() {
    if (address_.scheme() != Scheme::socket) return host_device();
    QUIRE_TRY_ASSIGN(const Connection* connection, opened_.connect(source_path()));
    return served_device(*connection);
}

Result<Walk::Place> Walk::served_tree(const Connection& connection) {
    if (!address_.slice().whole()) return no_partitions();
    const std::string name = printable(first_name());
    if (const OpenVolume* found = opened_.find_volume(connection.key, {}, false)) {
        if (writable_ && !found->writable) return open_for_reading_only(first_name());
        return Place{.tree = found->tree};
    }
    const auto here = [&name](Error error) {
        return std::unexpected(std::move(error).within(name));
    };
    auto cap = connection.service->volume(ipc::Call::forever(), "", !writable_);
    if (!cap) return here(std::move(cap).error());
    auto volume = remote::Volume::open(*std::move(cap));
    if (!volume) return here(std::move(volume).error());
    QUIRE_TRY_ASSIGN(auto tree, fs::Tree::open(*std::move(volume)));
    OpenVolume opened{connection.key, {}, tree, writable_, false};
    opened.served = true;
    opened.image = [service = connection.service]() { return image_at(service); };
    opened_.add(std::move(opened));
    return Place{.tree = std::move(tree)};
}

Result<OpenDevice> Walk::served_device(const Connection& connection) {
    const std::string name = printable(first_name());
    const bool is_tree = connection.kind == protocols::ServiceKind::volume;
    if (is_tree && !address_.slice().whole()) return no_partitions();
    if (is_tree && writable_)
        return fail(std::errc::operation_not_supported,
                    fmt::format("{} is a filesystem that is served: its bytes are the server's to "
                                "change",
                                name));
    if (const OpenDevice* found = opened_.find_device(connection.key)) {
        if (writable_ && !found->writable) return open_for_reading_only(first_name());
        return *found;
    }
    auto device =
        is_tree ? image_at(connection.service) : device_at(connection.service, !writable_);
    if (!device) return std::unexpected(std::move(device).error().within(name));
    OpenDevice opened{connection.key, *std::move(device), writable_};
    opened_.add(opened);
    return opened;
}

Result<std::vector<int>> Walk::hold() {
    const std::string path = source_path();
    switch (address_.scheme()) {
        case Scheme::memory:
            return std::vector<int>{};
        case Scheme::host:
            return fail(std::errc::operation_not_supported,
                        fmt::format("{} is a directory of the host, which a confined server cannot "
                                    "use; serve an image",
                                    printable(address_.text())));
        case Scheme::socket: {
            QUIRE_TRY_ASSIGN(UniqueFd channel, ipc::connect_channel(path));
            std::vector<int> kept{channel.get()};
            opened_.hold(path, std::move(channel));
            return kept;
        }
        case Scheme::file:
        case Scheme::standard:
            break;
    }
    QUIRE_TRY_ASSIGN(const OpenDevice device, host_device());
    opened_.hold(path, device.key);
    return std::vector<int>{dynamic_cast<const block::FileDevice&>(*device.device).fd()};
}

Result<Walk::Place> Walk::host_tree(const std::string& directory) {
    QUIRE_TRY_ASSIGN(const struct stat facts, facts_of(directory, directory));
    const FileKey key = key_of(facts);
    const OpenVolume* found = opened_.find_volume(key, {}, true);
    if (found != nullptr && (found->writable || !writable_))
        return Place{.tree = found->tree, .on_host = true};
    auto volume = host::HostVolume::open(directory, {.read_only = !writable_});
    if (!volume && volume.error().sentence().empty())
        return std::unexpected(std::move(volume).error().within(printable(directory)));
    if (!volume) return std::unexpected(std::move(volume).error());
    QUIRE_TRY_ASSIGN(auto tree, fs::Tree::open(*std::move(volume)));
    opened_.add(OpenVolume{key, {}, tree, writable_, true});
    return Place{.tree = std::move(tree), .on_host = true};
}

Result<Walk::Place> Walk::memory_tree() {
    // One for a whole command, so that its arguments can name the same.
    if (const OpenVolume* found = opened_.find_volume({}, {}, false))
        return Place{.tree = found->tree};
    QUIRE_TRY_ASSIGN(auto volume, memory::MemoryVolume::create({.clock = environment_.clock}));
    QUIRE_TRY_ASSIGN(auto tree, fs::Tree::open(std::move(volume)));
    opened_.add(OpenVolume{{}, {}, tree, true, false});
    return Place{std::move(tree), false};
}

/// An image that a server has open is named by its socket.
Error Walk::in_use(Error error, const struct stat& facts) const {
    if (error != std::errc::device_or_resource_busy) return error;
    const auto socket = socket_of_image(environment_, {facts.st_dev, facts.st_ino});
    if (!socket) return error;
    return Error(std::errc::device_or_resource_busy,
                 fmt::format("{} is being served: 'socket:{}' is where", printable(first_name()),
                             printable(*socket)));
}

Result<OpenDevice> Walk::host_device() {
    const std::string path = source_path();
    const std::string name = first_name();
    if (const OpenDevice* held = opened_.find_held(path)) {
        if (writable_ && !held->writable) return open_for_reading_only(name);
        return *held;
    }
    QUIRE_TRY_ASSIGN(const struct stat facts, facts_of(path, name));
    if (S_ISDIR(facts.st_mode))
        return fail(std::errc::is_a_directory,
                    fmt::format("{0} is a directory, not an image; 'host:{0}' is its tree",
                                printable(name)));
    if (S_ISSOCK(facts.st_mode))
        return fail(
            std::errc::invalid_argument,
            fmt::format("{0} is a socket; 'socket:{0}' is what is served there", printable(name)));
    const FileKey key = key_of(facts);
    if (const OpenDevice* found = opened_.find_device(key)) {
        if (writable_ && !found->writable) return open_for_reading_only(name);
        return *found;
    }
    auto opening = block::FileDevice::open(path, {.writable = writable_});
    if (!opening) return std::unexpected(in_use(std::move(opening).error(), facts));
    const std::shared_ptr<block::Device> device = *std::move(opening);
    OpenDevice opened{key, device, writable_};
    opened_.add(opened);
    return opened;
}

Result<OpenDevice> Walk::inner_device(const Place& place, std::size_t step) {
    const std::string name = name_of(step);
    auto node = place.tree->walk(as_root, address_.steps()[step].path);
    if (!node) return std::unexpected(std::move(node).error().within(printable(name)));
    if ((*node)->type() == fs::FileType::directory)
        return fail(std::errc::is_a_directory,
                    fmt::format("{} is a directory, not an image", printable(name)));
    if ((*node)->type() != fs::FileType::regular)
        return fail(
            std::errc::invalid_argument,
            fmt::format("{} is not a regular file, so it can't hold an image", printable(name)));
    if (place.on_host) return device_of_host(place, *node, name);
    const fs::Handle handle = (*node)->handle();
    const FileKey key{place.tree.get(), handle.generation, handle.inode};
    if (const OpenDevice* found = opened_.find_device(key)) {
        if (writable_ && !found->writable) return open_for_reading_only(name);
        return *found;
    }
    auto file = place.tree->open(as_root, *node, {.read = true, .write = writable_});
    if (!file) return std::unexpected(std::move(file).error().within(printable(name)));
    QUIRE_TRY_ASSIGN(auto lock, lock_of(**file, name));
    auto source = std::make_shared<fs::FileSource>(*std::move(file), as_root, printable(name),
                                                   std::move(lock));
    QUIRE_TRY_ASSIGN(std::shared_ptr<block::Device> device,
                     block::SourceDevice::open(std::move(source), {.read_only = !writable_}));
    OpenDevice opened{key, std::move(device), writable_};
    opened_.add(opened);
    return opened;
}

// As a file of the host would be; also against others who use the same served filesystem.
Result<std::unique_ptr<fs::FileLock>> Walk::lock_of(fs::OpenFile& file,
                                                    const std::string& name) const {
    using Kind = fs::AdvisoryLock::Kind;
    auto lock = file.lock(as_root, writable_ ? Kind::exclusive : Kind::shared);
    if (lock) return lock;
    if (lock.error() != std::errc::device_or_resource_busy)
        return std::unexpected(std::move(lock).error().within(printable(name)));
    return fail(std::errc::device_or_resource_busy,
                fmt::format("{} is being {} by another program, try again when that has ended",
                            printable(name), writable_ ? "used" : "written"));
}

// A file of the host is locked and identified as such, whether the way to it was a bare path or led
// through `host:`.
Result<OpenDevice> Walk::device_of_host(const Place& place, const fs::NodeReference& node,
                                        const std::string& name) {
    auto& volume = dynamic_cast<host::HostVolume&>(place.tree->volume());
    auto fd = volume.descriptor(node->cookie(), {.read = true, .write = writable_});
    if (!fd) return std::unexpected(std::move(fd).error().within(printable(name)));
    struct stat facts{};
    if (::fstat(fd->get(), &facts) != 0) return fail_errno(printable(name));
    const FileKey key = key_of(facts);
    if (const OpenDevice* found = opened_.find_device(key)) {
        if (writable_ && !found->writable) return open_for_reading_only(name);
        return *found;
    }
    QUIRE_TRY_ASSIGN(
        std::shared_ptr<block::Device> device,
        block::FileDevice::adopt(*std::move(fd), printable(name), {.writable = writable_}));
    OpenDevice opened{key, std::move(device), writable_};
    opened_.add(opened);
    return opened;
}

Result<std::shared_ptr<block::Device>> Walk::bytes_of(const OpenDevice& device, const Slice& slice,
                                                      block::Range bytes,
                                                      const std::string& name) const {
    const bool all = bytes.offset == 0 && bytes.length == device.device->geometry().size;
    if (all && (writable_ || !device.writable)) return device.device;
    // Also what is opened for writing by another argument stays closed to changes through this one.
    QUIRE_TRY_ASSIGN(std::shared_ptr<block::Device> region,
                     block::RegionDevice::open(
                         device.device, bytes,
                         {.read_only = !writable_, .name = printable(name) + slice.text()}));
    return region;
}

Result<Walk::Place> Walk::volume_on(const OpenDevice& device, const Slice& slice,
                                    const std::string& name) {
    QUIRE_TRY_ASSIGN(const block::Range bytes, choose_bytes(device.device, slice, name));
    if (const OpenVolume* found = opened_.find_volume(device.key, bytes, false)) {
        if (writable_ && !found->writable) return open_for_reading_only(name);
        return Place{found->tree, false, carrier_of(device.key)};
    }
    QUIRE_TRY_ASSIGN(auto region, bytes_of(device, slice, bytes, name));
    std::shared_ptr<block::SnapshotDevice> kept;
    if (writable_ && opened_.keeps_images()) region = kept = block::SnapshotDevice::over(region);
    QUIRE_TRY_ASSIGN(auto volume,
                     open_volume(region, writable_, name + slice.text(), environment_));
    OpenVolume opened{device.key, bytes, nullptr, writable_, false};
    if (kept)
        opened.image = image_under(volume, std::move(kept), environment_);
    else if (!writable_)
        opened.image = [region]() -> Result<std::shared_ptr<block::Device>> { return region; };
    QUIRE_TRY_ASSIGN(opened.tree, fs::Tree::open(std::move(volume)));
    Place place{opened.tree, false, carrier_of(device.key)};
    opened_.add(std::move(opened));
    return place;
}

std::unexpected<Error> Walk::no_partitions() const {
    return fail(std::errc::invalid_argument,
                fmt::format("{} is a filesystem that is served; it has no partitions",
                            printable(first_name())));
}

std::unexpected<Error> Walk::open_for_reading_only(const std::string& name) const {
    return fail(std::errc::device_or_resource_busy,
                fmt::format("{} is open for reading already in this command", printable(name)));
}

}  // namespace quire::assembly
