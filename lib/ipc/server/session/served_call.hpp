// SPDX-License-Identifier: MIT

#pragma once

#include <cstdint>
#include <optional>

#include "message/incoming.hpp"
#include "quire/ipc/call.hpp"
#include "quire/ipc/decoder.hpp"
#include "quire/ipc/invocation.hpp"
#include "server/session/session.hpp"

namespace quire::ipc {

/// What a session's decoders ask for, and where they say that they are done.
class SessionCaps : public CapSource {
public:
    enum class Intake {
        /// With the arguments decoded, it is free for others.
        hand_on,
        keep,
        /// This worker does not hold it.
        none,
    };
    SessionCaps(Session& session, Intake intake)
        : session_(session), intake_(intake), holds_intake_(intake != Intake::none) {}

    bool holds_intake() const { return holds_intake_; }

    std::optional<RemoteObject> theirs(std::uint32_t) override { return std::nullopt; }
    std::optional<AnyCap> ours(std::uint32_t number) override;
    std::optional<std::shared_ptr<void>> charge_descriptors(std::size_t count) override;
    RemoteObject gate(UniqueFd descriptor, std::shared_ptr<void> charge) override;
    void decoded() override;

private:
    Session& session_;
    const Intake intake_;
    bool holds_intake_;
};

/// One request or one-way message while its object works on it.
class ServedCall final : public Invocation {
public:
    /// `slot` is where the request was, or nullptr: the reply goes back the same way, if it can.
    ServedCall(Session& session, SessionCaps& caps, Incoming& message, Call call,
               SessionSlot* slot = nullptr);

    void reply() override;
    void fail(Error error) override;
    void unknown() override;
    void malformed() override;

    /// After the dispatcher: a call is answered, come what may.
    void settle();

private:
    /// The call is not in progress any more; from here its number may be used again.
    void end_of_call();
    Result<void> answer(Outgoing&& message);

    Session& session_;
    const std::uint32_t number_;
    SessionSlot* const slot_;
    bool answered_ = false;
};

}  // namespace quire::ipc
