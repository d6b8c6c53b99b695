// SPDX-License-Identifier: MIT

#include "quire/fs/shared_volume.hpp"

#include <optional>
#include <utility>

#include "shared_volume_view.hpp"

namespace quire::fs {

namespace {

constexpr std::size_t entries_in_a_turn = 128;

struct KeptEntry {
    std::string name;
    DirectoryEntry entry;
    std::optional<Attributes> attributes;
};

}  // namespace

SharedVolume::SharedVolume(std::shared_ptr<Volume> volume)
    : volume_(std::move(volume)), turns_(volume_->thread_model()), hub_(std::make_unique<Hub>()) {}

std::shared_ptr<SharedVolume> SharedVolume::create(std::shared_ptr<Volume> volume) {
    std::shared_ptr<SharedVolume> shared(new SharedVolume(std::move(volume)));
    shared->volume_->set_observer(shared->hub_.get());
    return shared;
}

SharedVolume::~SharedVolume() {
    volume_->set_observer(nullptr);
}

std::shared_ptr<Volume> SharedVolume::view() {
    return std::make_shared<View>(shared_from_this());
}

void SharedVolume::View::set_observer(Observer* observer) {
    shared_->hub_->replace(observer_, observer);
    observer_ = observer;
}

Result<void> SharedVolume::View::unmount(const Call& call, bool force) {
    const Turn turn(turns());
    if (shared_->views_ > 1)
        return fail(std::errc::device_or_resource_busy, "others use the volume too");
    QUIRE_TRY(volume_.unmount(call, force));
    // From here on it is nobody's hindrance, however long it is held.
    if (!std::exchange(unmounted_, true)) --shared_->views_;
    return {};
}

Result<void> SharedVolume::View::readdir(const Call& call, Cookie directory, Position from,
                                         WithAttributes with, const EntrySink& sink) {
    if (volume_.thread_model() == ThreadModel::parallel)
        return volume_.readdir(call, directory, from, with, sink);
    // The sink may call the volume: it runs between turns.
    std::vector<KeptEntry> kept;
    do {
        kept.clear();
        {
            const Turn turn(turns(), directory);
            QUIRE_TRY(
                volume_.readdir(call, directory, from, with, [&](const DirectoryEntry& entry) {
                    KeptEntry& copy = kept.emplace_back(std::string(entry.name), entry);
                    if (entry.attributes != nullptr) copy.attributes = *entry.attributes;
                    return kept.size() < entries_in_a_turn;
                }));
        }
        for (KeptEntry& copy : kept) {
            copy.entry.name = copy.name;
            copy.entry.attributes = copy.attributes ? &*copy.attributes : nullptr;
            from = copy.entry.next;
            if (!sink(copy.entry)) return {};
        }
    } while (kept.size() == entries_in_a_turn);
    return {};
}

}  // namespace quire::fs
