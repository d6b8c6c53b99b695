// SPDX-License-Identifier: MIT

#include "model/measure.hpp"

#include <algorithm>

#include "limits.hpp"

namespace quire::idl {

namespace {

Measure fixed_measure(const Steps& steps, std::uint64_t descriptors = 0) {
    return {steps, steps, descriptors};
}

std::uint64_t padded(std::uint64_t body) {
    return header_size + (body + 7) / 8 * 8;
}

}  // namespace

Measure measure(const Type& type) {
    const Steps length = Steps::scalar(4);
    switch (type.kind) {
        case Type::Kind::scalar:
            return fixed_measure(Steps::scalar(bytes_of(type.scalar)));
        case Type::Kind::enumeration:
            return fixed_measure(Steps::scalar(bytes_of(type.enumeration->scalar)));
        case Type::Kind::structure:
            return type.structure->measure;
        case Type::Kind::string:
        case Type::Kind::bytes:
            return {length, length.then(Steps::bytes(type.bound)), 0};
        case Type::Kind::list: {
            const Measure element = measure(type.element.front());
            return {length, length.then(element.most.times(type.bound)),
                    std::min(element.descriptors * type.bound, Steps::endless)};
        }
        case Type::Kind::capability:
            return fixed_measure(length.then(length), 1);
        case Type::Kind::memory:
            break;
    }
    return fixed_measure(length.then(length).then(Steps::scalar(8)), 1);
}

Measure measure(const std::vector<Field>& fields) {
    Measure sum;
    for (const Field& field : fields) sum = sum.then(measure(field.type));
    return sum;
}

Measure measure(const std::vector<const Field*>& fields) {
    Measure sum;
    for (const Field* field : fields) sum = sum.then(measure(field->type));
    return sum;
}

MessageSize message_size(const std::vector<const Field*>& body) {
    const Measure measured = measure(body);
    return {padded(measured.least.from(0)), padded(measured.most.from(0)), measured.descriptors};
}

}  // namespace quire::idl
