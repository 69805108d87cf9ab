# SPDX-License-Identifier: EUPL-1.2
# Compiler settings of the whole project, the foreign libraries as targets, and two functions:
#
#   schoolpoort_part(NAME SOURCES ... USES ...)     a static library `sp_NAME` of one folder
#   schoolpoort_program(NAME SOURCES ... USES ...)  a program in bin/
#
# USES names our parts without `sp_`, or foreign libraries as lib::NAME. tests/lint reads these
# calls: an arrow that architecture does not list fails there.

set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
if(NOT CMAKE_RUNTIME_OUTPUT_DIRECTORY)
	set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
endif()

option(SCHOOLPOORT_WERROR "treat warnings as errors; a packager may turn it off" ON)
set(SCHOOLPOORT_SANITIZE "" CACHE STRING "sanitizers for all code: address,undefined or thread")

add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion
	-Wstrict-prototypes -Wmissing-prototypes -Wvla -Wswitch-enum -Wformat=2 -Wundef
	-Wwrite-strings -Wcast-qual -fno-common -ffunction-sections)
# Paths in assert messages start at the project, so a build tells nothing of its machine.
add_compile_options(-ffile-prefix-map=${CMAKE_SOURCE_DIR}/=)
if(SCHOOLPOORT_WERROR)
	add_compile_options(-Werror)
endif()
if(SCHOOLPOORT_SANITIZE)
	add_compile_options(-fsanitize=${SCHOOLPOORT_SANITIZE} -fno-omit-frame-pointer)
	add_link_options(-fsanitize=${SCHOOLPOORT_SANITIZE})
	if(SCHOOLPOORT_SANITIZE MATCHES undefined)
		add_compile_options(-fno-sanitize-recover=all)
	endif()
endif()
# assert() stays on in releases: a restart is cheap, because what was shown is stored.
foreach(kind RELEASE RELWITHDEBINFO MINSIZEREL)
	string(REPLACE "-DNDEBUG" "" CMAKE_C_FLAGS_${kind} "${CMAKE_C_FLAGS_${kind}}")
endforeach()
# Our roots go by -iquote: with -I our sys/ would stand before the C library's.
foreach(root firmware-app drivers ui tests)
	add_compile_options("SHELL:-iquote ${CMAKE_SOURCE_DIR}/${root}")
endforeach()

option(SCHOOLPOORT_FUZZER "build tests/fuzz with clang's fuzzer" OFF)
option(BUILD_TESTING "build the tests" ON)
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
set(libs jansson sqlite3 libmosquitto libnfc inih libsystemd libsodium libcrypto libssl sdl2 SDL2_ttf libpng libgpiod)
if(BUILD_TESTING)
	list(APPEND libs cmocka)
endif()
foreach(lib IN LISTS libs)
	pkg_check_modules(${lib} REQUIRED IMPORTED_TARGET ${lib})
	add_library(lib::${lib} ALIAS PkgConfig::${lib})
endforeach()
add_library(lib::threads ALIAS Threads::Threads)

function(schoolpoort_link target)
	foreach(use IN LISTS ARGN)
		if(use MATCHES "^(lib::|m$|util$)")
			target_link_libraries(${target} PUBLIC ${use})
		else()
			target_link_libraries(${target} PUBLIC sp_${use})
		endif()
	endforeach()
endfunction()

function(schoolpoort_part name)
	cmake_parse_arguments(P "PURE" "" "SOURCES;USES" ${ARGN})
	add_library(sp_${name} STATIC ${P_SOURCES})
	# A pure part sees ISO C and nothing else; the others are POSIX and Linux programs.
	if(NOT P_PURE)
		target_compile_definitions(sp_${name} PRIVATE _GNU_SOURCE)
	endif()
	schoolpoort_link(sp_${name} ${P_USES})
endfunction()

function(schoolpoort_program name)
	cmake_parse_arguments(P "" "" "SOURCES;USES" ${ARGN})
	add_executable(${name} ${P_SOURCES})
	target_compile_definitions(${name} PRIVATE _GNU_SOURCE)
	schoolpoort_link(${name} ${P_USES})
	target_link_options(${name} PRIVATE -Wl,--gc-sections)
endfunction()

# schoolpoort_unit_test(NAME SOURCES ... USES ...): one cmocka program, registered as test NAME.
function(schoolpoort_unit_test name)
	if(NOT BUILD_TESTING)
		return()
	endif()
	cmake_parse_arguments(P "" "" "SOURCES;USES" ${ARGN})
	add_executable(test_${name} ${P_SOURCES})
	target_compile_definitions(test_${name} PRIVATE _GNU_SOURCE
		TEST_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
	schoolpoort_link(test_${name} ${P_USES} lib::cmocka)
	add_test(NAME ${name} COMMAND test_${name})
	# For what hangs, not for a slow machine; under an emulator a test is ten times as slow.
	set_tests_properties(${name} PROPERTIES TIMEOUT 600)
endfunction()

# schoolpoort_long_test(NAME SECONDS COMMAND ...): what takes minutes or hours, for `./dev test --long` alone. Runs
# without sanitizers, since it measures memory and time too.
function(schoolpoort_long_test name seconds)
	if(NOT CMAKE_BUILD_TYPE MATCHES "^Rel" OR SCHOOLPOORT_SANITIZE)
		return()
	endif()
	cmake_parse_arguments(P "" "" "COMMAND" ${ARGN})
	add_test(NAME ${name} COMMAND ${P_COMMAND})
	set_tests_properties(${name} PROPERTIES TIMEOUT ${seconds} LABELS hours RUN_SERIAL TRUE)
endfunction()
