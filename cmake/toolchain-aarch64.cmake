# Raspberry Pi 3 and later with a 64-bit system.
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(edge_device aarch64)
set(edge_triplet aarch64-linux-gnu)
set(edge_qemu qemu-aarch64)
include(${CMAKE_CURRENT_LIST_DIR}/toolchain-device.cmake)
