# cmake -DREPORT=FILE -P IpipCompileCuda.cmake -- COMMAND...
#
# Runs nvcc and writes what it prints into a file: what each kernel takes of a multiprocessor, which
# tests/cuda/test_compiled.py reads.
set(command "")
set(is_command FALSE)
math(EXPR last "${CMAKE_ARGC} - 1")
foreach(index RANGE ${last})
  if(is_command)
    list(APPEND command "${CMAKE_ARGV${index}}")
  elseif(CMAKE_ARGV${index} STREQUAL "--")
    set(is_command TRUE)
  endif()
endforeach()
execute_process(COMMAND ${command} OUTPUT_FILE "${REPORT}" ERROR_FILE "${REPORT}" RESULT_VARIABLE status)
file(STRINGS "${REPORT}" trouble REGEX "warning|error")
foreach(line IN LISTS trouble)
  message(NOTICE "${line}")
endforeach()
if(NOT status EQUAL 0)
  message(FATAL_ERROR "nvcc ended with ${status}; ${REPORT} has what it printed")
endif()
