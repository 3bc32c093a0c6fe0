# A room is one folder of cpp/: a library of every .cpp in it, that sees its own headers
# and those of the rooms it names, and nothing else. Headers are "room/file.hpp".
#
#   pyscalp_room(book USES base HOT)
#
# HOT marks code that runs between packet and order: no exceptions, no RTTI.

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
  cmake_parse_arguments(ROOM "HOT" "" "USES" ${ARGN})
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
  foreach(used ${ROOM_USES})
    target_link_libraries(pyscalp_${name} ${scope} pyscalp_${used})
  endforeach()
endfunction()
