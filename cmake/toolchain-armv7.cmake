# Raspberry Pi 2 and later with a 32-bit system. The baseline has no NEON: kernels/neon/ has its own flags, and `edge`
# refuses with one line to start on a CPU without it.
set(CMAKE_SYSTEM_PROCESSOR armv7l)
set(edge_device armv7)
set(edge_triplet arm-linux-gnueabihf)
set(edge_qemu qemu-arm)
set(CMAKE_CXX_FLAGS_INIT "-march=armv7-a -mfpu=vfpv3-d16 -mfloat-abi=hard")
include(${CMAKE_CURRENT_LIST_DIR}/toolchain-device.cmake)
