# SPDX-License-Identifier: MIT
#
# What makes a build of everything take a third of the time: headers of the standard library, fmt and GoogleTest are
# precompiled, the sources of a room are compiled as one, those of its tests as another, and debuggers are told lines only. For fresh machines: a build with ccache has
# nothing of it, because it does the same better and builds one changed source sooner; nor has clang, whose checkers want the
# sources as they are. The first two hide an #include that a source forgot, and the second a name that hides another; so the
# release build has none of it, and neither has `headers`.
# In one room, names at namespace scope must differ, also those in unnamed namespaces; in a very large one, in each of its
# folders.

set(QUIRE_FAST_BUILD OFF CACHE BOOL "Precompile common headers, compile a room's sources as one (g++ without ccache)")

# None that brings <iomanip>: std::quoted would be found where a source means its own.
set(QUIRE_COMMON_HEADERS
    <algorithm> <array> <atomic> <charconv> <functional> <limits> <map> <memory> <mutex> <optional> <random> <set>
    <shared_mutex> <span> <string> <string_view> <thread> <unordered_map> <variant> <vector> <fmt/core.h>)

# Does both for TARGET, made from SOURCES of the current folder and those below it. KIND is `rooms` or `tests`.
function(quire_build_fast target kind)
    if(NOT QUIRE_FAST_BUILD OR QUIRE_CCACHE OR NOT CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
        return()
    endif()
    if(NOT TARGET quire_precompiled_${kind})
        set(source ${PROJECT_BINARY_DIR}/precompiled_${kind}.cpp)
        file(CONFIGURE OUTPUT ${source} CONTENT "")
        add_library(quire_precompiled_${kind} OBJECT ${source})
        target_compile_options(quire_precompiled_${kind} PRIVATE -g1)
        quire_link(quire_precompiled_${kind} PRIVATE fmt::fmt)
        target_link_libraries(quire_precompiled_${kind} PRIVATE quire::flags)
        target_precompile_headers(quire_precompiled_${kind} PRIVATE ${QUIRE_COMMON_HEADERS})
        if(kind STREQUAL "tests")
            quire_link(quire_precompiled_tests PRIVATE GTest::gmock)
            target_precompile_headers(quire_precompiled_tests PRIVATE <gmock/gmock.h> <gtest/gtest.h>)
            # As the programs are compiled that will use it.
            set_target_properties(quire_precompiled_tests PROPERTIES POSITION_INDEPENDENT_CODE OFF)
            target_compile_options(quire_precompiled_tests PRIVATE -fPIE ${QUIRE_TEST_OPTIONS})
        endif()
    endif()
    target_precompile_headers(${target} REUSE_FROM quire_precompiled_${kind})
    target_compile_options(${target} PRIVATE -g1)

    set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_MODE GROUP)
    list(LENGTH ARGN count)
    foreach(source IN LISTS ARGN)
        set(group all)
        # One alone would be compiled when all others are done.
        if(count GREATER 40 AND source MATCHES "^(tests/)?([^/]+)/")
            string(MAKE_C_IDENTIFIER "folder_${CMAKE_MATCH_2}" group)
        endif()
        set_source_files_properties(${source} PROPERTIES UNITY_GROUP ${group})
    endforeach()
endfunction()
