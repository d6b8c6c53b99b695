# SPDX-License-Identifier: MIT
#
# The rooms and the arrows between them, as data, and the questions that are asked of them.
# The build (cmake/quire_room.cmake) and the scanner (cmake/check_room.cmake) both read this file.
#
# A line is "ROOM | room pattern it may include ...". `*` stands for any room; `!P` takes a
# pattern away again. Every room may include lib/base besides. The first line that fits counts.
set(QUIRE_ROOM_TABLE
    "apps/*          | * !apps/* !testing !testing/*"
    "assembly        | * !apps/* !testing !testing/*"
    "frontends/*     | lib/* !lib/confine protocols"
    "volumes/ext/journal | lib/block"
    "volumes/ext     | lib/fs lib/block volumes/ext/journal"
    "volumes/*       | lib/fs lib/block"
    "layers/*        | lib/fs"
    "devices/*       | lib/block"
    "lib/process     | lib/vfs lib/client lib/pipe lib/memory lib/ipc lib/confine protocols"
    "lib/remote      | protocols lib/client lib/wire lib/ipc lib/fs lib/block"
    "lib/vfs         | lib/client lib/ipc protocols"
    "lib/server      | protocols lib/wire lib/fs lib/memory lib/pipe lib/ipc"
    "lib/client      | protocols lib/memory lib/pipe lib/ipc"
    "lib/pipe        | protocols lib/memory lib/ipc"
    "lib/wire        | protocols lib/fs lib/block lib/ipc"
    "lib/transfer    | lib/fs lib/block"
    "lib/fs          | lib/block"
    "lib/block       |"
    "lib/memory      |"
    "protocols       | lib/ipc"
    "lib/ipc         |"
    "lib/confine     |"
    "lib/base        |"
    "lang/common     |"
    "lang/idl        | lang/common"
    "lang/fist       | lang/common"
    "testing         | * !apps/*"
    "testing/*       | * !apps/*"
    "tests           | *"
    "bench           | *"
    "examples/*      | * !apps/* !testing !testing/*")

# Headers of outside libraries that one room keeps to itself: "regular expression | room".
set(QUIRE_EXCLUSIVE_HEADERS
    "^(ext2fs|et)/         | volumes/ext"
    "^fuse(3/|_|\\.h$)     | frontends/fuse")

# Where rooms are looked for; the top-level file adds those that exist, so that a new room is a
# new folder and no line here.
set(QUIRE_ROOM_FOLDERS
    lib/* lang/* protocols volumes/* volumes/ext/* layers/* devices/* frontends/* testing testing/*
    assembly apps/* tests examples/* bench)

# Sets OUT to the room that owns `#include "INCLUDE"`, or to "" for a header of no room.
function(quire_room_of_include include out)
    set(room "")
    if(include MATCHES "^quire/(volumes/ext/journal)/")
        set(room "${CMAKE_MATCH_1}")
    elseif(include MATCHES "^quire/(volumes|layers|devices|frontends|lang)/([^/]+)/")
        set(room "${CMAKE_MATCH_1}/${CMAKE_MATCH_2}")
    elseif(include MATCHES "^quire/(assembly|testing|protocols)/")
        set(room "${CMAKE_MATCH_1}")
    elseif(include MATCHES "^quire/([^/]+)/")
        set(room "lib/${CMAKE_MATCH_1}")
    endif()
    set(${out} "${room}" PARENT_SCOPE)
endfunction()

# Sets OUT to whether the name NAME fits the pattern PATTERN, in which `*` stands for anything.
function(quire_name_fits name pattern out)
    string(REPLACE "*" ".*" pattern "${pattern}")
    if(name MATCHES "^${pattern}$")
        set(${out} TRUE PARENT_SCOPE)
    else()
        set(${out} FALSE PARENT_SCOPE)
    endif()
endfunction()

# Sets OUT to the patterns that the table gives ROOM; stops when the table does not know ROOM.
function(quire_arrows_of room out)
    foreach(line IN LISTS QUIRE_ROOM_TABLE)
        string(FIND "${line}" "|" bar)
        string(SUBSTRING "${line}" 0 ${bar} pattern)
        math(EXPR bar "${bar} + 1")
        string(SUBSTRING "${line}" ${bar} -1 arrows)
        string(STRIP "${pattern}" pattern)
        quire_name_fits("${room}" "${pattern}" fits)
        if(fits)
            separate_arguments(arrows UNIX_COMMAND "${arrows}")
            set(${out} "${arrows}" PARENT_SCOPE)
            return()
        endif()
    endforeach()
    message(FATAL_ERROR "The room ${room} is not in the table of cmake/rooms.cmake: add a line that says what it may include.")
endfunction()

# Sets OUT to whether files of ROOM may include headers of OTHER.
function(quire_may_include room other out)
    set(allowed FALSE)
    if(other STREQUAL room OR other STREQUAL "lib/base")
        set(allowed TRUE)
    else()
        quire_arrows_of("${room}" arrows)
        foreach(arrow IN LISTS arrows)
            string(REGEX REPLACE "^!" "" pattern "${arrow}")
            quire_name_fits("${other}" "${pattern}" fits)
            if(fits AND arrow MATCHES "^!")
                set(allowed FALSE)
            elseif(fits)
                set(allowed TRUE)
            endif()
        endforeach()
    endif()
    set(${out} ${allowed} PARENT_SCOPE)
endfunction()

# Sets OUT to the one room that may include HEADER, or to "" when any may.
function(quire_owner_of_header header out)
    set(owner "")
    foreach(line IN LISTS QUIRE_EXCLUSIVE_HEADERS)
        # The bar inside a regular expression's group has no blanks around it; the separator has.
        string(REGEX MATCH "^(.*[^ ]) +[|] +([^ ]+)$" line "${line}")
        set(pattern "${CMAKE_MATCH_1}")
        set(room "${CMAKE_MATCH_2}")
        if(header MATCHES "${pattern}")
            set(owner "${room}")
        endif()
    endforeach()
    set(${out} "${owner}" PARENT_SCOPE)
endfunction()

if(NOT CMAKE_SCRIPT_MODE_FILE)
    include(${CMAKE_CURRENT_LIST_DIR}/quire_room.cmake)
endif()
