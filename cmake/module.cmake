# module(NAME [DIR dir] [NEEDS rooms...] [USES libraries...] [OWNS header-prefixes...] [DEFINES macros...])
#
# A room: every source of its folder in one library, every *_test.cpp beside them in one test program. NEEDS lists the
# rooms it may include, USES the foreign libraries it links, OWNS the foreign headers that only it may include
# (tools/check_rooms.py reads the same lines and refuses any other include). DEFINES reaches everyone who needs the room.
function(module name)
  cmake_parse_arguments(M "" "DIR" "NEEDS;USES;OWNS;DEFINES" ${ARGN})
  if(NOT M_DIR)
    set(M_DIR src/${name})
  endif()
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${M_DIR}/*.cpp)
  set(tests ${sources})
  list(FILTER sources EXCLUDE REGEX "(_test|/main)\\.cpp$")
  list(FILTER tests INCLUDE REGEX "_test\\.cpp$")

  if(sources)
    add_library(hubward_${name} STATIC ${sources})
    set(reach PUBLIC)
  else()
    add_library(hubward_${name} INTERFACE)
    set(reach INTERFACE)
  endif()
  target_include_directories(hubward_${name} ${reach} ${CMAKE_SOURCE_DIR}/src ${CMAKE_SOURCE_DIR})
  target_compile_definitions(hubward_${name} ${reach} ${M_DEFINES})
  list(TRANSFORM M_NEEDS PREPEND hubward_)
  target_link_libraries(hubward_${name} ${reach} ${M_NEEDS} ${M_USES})

  if(tests)
    add_executable(${name}_test ${tests} ${CMAKE_SOURCE_DIR}/tests/doctest_main.cpp)
    target_link_libraries(${name}_test PRIVATE hubward_${name})
    add_test(NAME ${name} COMMAND ${name}_test)
    set_tests_properties(${name} PROPERTIES WORKING_DIRECTORY ${CMAKE_SOURCE_DIR} TIMEOUT 300)
  endif()
endfunction()
