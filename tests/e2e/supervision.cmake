# SPDX-License-Identifier: EUPL-1.2
set(watched_programs schoolpoort-kiosk schoolpoort-register schoolpoort-reader schoolpoort-screen schoolpoortctl
	pn532_emu)
foreach(p ${watched_programs})
	if(NOT TARGET ${p})
		return()
	endif()
endforeach()
schoolpoort_part(manager SOURCES manager.c watched.c USES stage school emu_control wire lib::cmocka)
target_compile_definitions(sp_manager PRIVATE TEST_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
# A whole gate under a service manager. Most of it is waiting for the ten seconds of a watchdog.
foreach(name hang startup peak strangers exhausted)
	schoolpoort_unit_test(e2e_${name} SOURCES test_${name}.c
		USES manager kills school stage emu_control wire core sys)
	add_dependencies(test_e2e_${name} ${watched_programs})
	set_tests_properties(e2e_${name} PROPERTIES TIMEOUT 240 LABELS e2e)
endforeach()
schoolpoort_long_test(p2_all_24_orders 900 COMMAND test_e2e_startup 24)
schoolpoort_long_test(p4_p7_u3_peak_long 900 COMMAND test_e2e_peak 10000 100 10)
schoolpoort_long_test(p3_exhausted_long 900 COMMAND test_e2e_exhausted memory)
schoolpoort_unit_test(e2e_slow SOURCES test_slow.c gate_rig.c USES manager school stage wire core sys)
add_dependencies(test_e2e_slow ${watched_programs})
set_tests_properties(e2e_slow PROPERTIES TIMEOUT 240 LABELS e2e)
