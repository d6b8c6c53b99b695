// SPDX-License-Identifier: MIT

#include "tests/kit/sample.hpp"

#include <utility>

namespace quire::ipc {

namespace {

enum class Opcode : std::uint32_t {
    nothing = 1,
    echo,
    wait,
    make_counter,
    make_counters,
    ask,
    keep,
    kept,
    resize,
    refuse,
    few_bytes,
    left,
    again,
    read_only,
    value = 101,
    add,
};

constexpr std::size_t max_sentence_in = 100;
constexpr std::size_t max_few = 8;

std::vector<Cap<Counter>> decode_counters(Decoder& in) {
    std::vector<Cap<Counter>> counters(in.get_count(Sample::max_list));
    for (auto& counter : counters) counter = in.get_cap<Counter>();
    return counters;
}

/// What the proxies of Counter, Sample and Both have in common.
class ProxyBase : public virtual Interface {
public:
    ProxyBase() = default;
    explicit ProxyBase(RemoteObject object) : object_(std::move(object)) {}
    const RemoteObject* remote() const override { return &object_; }

protected:
    Result<Reply> invoke(const Call& call, Opcode opcode, Request&& request,
                         RemoteObject::Discard discard = nullptr) const {
        return object_.call(call, static_cast<std::uint32_t>(opcode), std::move(request), discard);
    }
    Result<void> invoke_void(const Call& call, Opcode opcode, Request&& request) const {
        QUIRE_TRY_ASSIGN(Reply reply, invoke(call, opcode, std::move(request)));
        return reply.end();
    }

    RemoteObject object_;
};

template <typename Base>
class CounterProxy : public virtual Base, public virtual ProxyBase {
public:
    Result<std::uint64_t> value(const Call& call) override {
        QUIRE_TRY_ASSIGN(Reply reply, this->invoke(call, Opcode::value, this->object_.request()));
        const auto value = reply.decoder().template get<std::uint64_t>();
        QUIRE_TRY(reply.end());
        return value;
    }
    void add(const Call& call, std::uint64_t amount) override {
        Request request = this->object_.request();
        request.encoder().put(amount);
        (void)this->object_.send(call, static_cast<std::uint32_t>(Opcode::add), std::move(request));
    }
};

template <typename Base>
class SampleProxy : public virtual Base, public virtual ProxyBase {
public:
    Result<void> nothing(const Call& call) override {
        return this->invoke_void(call, Opcode::nothing, this->object_.request());
    }
    Result<std::vector<std::byte>> echo(const Call& call,
                                        std::span<const std::byte> bytes) override {
        Request request = this->object_.request();
        request.encoder().put_bytes(bytes, Sample::max_bytes);
        QUIRE_TRY_ASSIGN(Reply reply, this->invoke(call, Opcode::echo, std::move(request)));
        auto result = reply.decoder().get_bytes(Sample::max_bytes);
        QUIRE_TRY(reply.end());
        return result;
    }
    Result<void> wait(const Call& call) override {
        return this->invoke_void(call, Opcode::wait, this->object_.request());
    }
    Result<Cap<Counter>> make_counter(const Call& call, std::uint64_t value) override {
        Request request = this->object_.request();
        request.encoder().put(value);
        QUIRE_TRY_ASSIGN(Reply reply,
                         this->invoke(call, Opcode::make_counter, std::move(request),
                                      [](Decoder& in) { (void)in.get_cap<Counter>(); }));
        auto counter = reply.decoder().template get_cap<Counter>();
        QUIRE_TRY(reply.end());
        return counter;
    }
    Result<std::vector<Cap<Counter>>> make_counters(const Call& call,
                                                    std::uint32_t count) override {
        Request request = this->object_.request();
        request.encoder().put(count);
        QUIRE_TRY_ASSIGN(Reply reply, this->invoke(call, Opcode::make_counters, std::move(request),
                                                   [](Decoder& in) { (void)decode_counters(in); }));
        auto counters = decode_counters(reply.decoder());
        QUIRE_TRY(reply.end());
        return counters;
    }
    Result<std::uint64_t> ask(const Call& call, Cap<Counter> counter) override {
        Request request = this->object_.request();
        request.encoder().put_cap(counter);
        QUIRE_TRY_ASSIGN(Reply reply, this->invoke(call, Opcode::ask, std::move(request)));
        const auto value = reply.decoder().template get<std::uint64_t>();
        QUIRE_TRY(reply.end());
        return value;
    }
    Result<Cap<Counter>> read_only(const Call& call, Cap<Counter> counter) override {
        Request request = this->object_.request();
        request.encoder().put_cap(counter);
        QUIRE_TRY_ASSIGN(Reply reply,
                         this->invoke(call, Opcode::read_only, std::move(request),
                                      [](Decoder& in) { (void)in.get_cap<Counter>(); }));
        auto reader = reply.decoder().template get_cap<Counter>();
        QUIRE_TRY(reply.end());
        return reader;
    }
    Result<void> keep(const Call& call, Cap<Counter> counter) override {
        Request request = this->object_.request();
        request.encoder().put_optional_cap(counter);
        return this->invoke_void(call, Opcode::keep, std::move(request));
    }
    Result<Cap<Counter>> kept(const Call& call) override {
        QUIRE_TRY_ASSIGN(Reply reply,
                         this->invoke(call, Opcode::kept, this->object_.request(),
                                      [](Decoder& in) { (void)in.get_optional_cap<Counter>(); }));
        auto counter = reply.decoder().template get_optional_cap<Counter>();
        QUIRE_TRY(reply.end());
        return counter;
    }
    Result<Memory> resize(const Call& call, Memory memory, std::uint64_t size) override {
        Request request = this->object_.request();
        request.encoder().put_memory(memory);
        request.encoder().put(size);
        QUIRE_TRY_ASSIGN(Reply reply, this->invoke(call, Opcode::resize, std::move(request)));
        Memory result = reply.decoder().get_memory();
        QUIRE_TRY(reply.end());
        return result;
    }
    Result<void> refuse(const Call& call, std::uint32_t number,
                        std::string_view sentence) override {
        Request request = this->object_.request();
        request.encoder().put(number);
        request.encoder().put_string(sentence, max_sentence_in);
        return this->invoke_void(call, Opcode::refuse, std::move(request));
    }
    Result<std::vector<std::byte>> few_bytes(const Call& call, std::uint32_t count) override {
        Request request = this->object_.request();
        request.encoder().put(count);
        QUIRE_TRY_ASSIGN(Reply reply, this->invoke(call, Opcode::few_bytes, std::move(request)));
        auto result = reply.decoder().get_bytes(max_few);
        QUIRE_TRY(reply.end());
        return result;
    }
    Result<std::int64_t> left(const Call& call) override {
        QUIRE_TRY_ASSIGN(Reply reply, this->invoke(call, Opcode::left, this->object_.request()));
        const auto nanoseconds = reply.decoder().template get<std::int64_t>();
        QUIRE_TRY(reply.end());
        return nanoseconds;
    }
    Result<Cap<Sample>> again(const Call& call) override {
        QUIRE_TRY_ASSIGN(Reply reply,
                         this->invoke(call, Opcode::again, this->object_.request(),
                                      [](Decoder& in) { (void)in.get_cap<Sample>(); }));
        auto sample = reply.decoder().template get_cap<Sample>();
        QUIRE_TRY(reply.end());
        return sample;
    }
};

class CounterOnly final : public CounterProxy<Counter> {
public:
    explicit CounterOnly(RemoteObject object) : ProxyBase(std::move(object)) {}
};
class SampleOnly final : public SampleProxy<Sample> {
public:
    explicit SampleOnly(RemoteObject object) : ProxyBase(std::move(object)) {}
};
class BothProxy final : public CounterProxy<Both>, public SampleProxy<Both> {
public:
    explicit BothProxy(RemoteObject object) : ProxyBase(std::move(object)) {}
};

/// Answers with a failure, or calls `write` with the value and answers.
template <typename T, typename Write>
void answer(Invocation& invocation, Result<T> result, Write write) {
    if (!result) return invocation.fail(std::move(result).error());
    write(invocation.out(), *result);
    invocation.reply();
}
void answer(Invocation& invocation, Result<void> result) {
    if (!result) return invocation.fail(std::move(result).error());
    invocation.reply();
}

bool dispatch_counter(Counter& object, Invocation& invocation) {
    switch (static_cast<Opcode>(invocation.opcode())) {
        case Opcode::value:
            if (!invocation.in().end()) return invocation.malformed(), true;
            answer(invocation, object.value(invocation.call()),
                   [](Encoder& out, std::uint64_t value) { out.put(value); });
            return true;
        case Opcode::add: {
            const auto amount = invocation.in().get<std::uint64_t>();
            if (!invocation.in().end()) return invocation.malformed(), true;
            object.add(invocation.call(), amount);
            return true;
        }
        default:
            return false;
    }
}

bool dispatch_sample(Sample& object, Invocation& invocation) {
    Decoder& in = invocation.in();
    const Call& call = invocation.call();
    const auto malformed = [&] {
        invocation.malformed();
        return true;
    };
    const auto put_bytes = [](std::size_t bound) {
        return [bound](Encoder& out, const std::vector<std::byte>& bytes) {
            out.put_bytes(bytes, bound);
        };
    };
    switch (static_cast<Opcode>(invocation.opcode())) {
        case Opcode::nothing:
            if (!in.end()) return malformed();
            answer(invocation, object.nothing(call));
            return true;
        case Opcode::echo: {
            const auto bytes = in.get_bytes_view(Sample::max_bytes);
            if (!in.end()) return malformed();
            answer(invocation, object.echo(call, bytes), put_bytes(Sample::max_bytes));
            return true;
        }
        case Opcode::wait:
            if (!in.end()) return malformed();
            answer(invocation, object.wait(call));
            return true;
        case Opcode::make_counter: {
            const auto value = in.get<std::uint64_t>();
            if (!in.end()) return malformed();
            answer(invocation, object.make_counter(call, value),
                   [](Encoder& out, const Cap<Counter>& counter) { out.put_cap(counter); });
            return true;
        }
        case Opcode::make_counters: {
            const auto count = in.get<std::uint32_t>();
            if (!in.end()) return malformed();
            answer(invocation, object.make_counters(call, count),
                   [](Encoder& out, const std::vector<Cap<Counter>>& counters) {
                       out.put_count(counters.size(), Sample::max_list);
                       for (const auto& counter : counters) out.put_cap(counter);
                   });
            return true;
        }
        case Opcode::ask: {
            auto counter = in.get_cap<Counter>();
            if (!in.end()) return malformed();
            answer(invocation, object.ask(call, std::move(counter)),
                   [](Encoder& out, std::uint64_t value) { out.put(value); });
            return true;
        }
        case Opcode::read_only: {
            auto counter = in.get_cap<Counter>();
            if (!in.end()) return malformed();
            answer(invocation, object.read_only(call, std::move(counter)),
                   [](Encoder& out, const Cap<Counter>& reader) { out.put_cap(reader); });
            return true;
        }
        case Opcode::keep: {
            auto counter = in.get_optional_cap<Counter>();
            if (!in.end()) return malformed();
            answer(invocation, object.keep(call, std::move(counter)));
            return true;
        }
        case Opcode::kept:
            if (!in.end()) return malformed();
            answer(invocation, object.kept(call), [](Encoder& out, const Cap<Counter>& counter) {
                out.put_optional_cap(counter);
            });
            return true;
        case Opcode::resize: {
            Memory memory = in.get_memory();
            const auto size = in.get<std::uint64_t>();
            if (!in.end()) return malformed();
            answer(invocation, object.resize(call, std::move(memory), size),
                   [](Encoder& out, const Memory& result) { out.put_memory(result); });
            return true;
        }
        case Opcode::refuse: {
            const auto number = in.get<std::uint32_t>();
            const auto sentence = in.get_string_view(max_sentence_in);
            if (!in.end()) return malformed();
            answer(invocation, object.refuse(call, number, sentence));
            return true;
        }
        case Opcode::few_bytes: {
            const auto count = in.get<std::uint32_t>();
            if (!in.end()) return malformed();
            answer(invocation, object.few_bytes(call, count), put_bytes(max_few));
            return true;
        }
        case Opcode::left:
            if (!in.end()) return malformed();
            answer(invocation, object.left(call),
                   [](Encoder& out, std::int64_t left) { out.put(left); });
            return true;
        case Opcode::again:
            if (!in.end()) return malformed();
            answer(invocation, object.again(call),
                   [](Encoder& out, const Cap<Sample>& sample) { out.put_cap(sample); });
            return true;
        default:
            return false;
    }
}

}  // namespace

std::shared_ptr<Counter> Protocol<Counter>::proxy(RemoteObject object) {
    return std::make_shared<CounterOnly>(std::move(object));
}
std::shared_ptr<Sample> Protocol<Sample>::proxy(RemoteObject object) {
    return std::make_shared<SampleOnly>(std::move(object));
}
std::shared_ptr<Both> Protocol<Both>::proxy(RemoteObject object) {
    return std::make_shared<BothProxy>(std::move(object));
}

void Protocol<Counter>::dispatch(Counter& object, Invocation& invocation) {
    if (!dispatch_counter(object, invocation)) invocation.unknown();
}
void Protocol<Sample>::dispatch(Sample& object, Invocation& invocation) {
    if (!dispatch_sample(object, invocation)) invocation.unknown();
}
void Protocol<Both>::dispatch(Both& object, Invocation& invocation) {
    if (!dispatch_counter(object, invocation) && !dispatch_sample(object, invocation))
        invocation.unknown();
}

}  // namespace quire::ipc
