# Toolchain file: compiles for 64-bit ARM on another machine, with Debian's and Ubuntu's packages
# g++-aarch64-linux-gnu and, to run the result, qemu-user.
#
#   cmake -B build/aarch64 -DCMAKE_TOOLCHAIN_FILE=cmake/aarch64-linux-gnu.cmake \
#         -DIPIP_BUILD_TORCH=OFF -DIPIP_BUILD_PYTHON=OFF -DIPIP_BUILD_CHECKS=ON
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)

set(ipip_root /usr/aarch64-linux-gnu)
set(CMAKE_FIND_ROOT_PATH "${ipip_root}")
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_CROSSCOMPILING_EMULATOR "qemu-aarch64;-L;${ipip_root}")
