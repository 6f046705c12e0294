# For each torch that a part is built for, the target ipip::torch-<major.minor>: libtorch as the torch
# wheel ships it. IPIP_TORCH_VERSIONS lists them.
#
# Torch's own CMake package is not used: it requires a CUDA toolkit when the wheel is a CUDA build,
# and ipip needs only the C++ API of libtorch, which is the same in every build. libtorch.so loads
# the kernels of a CUDA build if it is one, so a part built against either runs with both.

# ipip_torch(<folder of a torch package>)
function(ipip_torch folder)
  set(header "${folder}/include/torch/headeronly/version.h")
  set(version "")
  if(EXISTS "${header}")
    file(STRINGS "${header}" line REGEX "^ *\"[0-9]+\\.[0-9]+\\.[0-9]+")
    string(REGEX MATCH "([0-9]+\\.[0-9]+)\\.[0-9]+" version "${line}")
  endif()
  if(NOT version)
    message(FATAL_ERROR "No version found in the headers of torch in ${folder}: "
                        "reinstall torch with `pip install -c constraints.txt torch`.")
  endif()
  set(minor "${CMAKE_MATCH_1}")
  if(TARGET ipip_libtorch-${minor})
    message(FATAL_ERROR "IPIP_TORCH_FOLDERS names two torches of version ${minor}, the second in "
                        "${folder}: one part serves every torch ${minor}, so leave one out.")
  endif()
  message(STATUS "libtorch ${version} in ${folder}")
  add_library(ipip_libtorch-${minor} INTERFACE)
  add_library(ipip::torch-${minor} ALIAS ipip_libtorch-${minor})
  target_include_directories(
    ipip_libtorch-${minor} SYSTEM INTERFACE "${folder}/include"
                                            "${folder}/include/torch/csrc/api/include")
  foreach(library IN ITEMS c10 torch_cpu torch)
    set(file "${folder}/lib/lib${library}.so")
    if(NOT EXISTS "${file}")
      message(FATAL_ERROR "${file} is missing: reinstall that torch.")
    endif()
    target_link_libraries(ipip_libtorch-${minor} INTERFACE "${file}")
  endforeach()
  set(IPIP_TORCH_VERSIONS ${IPIP_TORCH_VERSIONS} ${minor} PARENT_SCOPE)
endfunction()

# A pattern means the folders that it matches.
set(folders "")
foreach(folder IN LISTS IPIP_TORCH_FOLDERS)
  if(folder MATCHES "[*?]")
    file(GLOB folder LIST_DIRECTORIES true "${folder}")
  endif()
  list(APPEND folders ${folder})
endforeach()
set(IPIP_TORCH_FOLDERS ${folders})
set(IPIP_TORCH_VERSIONS "")
foreach(folder IN LISTS IPIP_TORCH_FOLDERS)
  ipip_torch("${folder}")
endforeach()
if(NOT IPIP_TORCH_VERSIONS)
  message(FATAL_ERROR "IPIP_TORCH_FOLDERS matches no folder of a torch package: give the folder that "
                      "holds include/ and lib/, or leave it empty.")
endif()
