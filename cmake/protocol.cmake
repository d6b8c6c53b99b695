# SPDX-License-Identifier: MIT
#
# C++ from interface descriptions (docs/wire.md), made when it is built:
#
#   quire_protocol(quire_protocols_code         # a library target
#       FILES flush.idl file.idl                # relative to the current folder
#       NAMESPACE quire::protocols              # of what is generated
#       INCLUDE_PREFIX quire/protocols          # #include "quire/protocols/flush.hpp"
#       DIRECTORIES ${other_folder}             # where included files are looked for besides
#       LINKS other_protocol)                   # targets whose headers theirs include
#
# A room of protocols is then
#
#   quire_room(protocols ROOMS lib/ipc PUBLIC_LINKS quire_protocols_code)
#
# The compiler is quire-idl of lang/idl. A changed file rebuilds what includes it. Reference pages
# lie beside the headers: the property QUIRE_PAGES of the target is their list. headers_TARGET,
# part of `headers`, compiles each header alone.

function(quire_protocol target)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "NAMESPACE;INCLUDE_PREFIX" "FILES;DIRECTORIES;LINKS")
    if(arg_UNPARSED_ARGUMENTS OR NOT arg_FILES OR NOT arg_NAMESPACE OR NOT arg_INCLUDE_PREFIX)
        message(FATAL_ERROR "quire_protocol(${target}): FILES, NAMESPACE and INCLUDE_PREFIX are needed, and nothing unknown (${arg_UNPARSED_ARGUMENTS}).")
    endif()
    set(root ${CMAKE_CURRENT_BINARY_DIR}/${target})
    set(place ${root}/${arg_INCLUDE_PREFIX})
    set(looked_for "")
    foreach(directory IN LISTS arg_DIRECTORIES)
        list(APPEND looked_for -I ${directory})
    endforeach()
    set(sources "")
    set(headers "")
    set(pages "")
    foreach(file IN LISTS arg_FILES)
        get_filename_component(path ${file} ABSOLUTE)
        get_filename_component(stem ${file} NAME_WE)
        set(made ${place}/${stem}.cpp ${place}/${stem}.hpp ${place}/${stem}.md)
        add_custom_command(OUTPUT ${made}
            COMMAND quire-idl --namespace ${arg_NAMESPACE} --include-prefix ${arg_INCLUDE_PREFIX}
                --out ${place} ${looked_for} --depfile ${place}/${stem}.d ${path}
            DEPENDS quire-idl ${path} DEPFILE ${place}/${stem}.d
            COMMENT "quire-idl ${file}" VERBATIM)
        list(APPEND sources ${place}/${stem}.cpp)
        list(APPEND headers ${place}/${stem}.hpp)
        list(APPEND pages ${place}/${stem}.md)
    endforeach()
    add_library(${target} STATIC ${sources} ${headers})
    target_include_directories(${target} PUBLIC ${root})
    target_link_libraries(${target} PUBLIC quire::lib_ipc ${arg_LINKS} PRIVATE quire::flags)
    quire_build_fast(${target} rooms ${sources})
    set_target_properties(${target} PROPERTIES QUIRE_PAGES "${pages}")

    set(alone "")
    foreach(file IN LISTS arg_FILES)
        get_filename_component(stem ${file} NAME_WE)
        set(header ${arg_INCLUDE_PREFIX}/${stem}.hpp)
        set(source ${root}/headers/${stem}.cpp)
        file(CONFIGURE OUTPUT ${source} CONTENT "#include \"${header}\"\n#include \"${header}\"\n")
        list(APPEND alone ${source})
    endforeach()
    add_library(headers_${target} OBJECT EXCLUDE_FROM_ALL ${alone})
    target_link_libraries(headers_${target} PRIVATE ${target} quire::flags)
    set_property(GLOBAL APPEND PROPERTY QUIRE_HEADERS headers_${target})
endfunction()
