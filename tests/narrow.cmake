# SPDX-License-Identifier: MIT
#
# The message layer and the code of the protocols as a 32-bit program, with the tests that say which
# bytes they make: processes of both kinds talk to each other. ctest: `narrow`. Skipped with the
# reason where there is no 32-bit compiler, or no kernel for such programs.

include(CheckCXXSourceCompiles)
# What gcc-multilib would link to /usr/include/asm; that package is in the way of cross compilers.
set(QUIRE_NARROW_FLAGS -m32 -idirafter /usr/include/x86_64-linux-gnu)
set(narrow_gtest /usr/src/googletest/googletest)

function(quire_no_narrow reason)
    add_test(NAME narrow COMMAND sh -c "echo 'skipped: ${reason}'; exit 77")
    set_tests_properties(narrow PROPERTIES SKIP_RETURN_CODE 77 LABELS tests)
endfunction()

if(NOT BUILD_TESTING)
    return()
endif()
if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "GNU" OR QUIRE_SANITIZE OR QUIRE_FUZZ)
    quire_no_narrow("this build has another compiler or sanitizers")
    return()
endif()
string(JOIN " " CMAKE_REQUIRED_FLAGS ${QUIRE_NARROW_FLAGS})
check_cxx_source_compiles("#include <cerrno>\n#include <vector>\n#include <sys/socket.h>
    static_assert(sizeof(void*) == 4); int main() { return std::vector<int>(1)[0]; }" QUIRE_NARROW_COMPILER)
unset(CMAKE_REQUIRED_FLAGS)
if(NOT QUIRE_NARROW_COMPILER OR NOT EXISTS ${narrow_gtest}/src/gtest-all.cc)
    quire_no_narrow("no 32-bit compiler (Debian: lib32stdc++-12-dev, libc6-dev-i386, googletest)")
    return()
endif()

# Sets OUT to the sources of the target, with whole paths, and compiles them as one here.
function(quire_narrow_sources target out)
    get_target_property(sources ${target} SOURCES)
    get_target_property(folder ${target} SOURCE_DIR)
    list(FILTER sources INCLUDE REGEX "\\.cpp$")
    # It needs libsystemd.
    list(FILTER sources EXCLUDE REGEX "system/readiness\\.cpp$")
    list(TRANSFORM sources PREPEND ${folder}/ REGEX "^[^/]")
    set_source_files_properties(${sources} PROPERTIES UNITY_GROUP ${target})
    set(${out} ${sources} PARENT_SCOPE)
endfunction()

quire_narrow_sources(quire_lib_base narrow_base)
quire_narrow_sources(quire_lib_ipc narrow_ipc)
quire_narrow_sources(quire_protocols_code narrow_protocols)
set_source_files_properties(${narrow_protocols} PROPERTIES GENERATED ON)
set(kit ${PROJECT_SOURCE_DIR}/lib/ipc/tests)
set(narrow_tests
    ${kit}/decoder_test.cpp ${kit}/encoder_test.cpp ${kit}/header_test.cpp
    ${kit}/kit/raw_client.cpp ${kit}/kit/sample.cpp ${kit}/kit/sample_object.cpp
    ${PROJECT_SOURCE_DIR}/testing/raw_message.cpp
    ${PROJECT_SOURCE_DIR}/protocols/tests/bytes_test.cpp)
set_source_files_properties(${narrow_tests} PROPERTIES UNITY_GROUP tests)
add_executable(test_narrow
    ${narrow_base} ${narrow_ipc} ${narrow_protocols} ${narrow_tests}
    ${narrow_gtest}/src/gtest-all.cc ${narrow_gtest}/src/gtest_main.cc)
set_source_files_properties(${narrow_gtest}/src/gtest-all.cc ${narrow_gtest}/src/gtest_main.cc
    PROPERTIES COMPILE_OPTIONS "-w;-I${narrow_gtest}")
get_target_property(narrow_generated quire_protocols_code INTERFACE_INCLUDE_DIRECTORIES)
target_include_directories(test_narrow PRIVATE
    ${PROJECT_SOURCE_DIR}/lib/base/include ${PROJECT_SOURCE_DIR}/lib/ipc/include
    ${PROJECT_SOURCE_DIR}/testing/include
    ${PROJECT_SOURCE_DIR}/lib/ipc ${narrow_generated})
target_include_directories(test_narrow SYSTEM PRIVATE ${narrow_gtest}/include)
target_compile_definitions(test_narrow PRIVATE FMT_HEADER_ONLY)
target_compile_options(test_narrow PRIVATE ${QUIRE_NARROW_FLAGS} -O0 -g1)
target_link_options(test_narrow PRIVATE -m32)
target_link_libraries(test_narrow PRIVATE quire::flags Threads::Threads)
set_target_properties(test_narrow PROPERTIES UNITY_BUILD ON UNITY_BUILD_MODE GROUP)
add_dependencies(test_narrow quire_protocols_code)
add_test(NAME narrow COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/run-narrow $<TARGET_FILE:test_narrow>)
set_tests_properties(narrow PROPERTIES SKIP_RETURN_CODE 77 LABELS tests)
