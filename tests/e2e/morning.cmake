# SPDX-License-Identifier: EUPL-1.2
foreach(p schoolpoort-kiosk schoolpoort-register schoolpoort-reader schoolpoort-screen schoolpoortctl)
	if(NOT TARGET ${p})
		return()
	endif()
endforeach()
schoolpoort_part(school SOURCES school.c USES stage wire lib::cmocka)
target_compile_definitions(sp_school PRIVATE TEST_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
set(e2e_programs schoolpoort-kiosk schoolpoort-register schoolpoort-reader schoolpoort-screen schoolpoortctl
	pn532_emu)
foreach(name morning delivery)
	schoolpoort_unit_test(${name} SOURCES test_${name}.c USES school stage emu_control wire core sys
		lib::sqlite3)
	add_dependencies(test_${name} ${e2e_programs})
	set_tests_properties(${name} PROPERTIES TIMEOUT 900)
endforeach()

# The same days with the kiosk under valgrind: which finds what the sanitizers don't, reads of memory never set.
foreach(name morning delivery)
	add_test(NAME valgrind_${name} COMMAND test_${name})
	set_tests_properties(valgrind_${name} PROPERTIES TIMEOUT 1800 LABELS valgrind
		ENVIRONMENT "STAGE_SLOWER=6;STAGE_WRAP_ONLY=schoolpoort-kiosk;STAGE_WRAP=valgrind -q --leak-check=full --error-exitcode=99 --suppressions=${CMAKE_SOURCE_DIR}/tests/valgrind.supp")
endforeach()
