# embed_lua(TARGET): every lua/NAME.lua of this folder becomes <generated>/FOLDER/NAME.lua.h with
# `static const char NAME_lua[]`, so that the scripts are read and edited as Lua and shipped inside the program.
set(EMBED_SCRIPT ${PROJECT_SOURCE_DIR}/cmake/embed_file.cmake)
function(embed_lua target)
  get_filename_component(folder ${CMAKE_CURRENT_SOURCE_DIR} NAME)
  file(GLOB scripts CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/lua/*.lua)
  set(headers)
  foreach(script ${scripts})
    get_filename_component(name ${script} NAME_WE)
    set(header ${PROJECT_BINARY_DIR}/generated/${folder}/${name}.lua.h)
    add_custom_command(OUTPUT ${header}
      COMMAND ${CMAKE_COMMAND} -DINPUT=${script} -DOUTPUT=${header} -DNAME=${name}_lua -P ${EMBED_SCRIPT}
      DEPENDS ${script} ${EMBED_SCRIPT} VERBATIM)
    list(APPEND headers ${header})
  endforeach()
  target_sources(${target} PRIVATE ${headers})
endfunction()
