// SPDX-License-Identifier: MIT

#include "quire/client/open_mode.hpp"

#include "quire/protocols/filesystem.hpp"

namespace quire::client {

Result<std::uint32_t> flags_of_mode(std::string_view mode) {
    using namespace protocols;
    if (mode.empty()) return fail(std::errc::invalid_argument, "an empty mode of opening");
    std::uint32_t flags = 0;
    switch (mode.front()) {
        case 'r':
            flags = open_read;
            break;
        case 'w':
            flags = open_write | open_create | open_truncate;
            break;
        case 'a':
            flags = open_write | open_create | open_append;
            break;
        default:
            return fail(std::errc::invalid_argument, "a mode of opening begins with r, w or a");
    }
    for (const char letter : mode.substr(1)) switch (letter) {
            case '+':
                flags |= open_read | open_write;
                break;
            case 'x':
                flags |= open_exclusive;
                break;
            case 'b':
            case 'e':
                break;  // there is no text mode, and a capability does not survive exec
            default:
                return fail(std::errc::invalid_argument,
                            "behind r, w or a, a mode of opening may have +, x, b and e");
        }
    return flags;
}

}  // namespace quire::client
