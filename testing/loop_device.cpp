// SPDX-License-Identifier: MIT

#include "quire/testing/loop_device.hpp"

#include <fcntl.h>
#include <linux/loop.h>
#include <sys/ioctl.h>

#include <cerrno>

namespace quire::testing {

Result<std::unique_ptr<LoopDevice>> LoopDevice::attach(const std::filesystem::path& file,
                                                       Options options) {
    const UniqueFd control(::open("/dev/loop-control", O_RDWR | O_CLOEXEC));
    if (!control) {
        return fail(std::errc::operation_not_supported,
                    "loop devices need root and /dev/loop-control");
    }
    const UniqueFd backing(
        ::open(file.c_str(), (options.read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC));
    if (!backing) return fail_errno("cannot open " + file.string());

    loop_config config{};
    config.fd = static_cast<__u32>(backing.get());
    config.block_size = options.block_size;
    config.info.lo_offset = options.offset;
    if (options.read_only) config.info.lo_flags |= LO_FLAGS_READ_ONLY;
    if (options.scan_partitions) config.info.lo_flags |= LO_FLAGS_PARTSCAN;
    // Between asking for a free device and taking it another test may be faster.
    for (int attempt = 0; attempt < 100; ++attempt) {
        const int number = ::ioctl(control.get(), LOOP_CTL_GET_FREE);
        if (number < 0)
            return fail(std::errc::operation_not_supported, "there is no free loop device");
        std::string path = "/dev/loop" + std::to_string(number);
        UniqueFd fd(::open(path.c_str(), (options.read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC));
        if (!fd) return fail(std::errc::operation_not_supported, "cannot open " + path);
        if (::ioctl(fd.get(), LOOP_CONFIGURE, &config) == 0)
            return std::unique_ptr<LoopDevice>(new LoopDevice(std::move(fd), std::move(path)));
        if (errno != EBUSY) return fail_errno("cannot attach " + file.string());
    }
    return fail(std::errc::operation_not_supported, "all loop devices are taken again and again");
}

LoopDevice::~LoopDevice() {
    (void)::ioctl(fd_.get(), LOOP_CLR_FD);
}

}  // namespace quire::testing
