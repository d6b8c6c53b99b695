// SPDX-License-Identifier: MIT

#pragma once

// libext2fs is C without a guard for C++: this is the one way in.
extern "C" {
#include <ext2fs/ext2fs.h>
}

// Its headers leave these function-like macros behind.
#undef max
#undef min
