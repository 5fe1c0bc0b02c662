# One GoogleTest program per layer: tests/LAYER/*_test.cpp mirror the layer's files. ctest's name of a program is the
# layer; the results of its cases lie in test-results/LAYER.xml of the build directory (.ci/summary counts them).
# end_to_end, with real processes, runs on the host only. Its cases MixedIsa.* need the device binaries too: they are
# ctest's test mixed_isa, label "pi", which `make test-pi` runs.
if(CMAKE_CROSSCOMPILING)
  set(googletest /usr/src/googletest/googletest)  # there are no foreign libraries of it, but Debian has the sources
  if(NOT EXISTS ${googletest}/CMakeLists.txt)
    message(FATAL_ERROR "${googletest} is missing: install the package googletest, or use -DEDGE_TESTS=OFF")
  endif()
  set(INSTALL_GTEST OFF CACHE BOOL "" FORCE)
  add_subdirectory(${googletest} googletest EXCLUDE_FROM_ALL)
  target_compile_options(gtest PRIVATE -w)
else()
  find_package(GTest REQUIRED)
endif()

function(edge_test name program)  # further arguments: those of the program
  add_test(NAME ${name} COMMAND ${program} ${ARGN})
  set_tests_properties(${name} PROPERTIES TIMEOUT 900
    ENVIRONMENT "GTEST_OUTPUT=xml:${CMAKE_BINARY_DIR}/test-results/${name}.xml"
    FAIL_REGULAR_EXPRESSION "Running 0 tests")
endfunction()

# Tests are compiled more often than they are run: most are not worth more effort than this. The kernels' compare with
# slow definitions of what they must do, a million times.
set(edge_test_options $<$<CONFIG:Release>:-O1>)
set(edge_kernel_test_options $<$<CONFIG:Release>:-O2>)
add_library(edge_test_headers OBJECT ${CMAKE_SOURCE_DIR}/tests/precompiled.cpp)
target_link_libraries(edge_test_headers PRIVATE edge_roles GTest::gtest)
target_compile_options(edge_test_headers PRIVATE ${edge_test_options})
edge_precompile(edge_test_headers PRIVATE ${CMAKE_SOURCE_DIR}/tests/precompiled.h)

set(edge_unity_files 8)  # GoogleTest takes memory
set(edge_test_programs "")
foreach(layer kernels engine net roles)
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/${layer}/*.cpp)
  if(sources)
    add_executable(test_${layer} ${sources})
    if(NOT layer STREQUAL "kernels")
      edge_unity(test_${layer} ${sources})
    endif()
    target_link_libraries(test_${layer} PRIVATE edge_${layer} GTest::gtest_main)
    target_compile_definitions(test_${layer} PRIVATE EDGE_TEST_DATA="${CMAKE_SOURCE_DIR}/tests/${layer}/data")
    if(layer STREQUAL "kernels")
      target_compile_options(test_${layer} PRIVATE ${edge_kernel_test_options})
    else()
      target_compile_options(test_${layer} PRIVATE ${edge_test_options})
    endif()
    if(layer MATCHES "net|roles")
      edge_precompile(test_${layer} REUSE_FROM edge_test_headers)
    else()
      edge_precompile(test_${layer} PRIVATE ${CMAKE_SOURCE_DIR}/cmake/precompiled_std.h <gtest/gtest.h>)
    endif()
    edge_test(${layer} test_${layer})
    list(APPEND edge_test_programs test_${layer})
  endif()
endforeach()

file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/end_to_end/*.cpp)
if(sources AND NOT CMAKE_CROSSCOMPILING)
  add_executable(test_end_to_end ${sources})
  edge_unity(test_end_to_end ${sources})
  target_link_libraries(test_end_to_end PRIVATE edge_roles GTest::gtest_main)
  target_compile_definitions(test_end_to_end PRIVATE EDGE_BINARY="$<TARGET_FILE:edge>"
    EDGE_SOURCE_DIRECTORY="${CMAKE_SOURCE_DIR}" EDGE_TEST_DATA="${CMAKE_SOURCE_DIR}/tests/end_to_end/data")
  target_compile_options(test_end_to_end PRIVATE ${edge_test_options})
  edge_precompile(test_end_to_end REUSE_FROM edge_test_headers)
  add_dependencies(test_end_to_end edge)
  edge_test(end_to_end test_end_to_end --gtest_filter=-MixedIsa.*)
  edge_test(mixed_isa test_end_to_end --gtest_filter=MixedIsa.*)
  set_tests_properties(mixed_isa PROPERTIES LABELS pi)
  list(APPEND edge_test_programs test_end_to_end)
endif()

# Chains under faults: ten seeds here, a hundred by `make test-faults` (docs/testing.md).
file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/faults/*.cpp)
list(FILTER sources EXCLUDE REGEX "/clock_jump\\.cpp$")
if(sources AND NOT CMAKE_CROSSCOMPILING)
  add_library(edge_clock_jump MODULE ${CMAKE_SOURCE_DIR}/tests/faults/clock_jump.cpp)
  target_link_libraries(edge_clock_jump PRIVATE ${CMAKE_DL_LIBS})
  add_executable(edge_faults ${sources} ${CMAKE_SOURCE_DIR}/tests/end_to_end/edge_process.cpp)
  target_link_libraries(edge_faults PRIVATE edge_net GTest::gtest)  # which the precompiled headers have
  target_compile_definitions(edge_faults PRIVATE EDGE_BINARY="$<TARGET_FILE:edge>"
    EDGE_CLOCK_LIBRARY="$<TARGET_FILE:edge_clock_jump>")
  if(EDGE_SANITIZE)
    target_compile_definitions(edge_faults PRIVATE EDGE_SANITIZED)
  endif()
  target_compile_options(edge_faults PRIVATE ${edge_test_options})
  edge_precompile(edge_faults REUSE_FROM edge_test_headers)
  add_dependencies(edge_faults edge edge_clock_jump)
  add_test(NAME faults COMMAND edge_faults --seeds 10 --jobs 3)
  set_tests_properties(faults PROPERTIES TIMEOUT 900)
  list(APPEND edge_test_programs edge_faults)
endif()

if(EDGE_STATIC_LIBRARIES AND NOT EDGE_STATIC)
  add_test(NAME needed_libraries COMMAND ${CMAKE_SOURCE_DIR}/cmake/check-needed.sh $<TARGET_FILE:edge>)
  list(APPEND edge_test_programs edge)
endif()
add_custom_target(edge_tests DEPENDS ${edge_test_programs})
