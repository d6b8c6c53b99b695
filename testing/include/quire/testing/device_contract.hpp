// SPDX-License-Identifier: MIT

#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <ostream>
#include <string>

#include "quire/block/device.hpp"
#include "quire/testing/bytes.hpp"

namespace quire::testing {

/// One kind of device that has to keep the contract of block::Device.
struct DeviceCase {
    std::string name;
    /// Makes a writable device of this many bytes (a multiple of 4096), all zeros.
    /// operation_not_supported skips the test and gives its sentence as the reason.
    std::function<Result<std::shared_ptr<block::Device>>(std::uint64_t size)> make;
    bool resizable = false;
    /// Holes take no room and next_data finds them, even in tebibytes.
    bool sparse = false;
};
inline std::ostream& operator<<(std::ostream& out, const DeviceCase& device_case) {
    return out << device_case.name;
}

/// The contract of block::Device as a test suite. A room with devices of its own says
///
///     INSTANTIATE_TEST_SUITE_P(Nbd, DeviceContract, ::testing::Values(DeviceCase{…}),
///                              device_case_name);
class DeviceContract : public ::testing::TestWithParam<DeviceCase> {
public:
    ~DeviceContract() override;

protected:
    static constexpr std::uint64_t size = 256 * 1024;

    void SetUp() override;
    /// Another device of the same kind; null after the test was marked as skipped or failed.
    std::shared_ptr<block::Device> make(std::uint64_t bytes);

    Bytes read(std::uint64_t offset, std::size_t length) {
        return read_bytes(*device, offset, length);
    }
    void write(std::uint64_t offset, const Bytes& bytes);

    std::shared_ptr<block::Device> device;
};

std::string device_case_name(const ::testing::TestParamInfo<DeviceCase>& info);

/// Ties the life of what a device stands on (a directory, a loop device) to the device.
template <typename D, typename... Ground>
std::shared_ptr<block::Device> standing_on(std::unique_ptr<D> device, Ground... ground) {
    struct Holder {
        std::tuple<Ground...> ground;
        std::unique_ptr<D> device;
    };
    auto holder = std::make_shared<Holder>(
        Holder{std::tuple<Ground...>(std::move(ground)...), std::move(device)});
    return std::shared_ptr<block::Device>(holder, holder->device.get());
}

}  // namespace quire::testing
