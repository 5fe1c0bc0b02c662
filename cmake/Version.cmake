# edge_version.h, brought up to date at every build; only roles/version.cpp includes it.
set(header ${CMAKE_BINARY_DIR}/generated/edge_version.h)
set(write_version ${CMAKE_COMMAND} -DSOURCE_DIRECTORY=${CMAKE_SOURCE_DIR} -DVERSION=${PROJECT_VERSION}
    -DHEADER=${header} -P ${CMAKE_SOURCE_DIR}/cmake/write_version.cmake)
add_custom_target(edge_version_header COMMAND ${write_version} BYPRODUCTS ${header} COMMENT "" VERBATIM)
add_dependencies(edge_roles_cold edge_version_header)
# Not with the other files of its folder, which would have to be compiled again whenever it changes.
set_source_files_properties(${CMAKE_SOURCE_DIR}/roles/version.cpp PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON
                            INCLUDE_DIRECTORIES ${CMAKE_BINARY_DIR}/generated)
