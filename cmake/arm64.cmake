# SPDX-License-Identifier: EUPL-1.2
# Toolchain for a Pi: Debian's cross compiler, libraries of build/sysroot-arm64 (firmware-app/packaging/sysroot.sh). What
# is built runs here under qemu's user emulation.
get_filename_component(SCHOOLPOORT_SYSROOT ${CMAKE_CURRENT_LIST_DIR}/../build/sysroot-arm64 REALPATH)
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
set(CMAKE_SYSROOT ${SCHOOLPOORT_SYSROOT})
set(CMAKE_CROSSCOMPILING_EMULATOR qemu-aarch64;-L;${SCHOOLPOORT_SYSROOT})
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
set(ENV{PKG_CONFIG_SYSROOT_DIR} ${SCHOOLPOORT_SYSROOT})
set(ENV{PKG_CONFIG_LIBDIR}
	${SCHOOLPOORT_SYSROOT}/usr/lib/aarch64-linux-gnu/pkgconfig:${SCHOOLPOORT_SYSROOT}/usr/share/pkgconfig)
