// SPDX-License-Identifier: MIT

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "quire/ipc/decoder.hpp"
#include "quire/ipc/encoder.hpp"
#include "quire/protocols/filesystem.hpp"

namespace quire::testing {

/// All that a context can see, as one text: of each node its path, attributes, content or target, and
/// extended attributes. Two are equal when nothing has changed. Nothing: it cannot be read.
/// Needs: directories with one page of entries, files and values that fit a message.
class WholeTree {
public:
    static std::optional<std::string> of(protocols::OpenerContext& context) {
        WholeTree tree(context);
        tree.add("/");
        if (!tree.good_) return std::nullopt;
        return std::move(tree.seen_);
    }

private:
    explicit WholeTree(protocols::OpenerContext& context) : context_(context) {}

    static const ipc::Call& any_time() {
        static const ipc::Call call = ipc::Call::forever();
        return call;
    }

    void add_bytes(std::span<const std::byte> bytes) {
        for (const std::byte byte : bytes) seen_ += static_cast<char>(byte);
        seen_ += '\n';
    }
    /// False: it fails.
    template <typename T>
    bool good(const T& result) {
        if (!result) good_ = false;
        return result.has_value();
    }

    void add(const std::string& path) {
        seen_ += path + '\n';
        const auto attributes = context_.stat(any_time(), path, false);
        if (!good(attributes)) return;
        ipc::Encoder encoded;
        encode(encoded, *attributes);
        add_bytes(encoded.body());
        const auto names = context_.list_extended_attributes(any_time(), path, false);
        if (!good(names)) return;
        add_values(path, {reinterpret_cast<const char*>(names->data()), names->size()});
        if (attributes->type == protocols::FileType::directory) return add_entries(path);
        if (attributes->type == protocols::FileType::symbolic_link) {
            const auto target = context_.readlink(any_time(), path);
            if (good(target)) seen_ += *target + '\n';
        }
        if (attributes->type == protocols::FileType::regular) {
            const auto read = context_.read(any_time(), path, protocols::content_limit);
            if (good(read)) add_bytes(read->content);
        }
    }

    void add_values(const std::string& path, std::string_view names) {
        while (!names.empty()) {
            const std::string name(names.substr(0, names.find('\0')));
            names.remove_prefix(name.size() + 1);
            const auto value = context_.get_extended_attribute(any_time(), path, false, name);
            if (!good(value)) return;
            seen_ += name + '\n';
            add_bytes(*value);
        }
    }

    void add_entries(const std::string& path) {
        const auto opened = context_.open_directory(any_time(), path, 0, false);
        if (!good(opened)) return;
        if (!opened->page.last) good_ = false;
        ipc::Decoder entries(opened->page.entries);
        for (std::uint32_t i = 0; i < opened->page.count; ++i) {
            protocols::DirectoryEntry entry;
            decode(entries, entry);
            add(path + (path == "/" ? "" : "/") + entry.name);
        }
    }

    protocols::OpenerContext& context_;
    std::string seen_;
    bool good_ = true;
};

}  // namespace quire::testing
