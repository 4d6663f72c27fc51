# The Debian packages: hubward, and hubward-sandbox for those who test. Each component is a package.
include(GNUInstallDirs)

install(TARGETS hubward RUNTIME DESTINATION bin COMPONENT hubward)
install(FILES hubward.service DESTINATION /lib/systemd/system COMPONENT hubward)
install(FILES ${written}/hubward.1.gz DESTINATION share/man/man1 COMPONENT hubward)
install(FILES ${written}/hubward.toml.5.gz DESTINATION share/man/man5 COMPONENT hubward)
install(FILES ${written}/hubward.bash DESTINATION share/bash-completion/completions RENAME hubward COMPONENT hubward)
install(FILES ${written}/hubward.zsh DESTINATION share/zsh/vendor-completions RENAME _hubward COMPONENT hubward)
install(FILES ${written}/hubward.fish DESTINATION share/fish/vendor_completions.d COMPONENT hubward)
install(FILES hubward.toml DESTINATION share/doc/hubward/examples COMPONENT hubward)
install(FILES ${CMAKE_SOURCE_DIR}/README.md ${CMAKE_SOURCE_DIR}/SECURITY.md DESTINATION share/doc/hubward COMPONENT hubward)
install(DIRECTORY ${CMAKE_SOURCE_DIR}/docs DESTINATION share/doc/hubward COMPONENT hubward)

install(TARGETS hubspot-sandbox RUNTIME DESTINATION bin COMPONENT sandbox)
install(FILES ${written}/hubspot-sandbox.1.gz DESTINATION share/man/man1 COMPONENT sandbox)

foreach(component hubward sandbox)
  set(package hubward-${component})
  if(component STREQUAL hubward)
    set(package hubward)
  endif()
  install(FILES debian/copyright ${changelogs} DESTINATION share/doc/${package} COMPONENT ${component})
  string(TOUPPER ${component} part)
  set(CPACK_DEBIAN_${part}_PACKAGE_NAME ${package})
  set(CPACK_DEBIAN_${part}_FILE_NAME DEB-DEFAULT)
endforeach()

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME hubward)
set(CPACK_PACKAGE_DIRECTORY ${CMAKE_BINARY_DIR}/packages)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_COMPONENTS_ALL hubward sandbox)
set(CPACK_DEB_COMPONENT_INSTALL ON)
# Symbols go into hubward-dbgsym, found by the build id.
set(CPACK_DEBIAN_DEBUGINFO_PACKAGE ON)
set(CPACK_DEBIAN_PACKAGE_RELEASE ${HUBWARD_PACKAGE_RELEASE})
set(CPACK_DEBIAN_PACKAGE_MAINTAINER ${HUBWARD_PACKAGER})
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)

set(CPACK_DEBIAN_HUBWARD_PACKAGE_SECTION net)
# Beyond what the libraries' symbols ask for: the build refuses an OpenSSL before this, and so must the package.
set(openssl_package "libssl3 (>= ${HUBWARD_OPENSSL})")
set(CPACK_DEBIAN_HUBWARD_PACKAGE_DEPENDS "adduser, ca-certificates, ${openssl_package}")
set(CPACK_DEBIAN_SANDBOX_PACKAGE_DEPENDS "${openssl_package}")
set(CPACK_DEBIAN_HUBWARD_PACKAGE_CONTROL_EXTRA ${CMAKE_CURRENT_SOURCE_DIR}/debian/postinst
    ${CMAKE_CURRENT_SOURCE_DIR}/debian/prerm ${CMAKE_CURRENT_SOURCE_DIR}/debian/postrm)
set(CPACK_COMPONENT_HUBWARD_DESCRIPTION "security gateway for custom HubSpot integrations
Hubward stands between a team's own programs and HubSpot: it keeps the tokens
sealed and fresh, lets each program do only what its role allows, and writes
down every call. HubSpot's own SDKs work through it with two values changed.")

set(CPACK_DEBIAN_SANDBOX_PACKAGE_SECTION devel)
set(CPACK_COMPONENT_SANDBOX_DESCRIPTION "offline HubSpot for testing integrations
A simulated HubSpot with accounts, records, OAuth, rate limits and faults on
demand, against which integrations, and the Hubward gateway, can be tried.")

include(CPack)
