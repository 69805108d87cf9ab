# SPDX-License-Identifier: EUPL-1.2
foreach(p schoolpoort-kiosk schoolpoort-register schoolpoortctl)
	if(NOT TARGET ${p})
		return()
	endif()
endforeach()
schoolpoort_unit_test(tap_instructions SOURCES test_tap_instructions.c USES gates school stage wire core sys lib::sqlite3)
add_dependencies(test_tap_instructions schoolpoort-kiosk schoolpoort-register schoolpoortctl)
# Under callgrind, and of an optimised build: the preset clang alone runs what has this label.
set_tests_properties(tap_instructions PROPERTIES TIMEOUT 900 LABELS valgrind)
