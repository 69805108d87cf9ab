# SPDX-License-Identifier: EUPL-1.2
schoolpoort_part(lanes SOURCES lanes.c USES lib::cmocka)
schoolpoort_unit_test(e2e_reader SOURCES test_reader.c reader_rig.c USES lanes emu_control wire sys)
target_compile_definitions(test_e2e_reader PRIVATE
	TEST_BIN_DIR="${CMAKE_RUNTIME_OUTPUT_DIRECTORY}")
add_dependencies(test_e2e_reader schoolpoort-reader pn532_emu)
# Most of it is waiting: a mute chip alone takes 8 s until the reader ends.
set_tests_properties(e2e_reader PROPERTIES TIMEOUT 900 LABELS e2e)

schoolpoort_unit_test(reader_i2c SOURCES test_reader_i2c.c reader_rig.c USES emu emu_control wire sys)
target_compile_definitions(test_reader_i2c PRIVATE TEST_BIN_DIR="${CMAKE_RUNTIME_OUTPUT_DIRECTORY}")
add_dependencies(test_reader_i2c schoolpoort-reader pn532_emu)
set_tests_properties(reader_i2c PROPERTIES TIMEOUT 900 LABELS e2e SKIP_RETURN_CODE 77)

# With the driver and libnfc in the test's own process: under the sanitizers, under valgrind, and 100,000 frames.
schoolpoort_unit_test(reader_frames SOURCES test_reader_frames.c ${CMAKE_SOURCE_DIR}/drivers/reader/nfc.c
	USES reader_field lanes emu_control wire sys lib::libnfc)
target_compile_definitions(test_reader_frames PRIVATE TEST_BIN_DIR="${CMAKE_RUNTIME_OUTPUT_DIRECTORY}")
add_dependencies(test_reader_frames pn532_emu)
set_tests_properties(reader_frames PROPERTIES TIMEOUT 900 LABELS e2e)
add_test(NAME n4_valgrind COMMAND valgrind -q --leak-check=full --error-exitcode=99
	--suppressions=${CMAKE_SOURCE_DIR}/tests/valgrind.supp $<TARGET_FILE:test_reader_frames> 200 8)
set_tests_properties(n4_valgrind PROPERTIES TIMEOUT 900 LABELS valgrind)
schoolpoort_long_test(n4_hundred_thousand_frames 3600 COMMAND test_reader_frames 100000 60)

foreach(p schoolpoort-kiosk schoolpoort-register schoolpoort-screen schoolpoortctl)
	if(NOT TARGET ${p})
		return()
	endif()
endforeach()
schoolpoort_program(unit_run SOURCES unit_run.c)
schoolpoort_part(whole_gate SOURCES whole_gate.c USES stage emu_control wire sys lib::cmocka)
schoolpoort_unit_test(reader_gate SOURCES test_reader_gate.c USES whole_gate lanes stage wire core sys)
add_dependencies(test_reader_gate schoolpoort-kiosk schoolpoort-reader schoolpoort-reader-reset pn532_emu unit_run)
set_tests_properties(reader_gate PROPERTIES TIMEOUT 900 LABELS e2e)
schoolpoort_long_test(n8_n11_hours_of_faults 1800 COMMAND test_reader_gate n*_c* 600)
schoolpoort_unit_test(reader_queue SOURCES test_reader_queue.c
	USES whole_gate lanes school stage emu_control wire core sys)
add_dependencies(test_reader_queue schoolpoort-kiosk schoolpoort-register schoolpoort-reader schoolpoort-screen
	schoolpoortctl pn532_emu unit_run)
set_tests_properties(reader_queue PROPERTIES TIMEOUT 900 LABELS e2e)
schoolpoort_long_test(n12_queue_for_ten_minutes 1200 COMMAND test_reader_queue 600)
