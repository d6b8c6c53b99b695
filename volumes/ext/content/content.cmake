# SPDX-License-Identifier: MIT
#
# The sources and tests of content/, for the room's CMakeLists.txt.
set(QUIRE_EXT_CONTENT_SOURCES
    content/inode_record.cpp)
set(QUIRE_EXT_CONTENT_TESTS)
