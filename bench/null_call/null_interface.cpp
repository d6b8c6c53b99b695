// SPDX-License-Identifier: MIT

#include "null_interface.hpp"

#include <utility>

namespace quire::bench {

namespace {

class NullProxy final : public Null {
public:
    explicit NullProxy(ipc::RemoteObject object) : object_(std::move(object)) {}

    const ipc::RemoteObject* remote() const override { return &object_; }
    Result<void> nothing(const ipc::Call& call) override {
        QUIRE_TRY_ASSIGN(ipc::Reply reply, object_.call(call, 1, object_.request()));
        return reply.end();
    }

private:
    ipc::RemoteObject object_;
};

}  // namespace

}  // namespace quire::bench

std::shared_ptr<quire::bench::Null> quire::ipc::Protocol<quire::bench::Null>::proxy(
    RemoteObject object) {
    return std::make_shared<quire::bench::NullProxy>(std::move(object));
}

void quire::ipc::Protocol<quire::bench::Null>::dispatch(quire::bench::Null& object,
                                                        Invocation& invocation) {
    if (invocation.opcode() != 1) return invocation.unknown();
    if (!invocation.in().end()) return invocation.malformed();
    auto result = object.nothing(invocation.call());
    if (!result) return invocation.fail(std::move(result).error());
    invocation.reply();
}
