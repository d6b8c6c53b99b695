// SPDX-License-Identifier: MIT

#pragma once

#include <cerrno>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace quire {

/// Why an operation failed: a POSIX error number that programs act on and, where it helps, a
/// sentence that a person reads. The sentence says what failed on what and why; it carries no
/// newline and no final full stop.
class [[nodiscard]] Error {
public:
    explicit Error(std::errc code) : code_(code) {}
    Error(std::errc code, std::string sentence) : code_(code), sentence_(std::move(sentence)) {}

    // Not inline: every Result contains them, and only what fails runs them.
    Error(const Error& other);
    Error(Error&& other) noexcept;
    Error& operator=(const Error& other);
    Error& operator=(Error&& other) noexcept;
    ~Error();

    /// Makes the error of the calling thread's errno, to be called right after the failed call.
    static Error from_errno() { return Error(static_cast<std::errc>(errno)); }
    static Error from_errno(std::string sentence) {
        return Error(static_cast<std::errc>(errno), std::move(sentence));
    }

    std::errc code() const { return code_; }
    const std::string& sentence() const { return sentence_; }

    /// The sentence with the meaning of the code, or the meaning alone: for a person.
    std::string message() const;

    /// Returns this error with `context` and a colon put before its sentence.
    Error within(std::string_view context) &&;

    /// Errors are equal when a program would act alike on them: the sentence does not count.
    friend bool operator==(const Error& a, const Error& b) { return a.code_ == b.code_; }
    friend bool operator==(const Error& a, std::errc b) { return a.code_ == b; }

private:
    std::errc code_;
    std::string sentence_;
};

}  // namespace quire
