// SPDX-License-Identifier: MIT

// What is opened is kept in one list in the order of opening. An inner image is always opened after
// the volume that it lies in, so going back through the list commits inner before outer.

#include "opened.hpp"

namespace quire::assembly {

const OpenDevice* Opened::find_device(const FileKey& key) const {
    for (const Record& record : records_)
        if (record.device && record.device->key == key) return &*record.device;
    return nullptr;
}

const OpenVolume* Opened::find_volume(const FileKey& key, block::Range bytes, bool on_host) const {
    for (const Record& record : records_)
        if (record.volume && record.volume->key == key && record.volume->bytes == bytes &&
            record.volume->on_host == on_host)
            return &*record.volume;
    return nullptr;
}

Result<void> Opened::close() {
    Result<void> outcome;
    const auto note = [&outcome](Result<void> result) {
        if (!result && outcome) outcome = std::move(result);
    };
    for (; !records_.empty(); records_.pop_back()) {
        Record& record = records_.back();
        if (record.volume) {
            // The host's own filesystem is the kernel's to sync; what is written there is as
            // durable as after cp(1).
            if (!record.volume->on_host) note(record.volume->tree->unmount(fs::Call::as_root()));
        } else if (record.device->writable) {
            note(record.device->device->flush());
        }
    }
    return outcome;
}

void Opened::drop() {
    while (!records_.empty()) records_.pop_back();
}

}  // namespace quire::assembly
