// SPDX-License-Identifier: MIT

#pragma once

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <string>

#include "quire/transfer/tar.hpp"
#include "tests/nasty_tree.hpp"

namespace quire::transfer {

class StringSink final : public ByteSink {
public:
    Result<void> write(std::span<const std::byte> bytes) override {
        text.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
        return {};
    }
    std::string text;
};

/// Gives out a string in small pieces, as pipes do.
class StringStream final : public ByteStream {
public:
    explicit StringStream(std::string text) : text_(std::move(text)) {}
    Result<std::size_t> read(std::span<std::byte> memory) override {
        std::size_t count = std::min({memory.size(), text_.size() - at_, std::size_t{7001}});
        std::memcpy(memory.data(), text_.data() + at_, count);
        at_ += count;
        return count;
    }

private:
    std::string text_;
    std::size_t at_ = 0;
};

struct Extracted {
    Result<Summary> result = Summary();
    Recorder heard;
};

inline std::string archive_of(const std::shared_ptr<fs::Tree>& tree, std::string_view path = "/",
                              const TarOptions& options = {}) {
    StringSink sink;
    Recorder heard;
    NoProgress progress;
    auto written = write_tar(tree, root_call(), find(*tree, path), options, sink, heard, progress);
    EXPECT_TRUE(written && written->ok()) << ::testing::PrintToString(heard.problems);
    return sink.text;
}

inline Extracted extract(std::string archive, const std::shared_ptr<fs::Tree>& tree,
                         std::string_view into = "/", const UntarOptions& options = {}) {
    Extracted extracted;
    NoProgress progress;
    StringStream stream(std::move(archive));
    extracted.result = extract_tar(stream, tree, root_call(), find(*tree, into), options,
                                   extracted.heard, progress);
    return extracted;
}

/// One member of a hand-made archive, with whatever lies its fields tell.
inline std::string member(std::string_view path, char type, std::string_view target = "",
                          std::string_view content = "", std::uint64_t claimed = UINT64_MAX) {
    std::string header(512, '\0');
    auto put = [&](std::size_t at, std::string_view text) {
        header.replace(at, text.size(), text);
    };
    put(0, path.substr(0, 100));
    put(100, "0000644");
    put(108, "0000000");
    put(116, "0000000");
    put(124, fmt::format("{:011o}", claimed == UINT64_MAX ? content.size() : claimed));
    put(136, "00000000001");
    put(156, std::string_view(&type, 1));
    put(157, target.substr(0, 100));
    put(257, std::string_view("ustar\00000", 8));
    put(148, "        ");
    unsigned sum = 0;
    for (unsigned char c : header) sum += c;
    put(148, fmt::format("{:06o}", sum) + '\0');
    std::string body(content);
    body.resize((body.size() + 511) / 512 * 512, '\0');
    return header + body;
}

inline const std::string archive_end = std::string(1024, '\0');

}  // namespace quire::transfer
