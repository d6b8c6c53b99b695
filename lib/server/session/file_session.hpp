// SPDX-License-Identifier: MIT

#pragma once

#include <memory>
#include <mutex>

#include "access/accessor.hpp"
#include "access/node_attributes.hpp"
#include "pages/borrowed_content.hpp"
#include "pages/context_memory.hpp"
#include "quire/protocols/file.hpp"
#include "quire/wire/transfer_buffer.hpp"
#include "session/session_host.hpp"
#include "session/subscriber.hpp"

namespace quire::server {

/// Who opened something, and what came with that.
struct SessionOwner {
    Authority authority;
    std::shared_ptr<wire::Account> account;
    /// The context's.
    std::shared_ptr<wire::TransferBuffer> buffer;
    std::shared_ptr<ContextMemory> memory;
};

/// One open file of one client. Its end closes it.
class FileSession final : public protocols::FileObject, public Subscriber {
public:
    FileSession(std::shared_ptr<SessionHost> host, SessionOwner owner, Accessor accessor);

    Result<protocols::Attributes> attributes(const ipc::Call& call) override;
    Result<protocols::Attributes> set_attributes(
        const ipc::Call& call, const protocols::AttributeChanges& changes) override;
    Result<std::vector<std::byte>> read(const ipc::Call& call, std::uint64_t position,
                                        std::uint32_t length) override;
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
    Result<protocols::PageMap> bring_in(const ipc::Call& call, std::uint64_t position,
                                        std::uint64_t length) override;
    Result<protocols::LoanMap> lend(const ipc::Call& call, std::uint64_t position,
                                    std::uint64_t least, std::uint64_t length) override;
    Result<void> settle(const ipc::Call& call) override;

private:
    fs::Call call_of(const ipc::Call& call) const { return call_as(owner_.authority, call); }
    NodeAttributes node(const fs::Call& call) const;
    const wire::TransferBuffer& buffer() const;
    Result<std::shared_ptr<paging::FilePages>> pages();
    std::shared_ptr<BorrowedContent> borrowed(bool make);

    const Presence presence_;
    const SessionOwner owner_;
    const Accessor accessor_;
    wire::TransferBuffer own_buffer_;
    std::mutex pages_mutex_;  // guards what follows; comes before the provider's
    std::shared_ptr<paging::FilePages> pages_;
    std::shared_ptr<BorrowedContent> borrowed_;
};

}  // namespace quire::server
