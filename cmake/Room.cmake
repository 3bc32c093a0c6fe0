# A room is one folder of cpp/: a library of every .cpp in it, that sees its own headers
# and those of the rooms it names, and nothing else. Headers are "room/file.hpp".
#
#   pyscalp_room(book USES base HOT)
#
# HOT marks code that runs between packet and order: no exceptions, no RTTI.
#
#   pyscalp_room(binance USES base HOT NEEDS simdjson libsimdjson-dev)
#
# NEEDS names a CMake package and Debian's package of it. Where the first is not found
# the room is left out, and a line says so; PYSCALP_HAS_<ROOM> is defined for whoever
# links the room, and is what the code of other rooms asks.

add_library(pyscalp_options INTERFACE)
target_compile_options(pyscalp_options INTERFACE -Wall -Wextra -Wpedantic -Wshadow
                                                 -Wconversion -Wno-sign-conversion)
if(PYSCALP_WERROR)
  target_compile_options(pyscalp_options INTERFACE -Werror)
endif()
if(PYSCALP_SANITIZE)
  target_compile_options(pyscalp_options INTERFACE -fsanitize=${PYSCALP_SANITIZE}
                                                   -fno-omit-frame-pointer)
  target_link_options(pyscalp_options INTERFACE -fsanitize=${PYSCALP_SANITIZE})
endif()

function(pyscalp_room name)
  cmake_parse_arguments(ROOM "HOT" "" "USES;NEEDS" ${ARGN})
  if(ROOM_NEEDS)
    list(GET ROOM_NEEDS 0 package)
    list(GET ROOM_NEEDS 1 debian)
    find_package(${package} QUIET)
    if(NOT ${package}_FOUND)
      message(STATUS "${name} is left out: ${package} is missing (Debian: ${debian})")
      set_property(GLOBAL APPEND PROPERTY PYSCALP_LEFT_OUT ${name})
      return()
    endif()
  endif()
  # Each room's headers are reached through a folder that holds that room alone.
  set(view ${PROJECT_BINARY_DIR}/rooms/${name})
  file(MAKE_DIRECTORY ${view})
  file(CREATE_LINK ${CMAKE_CURRENT_SOURCE_DIR}/${name} ${view}/${name} SYMBOLIC)
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${name}/*.cpp)
  if(sources)
    add_library(pyscalp_${name} STATIC ${sources})
    set(scope PUBLIC)
    target_link_libraries(pyscalp_${name} PRIVATE pyscalp_options)
    if(ROOM_HOT)
      target_compile_options(pyscalp_${name} PRIVATE -fno-exceptions -fno-rtti)
    endif()
  else()
    add_library(pyscalp_${name} INTERFACE)
    set(scope INTERFACE)
  endif()
  target_include_directories(pyscalp_${name} ${scope} ${view})
  get_property(left_out GLOBAL PROPERTY PYSCALP_LEFT_OUT)
  foreach(used ${ROOM_USES})
    if(NOT used IN_LIST left_out)
      target_link_libraries(pyscalp_${name} ${scope} pyscalp_${used})
    endif()
  endforeach()
  if(ROOM_NEEDS)
    # Programs of other folders link the room, and the package with it.
    set_target_properties(${package}::${package} PROPERTIES IMPORTED_GLOBAL TRUE)
    target_link_libraries(pyscalp_${name} PRIVATE ${package}::${package})
    string(TOUPPER ${name} upper)
    target_compile_definitions(pyscalp_${name} PUBLIC PYSCALP_HAS_${upper})
  endif()
endfunction()
