# edge_flags: what every target is compiled with.
add_library(edge_flags INTERFACE)
target_compile_options(edge_flags INTERFACE -Wall -Wextra -Wpedantic -Wconversion
  $<$<NOT:$<BOOL:$<TARGET_PROPERTY:UNITY_BUILD>>>:-Wshadow>  # there it would warn of names in other files
  -ffp-contract=off)  # the same arithmetic on every platform: fused multiply-add only where it is written
if(CMAKE_SIZEOF_VOID_P EQUAL 4)
  # Files beyond 2 GiB: without this, open() and stat() refuse them where a long has 32 bits. For all targets, as it
  # changes the size of off_t.
  add_compile_definitions(_FILE_OFFSET_BITS=64)
endif()
set(CMAKE_CXX_FLAGS_RELEASE "-O3 -DNDEBUG")
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O2 -g")
if(CMAKE_SYSTEM_PROCESSOR MATCHES "^arm")
  target_compile_options(edge_flags INTERFACE -Wno-psabi)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  target_compile_options(edge_flags INTERFACE -Wno-restrict)  # false alarms about std::string's operator+ in GCC 12
endif()
if(EDGE_SANITIZE)
  set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O1 -g")  # -O2 takes much longer to compile, and finds no more
  target_compile_options(edge_flags INTERFACE -fsanitize=${EDGE_SANITIZE} -fno-sanitize-recover=all
    -fno-omit-frame-pointer -g)
  target_link_options(edge_flags INTERFACE -fsanitize=${EDGE_SANITIZE})
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(edge_flags INTERFACE -Wno-maybe-uninitialized)  # false alarms about instrumented code
    if(EDGE_SANITIZE STREQUAL "thread")
      target_compile_options(edge_flags INTERFACE -Wno-tsan)  # of asio's fences, which it does not follow
    endif()
  endif()
endif()
target_link_options(edge_flags INTERFACE -Wl,-z,noexecstack)  # Debian's armhf OpenBLAS lacks the GNU-stack note
if(CMAKE_CROSSCOMPILING)
  # Of static libraries, and of our own, only what can be reached: half a megabyte less to copy to a device.
  target_compile_options(edge_flags INTERFACE -ffunction-sections -fdata-sections)
  target_link_options(edge_flags INTERFACE -Wl,--gc-sections)
  target_link_options(edge_flags INTERFACE $<$<NOT:$<BOOL:$<TARGET_PROPERTY:EDGE_KEEP_SYMBOLS>>>:-s>)
endif()

find_program(EDGE_CCACHE ccache)
if(EDGE_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # ccache takes part in precompiled headers only when it is told that their time stamps do not matter.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros ${EDGE_CCACHE})
endif()
