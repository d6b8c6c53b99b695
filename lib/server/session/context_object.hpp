// SPDX-License-Identifier: MIT

#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "pages/pinned_runs.hpp"
#include "quire/protocols/filesystem.hpp"
#include "session/file_session.hpp"
#include "session/session_host.hpp"

namespace quire::server {

/// What one thread of a client opens through. It has no lock that a call would hold: contexts never
/// wait for one another.
class ContextObject final : public protocols::OpenerContext {
public:
    ContextObject(std::shared_ptr<SessionHost> host, const Authority& authority,
                  const std::shared_ptr<wire::Account>& account);

    // context_object.cpp
    Result<protocols::OpenerContextOpenResult> open(const ipc::Call& call, std::string_view path,
                                                    std::uint32_t flags, std::uint16_t permissions,
                                                    std::uint32_t wanted) override;
    Result<protocols::OpenerContextOpenDirectoryResult> open_directory(
        const ipc::Call& call, std::string_view path, std::uint32_t most,
        bool with_attributes) override;
    Result<protocols::OpenerContextReadResult> read(const ipc::Call& call, std::string_view path,
                                                    std::uint32_t wanted) override;
    Result<protocols::Attributes> stat(const ipc::Call& call, std::string_view path,
                                       bool follow) override;
    Result<void> access(const ipc::Call& call, std::string_view path, std::uint32_t mask) override;
    Result<protocols::Statistics> statistics(const ipc::Call& call) override;
    Result<void> sync(const ipc::Call& call) override;
    Result<void> set_buffer(const ipc::Call& call, ipc::Memory buffer) override;
    Result<void> set_umask(const ipc::Call& call, std::uint16_t umask) override;
    Result<ipc::Memory> segment(const ipc::Call& call, std::uint32_t number) override;
    Result<protocols::OpenerContextNamesResult> names(const ipc::Call& call) override;
    Result<void> set_leases(const ipc::Call& call, ipc::Memory words) override;
    Result<protocols::OpenerContextOpenLeasedResult> open_leased(const ipc::Call& call,
                                                                 std::uint64_t node) override;
    void end_lease(const ipc::Call& call, std::uint64_t node) override;
    Result<ipc::Memory> write_segment(const ipc::Call& call, std::uint32_t number) override;
    Result<std::uint32_t> set_pins(const ipc::Call& call, ipc::Memory words) override;

    // context_names.cpp
    Result<void> remove(const ipc::Call& call, std::string_view path) override;
    Result<void> remove_directory(const ipc::Call& call, std::string_view path) override;
    Result<void> rename(const ipc::Call& call, std::string_view from, std::string_view to,
                        std::uint32_t flags) override;
    Result<void> mkdir(const ipc::Call& call, std::string_view path,
                       std::uint16_t permissions) override;
    Result<void> mknod(const ipc::Call& call, std::string_view path, protocols::FileType type,
                       std::uint16_t permissions, const protocols::DeviceNumber& device) override;
    Result<void> link(const ipc::Call& call, std::string_view existing, bool follow,
                      std::string_view path) override;
    Result<void> symlink(const ipc::Call& call, std::string_view target,
                         std::string_view path) override;
    Result<std::string> readlink(const ipc::Call& call, std::string_view path) override;

    // context_attributes.cpp
    Result<protocols::Attributes> set_attributes(
        const ipc::Call& call, std::string_view path, bool follow,
        const protocols::AttributeChanges& changes) override;
    Result<std::vector<std::byte>> get_extended_attribute(const ipc::Call& call,
                                                          std::string_view path, bool follow,
                                                          std::string_view name) override;
    Result<void> set_extended_attribute(const ipc::Call& call, std::string_view path, bool follow,
                                        std::string_view name, std::span<const std::byte> value,
                                        protocols::SetAttributeMode mode) override;
    Result<std::vector<std::byte>> list_extended_attributes(const ipc::Call& call,
                                                            std::string_view path,
                                                            bool follow) override;
    Result<void> remove_extended_attribute(const ipc::Call& call, std::string_view path,
                                           bool follow, std::string_view name) override;
    Result<std::uint64_t> get_extended_attribute_to(const ipc::Call& call, std::string_view path,
                                                    bool follow, std::string_view name,
                                                    std::uint64_t offset,
                                                    std::uint64_t length) override;
    Result<void> set_extended_attribute_from(const ipc::Call& call, std::string_view path,
                                             bool follow, std::string_view name,
                                             std::uint64_t offset, std::uint64_t length,
                                             protocols::SetAttributeMode mode) override;
    Result<std::uint64_t> list_extended_attributes_to(const ipc::Call& call, std::string_view path,
                                                      bool follow, std::uint64_t offset,
                                                      std::uint64_t length) override;

private:
    fs::Call call_of(const ipc::Call& call) const {
        fs::Call own = call_as(owner_.authority, call);
        own.credentials.umask |= umask_;
        return own;
    }
    fs::Tree& tree() const { return owner_.authority.tree(); }
    Result<void> may_change() const { return owner_.authority.may_change(); }
    /// Shows what it finds to those who look there.
    Result<fs::Found> find(const fs::Call& call, std::string_view path, bool follow) const;
    Result<fs::Parent> find_parent(const fs::Call& call, std::string_view path) const;
    /// Of what will not be a directory.
    Result<fs::Parent> find_parent_of_new(const fs::Call& call, std::string_view path) const;
    Result<void> made_in(const fs::Parent& parent, const Result<fs::NodeReference>& made) const;
    Result<void> remove_name(const fs::Call& call, const fs::Parent& parent, bool directory) const;
    struct Move;
    Result<bool> move(const fs::Call& call, const Move& move) const;

    template <typename Do>
    auto on_node(const ipc::Call& call, std::string_view path, bool follow, Do&& work);

    const Presence presence_;
    const SessionOwner owner_;
    const std::shared_ptr<Leases> leases_;
    const std::shared_ptr<PinnedRuns> pins_;
    std::atomic<std::uint16_t> umask_ = 0;
};

}  // namespace quire::server
