# SPDX-License-Identifier: MIT
set(QUIRE_EXT_FORMAT_SOURCES
    format/block_cursor.cpp
    format/content_output.cpp
    format/file_blocks.cpp
    format/format_io.cpp
    format/image_writer.cpp
    format/layout.cpp)
set(QUIRE_EXT_FORMAT_TESTS
    format/tests/format_test.cpp)
