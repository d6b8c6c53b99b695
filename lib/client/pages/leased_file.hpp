// SPDX-License-Identifier: MIT

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "quire/ipc/cap.hpp"
#include "quire/memory/name_reader.hpp"
#include "quire/protocols/filesystem.hpp"

namespace quire::client {

struct ContextState;

/// A small file that is open for reading without its server having been asked: attributes are what was
/// found in memory, as long as nothing of it has changed. Then, or for everything else, the server
/// opens the same file, whatever has become of its name and permissions.
/// Threads: that of its context.
class LeasedFile final : public protocols::FileObject {
public:
    /// What has been found, and the word in which that is written. Needs: it counted afterwards.
    struct Found {
        std::uint64_t node = 0;
        std::size_t word = 0;
        paging::NameReader::Mark mark;
        protocols::Attributes attributes;
    };
    LeasedFile(std::shared_ptr<ContextState> state, const Found& found)
        : state_(std::move(state)), found_(found) {}
    ~LeasedFile() override;

    /// The file as its server has it open, which it does by now.
    /// Fails: as OpenerContext.open_leased.
    Result<ipc::Cap<protocols::FileObject>> real(const ipc::Call& call);

    Result<protocols::Attributes> attributes(const ipc::Call& call) override;
    Result<std::vector<std::byte>> read(const ipc::Call& call, std::uint64_t position,
                                        std::uint32_t length) override;
    Result<protocols::Attributes> set_attributes(
        const ipc::Call& call, const protocols::AttributeChanges& changes) override;
    Result<protocols::FileWriteResult> write(const ipc::Call& call, std::uint64_t position,
                                             std::span<const std::byte> content) override;
    Result<void> set_buffer(const ipc::Call& call, ipc::Memory buffer) override;
    Result<std::uint64_t> read_to(const ipc::Call& call, std::uint64_t position,
                                  std::uint64_t offset, std::uint64_t length) override;
    Result<protocols::FileWriteFromResult> write_from(const ipc::Call& call, std::uint64_t position,
                                                      std::uint64_t offset,
                                                      std::uint64_t length) override;
    Result<std::uint64_t> seek(const ipc::Call& call, std::uint64_t position,
                               protocols::SeekTo what) override;
    Result<void> allocate(const ipc::Call& call, protocols::AllocateMode mode,
                          const protocols::Range& range) override;
    Result<std::vector<std::byte>> get_extended_attribute(const ipc::Call& call,
                                                          std::string_view name) override;
    Result<void> set_extended_attribute(const ipc::Call& call, std::string_view name,
                                        std::span<const std::byte> value,
                                        protocols::SetAttributeMode mode) override;
    Result<std::vector<std::byte>> list_extended_attributes(const ipc::Call& call) override;
    Result<void> remove_extended_attribute(const ipc::Call& call, std::string_view name) override;
    Result<std::uint64_t> get_extended_attribute_to(const ipc::Call& call, std::string_view name,
                                                    std::uint64_t offset,
                                                    std::uint64_t length) override;
    Result<void> set_extended_attribute_from(const ipc::Call& call, std::string_view name,
                                             std::uint64_t offset, std::uint64_t length,
                                             protocols::SetAttributeMode mode) override;
    Result<std::uint64_t> list_extended_attributes_to(const ipc::Call& call, std::uint64_t offset,
                                                      std::uint64_t length) override;
    Result<std::uint64_t> flush(const ipc::Call& call, std::uint64_t populated_size) override;
    Result<void> subscribe(const ipc::Call& call, ipc::Cap<protocols::Notifier> notifier,
                           std::uint32_t events, std::uint64_t source) override;
    Result<protocols::PageMap> bring_in(const ipc::Call& call, std::uint64_t position,
                                        std::uint64_t length) override;
    Result<protocols::LoanMap> lend(const ipc::Call& call, std::uint64_t position,
                                    std::uint64_t least, std::uint64_t length) override;
    Result<void> settle(const ipc::Call& call) override;

private:
    /// Fails: connection_reset.
    Result<bool> is_as_found() const;

    const std::shared_ptr<ContextState> state_;
    const Found found_;
    ipc::Cap<protocols::FileObject> real_;
};

}  // namespace quire::client
