// SPDX-License-Identifier: MIT

#include "values.hpp"

#include <string_view>

namespace quire::client {

Result<std::vector<std::string>> split_names(std::span<const std::byte> list) {
    std::string_view left(reinterpret_cast<const char*>(list.data()), list.size());
    std::vector<std::string> names;
    while (!left.empty()) {
        const std::size_t end = left.find('\0');
        if (end == std::string_view::npos || end == 0) return senseless("a list of no names");
        names.emplace_back(left.substr(0, end));
        left.remove_prefix(end + 1);
    }
    return names;
}

}  // namespace quire::client
