// SPDX-License-Identifier: MIT

#include <new>
#include <system_error>
#include <utility>

#include "client/channel.hpp"
#include "client/gate_end.hpp"
#include "server/core.hpp"
#include "server/session/served_call.hpp"
#include "server/session/session.hpp"

namespace quire::ipc {

std::optional<AnyCap> SessionCaps::ours(std::uint32_t number) {
    return session_.objects_.find(number);
}

std::optional<std::shared_ptr<void>> SessionCaps::charge_descriptors(std::size_t count) {
    auto charge = session_.account_->charge_descriptors(count);
    if (!charge) return std::nullopt;
    return charge;
}

RemoteObject SessionCaps::gate(UniqueFd descriptor, std::shared_ptr<void> charge) {
    auto end = std::make_shared<GateEnd>(std::move(descriptor),
                                         Home(session_.core_.weak_from_this()), std::move(charge));
    session_.core_.probes().add(end);
    return RemoteObject(std::move(end));
}

void SessionCaps::decoded() {
    if (intake_ == Intake::hand_on && std::exchange(holds_intake_, false))
        session_.release_intake();
    session_.core_.before_blocking();
}

ServedCall::ServedCall(Session& session, SessionCaps& caps, Incoming& message, Call call,
                       SessionSlot* slot)
    : Invocation(message.header.opcode, message.header.kind == MessageKind::one_way,
                 std::move(call), Decoder(message.body(), message.descriptors(), &caps)),
      session_(session),
      number_(message.header.call),
      slot_(slot) {}

Result<void> ServedCall::answer(Outgoing&& message) {
    if (slot_ == nullptr) return session_.send(std::move(message));
    if (message.descriptor_count() == 0 && slot_->answer(message.bytes())) {
        session_.count_sent(message);
        session_.core_.counters().slot_messages.fetch_add(1, std::memory_order_relaxed);
        return {};
    }
    slot_->answer_by_socket();
    return session_.send(std::move(message));
}

void ServedCall::end_of_call() {
    answered_ = true;
    const std::scoped_lock lock(session_.mutex_);
    session_.calls_.erase(number_);
}

void ServedCall::reply() {
    if (one_way() || answered_) return;
    if (call().cancelled()) return fail(Error(std::errc::operation_canceled));
    std::vector<std::uint32_t> given;
    struct Namer : CapNamer {
        Namer(ServedCall& its_call, std::vector<std::uint32_t>& numbers)
            : call(its_call), given(numbers) {}
        Result<CapName> name(const AnyCap& cap) override {
            return call.session_.name(call.call(), cap, given);
        }
        ServedCall& call;
        std::vector<std::uint32_t>& given;
    } namer(*this, given);
    auto sealed = Outgoing::seal(std::move(out()), namer);
    Result<void> sent;
    if (sealed) {
        end_of_call();
        sealed->set_header({.kind = MessageKind::reply, .call = number_});
        sent = answer(std::move(*sealed));
    } else {
        sent = quire::fail(std::move(sealed).error());
    }
    if (sent) return;
    session_.take_back(given);
    // What the object returned is over the interface's bounds.
    const bool too_long = sent.error() == std::errc::argument_list_too_long;
    answered_ = false;
    fail(too_long ? Error(std::errc::message_size, "the result is longer than the interface allows")
                  : std::move(sent).error());
}

void ServedCall::fail(Error error) {
    if (one_way() || answered_) return;
    end_of_call();
    if (!answer(Session::error_reply(number_, error))) session_.expel();
}

void ServedCall::unknown() {
    fail(Error(std::errc::function_not_supported, "the object has no such operation"));
}

void ServedCall::malformed() {
    if (auto objection = in().objection()) return fail(std::move(*objection));
    answered_ = true;
    session_.expel();
}

void ServedCall::settle() {
    if (!answered_) fail(Error(std::errc::io_error, "the object has not answered"));
}

namespace {

// What one call cannot have, memory or a thread, is no reason for the others to end.
void dispatch(const AnyCap& cap, ServedCall& served) {
    try {
        cap.dispatch(served);
    } catch (const std::bad_alloc&) {
        served.fail(Error(std::errc::not_enough_memory));
    } catch (const std::system_error& error) {
        served.fail(Error(std::errc(error.code().value())));
    }
}

}  // namespace

Session::Next Session::serve_call(Incoming& message, SessionSlot* slot) {
    std::stop_source stop;
    bool known = false;
    {
        const std::scoped_lock lock(mutex_);
        known = dead_ || !calls_.emplace(message.header.call, stop).second;
        if (slot != nullptr && std::exchange(cancelled_in_slot_, 0) == message.header.call)
            stop.request_stop();
    }
    SessionCaps caps(*this,
                     slot != nullptr ? SessionCaps::Intake::none : SessionCaps::Intake::hand_on);
    if (known) {
        // Two at once with one number: whose would the reply be?
        expel();
    } else {
        const AnyCap cap = objects_.find(message.header.object);
        ServedCall served(*this, caps, message, message.call.cancelled_by(stop.get_token()), slot);
        if (!cap) {
            served.fail(Error(std::errc::bad_file_descriptor, "the object was released before"));
        } else if (message.call.expired()) {
            served.fail(Error(std::errc::timed_out));
        } else {
            dispatch(cap, served);
        }
        served.settle();
    }
    core_.call_ends();
    return finish_call(caps.holds_intake());
}

Session::Next Session::finish_call(bool holds_intake) {
    core_.leave_object(*account_);
    const std::scoped_lock lock(mutex_);
    --running_;
    if (dead_) return Next::lost;
    if (holds_intake) return Next::go_on;
    if (intake_held_ || !has_startable_locked()) return Next::intake_gone;
    intake_held_ = true;
    return Next::go_on;
}

Session::Next Session::serve_one_way(Incoming& message) {
    SessionCaps caps(*this, SessionCaps::Intake::keep);
    {
        const ServerCore::Ending counted(core_);
        const AnyCap cap = objects_.find(message.header.object);
        if (cap && !core_.stopping()) {
            ServedCall served(*this, caps, message, Call::forever());
            dispatch(cap, served);
        }
    }
    core_.leave_object(*account_);
    const std::scoped_lock lock(mutex_);
    return dead_ ? Next::lost : Next::go_on;
}

Outgoing Session::error_reply(std::uint32_t call, const Error& error) {
    Encoder body;
    body.put_string(std::string_view(error.sentence()).substr(0, max_sentence), max_sentence);
    // A sentence with a NUL is no sentence.
    if (body.failed()) {
        body.clear();
        body.put_string("", max_sentence);
    }
    auto message = Outgoing::seal(std::move(body));
    const auto status = static_cast<std::uint32_t>(error.code());
    message->set_header({.kind = MessageKind::reply,
                         .call = call,
                         .opcode = status != 0 ? status : static_cast<std::uint32_t>(EIO)});
    return std::move(*message);
}

void Session::send_error(std::uint32_t call, const Error& error) {
    if (!send(error_reply(call, error))) expel();
}

Result<CapName> Session::name(const Call& call, const AnyCap& cap,
                              std::vector<std::uint32_t>& given) {
    const RemoteObject* const remote = cap.object()->remote();
    if (remote == nullptr) {
        const auto number = objects_.hand_out(cap);
        if (!number) return fail(std::errc::too_many_files_open, "the client has too many objects");
        given.push_back(*number);
        return CapName(CapKind::senders, *number);
    }
    CapName name(CapKind::gate);
    if (remote->gate()) {
        name.descriptor = remote->gate()->fd();
    } else if (remote->channel()) {
        QUIRE_TRY_ASSIGN(name.made, remote->channel()->make_gate(call, remote->number()));
    } else {
        return fail(std::errc::connection_reset);
    }
    return name;
}

void Session::take_back(const std::vector<std::uint32_t>& given) {
    for (const std::uint32_t number : given) (void)objects_.give_up(number, 1);
}

}  // namespace quire::ipc
