// SPDX-License-Identifier: MIT

#include "client/listener.hpp"

#include "conversions.hpp"

namespace quire::remote {

void Listener::invalidate_name(const ipc::Call&, std::uint64_t directory, std::string_view text) {
    const auto name = Name::parse(text);
    const std::scoped_lock lock(mutex_);
    if (name && observer_ != nullptr) observer_->invalidate_name(directory, *name);
}

void Listener::invalidate_attributes(const ipc::Call&, std::uint64_t node) {
    const std::scoped_lock lock(mutex_);
    if (observer_ != nullptr) observer_->invalidate_attributes(node);
}

void Listener::invalidate_content(const ipc::Call&, std::uint64_t node,
                                  const protocols::Range& wanted) {
    // A range that ends nowhere is taken for all.
    const block::Range range = ours(wanted).value_or(block::Range{});
    const std::scoped_lock lock(mutex_);
    if (observer_ != nullptr) observer_->invalidate_content(node, range);
}

void Listener::revoke(const ipc::Call&, std::uint64_t node) {
    const std::scoped_lock lock(mutex_);
    if (observer_ != nullptr) observer_->revoke(node);
}

}  // namespace quire::remote
