# WalwireRooms.cmake: how a room, a library, a test and a fuzz target are made.

# Flags for every target of ours; never leaked to a program that uses the libraries.
add_library(walwire_flags INTERFACE)
target_compile_features(walwire_flags INTERFACE c_std_11)
target_include_directories(walwire_flags INTERFACE
  ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR}/src)
target_compile_definitions(walwire_flags INTERFACE _POSIX_C_SOURCE=200809L)
if(WALWIRE_WERROR)
  target_compile_options(walwire_flags INTERFACE
    -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wcast-qual -Wvla
    -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wundef -Werror)
endif()
if(WALWIRE_SANITIZE)
  target_compile_options(walwire_flags INTERFACE
    -fsanitize=${WALWIRE_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(walwire_flags INTERFACE -fsanitize=${WALWIRE_SANITIZE})
endif()
if(WALWIRE_HARDEN)
  target_compile_options(walwire_flags INTERFACE -fstack-protector-strong -D_FORTIFY_SOURCE=2 -fPIE)
  target_link_options(walwire_flags INTERFACE -pie -Wl,-z,relro,-z,now)
endif()
if(WALWIRE_FUZZ)
  target_compile_options(walwire_flags INTERFACE -fsanitize=fuzzer-no-link)
  target_link_options(walwire_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()

# walwire_room(name SOURCES...): one OBJECT library per room of the house (docs/architecture.md).
function(walwire_room name)
  add_library(ww_${name} OBJECT ${ARGN})
  target_link_libraries(ww_${name} PRIVATE walwire_flags)
  set_target_properties(ww_${name} PROPERTIES POSITION_INDEPENDENT_CODE ON C_EXTENSIONS OFF)
endfunction()

# walwire_library(name ROOMS...): a static library to install, made of rooms.
function(walwire_library name)
  set(objects)
  foreach(room IN LISTS ARGN)
    list(APPEND objects $<TARGET_OBJECTS:ww_${room}>)
  endforeach()
  add_library(${name} STATIC ${objects})
  set_target_properties(${name} PROPERTIES LINKER_LANGUAGE C)
  target_include_directories(${name} PUBLIC
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  add_library(walwire::${name} ALIAS ${name})
  install(TARGETS ${name} EXPORT walwire-targets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
endfunction()

# walwire_test(name SOURCES... [LINK libs...] [LABELS labels...]): a test program; label "offline" unless
# told otherwise. It links walwire-core.
function(walwire_test name)
  cmake_parse_arguments(arg "" "" "LINK;LABELS" ${ARGN})
  if(NOT arg_LABELS)
    set(arg_LABELS offline)
  endif()
  add_executable(${name} ${arg_UNPARSED_ARGUMENTS})
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/tests)
  target_link_libraries(${name} PRIVATE walwire_flags ${arg_LINK} walwire-core)
  set_target_properties(${name} PROPERTIES C_EXTENSIONS OFF)
  add_test(NAME ${name} COMMAND ${name} WORKING_DIRECTORY ${PROJECT_SOURCE_DIR}/tests)
  set_tests_properties(${name} PROPERTIES LABELS "${arg_LABELS}" TIMEOUT 300)
endfunction()

# walwire_fuzz(name SOURCES... [LINK libs...]): fuzz/<name>.c as a libFuzzer target (with WALWIRE_FUZZ), and
# always as a plain test that replays fuzz/corpus/<name>/ and fuzz/regressions/<name>/.
function(walwire_fuzz name)
  cmake_parse_arguments(arg "" "" "LINK" ${ARGN})
  add_executable(${name} ${arg_UNPARSED_ARGUMENTS})
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/tests)
  target_link_libraries(${name} PRIVATE walwire_flags ${arg_LINK} walwire-core)
  set_target_properties(${name} PROPERTIES C_EXTENSIONS OFF)
  if(WALWIRE_FUZZ)
    target_link_options(${name} PRIVATE -fsanitize=fuzzer)
  else()
    target_sources(${name} PRIVATE ${PROJECT_SOURCE_DIR}/fuzz/replay.c)
    add_test(NAME ${name} COMMAND ${name} corpus/${name} regressions/${name}
             WORKING_DIRECTORY ${PROJECT_SOURCE_DIR}/fuzz)
    set_tests_properties(${name} PROPERTIES LABELS "offline;fuzz" TIMEOUT 300)
  endif()
endfunction()
