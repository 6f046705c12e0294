# Which commit is built: from git, else from the file that `make sdist` puts into the source package.
set(commit_file "${CMAKE_CURRENT_BINARY_DIR}/commit.txt")
if(EXISTS "${CMAKE_CURRENT_SOURCE_DIR}/commit.txt")
  configure_file("${CMAKE_CURRENT_SOURCE_DIR}/commit.txt" "${commit_file}" COPYONLY)
else()
  execute_process(
    COMMAND git -C "${CMAKE_CURRENT_SOURCE_DIR}" rev-parse --short=12 HEAD
    OUTPUT_VARIABLE commit OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET
    RESULT_VARIABLE failed)
  if(failed)
    set(commit "unknown")
  endif()
  file(WRITE "${commit_file}" "${commit}\n")
endif()
install(FILES "${commit_file}" DESTINATION "${IPIP_INSTALL_DIR}")
