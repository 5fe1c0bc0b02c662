# Style sheets, scripts and pages are files of their own in the source tree. edge_embed(DIRECTORY NAMESPACE) makes
# DIRECTORY/embedded.h of those of a directory.
add_custom_target(edge_embedded)
function(edge_embed directory namespace)
  file(GLOB files CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${directory}/*.css ${CMAKE_SOURCE_DIR}/${directory}/*.js
       ${CMAKE_SOURCE_DIR}/${directory}/*.html)
  set(header ${CMAKE_BINARY_DIR}/generated/${directory}/embedded.h)
  add_custom_command(OUTPUT ${header} DEPENDS ${files} ${CMAKE_SOURCE_DIR}/cmake/write_embedded.cmake VERBATIM
    COMMENT "Embedding ${directory}"
    COMMAND ${CMAKE_COMMAND} "-DFILES=${files}" -DNAMESPACE=${namespace} -DHEADER=${header}
            -P ${CMAKE_SOURCE_DIR}/cmake/write_embedded.cmake)
  string(REPLACE "/" "_" target edge_embedded_${directory})
  add_custom_target(${target} DEPENDS ${header})
  add_dependencies(edge_embedded ${target})
  add_dependencies(edge_roles_cold ${target})
endfunction()

target_include_directories(edge_roles_cold PRIVATE ${CMAKE_BINARY_DIR}/generated)
edge_embed(roles/inspect/page edge::inspect::embedded)
edge_embed(roles/trainer/report edge::trainer::embedded)
