// SPDX-License-Identifier: MIT

#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <utility>

#include "tests/kit/raw_client.hpp"
#include "tests/kit/serving.hpp"

namespace quire::ipc {

constexpr std::uint32_t code(Control control) {
    return static_cast<std::uint32_t>(control);
}

/// Whatever one client does, another one goes on, and when the first is gone nothing is left of it.
class HostileClient : public ::testing::Test {
protected:
    HostileClient() { EXPECT_TRUE(good_->nothing(Call::forever())); }
    ~HostileClient() override {
        EXPECT_TRUE(good_->nothing(Call::forever()));
        bad_.hang_up();
        serving_.wait_until([this] {
            const Snapshot now = serving_.server.snapshot();
            return now.channels.size() == 1 && now.gates.empty() && serving_.world->counters == 0;
        });
        EXPECT_TRUE(good_->nothing(Call::forever()));
    }

    /// The server has ended the channel, and counts it.
    void expect_expelled() {
        bad_.wait_for_end();
        serving_.wait_until([this] { return serving_.server.snapshot().expelled_channels == 1; });
    }
    std::uint32_t errno_of(std::unique_ptr<Incoming> reply) {
        return reply ? reply->header.opcode : 9999;
    }
    Header request(std::uint32_t call, std::uint32_t opcode, std::uint32_t object = 1) const {
        return {.kind = MessageKind::request,
                .call = call,
                .object = object,
                .opcode = opcode,
                .left = -1};
    }
    Encoder release_of(std::uint32_t object, std::uint32_t references) const {
        Encoder body;
        body.put_count(1, 1);
        body.put(object);
        body.put(references);
        return body;
    }

    Serving serving_{{.quota = {.objects = 40,
                                .gates = 4,
                                .channels = 3,
                                .descriptors = 8,
                                .running_calls = 2,
                                .waiting_calls = 5,
                                .waiting_bytes = 100'000,
                                .unread_bytes = 200'000}}};
    Cap<Sample> good_ = serving_.connect();
    RawClient bad_{serving_.raw_client()};
};

}  // namespace quire::ipc
