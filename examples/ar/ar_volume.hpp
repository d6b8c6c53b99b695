// SPDX-License-Identifier: MIT

#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "quire/block/device.hpp"
#include "quire/fs/dummy_volume.hpp"

namespace quire::examples {

/// The members of an `ar` archive as files of one directory, read-only.
///
/// Format: ar(5) of System V and GNU, with GNU's and BSD's long names. The symbol table and the
/// table of names are no members. Of several members of one name the first one counts.
/// Threads: any.
class ArVolume final : public fs::DummyVolume {
public:
    using fs::DummyVolume::open;  // the operation on a node

    /// Reads the headers, nothing else. Owns: a share of the device.
    /// Fails: invalid_argument (no archive), bad_message (a damaged one; the sentence says where),
    /// and what the device reports.
    [[nodiscard]] static Result<std::shared_ptr<ArVolume>> open(
        std::shared_ptr<block::Device> device);

    fs::ThreadModel thread_model() const override { return fs::ThreadModel::parallel; }
    bool supports(fs::Operation operation) const override;
    std::string_view type_name() const override { return "ar"; }

    Result<fs::Entry> root(const fs::Call&) override;
    Result<fs::Entry> lookup(const fs::Call&, fs::Cookie directory, const Name& name) override;
    Result<fs::Entry> parent(const fs::Call&, fs::Cookie directory) override;
    Result<fs::Attributes> getattr(const fs::Call&, fs::Cookie node) override;
    Result<void> readdir(const fs::Call&, fs::Cookie directory, fs::Position from,
                         fs::WithAttributes with, const fs::EntrySink& sink) override;
    Result<std::size_t> read(const fs::Call&, fs::Cookie node, std::uint64_t offset,
                             std::span<std::byte> memory) override;

private:
    struct Member {
        std::string name;
        block::Range content;
        std::int64_t time = 0;
        std::uint32_t uid = 0;
        std::uint32_t gid = 0;
        std::uint16_t permissions = 0644;
    };

    explicit ArVolume(std::shared_ptr<block::Device> device) : device_(std::move(device)) {}
    Result<void> read_headers();
    Result<std::string> name_of(std::string_view field, Member& member) const;

    std::shared_ptr<block::Device> device_;
    std::string long_names_;       // GNU's member "//"
    std::vector<Member> members_;  // a file's cookie is its place here, plus 2
    std::map<std::string, fs::Cookie, std::less<>> by_name_;
};

}  // namespace quire::examples
