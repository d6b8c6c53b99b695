// SPDX-License-Identifier: MIT

#include "suite.hpp"

#include <algorithm>
#include <cstring>
#include <stdexcept>

namespace quire::conformance {

namespace {

std::string code_name(int code) {
    const char* name = ::strerrorname_np(code);
    return name != nullptr ? name : std::to_string(code);
}

}  // namespace

void Conformance::SetUp() {
    auto made = GetParam().make();
    ASSERT_OK(made);
    ground_ = std::move(*made);
    root = ground_->subject();
}

void Conformance::TearDown() {
    root.reset();
    if (ground_) {
        EXPECT_OK(ground_->finish());
    }
}

std::shared_ptr<Subject> Conformance::user(std::uint32_t uid, std::uint32_t gid,
                                           std::vector<std::uint32_t> groups, std::uint16_t umask) {
    return root->as({.uid = uid, .gid = gid, .groups = std::move(groups), .umask = umask});
}

void Conformance::remount() {
    root.reset();
    EXPECT_OK(ground_->remount());
    root = ground_->subject();
}

void Conformance::file(const std::string& path, std::string_view content,
                       std::uint16_t permissions) {
    EXPECT_OK(root->make_file(path, permissions));
    if (content.empty()) return;
    const auto opened = open(path);
    const auto written = opened->write(0, content);
    EXPECT_OK(written);
    EXPECT_EQ(written.value_or(0), content.size());
}

void Conformance::directory(const std::string& path, std::uint16_t permissions) {
    EXPECT_OK(root->mkdir(path, permissions));
}

void Conformance::owned(const std::string& path, std::uint32_t uid, std::uint32_t gid,
                        std::uint16_t permissions) {
    EXPECT_OK(root->chown(path, uid, gid, Follow::no));
    EXPECT_OK(root->chmod(path, permissions));
}

std::string Conformance::content(const std::string& path) {
    const auto opened = open(path, false);
    const auto attributes = opened->attributes();
    EXPECT_OK(attributes);
    auto bytes = opened->read(0, attributes ? attributes->size : 0);
    EXPECT_OK(bytes);
    return bytes.value_or("");
}

fs::Attributes Conformance::stat(const std::string& path) {
    const auto attributes = root->stat(path, Follow::no);
    EXPECT_TRUE(attributes.has_value()) << path;
    return attributes.value_or(fs::Attributes());
}

bool Conformance::exists(const std::string& path) {
    const auto attributes = root->stat(path, Follow::no);
    if (!attributes) {
        EXPECT_FAILS(ENOENT, attributes);
    }
    return attributes.has_value();
}

std::vector<std::string> Conformance::names(const std::string& path) {
    const auto listed = root->list(path, 0, ~std::size_t{0});
    EXPECT_OK(listed);
    std::vector<std::string> result;
    if (listed)
        for (const Listed& entry : *listed)
            if (path != "." || entry.name != "lost+found") result.push_back(entry.name);
    std::ranges::sort(result);
    return result;
}

std::unique_ptr<File> Conformance::open(const std::string& path, bool write) {
    auto opened = root->open(path, {.read = true, .write = write});
    if (opened) return std::move(*opened);
    // No case can go on without it; the exception fails the case and no other.
    throw std::runtime_error("open " + path + ": " + opened.error().message());
}

void Conformance::expect_later(const Time& after, const Time& before) {
    EXPECT_GE(after, before);
    if (traits().ticks) {
        EXPECT_NE(after, before);
    }
}

std::string kind_name(const ::testing::TestParamInfo<Kind>& info) {
    return info.param.name;
}

::testing::AssertionResult fails(int expected, const Error* error) {
    if (error == nullptr)
        return ::testing::AssertionFailure()
               << "it succeeds, " << code_name(expected) << " was expected";
    const int code = static_cast<int>(error->code());
    if (code == expected) return ::testing::AssertionSuccess();
    return ::testing::AssertionFailure() << code_name(expected) << " was expected, not "
                                         << code_name(code) << " (" << error->message() << ")";
}

}  // namespace quire::conformance
