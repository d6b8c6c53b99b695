// SPDX-License-Identifier: MIT

#include <sys/epoll.h>

#include <algorithm>
#include <utility>

#include "client/releases.hpp"
#include "quire/ipc/decoder.hpp"
#include "server/core.hpp"
#include "server/session/session.hpp"
#include "system/sockets.hpp"

namespace quire::ipc {

namespace {

/// After so many messages other channels get their turn.
constexpr int messages_per_turn = 64;

}  // namespace

void Session::take_messages() {
    Incoming received;
    int taken = 0;
    while (true) {
        Next next = Next::go_on;
        if (const auto waiting = next_waiting()) {
            next = handle(*waiting);
        } else {
            Arrival arrival = Arrival::nothing;
            if (taken++ < messages_per_turn) arrival = receive_message(end_.get(), received, false);
            if (arrival == Arrival::nothing) return release_intake();
            if (arrival != Arrival::message) return lose(arrival == Arrival::malformed);
            next = take_new(received);
        }
        if (next != Next::go_on) return;
    }
}

bool Session::call_may_run_locked() const {
    // A client that does not read its replies gets no new ones.
    return running_ < account_->quota().running_calls && unread_.empty();
}

bool Session::may_start_locked(const Incoming& message, bool start) const {
    const MessageKind kind = message.header.kind;
    if (kind == MessageKind::control) return true;
    if (kind == MessageKind::request && !call_may_run_locked()) return false;
    return start ? core_.may_enter_object(*this, *account_)
                 : core_.could_enter_object(*this, *account_);
}

std::unique_ptr<Incoming> Session::next_waiting() {
    const std::scoped_lock lock(mutex_);
    if (waiting_.empty() || !may_start_locked(*waiting_.front(), true)) return nullptr;
    auto message = std::move(waiting_.front());
    waiting_.pop_front();
    waiting_bytes_ -= message->bytes().size();
    if (message->header.kind == MessageKind::request) ++running_;
    return message;
}

bool Session::has_startable_locked() const {
    return !waiting_.empty() && may_start_locked(*waiting_.front(), false);
}

std::uint32_t Session::awaited_events_locked() const {
    // Room to send is there at once when nothing is unread, and so wakes somebody to take what
    // waits.
    return !unread_.empty() || has_startable_locked() ? EPOLLIN | EPOLLOUT : EPOLLIN;
}

void Session::release_intake() {
    {
        const std::scoped_lock lock(mutex_);
        if (dead_) return;
        intake_held_ = false;
        // Looks at what is there already, so nothing that came meanwhile is missed.
        core_.arm(*this, awaited_events_locked());
    }
    core_.pass_on_room();
}

void Session::room() {
    {
        const std::scoped_lock lock(mutex_);
        // Whoever holds the intake asks for room, and passes it on, when letting go of it.
        if (!dead_ && !intake_held_) core_.arm(*this, EPOLLIN | EPOLLOUT);
        if (!dead_) return;
    }
    core_.pass_on_room();
}

Session::Next Session::refuse_lost(Incoming& message) {
    const auto header = read_header_of_lost(message.bytes(), message.descriptors().size());
    if (!header || header->kind == MessageKind::reply) {
        expel();
        return Next::lost;
    }
    count_received(message);
    // What is not answered is as if it had come to nothing: its sender sees that the other ends of
    // its descriptors are closed.
    if (header->kind == MessageKind::request)
        send_error(header->call, Error(std::errc::too_many_files_open,
                                       "the server has no room for more descriptors"));
    return Next::go_on;
}

Session::Next Session::take_new(Incoming& message, SessionSlot* slot) {
    if (message.lost_descriptors()) return refuse_lost(message);
    const auto header = read_header(message.bytes(), message.descriptors().size());
    if (!header || header->kind == MessageKind::reply ||
        (slot != nullptr && header->kind != MessageKind::request)) {
        expel();
        return Next::lost;
    }
    message.header = *header;
    count_received(message);
    message.call =
        header->left < 0 ? Call::forever() : Call::within(std::chrono::nanoseconds(header->left));
    if (header->kind == MessageKind::control &&
        header->opcode == static_cast<std::uint32_t>(Control::cancel)) {
        if (cancel(message)) return Next::go_on;
        expel();
        return Next::lost;
    }
    if (header->kind == MessageKind::request) {
        if (core_.stopping()) {
            if (slot != nullptr) slot->answer_by_socket();
            send_error(header->call,
                       Error(std::errc::operation_canceled, "the server is stopping"));
            return slot != nullptr ? Next::intake_gone : Next::go_on;
        }
        core_.call_begins();
    }
    if (starts_now(message)) return handle(message, slot);
    if (slot == nullptr) return enqueue(message);
    slot->answer_by_socket();
    if (enqueue(message) == Next::lost) return Next::lost;
    // Without the intake, somebody else has to be told of it.
    const std::scoped_lock lock(mutex_);
    if (!dead_ && !intake_held_) core_.arm(*this, awaited_events_locked());
    return Next::intake_gone;
}

bool Session::starts_now(const Incoming& message) {
    const std::scoped_lock lock(mutex_);
    // Order is kept: nothing starts before what waits.
    if (!waiting_.empty() || !may_start_locked(message, true)) return false;
    if (message.header.kind == MessageKind::request) ++running_;
    return true;
}

Session::Next Session::enqueue(Incoming& message) {
    const Quota& quota = account_->quota();
    const std::size_t size = message.bytes().size();
    const std::size_t descriptors = message.descriptors().size();
    auto own = message.move_to_own_memory();
    if (descriptors > 0) own->charge = account_->charge_descriptors(descriptors);
    const bool charged = descriptors == 0 || own->charge;
    own->kept = account_->charge_kept_bytes(size);
    const MessageKind kind = own->header.kind;
    const std::uint32_t call = own->header.call;
    bool dead = false;
    {
        const std::scoped_lock lock(mutex_);
        dead = dead_;
        // What the client gives up is not refused as long as it is at all reasonable.
        const std::size_t limit =
            kind == MessageKind::control ? 2 * quota.waiting_bytes : quota.waiting_bytes;
        const bool room = waiting_bytes_ + size <= limit &&
                          (kind == MessageKind::control || waiting_.size() < quota.waiting_calls);
        if (!dead && charged && own->kept && room) {
            waiting_bytes_ += size;
            waiting_.push_back(std::move(own));
            return Next::go_on;
        }
    }
    if (dead || kind == MessageKind::control) {
        if (kind == MessageKind::request) core_.call_ends();
        expel();
        return Next::lost;
    }
    if (kind == MessageKind::request) {
        send_error(call, charged ? Error(std::errc::no_buffer_space, "too many calls wait already")
                                 : Error(std::errc::too_many_files_open));
        core_.call_ends();
    }
    return Next::go_on;
}

Session::Next Session::handle(Incoming& message, SessionSlot* slot) {
    switch (message.header.kind) {
        case MessageKind::request:
            return serve_call(message, slot);
        case MessageKind::one_way:
            return serve_one_way(message);
        default:
            return control(message);
    }
}

Session::Next Session::control(Incoming& message) {
    bool good = false;
    switch (static_cast<Control>(message.header.opcode)) {
        case Control::release:
            good = release(message);
            break;
        case Control::make_gate:
            good = make_gate(message);
            break;
        case Control::offer_slot:
            good = take_slot(message);
            break;
        case Control::probe:
            good = probed(message);
            break;
        default:
            break;
    }
    if (good) return Next::go_on;
    expel();
    return Next::lost;
}

bool Session::release(Incoming& message) {
    Decoder body(message.body(), message.descriptors(), nullptr);
    Releases::Pairs pairs(body.get_count(Releases::max_pairs));
    for (auto& [object, references] : pairs) {
        object = body.get<std::uint32_t>();
        references = body.get<std::uint32_t>();
    }
    if (!body.end()) return false;
    const ServerCore::Ending counted(core_);
    std::vector<AnyCap> ending;
    bool good = true;
    for (const auto& [object, references] : pairs) {
        auto last = objects_.give_up(object, references);
        good = good && last;
        if (last && *last) ending.push_back(std::move(*last));
    }
    // Their ends are the objects' own code, which may take its time.
    if (!ending.empty()) core_.before_blocking();
    return good;
}

bool Session::make_gate(Incoming& message) {
    Decoder body(message.body(), message.descriptors(), nullptr);
    const auto object = body.get<std::uint32_t>();
    UniqueFd end = body.get_descriptor();
    if (!body.end()) return false;
    const AnyCap cap = objects_.find(object);
    // Who holds the other end learns from its being closed that there is nothing behind it.
    if (cap) (void)core_.serve_gate(std::move(end), cap, account_);
    return true;
}

bool Session::probed(Incoming& message) {
    // Whoever was to call us is an object of our own: the client has given its end away, to us.
    const auto number = Probes::number_in(message);
    return number && !core_.probes().sent(*number);
}

bool Session::cancel(Incoming& message) {
    Decoder body(message.body(), message.descriptors(), nullptr);
    const auto call = body.get<std::uint32_t>();
    if (!body.end()) return false;
    std::optional<std::stop_source> running;
    std::unique_ptr<Incoming> waited;
    {
        const std::scoped_lock lock(mutex_);
        if (const auto found = calls_.find(call); found != calls_.end()) running = found->second;
        const auto place = std::ranges::find_if(waiting_, [call](const auto& waiting) {
            return waiting->header.kind == MessageKind::request && waiting->header.call == call;
        });
        if (!running && place != waiting_.end()) {
            waited = std::move(*place);
            waiting_.erase(place);
            waiting_bytes_ -= waited->bytes().size();
        }
        // It may be in the slot yet, where this message has overtaken it.
        if (!running && !waited && call >= first_slot_call) cancelled_in_slot_ = call;
    }
    // Neither: it has been answered meanwhile.
    if (running) {
        core_.before_blocking();
        running->request_stop();
    } else if (waited) {
        send_error(call, Error(std::errc::operation_canceled));
        core_.call_ends();
    }
    return true;
}

}  // namespace quire::ipc
