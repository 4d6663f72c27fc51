# The programs that are installed. Their rooms are in modules.cmake.
add_executable(hubward ${CMAKE_SOURCE_DIR}/src/app/main.cpp)
target_link_libraries(hubward PRIVATE hubward_app)
