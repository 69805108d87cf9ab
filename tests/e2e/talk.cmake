# SPDX-License-Identifier: EUPL-1.2
foreach(p schoolpoort-kiosk schoolpoort-register schoolpoortctl)
	if(NOT TARGET ${p})
		return()
	endif()
endforeach()
# A pupil asks for a talk: from the finger to the care team.
schoolpoort_unit_test(e2e_talk SOURCES test_talk.c USES school stage wire core sys)
add_dependencies(test_e2e_talk schoolpoort-kiosk schoolpoort-register schoolpoortctl)
set_tests_properties(e2e_talk PROPERTIES TIMEOUT 900 LABELS e2e)
