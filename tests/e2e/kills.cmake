# SPDX-License-Identifier: EUPL-1.2
foreach(p schoolpoort-kiosk schoolpoort-register schoolpoort-reader schoolpoort-screen schoolpoortctl pn532_emu)
	if(NOT TARGET ${p})
		return()
	endif()
endforeach()
# Everything is killed at random moments; a thousand times with --long.
schoolpoort_part(kills SOURCES kills.c stores.c tap_client.c USES school stage emu_control wire core sys
	lib::sqlite3 lib::cmocka)
target_compile_definitions(sp_kills PRIVATE TEST_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
schoolpoort_unit_test(e2e_kills SOURCES test_kills.c USES kills)
add_dependencies(test_e2e_kills schoolpoort-kiosk schoolpoort-register schoolpoort-reader
	schoolpoort-screen schoolpoortctl pn532_emu)
set_tests_properties(e2e_kills PROPERTIES TIMEOUT 900 LABELS e2e)
schoolpoort_long_test(long_kills 1800 COMMAND test_e2e_kills 1000 7)
# Weeks in minutes; half a million taps with --long.
schoolpoort_unit_test(e2e_soak SOURCES test_soak.c USES kills)
add_dependencies(test_e2e_soak schoolpoort-kiosk schoolpoort-register schoolpoort-screen schoolpoortctl)
set_tests_properties(e2e_soak PROPERTIES TIMEOUT 900 LABELS e2e)
schoolpoort_long_test(long_soak 3600 COMMAND test_e2e_soak 500000)
