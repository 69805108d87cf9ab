# SPDX-License-Identifier: EUPL-1.2
foreach(p schoolpoort-kiosk schoolpoort-register schoolpoortctl)
	if(NOT TARGET ${p})
		return()
	endif()
endforeach()
schoolpoort_unit_test(e2e_figures SOURCES test_figures.c USES school stage wire core sys)
add_dependencies(test_e2e_figures schoolpoort-kiosk schoolpoort-register schoolpoortctl)
# Most of it is waiting for a bell and for midnight.
set_tests_properties(e2e_figures PROPERTIES TIMEOUT 900 LABELS e2e)
