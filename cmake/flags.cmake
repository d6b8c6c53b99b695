# SPDX-License-Identifier: MIT
#
# What every target is compiled with: the target `quire_flags`.

set(QUIRE_SANITIZE "" CACHE STRING "Value of -fsanitize=, such as address,undefined")
set(QUIRE_FUZZ OFF CACHE BOOL "Build the fuzzers as libFuzzer programs (clang only)")
set(QUIRE_TIDY OFF CACHE BOOL "Run clang-tidy with every compilation")
set(QUIRE_WERROR ON CACHE BOOL "Warnings are errors")

set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)

# Invariants are checked in every build: the input is hostile, and an abort beats an overflow.
# So no build type defines NDEBUG.
set(CMAKE_CXX_FLAGS_DEBUG "-O1 -g")
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O2 -g")

add_library(quire_flags INTERFACE)
add_library(quire::flags ALIAS quire_flags)
target_compile_definitions(quire_flags INTERFACE _GNU_SOURCE _FILE_OFFSET_BITS=64 _GLIBCXX_ASSERTIONS)
target_compile_options(quire_flags INTERFACE
    -Wall -Wextra -Wpedantic "$<$<NOT:$<BOOL:$<TARGET_PROPERTY:UNITY_BUILD>>>:-Wshadow>"
    "$<$<COMPILE_LANGUAGE:CXX>:-Wnon-virtual-dtor;-Woverloaded-virtual>"
    -fno-strict-aliasing -fstack-protector-strong)
if(QUIRE_WERROR)
    target_compile_options(quire_flags INTERFACE -Werror)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
    # g++ 12 sees overlaps in std::string's own copies (GCC bug 105651).
    target_compile_options(quire_flags INTERFACE -Wno-restrict)
endif()
if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    # libstdc++ 12 uses what it deprecates (get_temporary_buffer), and clang counts that as ours;
    # g++ still reports deprecations.
    target_compile_options(quire_flags INTERFACE -Wthread-safety -Wno-deprecated-declarations)
endif()

if(QUIRE_SANITIZE)
    # Every target at once, GoogleTest's discovery programs too; a report ends the program.
    # Lines are all that its report shows of debug information.
    add_compile_options(-fsanitize=${QUIRE_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer -g1)
    if(QUIRE_SANITIZE MATCHES "undefined" AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
        # g++ takes three times as long to optimise what it has put checks into. What it puts before each
        # use of a pointer takes a third of compiling, and the address sanitizer sees bad ones too; clang
        # checks them in the fuzzers.
        add_compile_options(-O0 -fno-sanitize=null,alignment,vptr)
    endif()
    add_link_options(-fsanitize=${QUIRE_SANITIZE})
endif()
if(QUIRE_FUZZ)
    add_compile_options(-fsanitize=fuzzer-no-link)
endif()

if(QUIRE_TIDY)
    find_program(QUIRE_CLANG_TIDY NAMES clang-tidy-19 clang-tidy REQUIRED)
    set(CMAKE_CXX_CLANG_TIDY ${QUIRE_CLANG_TIDY} --quiet)
endif()

# A fresh machine's cache is empty, and only makes the build the slow one (fast_build.cmake).
if("$ENV{CI}" STREQUAL "true")
    set(QUIRE_CCACHE OFF CACHE FILEPATH "ccache")
endif()
find_program(QUIRE_CCACHE ccache)
if(QUIRE_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
    set(CMAKE_C_COMPILER_LAUNCHER ${QUIRE_CCACHE})
    set(CMAKE_CXX_COMPILER_LAUNCHER ${QUIRE_CCACHE})
endif()

# mold links the tests several times faster.
find_program(QUIRE_MOLD mold)
if(QUIRE_MOLD)
    add_link_options(-fuse-ld=mold)
endif()
