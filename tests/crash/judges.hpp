// SPDX-License-Identifier: MIT

#pragma once

#include <memory>
#include <optional>
#include <string>

#include "crash/workload.hpp"
#include "quire/block/device.hpp"
#include "quire/testing/temporary_directory.hpp"

namespace quire::tests {

/// Others who look at an image: nobody here wrote them.
class Judges {
public:
    Judges();

    /// A reason to skip what needs them, or nothing.
    std::optional<std::string> without_e2fsck() const;
    std::optional<std::string> without_kernel() const;

    /// e2fsck -fn. Answers its complaint, or nothing when the image is clean.
    std::optional<std::string> complaint(block::Device& device);
    /// Lets e2fsck repair the image (-fy) in place. Answers what went wrong, or nothing.
    std::optional<std::string> repair(block::Device& device);
    /// Lets the kernel mount the image, for writing, and unmount it. The same.
    std::optional<std::string> mount(block::Device& device);

private:
    std::string image() const { return (directory_ / "image").string(); }
    std::optional<std::string> changed_by(block::Device& device, const std::string& command,
                                          int worst);

    testing::TemporaryDirectory directory_;
};

}  // namespace quire::tests
