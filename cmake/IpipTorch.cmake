# The target ipip::torch: libtorch as the torch wheel ships it.
#
# Torch's own CMake package is not used: it asks for a CUDA toolkit when the wheel is a CUDA build,
# and ipip needs nothing but the C++ API of libtorch, which is the same in every build.

file(STRINGS "${IPIP_TORCH_DIR}/include/torch/headeronly/version.h" version_line
     REGEX "^ *\"[0-9]+\\.[0-9]+\\.[0-9]+")
string(REGEX MATCH "[0-9]+\\.[0-9]+\\.[0-9]+" IPIP_TORCH_VERSION "${version_line}")
if(NOT IPIP_TORCH_VERSION)
  message(FATAL_ERROR "No version found in the headers of torch in ${IPIP_TORCH_DIR}: "
                      "reinstall torch with `pip install -c constraints.txt torch`.")
endif()
message(STATUS "libtorch ${IPIP_TORCH_VERSION} in ${IPIP_TORCH_DIR}")

add_library(ipip_libtorch INTERFACE)
add_library(ipip::torch ALIAS ipip_libtorch)
target_include_directories(
  ipip_libtorch SYSTEM INTERFACE "${IPIP_TORCH_DIR}/include"
                                 "${IPIP_TORCH_DIR}/include/torch/csrc/api/include")
foreach(library IN ITEMS c10 torch_cpu torch)
  find_library(IPIP_LIB_${library} ${library} PATHS "${IPIP_TORCH_DIR}/lib" NO_DEFAULT_PATH
                                                    REQUIRED)
  target_link_libraries(ipip_libtorch INTERFACE "${IPIP_LIB_${library}}")
endforeach()
# A CUDA build of torch: its kernels register themselves when the library is loaded.
find_library(IPIP_LIB_torch_cuda torch_cuda PATHS "${IPIP_TORCH_DIR}/lib" NO_DEFAULT_PATH)
if(IPIP_LIB_torch_cuda)
  target_link_libraries(ipip_libtorch INTERFACE "${IPIP_LIB_torch_cuda}")
endif()
