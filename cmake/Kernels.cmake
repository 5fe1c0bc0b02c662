# Kernels of one instruction set are compiled in their own files with their own flags and chosen at run time.
# Such a file must not instantiate std templates: the linker might keep that copy for CPUs without the instructions.
# Fuzzers look at what parses bytes from outside, which these do not: without its checks clang compiles them in seconds, with
# them in minutes.
function(edge_isa folder flags definition)
  if(EDGE_FUZZ)
    list(APPEND flags -fno-sanitize=all)
  endif()
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/kernels/${folder}/*.cpp)
  target_sources(edge_kernels PRIVATE ${sources})
  set_source_files_properties(${sources} PROPERTIES COMPILE_OPTIONS "${flags}")
  target_compile_definitions(edge_kernels PUBLIC ${definition})
endfunction()

if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  edge_isa(avx2 "-mavx2;-mfma;-mbmi2" EDGE_HAVE_AVX2=1)
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "aarch64|arm64")
  edge_isa(neon "" EDGE_HAVE_NEON=1)
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "^arm")
  edge_isa(neon "-mfpu=neon-vfpv4" EDGE_HAVE_NEON=1)
endif()
