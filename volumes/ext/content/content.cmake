# SPDX-License-Identifier: MIT
#
# The sources and tests of content/, for the room's CMakeLists.txt.
set(QUIRE_EXT_CONTENT_SOURCES
    content/block_io.cpp
    content/blocks/block_map.cpp
    content/blocks/extent_mapping.cpp
    content/blocks/extent_node.cpp
    content/blocks/extent_tree.cpp
    content/directory.cpp
    content/inline_data.cpp
    content/inode_record.cpp
    content/mapping.cpp
    content/names/blocks.cpp
    content/names/entries.cpp
    content/names/hash.cpp
    content/names/hash_tree.cpp
    content/names/hash_tree_edit.cpp
    content/names/inline_names.cpp
    content/names/listing.cpp
    content/names/name_index.cpp
    content/names/name_index_cache.cpp
    content/values/body.cpp
    content/values/stored.cpp)
set(QUIRE_EXT_CONTENT_TESTS
    tests/content/image.cpp
    tests/content/directory_test.cpp
    tests/content/mapping_test.cpp)
