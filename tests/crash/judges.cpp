// SPDX-License-Identifier: MIT

#include "crash/judges.hpp"

#include <fmt/core.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <filesystem>

#include "quire/block/file_device.hpp"
#include "quire/testing/image.hpp"
#include "quire/testing/loop_device.hpp"

namespace quire::tests {

namespace {

struct Outcome {
    int code = -1;
    std::string output;
};

Outcome run(const std::string& command) {
    Outcome outcome;
    FILE* pipe = ::popen((command + " 2>&1").c_str(), "r");
    if (pipe == nullptr) return outcome;
    std::array<char, 4096> piece{};
    constexpr std::size_t enough = 4000;
    while (const std::size_t got = std::fread(piece.data(), 1, piece.size(), pipe))
        if (outcome.output.size() < enough) outcome.output.append(piece.data(), got);
    const int status = ::pclose(pipe);
    outcome.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return outcome;
}

}  // namespace

Judges::Judges() {
    std::filesystem::create_directory(directory_ / "point");
}

std::optional<std::string> Judges::without_e2fsck() const {
    if (run("e2fsck -V").code == 0) return std::nullopt;
    return "e2fsck is not installed";
}

std::optional<std::string> Judges::without_kernel() const {
    if (::geteuid() != 0) return "mounting needs root";
    const std::filesystem::path probe = directory_ / "probe";
    run(fmt::format("truncate -s 1M {}", probe.string()));
    const auto loop = testing::LoopDevice::attach(probe);
    if (!loop) return loop.error().message();
    return std::nullopt;
}

std::optional<std::string> Judges::complaint(block::Device& device) {
    if (const auto written = testing::write_image(device, image()); !written)
        return written.error().message();
    const Outcome outcome = run("e2fsck -fn " + image());
    if (outcome.code == 0) return std::nullopt;
    return outcome.output;
}

std::optional<std::string> Judges::changed_by(block::Device& device, const std::string& command,
                                              int worst) {
    if (const auto written = testing::write_image(device, image()); !written)
        return written.error().message();
    const Outcome outcome = run(command);
    if (outcome.code < 0 || outcome.code > worst)
        return fmt::format("exit code {}: {}", outcome.code, outcome.output);
    const auto result = block::FileDevice::open(image());
    if (!result) return result.error().message();
    // What became zero would not be copied over what is there.
    if (const auto cleared = device.zero({0, device.geometry().size}); !cleared)
        return cleared.error().message();
    const auto copied = testing::copy_data(**result, device);
    return copied ? std::nullopt : std::optional(copied.error().message());
}

std::optional<std::string> Judges::repair(block::Device& device) {
    return changed_by(device, "e2fsck -fy " + image(), 1);
}

std::optional<std::string> Judges::mount(block::Device& device) {
    const std::string point = (directory_ / "point").string();
    return changed_by(device,
                      fmt::format("mount -o loop {} {} && umount {}", image(), point, point), 0);
}

}  // namespace quire::tests
