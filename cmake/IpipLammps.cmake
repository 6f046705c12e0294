# ipip_use_lammps(<target>): include paths and version of the LAMMPS that will load the plugin.
# LAMMPS itself is never linked: its symbols are there when it loads the plugin.
function(ipip_use_lammps target)
  set(version "")
  if(IPIP_LAMMPS_SOURCE_DIR OR IPIP_LAMMPS_PREFIX)
    find_path(IPIP_LAMMPS_INCLUDE lammps.h
              PATHS "${IPIP_LAMMPS_SOURCE_DIR}/src" "${IPIP_LAMMPS_PREFIX}/include/lammps"
              NO_DEFAULT_PATH)
    if(NOT IPIP_LAMMPS_INCLUDE)
      message(FATAL_ERROR
        "No lammps.h in ${IPIP_LAMMPS_SOURCE_DIR}/src or ${IPIP_LAMMPS_PREFIX}/include/lammps: "
        "set IPIP_LAMMPS_SOURCE_DIR to LAMMPS' source tree or IPIP_LAMMPS_PREFIX to its prefix.")
    endif()
    if(EXISTS "${IPIP_LAMMPS_INCLUDE}/version.h")
      file(STRINGS "${IPIP_LAMMPS_INCLUDE}/version.h" line REGEX "LAMMPS_VERSION")
      if(line MATCHES "\"([0-9]+) ([A-Z][a-z][a-z])[a-z]* ([0-9]+)\"")
        set(months Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec)
        list(FIND months "${CMAKE_MATCH_2}" month)
        math(EXPR version "${CMAKE_MATCH_3} * 10000 + (${month} + 1) * 100 + ${CMAKE_MATCH_1}")
      endif()
    endif()
    find_package(MPI REQUIRED COMPONENTS CXX)
    target_link_libraries(${target} PRIVATE MPI::MPI_CXX)
  else()
    set(IPIP_LAMMPS_INCLUDE "${IPIP_LAMMPS_DIR}/include/lammps")
    file(STRINGS "${IPIP_LAMMPS_DIR}/__init__.py" line REGEX "^__version__ *= *[0-9]+")
    string(REGEX MATCH "[0-9]+" version "${line}")
    # Only the header: the symbols come with the MPI that LAMMPS has loaded.
    target_include_directories(${target} SYSTEM PRIVATE "${IPIP_MPICH_DIR}")
  endif()
  target_include_directories(${target} SYSTEM PRIVATE "${IPIP_LAMMPS_INCLUDE}")
  if(version)
    target_compile_definitions(${target} PRIVATE IPIP_LAMMPS_NUM_VER=${version})
  endif()
  message(STATUS "LAMMPS ${version} in ${IPIP_LAMMPS_INCLUDE}")
endfunction()
