// SPDX-License-Identifier: MIT

#include "quire/client/changes.hpp"

namespace quire::client {

using protocols::AttributeChanges;

namespace {

protocols::Time to_message(const Time& time) {
    return {.seconds = time.seconds, .nanoseconds = time.nanoseconds};
}

}  // namespace

AttributeChanges change_of_permissions(std::uint16_t permissions) {
    AttributeChanges changes;
    changes.which = protocols::change_permissions;
    changes.permissions = permissions & 07777U;
    return changes;
}

AttributeChanges change_of_owner(std::optional<std::uint32_t> uid,
                                 std::optional<std::uint32_t> gid) {
    AttributeChanges changes;
    if (uid) changes.which |= protocols::change_uid;
    if (gid) changes.which |= protocols::change_gid;
    changes.uid = uid.value_or(0);
    changes.gid = gid.value_or(0);
    return changes;
}

AttributeChanges change_of_times(const NewTime& access, const NewTime& modify) {
    AttributeChanges changes;
    if (access.kind == NewTime::Kind::now) changes.which |= protocols::change_access_now;
    if (modify.kind == NewTime::Kind::now) changes.which |= protocols::change_modify_now;
    if (access.kind == NewTime::Kind::given) changes.which |= protocols::change_access;
    if (modify.kind == NewTime::Kind::given) changes.which |= protocols::change_modify;
    changes.access = to_message(access.time);
    changes.modify = to_message(modify.time);
    return changes;
}

AttributeChanges change_of_size(std::uint64_t size) {
    AttributeChanges changes;
    changes.which = protocols::change_size;
    changes.size = size;
    return changes;
}

}  // namespace quire::client
