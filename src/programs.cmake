# The programs that are installed. Their rooms are in modules.cmake.
add_executable(hubward ${CMAKE_SOURCE_DIR}/src/app/main.cpp)
target_link_libraries(hubward PRIVATE hubward_app)

# What `hubward --version` says of this build: the commit, where there is one, asked for at every configuration.
execute_process(COMMAND git -C ${CMAKE_SOURCE_DIR} describe --always --dirty --abbrev=12 --exclude=*
                OUTPUT_VARIABLE HUBWARD_COMMIT OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
set_source_files_properties(${CMAKE_SOURCE_DIR}/src/app/build_facts.cpp PROPERTIES COMPILE_DEFINITIONS
                            "HUBWARD_COMMIT=\"${HUBWARD_COMMIT}\";HUBWARD_BUILD=\"${CMAKE_BUILD_TYPE}\";HUBWARD_VERSION=\"${PROJECT_VERSION}\"")
