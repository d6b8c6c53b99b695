# SPDX-License-Identifier: MIT
#
#   quire_room(lib/block
#       SOURCES file_device.cpp memory_device.cpp   # none: a room of headers
#       ROOMS lib/base                              # rooms it uses, checked against the table
#       LINKS PkgConfig::uring                      # outside libraries; PUBLIC_LINKS where public headers show them
#       PROGRAM quire MAIN main.cpp                 # a program besides; everything but MAIN stays testable
#       TESTS tests/memory_device_test.cpp          # one GoogleTest program: target test_lib_block
#       TEST_ROOMS testing                          # rooms that only the tests use
#       TEST_LINKS rapidcheck
#       TEST_LABELS threads slow                    # for ctest -L: `hostile` reads foreign bytes and `threads` uses
#                                                   # threads, which CI runs under asan and tsan; `slow` neither
#       TEST_TIMEOUT 300                            # seconds for one test
#       TEST_PARTS memory ext4                      # one ctest entry for the cases of each parameter, and one for the rest
#       FUZZERS fuzz/partition_table.cpp)           # a libFuzzer program each; elsewhere it replays its corpus
#
# Targets: quire_lib_block (library), test_lib_block, rules_lib_block (the scanner, before every
# compilation), headers_lib_block (each public header alone), fuzz_lib_block_partition_table;
# over all rooms: rules, headers, tests_LABEL.

include(GoogleTest)
include(${CMAKE_CURRENT_LIST_DIR}/libraries.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/fast_build.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/language.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/protocol.cmake)

set(QUIRE_CMAKE_DIR ${CMAKE_CURRENT_LIST_DIR})
# Test code builds a quarter faster without optimisation, is easier to step through, and runs
# as fast: the work is in the rooms. So is the undefined behaviour; checks of it in every assertion
# double the time that tests take to compile.
set(QUIRE_TEST_OPTIONS $<$<CONFIG:Debug>:-O0>)
if(QUIRE_SANITIZE MATCHES "undefined")
    list(APPEND QUIRE_TEST_OPTIONS -fno-sanitize=undefined)
endif()

# Sets OUT to the library target of ROOM.
function(quire_target_of room out)
    string(REPLACE "/" "_" name "${room}")
    set(${out} "quire_${name}" PARENT_SCOPE)
endfunction()

function(quire_room room)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "PROGRAM;MAIN;TEST_TIMEOUT"
        "SOURCES;ROOMS;LINKS;PUBLIC_LINKS;TESTS;TEST_ROOMS;TEST_LINKS;TEST_LABELS;TEST_PARTS;FUZZERS")
    if(arg_UNPARSED_ARGUMENTS)
        message(FATAL_ERROR "quire_room(${room}): what is ${arg_UNPARSED_ARGUMENTS}?")
    endif()
    if(NOT room STREQUAL "lib/base")
        list(APPEND arg_ROOMS lib/base)
    endif()
    list(REMOVE_DUPLICATES arg_ROOMS)
    foreach(other IN LISTS arg_ROOMS)
        quire_may_include("${room}" "${other}" allowed)
        if(NOT allowed)
            message(FATAL_ERROR "${room}/CMakeLists.txt: ${room} may not use ${other} (table in cmake/rooms.cmake).")
        endif()
    endforeach()
    foreach(other IN LISTS arg_TEST_ROOMS)
        if(other MATCHES "^apps/" AND NOT other STREQUAL room AND NOT room STREQUAL "tests")
            message(FATAL_ERROR "${room}/CMakeLists.txt: tests of a room may not use ${other}.")
        endif()
    endforeach()
    string(REPLACE "/" "_" name "${room}")
    quire_room_rules("${room}" "${name}" "${arg_ROOMS}" "${arg_TEST_ROOMS}")
    quire_room_library("${room}" "${name}")
    quire_room_headers("${name}")
    if(arg_PROGRAM)
        if(NOT arg_MAIN)
            set(arg_MAIN main.cpp)
        endif()
        add_executable(${arg_PROGRAM} ${arg_MAIN})
        target_include_directories(${arg_PROGRAM} PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
        quire_link(${arg_PROGRAM} PRIVATE ${arg_LINKS})
        target_link_libraries(${arg_PROGRAM} PRIVATE quire_${name} quire::flags)
        add_dependencies(${arg_PROGRAM} rules_${name})
    endif()
    if(arg_TESTS AND BUILD_TESTING)
        quire_room_tests("${room}" "${name}")
    endif()
    foreach(fuzzer IN LISTS arg_FUZZERS)
        quire_room_fuzzer("${room}" "${name}" "${fuzzer}")
    endforeach()
endfunction()

function(quire_link target scope)
    foreach(library IN LISTS ARGN)
        quire_need_library(${library})
        target_link_libraries(${target} ${scope} ${library})
    endforeach()
endfunction()

# The library. Its public include path is its own `include`; those of the rooms it uses come with
# it, because its headers may show their types. What of that a room may name, the scanner decides.
function(quire_room_library room name)
    set(target quire_${name})
    if(arg_SOURCES)
        add_library(${target} STATIC ${arg_SOURCES})
        set(scope PUBLIC)
        target_include_directories(${target} PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
        target_link_libraries(${target} PRIVATE quire::flags)
        quire_build_fast(${target} rooms ${arg_SOURCES})
        add_dependencies(${target} rules_${name})
    else()
        add_library(${target} INTERFACE)
        set(scope INTERFACE)
        add_dependencies(${target} rules_${name})
    endif()
    add_library(quire::${name} ALIAS ${target})
    if(IS_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR}/include)
        target_include_directories(${target} ${scope} ${CMAKE_CURRENT_SOURCE_DIR}/include)
    endif()
    foreach(other IN LISTS arg_ROOMS)
        string(REPLACE "/" "_" other_name "${other}")
        target_link_libraries(${target} ${scope} quire::${other_name})
    endforeach()
    quire_link(${target} ${scope} ${arg_PUBLIC_LINKS})
    if(arg_SOURCES)
        quire_link(${target} PRIVATE ${arg_LINKS})
    else()
        quire_link(${target} INTERFACE ${arg_LINKS})
    endif()
    set_property(GLOBAL APPEND PROPERTY QUIRE_ROOMS ${room})
endfunction()

# headers_NAME compiles each public header alone and twice: it needs no other before it, and
# minds being included again. Not part of a common build.
function(quire_room_headers name)
    file(GLOB_RECURSE headers CONFIGURE_DEPENDS RELATIVE ${CMAKE_CURRENT_SOURCE_DIR}/include include/*.hpp)
    set(sources "")
    foreach(header IN LISTS headers)
        string(MAKE_C_IDENTIFIER "${header}" source)
        set(source ${CMAKE_CURRENT_BINARY_DIR}/headers/${source}.cpp)
        file(CONFIGURE OUTPUT ${source} CONTENT "#include \"${header}\"\n#include \"${header}\"\n")
        list(APPEND sources ${source})
    endforeach()
    if(sources)
        add_library(headers_${name} OBJECT EXCLUDE_FROM_ALL ${sources})
        target_link_libraries(headers_${name} PRIVATE quire_${name} quire::flags)
        set_property(GLOBAL APPEND PROPERTY QUIRE_HEADERS headers_${name})
    endif()
endfunction()

# The scanner of a room as a step that its compilation waits for.
function(quire_room_rules room name uses test_uses)
    file(GLOB_RECURSE texts CONFIGURE_DEPENDS *.cpp *.hpp *.h *.re *.yy)
    set(stamp ${CMAKE_CURRENT_BINARY_DIR}/rules_${name}.stamp)
    add_custom_command(OUTPUT ${stamp}
        COMMAND ${CMAKE_COMMAND} -D "ROOT=${PROJECT_SOURCE_DIR}" -D "ROOM=${room}" -D "USES=${uses}"
            -D "TEST_USES=${test_uses}" -D "STAMP=${stamp}" -P ${QUIRE_CMAKE_DIR}/check_room.cmake
        DEPENDS ${texts} ${CMAKE_CURRENT_SOURCE_DIR}/CMakeLists.txt
            ${QUIRE_CMAKE_DIR}/rooms.cmake ${QUIRE_CMAKE_DIR}/check_room.cmake
        COMMENT "Room rules of ${room}" VERBATIM)
    add_custom_target(rules_${name} DEPENDS ${stamp})
    set_property(GLOBAL APPEND PROPERTY QUIRE_RULES rules_${name})
endfunction()

function(quire_room_tests room name)
    set(target test_${name})
    add_executable(${target} ${arg_TESTS})
    target_include_directories(${target} PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
    target_link_libraries(${target} PRIVATE quire_${name} quire::flags)
    foreach(other IN LISTS arg_TEST_ROOMS)
        string(REPLACE "/" "_" other_name "${other}")
        target_link_libraries(${target} PRIVATE quire::${other_name})
    endforeach()
    quire_link(${target} PRIVATE GTest::gmock GTest::gtest_main ${arg_LINKS} ${arg_TEST_LINKS})
    target_compile_options(${target} PRIVATE ${QUIRE_TEST_OPTIONS})
    quire_build_fast(${target} tests ${arg_TESTS})
    add_dependencies(${target} rules_${name})
    foreach(label IN LISTS arg_TEST_LABELS)
        set_property(GLOBAL APPEND PROPERTY QUIRE_TESTS_${label} ${target})
        set_property(GLOBAL APPEND PROPERTY QUIRE_TEST_LABELS ${label})
    endforeach()
    if(NOT arg_TEST_TIMEOUT)
        set(arg_TEST_TIMEOUT 300)
    endif()
    set(labels ${room} ${arg_TEST_LABELS})
    if(arg_TEST_PARTS)
        set(all "")
        foreach(part IN LISTS arg_TEST_PARTS)
            add_test(NAME ${name}.${part} COMMAND ${target} --gtest_brief=1 --gtest_filter=*/${part})
            list(APPEND all "*/${part}")
        endforeach()
        # What no part covers is run too, so that no case can be forgotten here.
        list(JOIN all ":" all)
        add_test(NAME ${name}.rest COMMAND ${target} --gtest_brief=1 "--gtest_filter=-${all}")
        foreach(part IN LISTS arg_TEST_PARTS ITEMS rest)
            set_tests_properties(${name}.${part} PROPERTIES
                TIMEOUT ${arg_TEST_TIMEOUT} LABELS "${labels}")
        endforeach()
    elseif(QUIRE_SANITIZE)
        # A sanitized program takes longer to start than most cases to run: a share of them per entry.
        foreach(share RANGE 3)
            add_test(NAME ${name}.${share} COMMAND ${target} --gtest_brief=1)
            set_tests_properties(${name}.${share} PROPERTIES LABELS "${labels}" TIMEOUT 900
                ENVIRONMENT "GTEST_TOTAL_SHARDS=4;GTEST_SHARD_INDEX=${share}")
        endforeach()
    else()
        gtest_discover_tests(${target} TEST_PREFIX "${name}." DISCOVERY_MODE PRE_TEST
            DISCOVERY_TIMEOUT 60 TEST_LIST ${target}_cases PROPERTIES TIMEOUT ${arg_TEST_TIMEOUT})
        # gtest_discover_tests takes a list of labels apart; so they are set after the discovery.
        set(script ${CMAKE_CURRENT_BINARY_DIR}/${target}_labels.cmake)
        file(WRITE ${script}
            "if(${target}_cases)\n"
            "    set_tests_properties(\${${target}_cases} PROPERTIES LABELS \"${labels}\")\n"
            "endif()\n")
        set_property(DIRECTORY APPEND PROPERTY TEST_INCLUDE_FILES ${script})
    endif()
endfunction()

# With QUIRE_FUZZ a libFuzzer program. Without, a program that replays its corpus
# (ROOM/fuzz/corpus/NAME) as a test, so that what a fuzzer once found stays mended.
function(quire_room_fuzzer room name source)
    get_filename_component(base ${source} NAME_WE)
    set(target fuzz_${name}_${base})
    set(corpus ${CMAKE_CURRENT_SOURCE_DIR}/fuzz/corpus/${base})
    if(QUIRE_FUZZ)
        add_executable(${target} ${source})
        target_link_options(${target} PRIVATE -fsanitize=fuzzer)
    elseif(BUILD_TESTING)
        add_executable(${target} ${source} ${QUIRE_CMAKE_DIR}/replay_corpus.cpp)
        if(IS_DIRECTORY ${corpus})
            add_test(NAME ${name}.fuzz_corpus.${base} COMMAND ${target} ${corpus})
        else()
            add_test(NAME ${name}.fuzz_corpus.${base} COMMAND ${target})
        endif()
        set_tests_properties(${name}.fuzz_corpus.${base} PROPERTIES TIMEOUT 120 LABELS "${room};hostile")
        set_property(GLOBAL APPEND PROPERTY QUIRE_TESTS_hostile ${target})
    else()
        return()
    endif()
    target_include_directories(${target} PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
    target_link_libraries(${target} PRIVATE quire_${name} quire::flags)
    foreach(other IN LISTS arg_TEST_ROOMS)
        string(REPLACE "/" "_" other_name "${other}")
        target_link_libraries(${target} PRIVATE quire::${other_name})
    endforeach()
    quire_link(${target} PRIVATE ${arg_LINKS})
    add_dependencies(${target} rules_${name})
endfunction()

# Adds every room that exists. A room's folder is one that has a CMakeLists.txt.
function(quire_add_rooms)
    foreach(pattern IN LISTS QUIRE_ROOM_FOLDERS)
        file(GLOB folders LIST_DIRECTORIES TRUE RELATIVE ${PROJECT_SOURCE_DIR} CONFIGURE_DEPENDS
            ${PROJECT_SOURCE_DIR}/${pattern}/CMakeLists.txt)
        list(SORT folders)
        foreach(file IN LISTS folders)
            get_filename_component(folder ${file} DIRECTORY)
            add_subdirectory(${folder})
        endforeach()
    endforeach()
    # What crosses rooms: `rules`, `headers`, and for each label `tests_LABEL` builds its programs.
    get_property(rules GLOBAL PROPERTY QUIRE_RULES)
    add_custom_target(rules DEPENDS ${rules})
    get_property(headers GLOBAL PROPERTY QUIRE_HEADERS)
    add_custom_target(headers DEPENDS ${headers})
    get_property(labels GLOBAL PROPERTY QUIRE_TEST_LABELS)
    list(APPEND labels hostile threads slow)
    list(REMOVE_DUPLICATES labels)
    foreach(label IN LISTS labels)
        get_property(programs GLOBAL PROPERTY QUIRE_TESTS_${label})
        add_custom_target(tests_${label} DEPENDS ${programs})
    endforeach()
endfunction()
