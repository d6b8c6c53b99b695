// SPDX-License-Identifier: MIT

#include "access/node_attributes.hpp"
#include "session/context_object.hpp"

namespace quire::server {

template <typename Do>
auto ContextObject::on_node(const ipc::Call& call, std::string_view path, bool follow, Do&& work) {
    const fs::Call own = call_of(call);
    const auto found = find(own, path, follow);
    using Answer = decltype(work(NodeAttributes(*presence_, owner_.authority, own, found->node)));
    if (!found) return Answer(fail(found.error()));
    return work(NodeAttributes(*presence_, owner_.authority, own, found->node));
}

Result<protocols::Attributes> ContextObject::set_attributes(
    const ipc::Call& call, std::string_view path, bool follow,
    const protocols::AttributeChanges& changes) {
    return on_node(call, path, follow,
                   [&](const NodeAttributes& node) { return node.change(changes, nullptr); });
}

Result<std::vector<std::byte>> ContextObject::get_extended_attribute(const ipc::Call& call,
                                                                     std::string_view path,
                                                                     bool follow,
                                                                     std::string_view name) {
    return on_node(call, path, follow,
                   [&](const NodeAttributes& node) { return node.value(name); });
}

Result<void> ContextObject::set_extended_attribute(const ipc::Call& call, std::string_view path,
                                                   bool follow, std::string_view name,
                                                   std::span<const std::byte> value,
                                                   protocols::SetAttributeMode mode) {
    return on_node(call, path, follow,
                   [&](const NodeAttributes& node) { return node.set(name, value, mode); });
}

Result<std::vector<std::byte>> ContextObject::list_extended_attributes(const ipc::Call& call,
                                                                       std::string_view path,
                                                                       bool follow) {
    return on_node(call, path, follow, [&](const NodeAttributes& node) { return node.list(); });
}

Result<void> ContextObject::remove_extended_attribute(const ipc::Call& call, std::string_view path,
                                                      bool follow, std::string_view name) {
    return on_node(call, path, follow,
                   [&](const NodeAttributes& node) { return node.remove(name); });
}

Result<std::uint64_t> ContextObject::get_extended_attribute_to(const ipc::Call& call,
                                                               std::string_view path, bool follow,
                                                               std::string_view name,
                                                               std::uint64_t offset,
                                                               std::uint64_t length) {
    return on_node(call, path, follow, [&](const NodeAttributes& node) {
        return node.value_to(name, {*owner_.buffer, offset, length});
    });
}

Result<void> ContextObject::set_extended_attribute_from(const ipc::Call& call,
                                                        std::string_view path, bool follow,
                                                        std::string_view name, std::uint64_t offset,
                                                        std::uint64_t length,
                                                        protocols::SetAttributeMode mode) {
    return on_node(call, path, follow, [&](const NodeAttributes& node) {
        return node.set_from(name, {*owner_.buffer, offset, length}, mode);
    });
}

Result<std::uint64_t> ContextObject::list_extended_attributes_to(const ipc::Call& call,
                                                                 std::string_view path, bool follow,
                                                                 std::uint64_t offset,
                                                                 std::uint64_t length) {
    return on_node(call, path, follow, [&](const NodeAttributes& node) {
        return node.list_to({*owner_.buffer, offset, length});
    });
}

}  // namespace quire::server
