# libipip_cuda.so, made by nvcc: the one on PATH, or the one of the package nvidia-cuda-nvcc.
#
#   IPIP_CUDA                ON, OFF, or AUTO: on if there is an nvcc, for the
#                            machine that builds
#   IPIP_CUDA_ARCHITECTURES  compute capabilities; 8.6 and 8.9 run the code of 8.0, later GPUs the PTX
#                            of the last
set(IPIP_CUDA AUTO CACHE STRING "Build the kernels for GPUs: ON, OFF or AUTO")
set(IPIP_CUDA_ARCHITECTURES "75;80;90;100;120" CACHE STRING "Compute capabilities of GPUs")

# The library of another build, whose classes may have another layout, lacks the function that is
# looked up.
file(GLOB cuda_headers CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/src/backends/cuda/*.hpp"
     "${CMAKE_CURRENT_SOURCE_DIR}/src/backends/cuda/device/*.hpp"
     "${CMAKE_CURRENT_SOURCE_DIR}/src/backends/cuda/training/kernel*.hpp"
     "${CMAKE_CURRENT_SOURCE_DIR}/src/backends/cuda/device/training/*.hpp")
ipip_digest(cuda_digest ${cuda_headers})
set(cuda_part "IPIP_CUDA_PART=ipip_cuda_part_${cuda_digest}")
set_source_files_properties(src/backends/cuda/cuda_backend.cpp PROPERTIES COMPILE_DEFINITIONS
                                                                          "${cuda_part}")

if(NOT IPIP_CUDA OR (IPIP_CUDA STREQUAL "AUTO" AND CMAKE_CROSSCOMPILING))
  return()
endif()

execute_process(
  COMMAND
    "${Python_EXECUTABLE}" -c
    "import importlib.util as u, pathlib as p
spec = u.find_spec('nvidia')
for root in spec.submodule_search_locations if spec else []:
    print(*sorted(map(str, p.Path(root).glob('cu*/bin'))), sep=';')"
  OUTPUT_VARIABLE nvcc_folders
  OUTPUT_STRIP_TRAILING_WHITESPACE)
find_program(IPIP_NVCC nvcc HINTS ${nvcc_folders})
if(NOT IPIP_NVCC)
  if(IPIP_CUDA STREQUAL "AUTO")
    message(STATUS "ipip: no nvcc on PATH, so no kernels for GPUs")
    return()
  endif()
  message(FATAL_ERROR "IPIP_CUDA is ${IPIP_CUDA}, but there is no nvcc on PATH: install the CUDA "
                      "compiler, or `pip install nvidia-cuda-nvcc nvidia-cuda-runtime`")
endif()

set(code "")
foreach(capability IN LISTS IPIP_CUDA_ARCHITECTURES)
  list(APPEND code "-gencode=arch=compute_${capability},code=sm_${capability}")
  set(last ${capability})
endforeach()
list(APPEND code "-gencode=arch=compute_${last},code=compute_${last}")

set(cuda_source "${CMAKE_CURRENT_SOURCE_DIR}/src/backends/cuda/gpu.cu")
set(cuda_library "${CMAKE_CURRENT_BINARY_DIR}/libipip_cuda.so")
set(cuda_report "${CMAKE_CURRENT_BINARY_DIR}/libipip_cuda.txt")
set(nvcc ${CMAKE_CXX_COMPILER_LAUNCHER} "${IPIP_NVCC}")
set(cuda_flags -std=c++20 -O3 "-D${cuda_part}" "-I${CMAKE_CURRENT_SOURCE_DIR}/src" --threads 2 -ccbin
               "${CMAKE_CXX_COMPILER}" -Xcompiler -fPIC,-fvisibility=hidden)
add_custom_command(
  OUTPUT "${cuda_library}"
  BYPRODUCTS "${cuda_report}"
  COMMAND "${CMAKE_COMMAND}" "-DREPORT=${cuda_report}" -P
          "${PROJECT_SOURCE_DIR}/cmake/IpipCompileCuda.cmake" -- ${nvcc} ${cuda_flags} ${code} -Xptxas
          -v -c "${cuda_source}" -o gpu.o
  COMMAND "${IPIP_NVCC}" -ccbin "${CMAKE_CXX_COMPILER}" --cudart=static --shared gpu.o -o
          "${cuda_library}" -Xlinker -s
  DEPENDS "${cuda_source}" ${cuda_headers}
  WORKING_DIRECTORY "${CMAKE_CURRENT_BINARY_DIR}"
  COMMENT "Compiling the kernels for GPUs (${IPIP_CUDA_ARCHITECTURES})"
  VERBATIM)
add_custom_target(ipip_cuda ALL DEPENDS "${cuda_library}")
install(PROGRAMS "${cuda_library}" DESTINATION "${IPIP_INSTALL_DIR}")
