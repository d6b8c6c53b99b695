// SPDX-License-Identifier: MIT

#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <string>
#include <vector>

#include "idl_goldens/everything.hpp"

namespace quire::idl_goldens {

/// Something of every type, none of which is empty or zero.
Everything full_value();

/// Answers each operation with what it was given, or with what is set here.
class NodeObject : public FlushableNode {
public:
    // What operations return.
    std::string text_result = "text";
    std::vector<std::byte> data_result;
    ipc::Cap<Node> node_result;
    FileType kind_result = FileType::regular;
    Result<void> nothing_result = {};

    std::atomic<int> calls = 0;

    /// The latest one-way message; waits for the first one.
    struct Notice {
        std::string text;
        std::vector<Time> times;
        ipc::Cap<Node> node;
    };
    Notice wait_for_notice();

    Result<void> nothing(const ipc::Call& call) override;
    Result<Everything> mirror(const ipc::Call& call, const Everything& value) override;
    Result<NodeScalarsResult> scalars(const ipc::Call& call, std::int8_t a, bool b, Wide c,
                                      std::uint16_t d) override;
    Result<NodeTextsResult> texts(const ipc::Call& call, std::string_view name,
                                  std::span<const std::byte> data) override;
    Result<std::vector<std::string>> lists(const ipc::Call& call, const std::vector<Time>& times,
                                           const std::vector<std::uint8_t>& left,
                                           const std::vector<bool>& element) override;
    Result<std::string> text(const ipc::Call& call) override;
    Result<std::vector<std::byte>> data(const ipc::Call& call) override;
    Result<ipc::Cap<Node>> open(const ipc::Call& call, std::string_view name) override;
    Result<ipc::Cap<Node>> find(const ipc::Call& call, std::string_view name) override;
    Result<NodeHandlesResult> handles(const ipc::Call& call, ipc::Cap<Node> node,
                                      ipc::Cap<Flush> flush, ipc::Memory pages) override;
    Result<Tree> tree(const ipc::Call& call, const Tree& tree) override;
    Result<ipc::Memory> pages(const ipc::Call& call, std::uint64_t offset) override;
    void notify(const ipc::Call& call, std::string_view text, const std::vector<Time>& times,
                ipc::Cap<Node> node) override;
    Result<std::uint8_t> names(const ipc::Call& call, std::uint8_t call_, std::uint8_t object,
                               std::uint8_t invocation, std::uint8_t request, std::uint8_t reply,
                               std::uint8_t remote) override;
    Result<void> a_rather_long_name_of_an_operation_to_break_lines(
        const ipc::Call& call, const std::vector<std::string>& first_of_two,
        const std::vector<Everything>& second_of_two) override;
    Result<FileType> kind(const ipc::Call& call, FileType type) override;
    Result<void> give(const ipc::Call& call, ipc::Cap<Node> node, Wide wide) override;
    Result<std::vector<FileType>> kinds(const ipc::Call& call,
                                        const std::vector<FileType>& types) override;
    Result<std::uint64_t> flush(const ipc::Call& call, std::uint64_t populated_size) override;
    void hint(const ipc::Call& call, std::uint64_t position) override;

private:
    std::mutex mutex_;  // guards the notices
    std::condition_variable noticed_;
    std::vector<Notice> notices_;
};

}  // namespace quire::idl_goldens
