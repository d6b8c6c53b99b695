// SPDX-License-Identifier: MIT

#pragma once

#include <algorithm>
#include <array>
#include <functional>
#include <map>

#include "client_ground.hpp"
#include "quire/memory/name_layout.hpp"

namespace quire::client {

inline constexpr auto nonsense = std::errc::protocol_error;

/// Answers what a test says; what none says fails with connection_reset.
class LyingFile final : public protocols::FileObjectProxy {
public:
    const ipc::RemoteObject* remote() const override { return &nobody_; }
    Result<std::vector<std::byte>> read(const ipc::Call&, std::uint64_t position,
                                        std::uint32_t length) override {
        furthest = std::max(furthest, position + length);
        return std::vector<std::byte>(endless ? length : answer);
    }
    Result<std::uint64_t> read_to(const ipc::Call&, std::uint64_t position, std::uint64_t,
                                  std::uint64_t length) override {
        furthest = std::max(furthest, position + length);
        return endless ? length : answer;
    }
    Result<protocols::FileWriteResult> write(const ipc::Call&, std::uint64_t,
                                             std::span<const std::byte>) override {
        return protocols::FileWriteResult{answer, answer};
    }
    Result<protocols::FileWriteFromResult> write_from(const ipc::Call&, std::uint64_t,
                                                      std::uint64_t, std::uint64_t) override {
        return protocols::FileWriteFromResult{answer, answer};
    }
    Result<std::uint64_t> seek(const ipc::Call&, std::uint64_t, protocols::SeekTo) override {
        return answer;
    }
    Result<protocols::Attributes> attributes(const ipc::Call&) override {
        protocols::Attributes attributes;
        attributes.size = answer;
        return attributes;
    }
    Result<std::vector<std::byte>> get_extended_attribute(const ipc::Call&,
                                                          std::string_view) override {
        return fail(std::errc::message_size);
    }
    Result<std::uint64_t> get_extended_attribute_to(const ipc::Call&, std::string_view,
                                                    std::uint64_t, std::uint64_t) override {
        return answer;
    }
    Result<std::vector<std::byte>> list_extended_attributes(const ipc::Call&) override {
        return list;
    }

    Result<protocols::PageMap> bring_in(const ipc::Call&, std::uint64_t, std::uint64_t) override {
        return pages;
    }

    Result<protocols::LoanMap> lend(const ipc::Call&, std::uint64_t, std::uint64_t,
                                    std::uint64_t) override {
        return loan;
    }
    Result<void> settle(const ipc::Call&) override { return {}; }

    Result<protocols::LoanMap> loan = fail(std::errc::function_not_supported);
    Result<protocols::PageMap> pages = fail(std::errc::function_not_supported);
    std::uint64_t answer = 0;
    /// There is always as much as is asked for.
    bool endless = false;
    /// How far somebody has asked.
    std::uint64_t furthest = 0;
    std::vector<std::byte> list;

private:
    ipc::RemoteObject nobody_;
};

class LyingDirectory final : public protocols::DirectoryProxy {
public:
    const ipc::RemoteObject* remote() const override { return &nobody_; }
    Result<protocols::DirectoryPage> page(const ipc::Call&, std::uint64_t, std::uint32_t,
                                          bool) override {
        return answer;
    }
    protocols::DirectoryPage answer;

private:
    ipc::RemoteObject nobody_;
};

class LyingContext final : public protocols::OpenerContextProxy {
public:
    const ipc::RemoteObject* remote() const override { return &nobody_; }
    Result<protocols::OpenerContextOpenResult> open(const ipc::Call&, std::string_view,
                                                    std::uint32_t, std::uint16_t,
                                                    std::uint32_t) override {
        protocols::OpenerContextOpenResult result;
        result.file = ipc::Cap<protocols::FileObject>(file);
        result.attributes.size = size;
        result.content.resize(content);
        return result;
    }
    Result<protocols::OpenerContextReadResult> read(const ipc::Call&, std::string_view,
                                                    std::uint32_t) override {
        protocols::OpenerContextReadResult result;
        result.attributes.size = size;
        result.content.resize(content);
        return result;
    }
    Result<protocols::OpenerContextOpenDirectoryResult> open_directory(const ipc::Call&,
                                                                       std::string_view,
                                                                       std::uint32_t,
                                                                       bool) override {
        protocols::OpenerContextOpenDirectoryResult result;
        result.directory = ipc::Cap<protocols::Directory>(directory);
        result.page = directory->answer;
        return result;
    }
    Result<void> set_buffer(const ipc::Call&, ipc::Memory) override { return buffer(); }
    Result<void> set_umask(const ipc::Call&, std::uint16_t) override { return umask; }
    Result<void> mkdir(const ipc::Call&, std::string_view, std::uint16_t permissions) override {
        made_with = permissions;
        return {};
    }

    Result<ipc::Memory> segment(const ipc::Call&, std::uint32_t number) override {
        if (const auto found = segments.find(number); found != segments.end()) return found->second;
        return fail(std::errc::no_such_file_or_directory);
    }

    Result<std::uint32_t> set_pins(const ipc::Call&, ipc::Memory) override {
        return static_cast<std::uint32_t>(pins);
    }
    Result<ipc::Memory> write_segment(const ipc::Call& call, std::uint32_t number) override {
        return segment(call, number);
    }

    Result<protocols::OpenerContextNamesResult> names(const ipc::Call&) override {
        if (table.records == 0) return fail(std::errc::operation_not_supported);
        return table;
    }

    protocols::OpenerContextNamesResult table;
    std::map<std::uint32_t, ipc::Memory> segments;
    Result<void> umask;
    std::uint16_t made_with = 0;
    std::shared_ptr<LyingFile> file = std::make_shared<LyingFile>();
    std::shared_ptr<LyingDirectory> directory = std::make_shared<LyingDirectory>();
    std::uint64_t size = 0;
    std::size_t content = 0;
    std::uint64_t pins = 64;
    std::function<Result<void>()> buffer = [] { return Result<void>(); };

private:
    ipc::RemoteObject nobody_;
};

class NonsenseOfServers : public ::testing::Test {
protected:
    std::shared_ptr<LyingContext> liar = std::make_shared<LyingContext>();
    LyingFile& file = *liar->file;
    Context context{ipc::Cap<OpenerContext>(liar)};
};

}  // namespace quire::client
