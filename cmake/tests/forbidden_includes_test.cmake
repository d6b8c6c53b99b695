# SPDX-License-Identifier: MIT
#
# Builds one file several times in a small project that uses cmake/rooms.cmake: as it should be,
# which must work, and with one forbidden include each, which must fail with the sentence that
# says why. The last case breaks the rule in CMakeLists.txt instead and must fail to configure.
cmake_minimum_required(VERSION 3.25)

set(quire_cmake ${CMAKE_CURRENT_LIST_DIR}/..)
file(REMOVE_RECURSE ${WORK})
file(MAKE_DIRECTORY ${WORK})

function(write_room room rooms header)
    file(WRITE ${WORK}/${room}/CMakeLists.txt
        "quire_room(${room} SOURCES room.cpp ROOMS ${rooms})\n")
    file(WRITE ${WORK}/${room}/room.cpp "int anchor();\nint anchor() { return 0; }\n")
    if(header)
        file(WRITE ${WORK}/${room}/include/${header} "#pragma once\nnamespace quire { struct Empty; }\n")
    endif()
endfunction()

function(configure out_result out_text)
    execute_process(
        COMMAND ${CMAKE_COMMAND} -S ${WORK} -B ${WORK}/build -G ${GENERATOR}
            -D CMAKE_CXX_COMPILER=${COMPILER} -D QUIRE_CMAKE=${quire_cmake}
        RESULT_VARIABLE result OUTPUT_VARIABLE text ERROR_VARIABLE text)
    set(${out_result} ${result} PARENT_SCOPE)
    set(${out_text} "${text}" PARENT_SCOPE)
endfunction()

function(build out_result out_text)
    execute_process(COMMAND ${CMAKE_COMMAND} --build ${WORK}/build
        RESULT_VARIABLE result OUTPUT_VARIABLE text ERROR_VARIABLE text)
    set(${out_result} ${result} PARENT_SCOPE)
    set(${out_text} "${text}" PARENT_SCOPE)
endfunction()

# The file under test is the null layer's only source. INCLUDES stand at its head.
function(write_subject)
    file(WRITE ${WORK}/layers/null/room.cpp ${ARGN} "int anchor();\nint anchor() { return 0; }\n")
endfunction()

function(expect_failure case result text sentence)
    if(result EQUAL 0)
        message(FATAL_ERROR "${case}: was built, and must not be.\n${text}")
    endif()
    string(FIND "${text}" "${sentence}" at)
    if(at EQUAL -1)
        message(FATAL_ERROR "${case}: failed without saying '${sentence}'.\n${text}")
    endif()
    message(STATUS "${case}: refused")
endfunction()

file(WRITE ${WORK}/CMakeLists.txt
    "cmake_minimum_required(VERSION 3.25)\n"
    "project(quire LANGUAGES CXX)\n"
    "include(\${QUIRE_CMAKE}/flags.cmake)\n"
    "include(\${QUIRE_CMAKE}/rooms.cmake)\n"
    "quire_add_rooms()\n")
write_room(lib/base "" quire/base/empty.hpp)
write_room(lib/block lib/base quire/block/device.hpp)
write_room(lib/fs lib/block quire/fs/volume.hpp)
write_room(lib/ipc "" quire/ipc/channel.hpp)
write_room(layers/null lib/fs "")

set(allowed "#include \"quire/fs/volume.hpp\"\n")

write_subject(${allowed})
configure(result text)
if(NOT result EQUAL 0)
    message(FATAL_ERROR "The small project does not configure.\n${text}")
endif()
build(result text)
if(NOT result EQUAL 0)
    message(FATAL_ERROR "The file with permitted includes does not build.\n${text}")
endif()
message(STATUS "permitted include: built")

# On the include path, because lib/fs uses it; only the scanner can object.
write_subject(${allowed} "#include \"quire/block/device.hpp\"\n")
build(result text)
expect_failure("a header reached through a permitted room" "${result}" "${text}"
    "layers/null may not include lib/block")

write_subject(${allowed} "#include <quire/ipc/channel.hpp>\n")
build(result text)
expect_failure("a header of a room that is no neighbour" "${result}" "${text}"
    "layers/null may not include lib/ipc")

write_subject(${allowed} "#include <ext2fs/ext2fs.h>\n")
build(result text)
expect_failure("a header that belongs to another room alone" "${result}" "${text}"
    "only volumes/ext may include this header")

write_subject(${allowed} "#include \"../../lib/fs/include/quire/fs/volume.hpp\"\n")
build(result text)
expect_failure("a path that climbs" "${result}" "${text}" "a path may not climb")

# The scanner reads text; the compiler must refuse what it is not shown, such as a macro's include.
write_subject("#define HEADER \"quire/ipc/channel.hpp\"\n#include HEADER\n")
build(result text)
expect_failure("an include the scanner cannot read" "${result}" "${text}" "quire/ipc/channel.hpp")

write_subject(${allowed})
build(result text)
if(NOT result EQUAL 0)
    message(FATAL_ERROR "The mended file does not build.\n${text}")
endif()

file(WRITE ${WORK}/layers/null/CMakeLists.txt
    "quire_room(layers/null SOURCES room.cpp ROOMS lib/block)\n")
configure(result text)
expect_failure("a forbidden room in CMakeLists.txt" "${result}" "${text}"
    "layers/null may not use lib/block")
