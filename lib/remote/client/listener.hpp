// SPDX-License-Identifier: MIT

#pragma once

#include <mutex>

#include "quire/fs/observer.hpp"
#include "quire/protocols/volume.hpp"

namespace quire::remote {

/// Where the events of a volume elsewhere arrive. What is nonsense is left out.
/// Threads: any.
class Listener final : public virtual protocols::VolumeObserver {
public:
    /// When it returns, the one before is not called any more.
    void set(fs::Observer* observer) {
        const std::scoped_lock lock(mutex_);
        observer_ = observer;
    }

    void invalidate_name(const ipc::Call&, std::uint64_t directory, std::string_view name) override;
    void invalidate_attributes(const ipc::Call&, std::uint64_t node) override;
    void invalidate_content(const ipc::Call&, std::uint64_t node,
                            const protocols::Range& range) override;
    void revoke(const ipc::Call&, std::uint64_t node) override;

private:
    // Held while the observer is called, which queues and returns.
    std::mutex mutex_;
    fs::Observer* observer_ = nullptr;
};

}  // namespace quire::remote
