// SPDX-License-Identifier: MIT

#pragma once

#include "quire/fs/credentials.hpp"

namespace quire::conformance {

/// The calling thread acts as somebody else as long as this lives; nothing changes for root with
/// no groups.
///
/// By the system calls themselves: the C library's functions of these names change all threads at
/// once, while the kernel keeps an identity for each thread, and other threads of a test are other
/// users. The effective user is changed, not only that of filesystem access, because only so the
/// kernel takes all of root's capabilities away; the saved one stays root, as the way back.
/// The umask is the process's: a case that needs one has one thread.
///
/// Needs: root, unless the credentials are root's.
class Identity {
public:
    explicit Identity(const fs::Credentials& credentials);
    Identity(const Identity&) = delete;
    Identity& operator=(const Identity&) = delete;
    ~Identity();

private:
    bool other_;
    bool has_umask_;
};

/// Whether this process may act as others.
bool may_change_identity();

}  // namespace quire::conformance
