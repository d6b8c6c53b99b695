# SPDX-License-Identifier: MIT
#
# Outside libraries are found when the first room links them, so that a machine without, say,
# FUSE's headers still builds the rest when frontends/fuse is left out.

find_package(PkgConfig REQUIRED)
set(CMAKE_FIND_PACKAGE_TARGETS_GLOBAL ON)

# "namespace of the targets | package for find_package"
set(QUIRE_CMAKE_PACKAGES
    "fmt|fmt" "GTest|GTest" "CLI11|CLI11" "nlohmann_json|nlohmann_json" "Threads|Threads"
    "spdlog|spdlog" "benchmark|benchmark" "Zydis|zydis")

# "name in PkgConfig::name | module for pkg-config", where the two differ
set(QUIRE_PKGCONFIG_MODULES
    "uring|liburing" "archive|libarchive" "xxhash|libxxhash" "zstd|libzstd" "lz4|liblz4"
    "sodium|libsodium" "seccomp|libseccomp" "capng|libcap-ng" "nbd|libnbd" "edit|libedit"
    "smartcols|smartcols" "isal|libisal" "systemd|libsystemd" "lua|lua5.4-c++")

function(quire_lookup table key out)
    set(${out} "" PARENT_SCOPE)
    foreach(line IN LISTS ${table})
        if(line MATCHES "^${key}[|](.*)$")
            set(${out} "${CMAKE_MATCH_1}" PARENT_SCOPE)
        endif()
    endforeach()
endfunction()

# Makes the imported target LIBRARY exist, or stops with the library's name.
function(quire_need_library library)
    if(TARGET ${library})
        return()
    endif()
    if(library STREQUAL "rapidcheck" OR library STREQUAL "rapidcheck_gtest")
        find_package(rapidcheck REQUIRED)
    elseif(library MATCHES "^PkgConfig::(.*)$")
        set(name "${CMAKE_MATCH_1}")
        quire_lookup(QUIRE_PKGCONFIG_MODULES "${name}" module)
        if(NOT module)
            set(module "${name}")
        endif()
        pkg_check_modules("${name}" REQUIRED QUIET IMPORTED_TARGET GLOBAL "${module}")
    elseif(library MATCHES "^([A-Za-z0-9_]+)::")
        set(name "${CMAKE_MATCH_1}")
        quire_lookup(QUIRE_CMAKE_PACKAGES "${name}" package)
        if(NOT package)
            message(FATAL_ERROR "Library ${library}: name its package in cmake/libraries.cmake.")
        endif()
        find_package("${package}" REQUIRED)
    endif()
endfunction()
