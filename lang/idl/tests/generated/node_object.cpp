// SPDX-License-Identifier: MIT

#include "tests/generated/node_object.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <limits>
#include <numeric>

namespace quire::idl_goldens {

Everything full_value() {
    Everything value;
    value.a = -128;
    value.b = -2;
    value.c = -3;
    value.d = std::numeric_limits<std::int64_t>::min();
    value.e = 255;
    value.f = 6;
    value.g = 7;
    value.h = std::numeric_limits<std::uint64_t>::max();
    value.i = -9;
    value.j = 10;
    value.k = true;
    value.l = FileType::symlink;
    value.m = Wide::only;
    value.n = {-1, 999'999'999};
    value.o = "\xFFname";
    value.p = {std::byte{1}, std::byte{0}};
    value.q = {1, 2, 3};
    value.r = {{1, 2}, {3, 4}};
    value.s = {"", "eight888"};
    value.t = {{}, {std::byte{9}}};
    value.u = {FileType::regular, FileType::directory};
    value.v = {true, false, true};
    return value;
}

NodeObject::Notice NodeObject::wait_for_notice() {
    std::unique_lock lock(mutex_);
    noticed_.wait(lock, [this] { return !notices_.empty(); });
    return notices_.back();
}

Result<void> NodeObject::nothing(const ipc::Call&) {
    ++calls;
    return nothing_result;
}

Result<Everything> NodeObject::mirror(const ipc::Call&, const Everything& value) {
    ++calls;
    return value;
}

Result<NodeScalarsResult> NodeObject::scalars(const ipc::Call&, std::int8_t a, bool b, Wide c,
                                              std::uint16_t d) {
    ++calls;
    if (c != Wide::only) return fail(std::errc::invalid_argument);
    return NodeScalarsResult{static_cast<std::uint16_t>(d + 1), a,
                             b ? FileType::directory : FileType::regular};
}

Result<NodeTextsResult> NodeObject::texts(const ipc::Call&, std::string_view name,
                                          std::span<const std::byte> data) {
    ++calls;
    return NodeTextsResult{std::string(name.substr(0, 10)), {data.begin(), data.end()}};
}

Result<std::vector<std::string>> NodeObject::lists(const ipc::Call&, const std::vector<Time>& times,
                                                   const std::vector<std::uint8_t>& left,
                                                   const std::vector<bool>& element) {
    ++calls;
    std::vector<std::string> names;
    for (const Time& time : times) names.push_back(std::to_string(time.seconds));
    names.push_back(std::to_string(std::accumulate(left.begin(), left.end(), 0)));
    for (const bool one : element) names.push_back(one ? "yes" : "no");
    return names;
}

Result<std::string> NodeObject::text(const ipc::Call&) {
    ++calls;
    return text_result;
}

Result<std::vector<std::byte>> NodeObject::data(const ipc::Call&) {
    ++calls;
    return data_result;
}

Result<ipc::Cap<Node>> NodeObject::open(const ipc::Call&, std::string_view) {
    ++calls;
    return node_result;
}

Result<ipc::Cap<Node>> NodeObject::find(const ipc::Call&, std::string_view) {
    ++calls;
    return node_result;
}

Result<NodeHandlesResult> NodeObject::handles(const ipc::Call&, ipc::Cap<Node> node,
                                              ipc::Cap<Flush> flush, ipc::Memory pages) {
    ++calls;
    const auto self = std::make_shared<NodeObject>();
    return NodeHandlesResult{{std::move(node), std::move(flush), std::move(pages)}, self};
}

Result<Tree> NodeObject::tree(const ipc::Call&, const Tree& tree) {
    ++calls;
    return tree;
}

Result<ipc::Memory> NodeObject::pages(const ipc::Call&, std::uint64_t offset) {
    ++calls;
    UniqueFd fd(::memfd_create("pages", MFD_CLOEXEC));
    if (!fd || ::ftruncate(fd.get(), static_cast<off_t>(offset)) != 0) return fail_errno();
    return ipc::Memory(std::move(fd), offset, true);
}

void NodeObject::notify(const ipc::Call&, std::string_view text, const std::vector<Time>& times,
                        ipc::Cap<Node> node) {
    ++calls;
    const std::scoped_lock lock(mutex_);
    notices_.push_back({std::string(text), times, std::move(node)});
    noticed_.notify_all();
}

Result<std::uint8_t> NodeObject::names(const ipc::Call&, std::uint8_t call_, std::uint8_t object,
                                       std::uint8_t invocation, std::uint8_t request,
                                       std::uint8_t reply, std::uint8_t remote) {
    ++calls;
    return static_cast<std::uint8_t>(call_ | object | invocation | request | reply | remote);
}

Result<void> NodeObject::a_rather_long_name_of_an_operation_to_break_lines(
    const ipc::Call&, const std::vector<std::string>& first_of_two,
    const std::vector<Everything>& second_of_two) {
    ++calls;
    if (first_of_two.size() != second_of_two.size()) return fail(std::errc::invalid_argument);
    return {};
}

Result<FileType> NodeObject::kind(const ipc::Call&, FileType) {
    ++calls;
    return kind_result;
}

Result<void> NodeObject::give(const ipc::Call&, ipc::Cap<Node>, Wide) {
    ++calls;
    return {};
}

Result<std::vector<FileType>> NodeObject::kinds(const ipc::Call&,
                                                const std::vector<FileType>& types) {
    ++calls;
    return types;
}

Result<std::uint64_t> NodeObject::flush(const ipc::Call&, std::uint64_t populated_size) {
    ++calls;
    return populated_size + 1;
}

void NodeObject::hint(const ipc::Call&, std::uint64_t) {
    ++calls;
}

}  // namespace quire::idl_goldens
