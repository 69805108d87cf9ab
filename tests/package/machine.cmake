# SPDX-License-Identifier: EUPL-1.2
# The packages on a booted machine; the emulated reader is the debug preset's.
if(NOT CMAKE_CROSSCOMPILING)
	schoolpoort_package_test(fresh_machine /usr/bin/python3 -B ${CMAKE_SOURCE_DIR}/tests/machine/fresh_machine.py
		${CMAKE_SOURCE_DIR}/build/debug/bin)
	set_tests_properties(fresh_machine PROPERTIES TIMEOUT 1800)
endif()
