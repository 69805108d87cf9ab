# SPDX-License-Identifier: EUPL-1.2
foreach(p schoolpoort-kiosk schoolpoort-register schoolpoortctl)
	if(NOT TARGET ${p})
		return()
	endif()
endforeach()
# Disks that are full, broken, slow or damaged, under whole programs.
schoolpoort_unit_test(storage SOURCES test_storage.c gate_rig.c ran.c USES school stage wire core sys
	lib::sqlite3)
add_dependencies(test_storage schoolpoort-kiosk schoolpoort-register schoolpoortctl)
set_tests_properties(storage PROPERTIES TIMEOUT 900 LABELS e2e)
schoolpoort_long_test(s6_every_write_and_sync 1800 COMMAND test_storage all)
schoolpoort_unit_test(rescue SOURCES test_rescue.c gate_rig.c ran.c USES school stage wire core sys
	lib::sqlite3)
add_dependencies(test_rescue schoolpoort-kiosk schoolpoort-register schoolpoortctl)
set_tests_properties(rescue PROPERTIES TIMEOUT 900 LABELS e2e)
schoolpoort_long_test(s9_every_damaged_gate 1200 COMMAND test_rescue all)
schoolpoort_unit_test(e2e_night SOURCES test_night.c gate_rig.c USES school stage wire core sys store
	lib::sqlite3)
add_dependencies(test_e2e_night schoolpoort-kiosk schoolpoort-register schoolpoortctl)
set_tests_properties(e2e_night PROPERTIES TIMEOUT 900 LABELS e2e)
