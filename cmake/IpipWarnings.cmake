# ipip_warnings(<target>): the warnings that ipip's code must be free of.
function(ipip_warnings target)
  target_compile_options(${target} PRIVATE -Wall -Wextra)
  if(IPIP_WERROR)
    target_compile_options(${target} PRIVATE -Werror)
  endif()
endfunction()
