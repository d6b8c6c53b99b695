# SPDX-License-Identifier: MIT
#
# Lexers and parsers of the compilers are made at build time; what is generated is never committed.
#
#   quire_language(SOURCES_OF_IT          # gets the generated sources, for quire_room's SOURCES
#       LEXER syntax/lexer.re             # re2c: generated/syntax/lexer_rules.cpp
#       GRAMMAR syntax/grammar.yy)        # bison: generated/syntax/grammar.cpp and grammar.hpp
#
# Headers are included as "syntax/grammar.hpp", with quire_language_headers(TARGET).

find_program(QUIRE_RE2C re2c)
find_program(QUIRE_BISON bison)

function(quire_language out)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "LEXER;GRAMMAR" "")
    if(NOT QUIRE_RE2C OR NOT QUIRE_BISON)
        message(FATAL_ERROR "re2c and bison are needed (tools/setup build installs them).")
    endif()
    set(place ${CMAKE_CURRENT_BINARY_DIR}/generated)
    string(REGEX REPLACE "[.]re$" "_rules.cpp" lexer "${place}/${arg_LEXER}")
    string(REGEX REPLACE "[.]yy$" ".cpp" parser "${place}/${arg_GRAMMAR}")
    string(REGEX REPLACE "[.]yy$" ".hpp" header "${place}/${arg_GRAMMAR}")
    get_filename_component(lexer_folder ${lexer} DIRECTORY)
    file(MAKE_DIRECTORY ${lexer_folder})
    add_custom_command(OUTPUT ${lexer}
        COMMAND ${QUIRE_RE2C} -W -Werror -o ${lexer} ${arg_LEXER}
        DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${arg_LEXER}
        WORKING_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR} COMMENT "re2c ${arg_LEXER}" VERBATIM)
    add_custom_command(OUTPUT ${parser} ${header}
        COMMAND ${QUIRE_BISON} -Wall -Werror --header=${header} -o ${parser} ${arg_GRAMMAR}
        DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${arg_GRAMMAR}
        WORKING_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR} COMMENT "bison ${arg_GRAMMAR}" VERBATIM)
    # The skeleton counts errors that nobody asks for.
    set_source_files_properties(${parser} PROPERTIES COMPILE_OPTIONS -Wno-unused-but-set-variable)
    set(${out} ${lexer} ${parser} ${header} PARENT_SCOPE)
endfunction()

function(quire_language_headers target)
    target_include_directories(${target} PRIVATE ${CMAKE_CURRENT_BINARY_DIR}/generated)
endfunction()
