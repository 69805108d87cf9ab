# SPDX-License-Identifier: EUPL-1.2
foreach(p schoolpoort-kiosk schoolpoort-register schoolpoortctl)
	if(NOT TARGET ${p})
		return()
	endif()
endforeach()
schoolpoort_unit_test(e2e_doctor SOURCES test_doctor.c ran.c promtext.c USES gates school stage wire core sys)
add_dependencies(test_e2e_doctor schoolpoort-kiosk schoolpoort-register schoolpoortctl)
set_tests_properties(e2e_doctor PROPERTIES TIMEOUT 240 LABELS e2e)
