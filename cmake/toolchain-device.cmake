# What the two device toolchains share; they set edge_device (armv7 or aarch64), edge_triplet and edge_qemu first.
# The libraries come from the sysroot that cmake/sysroot.sh fills; glibc and libstdc++ from the cross compiler's own
# directory /usr/TRIPLET, and QEMU runs test programs with exactly that one: two libcs mixed crash before main.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_CXX_COMPILER ${edge_triplet}-g++)
set(CMAKE_STRIP ${edge_triplet}-strip)
get_filename_component(edge_source_directory ${CMAKE_CURRENT_LIST_DIR} DIRECTORY)
set(CMAKE_SYSROOT ${edge_source_directory}/build/sysroot-${edge_device})
if(NOT EXISTS ${CMAKE_SYSROOT}/.complete)
  message(FATAL_ERROR "no sysroot for ${edge_device}: run cmake/sysroot.sh ${edge_device} first (make does)")
endif()
set(CMAKE_LIBRARY_ARCHITECTURE ${edge_triplet})
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
set(CMAKE_CROSSCOMPILING_EMULATOR ${edge_qemu};-L;/usr/${edge_triplet})
