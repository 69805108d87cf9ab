# SPDX-License-Identifier: EUPL-1.2
foreach(p schoolpoort-kiosk schoolpoort-register schoolpoortctl)
	if(NOT TARGET ${p})
		return()
	endif()
endforeach()
schoolpoort_unit_test(e2e_stolen SOURCES test_stolen.c USES school stage wire core sys)
add_dependencies(test_e2e_stolen schoolpoort-kiosk schoolpoort-register schoolpoortctl)
set_tests_properties(e2e_stolen PROPERTIES TIMEOUT 900 LABELS e2e)
