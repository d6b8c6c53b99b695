// SPDX-License-Identifier: MIT

#ifndef QUIRE_CLIENT_TESTS_C_PROGRAM_H
#define QUIRE_CLIENT_TESTS_C_PROGRAM_H

#include <stdint.h>

#include "quire/client/client.h"

#ifdef __cplusplus
extern "C" {
#endif

// A program in C over an empty tree. 0, or the line of what was not as it should be.
int run_c_program(quire_client_context* context);
// The same of events, for a context that has them.
int run_c_program_of_events(quire_client_context* context);

#ifdef __cplusplus
}
#endif

#endif
