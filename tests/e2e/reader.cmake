# SPDX-License-Identifier: EUPL-1.2
schoolpoort_unit_test(e2e_reader SOURCES test_reader.c reader_rig.c USES emu_control wire sys)
target_compile_definitions(test_e2e_reader PRIVATE
	TEST_BIN_DIR="${CMAKE_RUNTIME_OUTPUT_DIRECTORY}")
add_dependencies(test_e2e_reader schoolpoort-reader pn532_emu)
# Most of it is waiting: a mute chip alone takes 8 s until the reader ends.
set_tests_properties(e2e_reader PROPERTIES TIMEOUT 240 LABELS e2e)
