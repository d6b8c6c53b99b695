// SPDX-License-Identifier: MIT

#include "node.hpp"

namespace quire::memory {

fs::Attributes Node::attributes() const {
    fs::Attributes result;
    result.type = type;
    result.permissions = permissions;
    result.uid = uid;
    result.gid = gid;
    result.links = links;
    result.inode = inode;
    result.generation = generation;
    result.device = device;
    result.preferred_io_size = Content::page_size;
    result.access = access;
    result.modify = modify;
    result.change = change;
    result.birth = birth;
    if (is_directory()) {
        result.size = entries.bytes();
    } else if (type == fs::FileType::symbolic_link) {
        result.size = target.size();
    } else {
        result.size = content.size();
        result.allocated = content.allocated();
    }
    return result;
}

}  // namespace quire::memory
