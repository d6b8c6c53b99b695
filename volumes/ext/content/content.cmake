# SPDX-License-Identifier: MIT
#
# The sources and tests of content/, for the room's CMakeLists.txt.
set(QUIRE_EXT_CONTENT_SOURCES
    content/block_io.cpp
    content/block_map.cpp
    content/extent_mapping.cpp
    content/extent_node.cpp
    content/extent_tree.cpp
    content/inode_record.cpp
    content/mapping.cpp)
set(QUIRE_EXT_CONTENT_TESTS
    tests/content/image.cpp
    tests/content/mapping_test.cpp)
