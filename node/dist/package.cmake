# What is installed beside the program, and two Debian packages of it:
#     cpack --config build/release/CPackConfig.cmake
set(dist ${CMAKE_CURRENT_LIST_DIR})
find_program(GZIP gzip REQUIRED)

# dist_compressed(COMPONENT FILE FOLDER): installs FILE.gz, as policy wants it.
function(dist_compressed component file folder)
    get_filename_component(name ${file} NAME)
    set(made ${PROJECT_BINARY_DIR}/dist/${component}/${name}.gz)
    file(MAKE_DIRECTORY ${PROJECT_BINARY_DIR}/dist/${component})
    execute_process(COMMAND ${GZIP} -9nc ${file} OUTPUT_FILE ${made}
        COMMAND_ERROR_IS_FATAL ANY)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
    install(FILES ${made} COMPONENT ${component} DESTINATION ${folder})
endfunction()

foreach(page cimesh.1 cimesh.zpl.5 cimesh-roster.5 cimesh-node.8)
    string(REGEX MATCH "[0-9]$" section ${page})
    dist_compressed(node ${dist}/man/${page}
        ${CMAKE_INSTALL_MANDIR}/man${section})
endforeach()
install(FILES ${dist}/completions/cimesh.bash COMPONENT node
    DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions
    RENAME cimesh)
install(FILES ${dist}/completions/_cimesh COMPONENT node
    DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions)
install(FILES ${dist}/completions/cimesh.fish COMPONENT node
    DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
install(FILES ${dist}/systemd/cimesh.service ${dist}/systemd/cimesh.socket
    COMPONENT node DESTINATION lib/systemd/system)
install(FILES ${dist}/systemd/cimesh.sysusers COMPONENT node
    DESTINATION lib/sysusers.d RENAME cimesh.conf)

foreach(pair "node cimesh" "dev libcimesh-dev")
    separate_arguments(pair)
    list(GET pair 0 component)
    list(GET pair 1 name)
    set(folder ${CMAKE_INSTALL_DATADIR}/doc/${name})
    install(FILES ${dist}/debian/copyright COMPONENT ${component}
        DESTINATION ${folder})
    dist_compressed(${component} ${dist}/debian/changelog ${folder})
endforeach()

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME cimesh)
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY
    "mesh for CI events between communities, without a broker")
set(CPACK_PACKAGE_VENDOR "the cimesh developers")
set(CPACK_PACKAGE_CONTACT "the cimesh developers <cimesh@lists.example.org>")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_ALL node dev)
set(CPACK_COMPONENTS_GROUPING IGNORE)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)

set(CPACK_DEBIAN_NODE_PACKAGE_NAME cimesh)
set(CPACK_DEBIAN_NODE_PACKAGE_SECTION net)
set(CPACK_DEBIAN_NODE_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_NODE_PACKAGE_DEPENDS passwd)
set(CPACK_DEBIAN_NODE_PACKAGE_RECOMMENDS systemd)
set(CPACK_DEBIAN_NODE_PACKAGE_CONTROL_EXTRA
    "${dist}/debian/postinst;${dist}/debian/prerm;${dist}/debian/postrm")
set(CPACK_COMPONENT_NODE_DESCRIPTION
"Every community runs a node. A CI job tells its node what happened; the node
signs it, keeps it and publishes it to the nodes that follow. Those check it,
keep it and start their own CI. Nobody runs a broker.")

set(CPACK_DEBIAN_DEV_PACKAGE_NAME libcimesh-dev)
set(CPACK_DEBIAN_DEV_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEV_PACKAGE_DEPENDS
    "libsodium-dev, libmsgpack-dev, libjansson-dev")
set(CPACK_COMPONENT_DEV_DESCRIPTION
"What any program needs to make, seal, check and read the events of a cimesh
mesh, as a static library with its headers: keys, events, batches, proofs and
catch-up messages.")
include(CPack)
