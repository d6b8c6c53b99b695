# SPDX-License-Identifier: MIT
#
# The room rules, checked on the text of a room's files before they are compiled:
#   cmake -D ROOT=<top> -D ROOM=lib/fs -D "USES=lib/block" -D "TEST_USES=testing"
#         [-D STAMP=<file>] -P cmake/check_room.cmake
# The compiler alone would not do: a header reached through a permitted header is on the include
# path too. Prints one sentence for each offending line and fails.
cmake_minimum_required(VERSION 3.25)
include(${CMAKE_CURRENT_LIST_DIR}/rooms.cmake)

set(offences 0)

macro(offence text)
    message("${where}: ${text}")
    math(EXPR offences "${offences} + 1")
endmacro()

# A room inside this room's folder checks itself.
file(GLOB_RECURSE files RELATIVE "${ROOT}"
    "${ROOT}/${ROOM}/*.cpp" "${ROOT}/${ROOM}/*.hpp" "${ROOT}/${ROOM}/*.h"
    "${ROOT}/${ROOM}/*.re" "${ROOT}/${ROOM}/*.yy")

foreach(file IN LISTS files)
    string(LENGTH "${ROOM}/" skip)
    string(SUBSTRING "${file}" ${skip} -1 inner)
    string(REGEX REPLACE "/.*" "" first "${inner}")
    if(EXISTS "${ROOT}/${ROOM}/${first}/CMakeLists.txt")
        continue()
    endif()
    set(is_test FALSE)
    if(inner MATCHES "(^|/)(tests|fuzz)/")
        set(is_test TRUE)
    endif()
    set(number 0)
    file(STRINGS "${ROOT}/${file}" lines REGEX "^[ \t]*#[ \t]*include[ \t]*[<\"]")
    foreach(line IN LISTS lines)
        string(REGEX REPLACE "^[ \t]*#[ \t]*include[ \t]*[<\"]([^>\"]*).*" "\\1" include "${line}")
        set(where "${file}: #include of ${include}")
        if(include MATCHES "(^|/)\\.\\./")
            offence("a path may not climb; name the header from its room's folder.")
            continue()
        endif()
        quire_owner_of_header("${include}" owner)
        if(owner AND NOT owner STREQUAL ROOM)
            offence("only ${owner} may include this header (QUIRE_EXCLUSIVE_HEADERS in cmake/rooms.cmake).")
            continue()
        endif()
        quire_room_of_include("${include}" other)
        if(NOT other OR other STREQUAL ROOM)
            continue()
        endif()
        if(is_test AND (other IN_LIST TEST_USES OR other IN_LIST USES OR other STREQUAL "lib/base"))
            continue()
        endif()
        quire_may_include("${ROOM}" "${other}" allowed)
        if(is_test)
            offence("the tests of ${ROOM} use ${other}: add it to TEST_ROOMS in ${ROOM}/CMakeLists.txt.")
        elseif(NOT allowed)
            offence("${ROOM} may not include ${other} (table in cmake/rooms.cmake).")
        elseif(NOT other STREQUAL "lib/base" AND NOT other IN_LIST USES)
            offence("${ROOM} uses ${other}: add it to ROOMS in ${ROOM}/CMakeLists.txt.")
        endif()
    endforeach()
endforeach()

if(offences GREATER 0)
    message(FATAL_ERROR "${ROOM} breaks the room rules (${offences}).")
endif()
if(STAMP)
    file(TOUCH "${STAMP}")
endif()
