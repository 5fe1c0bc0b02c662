# edge_layer(NAME LIBRARIES...): the static library edge_NAME of all .cpp files below a layer's folder. Sources are globbed:
# adding a kernel, layer, scheduler or frame source is adding its file. Those that need no speed are compiled with less
# effort, as the object library edge_NAME_cold.
option(EDGE_UNITY "compile the files of a folder as one" OFF)

# Nobody waits for these: they read files, arguments and messages, or write reports. Everything else is -O3.
set(edge_cold_options $<$<CONFIG:Release>:-O1>)
set(edge_cold_sources
  "engine/(models|onnx)/" "engine/(labels|npy|pickle|printable|pth|safetensors|zip)[a-z_]*\\.cpp$"
  "net/(c[lo]|[abd-z])[a-z_]*\\.cpp$"
  "roles/[a-z_]*\\.cpp$" "roles/(chain|commands|config|drawing|infer|inspect|local|master|plan|process|report|trace|worker)/"
  "roles/prediction/trainer_client\\.cpp$" "roles/trainer/(report_html|statistics_json|trainer)\\.cpp$")
list(JOIN edge_cold_sources "|" edge_cold_sources)
set(edge_cold_sources "^(${edge_cold_sources})")

# At most so many files are compiled as one: a compiler must fit into the memory of a small device.
set(edge_unity_files 24)

# edge_unity(TARGET SOURCES...): with EDGE_UNITY, the files of each folder are compiled as one. So names in a folder's
# unnamed namespaces must be unique there. CMake leaves out sources with options of their own.
function(edge_unity target)
  if(NOT EDGE_UNITY)
    return()
  endif()
  set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_MODE GROUP)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")  # false alarms about coroutines outside of what GCC thinks is the main file
    target_compile_options(${target} PRIVATE -Wno-subobject-linkage)
  endif()
  foreach(source IN LISTS ARGN)
    file(RELATIVE_PATH folder ${CMAKE_SOURCE_DIR} ${source})
    get_filename_component(folder ${folder} DIRECTORY)
    string(MAKE_C_IDENTIFIER ${folder} folder)
    if(NOT DEFINED files_${folder})
      set(files_${folder} 0)
    endif()
    math(EXPR part "${files_${folder}} / ${edge_unity_files}")
    math(EXPR files_${folder} "${files_${folder}} + 1")
    set_property(SOURCE ${source} PROPERTY UNITY_GROUP ${folder}_${part})
  endforeach()
endfunction()

# The one that has the definitions of toml++, which must not have been included before.
set_source_files_properties(${CMAKE_SOURCE_DIR}/roles/config/toml_file.cpp PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)

function(edge_layer name)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS RELATIVE ${CMAKE_SOURCE_DIR} ${CMAKE_SOURCE_DIR}/${name}/*.cpp)
  list(FILTER sources EXCLUDE REGEX "/(avx2|neon)/|roles/main\\.cpp$")
  set(cold ${sources})
  list(FILTER cold INCLUDE REGEX "${edge_cold_sources}")
  if(cold)
    list(REMOVE_ITEM sources ${cold})
  endif()
  list(TRANSFORM sources PREPEND ${CMAKE_SOURCE_DIR}/)
  list(TRANSFORM cold PREPEND ${CMAKE_SOURCE_DIR}/)
  add_library(edge_${name} STATIC ${sources})
  target_include_directories(edge_${name} PUBLIC ${CMAKE_SOURCE_DIR})
  target_link_libraries(edge_${name} PUBLIC edge_flags ${ARGN})
  if(cold)
    add_library(edge_${name}_cold OBJECT ${cold})
    target_include_directories(edge_${name}_cold PRIVATE ${CMAKE_SOURCE_DIR})
    target_link_libraries(edge_${name}_cold PRIVATE edge_flags ${ARGN})
    target_compile_options(edge_${name}_cold PRIVATE ${edge_cold_options})
    target_sources(edge_${name} PRIVATE $<TARGET_OBJECTS:edge_${name}_cold>)
  endif()
  if(NOT name STREQUAL "kernels")  # its files repeat names, one for each instruction set
    edge_unity(edge_${name} ${sources})
    if(cold)
      edge_unity(edge_${name}_cold ${cold})
    endif()
  endif()
endfunction()
