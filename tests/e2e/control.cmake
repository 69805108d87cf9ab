# SPDX-License-Identifier: EUPL-1.2
foreach(p schoolpoort-kiosk schoolpoort-register schoolpoortctl)
	if(NOT TARGET ${p})
		return()
	endif()
endforeach()
# Clients of the command line's role that misbehave.
schoolpoort_unit_test(e2e_control SOURCES test_control.c gate_rig.c USES school stage wire core sys)
add_dependencies(test_e2e_control schoolpoort-kiosk schoolpoort-register schoolpoortctl)
set_tests_properties(e2e_control PROPERTIES TIMEOUT 900 LABELS e2e)
