# SPDX-License-Identifier: EUPL-1.2
foreach(p schoolpoort-kiosk schoolpoort-register schoolpoortctl)
	if(NOT TARGET ${p})
		return()
	endif()
endforeach()
schoolpoort_unit_test(desk SOURCES test_desk.c USES school stage wire core sys)
add_dependencies(test_desk schoolpoort-kiosk schoolpoort-register schoolpoortctl)
set_tests_properties(desk PROPERTIES TIMEOUT 240 LABELS e2e)
