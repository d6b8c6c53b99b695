// SPDX-License-Identifier: MIT

#pragma once

#include <memory>
#include <string_view>

#include "quire/ipc/generated.hpp"

namespace quire::bench {

/// interface Null { [opcode(1)] void nothing(); }
class Null : public virtual ipc::Interface {
public:
    static constexpr std::string_view interface_name = "Null";
    virtual Result<void> nothing(const ipc::Call& call) = 0;
};

class NullObject final : public Null {
public:
    Result<void> nothing(const ipc::Call&) override { return {}; }
};

}  // namespace quire::bench

template <>
struct quire::ipc::Protocol<quire::bench::Null> {
    static std::shared_ptr<quire::bench::Null> proxy(RemoteObject object);
    static void dispatch(quire::bench::Null& object, Invocation& invocation);
};
