# Precompiled headers: half of the time of a build goes into reading the same headers again and again. Kernels have none:
# their files have flags of their own, and include little.
if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  set(pch_options -Xclang -fno-pch-timestamp)  # for ccache
else()
  # False alarms about std::string: of a precompiled header GCC 12 does not remember what lies in the system's headers.
  set(pch_options -Wno-array-bounds -Wno-stringop-overflow)
endif()
function(edge_precompile target)  # further arguments: as those of target_precompile_headers
  target_compile_options(${target} PRIVATE ${pch_options})
  target_precompile_headers(${target} ${ARGN})
endfunction()

# One for each level of optimisation: GCC 12 takes that of another, and sometimes crashes then.
edge_precompile(edge_engine_cold PRIVATE ${CMAKE_SOURCE_DIR}/cmake/precompiled_std.h)
edge_precompile(edge_engine PRIVATE ${CMAKE_SOURCE_DIR}/cmake/precompiled_std.h)
edge_precompile(edge_net REUSE_FROM edge_engine)
edge_precompile(edge_net_cold PRIVATE ${CMAKE_SOURCE_DIR}/cmake/precompiled_libraries.h)
edge_precompile(edge_roles REUSE_FROM edge_engine)
edge_precompile(edge_roles_cold REUSE_FROM edge_net_cold)
