// SPDX-License-Identifier: MIT

#include "quire/base/error.hpp"

namespace quire {

Error::Error(const Error& other) = default;
Error::Error(Error&& other) noexcept = default;
Error& Error::operator=(const Error& other) = default;
Error& Error::operator=(Error&& other) noexcept = default;
Error::~Error() = default;

std::string Error::message() const {
    std::string meaning = std::make_error_code(code_).message();
    if (sentence_.empty()) return meaning;
    if (sentence_.ends_with(meaning)) return sentence_;
    return sentence_ + ": " + meaning;
}

Error Error::within(std::string_view context) && {
    std::string sentence(context);
    sentence.append(": ").append(sentence_.empty() ? message() : sentence_);
    return Error(code_, std::move(sentence));
}

}  // namespace quire
