// SPDX-License-Identifier: MIT

#pragma once

#include "quire/transfer/compare.hpp"
#include "quire/transfer/content.hpp"
#include "quire/transfer/link_map.hpp"
#include "quire/transfer/metadata.hpp"
#include "quire/transfer/walker.hpp"

namespace quire::transfer {

/// Compares pairs of nodes that have the same path.
class NodeComparison {
public:
    NodeComparison(const Side& left, const Side& right, const CompareOptions& options,
                   const std::function<void(const Difference&)>& sink, Account& account)
        : left_(left), right_(right), options_(options), sink_(sink), account_(account) {}

    Result<void> compare(const Step& left, const Step& right);
    void say(std::string_view path, Aspect aspect, std::string left, std::string right);
    std::uint64_t differences() const { return differences_; }

private:
    Result<void> compare_content(const Step& left, const Step& right);
    Result<void> compare_bytes(std::string_view path, fs::OpenFile& left, fs::OpenFile& right,
                               std::uint64_t size);
    Result<void> compare_holes(std::string_view path, fs::OpenFile& left, fs::OpenFile& right,
                               std::uint64_t size);
    Result<void> compare_extended(const Step& left, const Step& right);
    void compare_attributes(const Step& left, const Step& right);
    void compare_links(const Step& left, const Step& right);

    const Side& left_;
    const Side& right_;
    const CompareOptions& options_;
    const std::function<void(const Difference&)>& sink_;
    Account& account_;
    std::uint64_t differences_ = 0;
    LinkMap<std::string> left_firsts_;
    LinkMap<std::string> right_firsts_;
    Buffer left_buffer_;
    Buffer right_buffer_;
};

}  // namespace quire::transfer
