// SPDX-License-Identifier: MIT

#include "access/node_attributes.hpp"

#include <algorithm>

#include "access/conversions.hpp"
#include "quire/protocols/notification.hpp"
#include "quire/wire/values.hpp"

namespace quire::server {

namespace {

constexpr std::uint64_t longest_value = 65536;

Result<std::vector<std::byte>> fit_for_message(Result<std::vector<std::byte>> bytes,
                                               std::size_t limit) {
    if (bytes && bytes->size() > limit)
        return fail(std::errc::message_size, "it is too long for a message");
    return bytes;
}

Result<std::uint64_t> put_into(const NodeAttributes::Part& part,
                               const Result<std::vector<std::byte>>& bytes) {
    QUIRE_TRY_ASSIGN(const auto place, part.buffer.target(part.offset, part.length));
    if (!bytes) return fail(bytes.error());
    if (bytes->size() > place.bytes.size()) return fail(std::errc::result_out_of_range);
    std::ranges::copy(*bytes, place.bytes.begin());
    return bytes->size();
}

}  // namespace

Result<protocols::Attributes> NodeAttributes::change(const protocols::AttributeChanges& wanted,
                                                     fs::OpenFile* file) const {
    QUIRE_TRY(authority_.may_change());
    QUIRE_TRY_ASSIGN(const WantedChanges changes, from_message(wanted, *host_.options.clock));
    fs::AttributeChanges others = changes.changes;
    others.size.reset();
    Result<fs::Attributes> after = fail(std::errc::io_error);
    if (changes.touches) {
        after = tree().touch(call_, node_, changes.changes);
    } else if (file != nullptr && changes.changes.size && others.empty()) {
        QUIRE_TRY(file->resize(call_, *changes.changes.size));
        after = file->attributes(call_);
    } else {
        after = tree().set_attributes(call_, node_, changes.changes);
    }
    if (!after) return fail(std::move(after).error());
    if (changes.changes.size) host_.registry->tell(node_->handle(), protocols::event_modified);
    return wire::to_wire(*after);
}

Result<std::vector<std::byte>> NodeAttributes::value(std::string_view name) const {
    return fit_for_message(tree().get_attribute(call_, node_, name),
                           protocols::attribute_value_limit);
}

Result<std::vector<std::byte>> NodeAttributes::whole_list() const {
    QUIRE_TRY_ASSIGN(const auto names, tree().list_attributes(call_, node_));
    std::vector<std::byte> bytes;
    for (const std::string& name : names) {
        const auto text = std::as_bytes(std::span(name));
        bytes.insert(bytes.end(), text.begin(), text.end());
        bytes.push_back(std::byte{0});
    }
    return bytes;
}

Result<std::vector<std::byte>> NodeAttributes::list() const {
    return fit_for_message(whole_list(), protocols::attribute_list_limit);
}

Result<void> NodeAttributes::set(std::string_view name, std::span<const std::byte> value,
                                 protocols::SetAttributeMode mode) const {
    QUIRE_TRY(authority_.may_change());
    return tree().set_attribute(call_, node_, name, value,
                                wire::enum_cast<fs::SetAttributeMode>(mode));
}

Result<void> NodeAttributes::remove(std::string_view name) const {
    QUIRE_TRY(authority_.may_change());
    return tree().remove_attribute(call_, node_, name);
}

Result<std::uint64_t> NodeAttributes::value_to(std::string_view name, const Part& part) const {
    return put_into(part, tree().get_attribute(call_, node_, name));
}

Result<std::uint64_t> NodeAttributes::list_to(const Part& part) const {
    return put_into(part, whole_list());
}

Result<void> NodeAttributes::set_from(std::string_view name, const Part& part,
                                      protocols::SetAttributeMode mode) const {
    QUIRE_TRY_ASSIGN(const auto place, part.buffer.source(part.offset, part.length));
    if (place.bytes.size() > longest_value) return fail(std::errc::argument_list_too_long);
    // The client may change it while it is looked at.
    const std::vector<std::byte> value(place.bytes.begin(), place.bytes.end());
    return set(name, value, mode);
}

}  // namespace quire::server
