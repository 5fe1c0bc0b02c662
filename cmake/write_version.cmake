# Script: writes HEADER with "VERSION+gHASH" (".dirty" behind it if need be), or with VERSION alone without git. HASH is
# the last commit that changed the sources: editing config.toml or the documentation between the builds for two devices
# must not make them strangers to each other.
set(layers kernels engine net roles)
set(text "${VERSION}")
find_program(git git)
if(git)
  set(command ${git} --no-optional-locks -c "safe.directory=${SOURCE_DIRECTORY}" -C ${SOURCE_DIRECTORY})
  execute_process(COMMAND ${command} rev-parse --show-prefix RESULT_VARIABLE no_git OUTPUT_VARIABLE prefix
                  OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  if(NOT no_git AND prefix STREQUAL "")  # not when unpacked inside another repository
    execute_process(COMMAND ${command} log -1 --abbrev=7 --format=%h -- ${layers} OUTPUT_VARIABLE hash
                    OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
    execute_process(COMMAND ${command} status --porcelain -- ${layers} OUTPUT_VARIABLE changes ERROR_QUIET)
    if(hash)
      string(APPEND text "+g${hash}")
      if(changes)
        string(APPEND text ".dirty")
      endif()
    endif()
  endif()
endif()
set(content "#pragma once\ninline constexpr const char* edge_version = \"${text}\";\n")
if(EXISTS ${HEADER})
  file(READ ${HEADER} old)
endif()
if(NOT "${old}" STREQUAL "${content}")
  file(WRITE ${HEADER} "${content}")
endif()
