# SPDX-License-Identifier: MIT
set(QUIRE_EXT_FORMAT_SOURCES
    format/format.cpp
    format/format_io.cpp)
set(QUIRE_EXT_FORMAT_TESTS
    format/tests/format_test.cpp)
