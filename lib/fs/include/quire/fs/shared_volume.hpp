// SPDX-License-Identifier: MIT

#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <vector>

#include "quire/fs/turns.hpp"
#include "quire/fs/volume.hpp"

namespace quire::fs {

/// One volume with several users: a Tree here, clients of a server there. Each gets a view, which is
/// an fs::Volume again that may be called from any thread; the views take turns, as the volume's
/// thread model asks.
///
/// Lookups, opens and locks are the users' own affair: the volume sees the sum, and each user
/// answers what it was given itself. Events of the volume go to the observers of all views.
/// Threads: any. Nobody else may call the volume.
class SharedVolume : public std::enable_shared_from_this<SharedVolume> {
public:
    static std::shared_ptr<SharedVolume> create(std::shared_ptr<Volume> volume);
    ~SharedVolume();

    /// A view for one more user. Its unmount() fails with device_or_resource_busy while there are
    /// others; so it takes a server that is about to end to unmount for all.
    std::shared_ptr<Volume> view();

private:
    class View;
    class Hub;  // gives events to the observers of all views

    explicit SharedVolume(std::shared_ptr<Volume> volume);

    const std::shared_ptr<Volume> volume_;
    Turns turns_;
    const std::unique_ptr<Hub> hub_;
    std::atomic<std::size_t> views_ = 0;
};

}  // namespace quire::fs
