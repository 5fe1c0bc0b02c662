# bench/bench_NAME.cpp, each a google-benchmark program.
find_package(benchmark REQUIRED)
find_library(edge_bench_openblas openblas REQUIRED)  # what some compare with; the program loads it only when it is wanted
add_custom_target(edge_benchmarks)
file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/bench/bench_*.cpp)
foreach(source IN LISTS sources)
  get_filename_component(name ${source} NAME_WE)
  add_executable(${name} ${source})
  target_link_libraries(${name} PRIVATE edge_roles benchmark::benchmark)
  add_dependencies(edge_benchmarks ${name})
  if(name MATCHES "^bench_(conv|gemm)$")
    target_link_libraries(${name} PRIVATE ${edge_bench_openblas})
  endif()
endforeach()
