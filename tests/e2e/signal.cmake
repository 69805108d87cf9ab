# SPDX-License-Identifier: EUPL-1.2
foreach(p schoolpoort-kiosk schoolpoort-signal)
	if(NOT TARGET ${p})
		return()
	endif()
endforeach()
# schoolpoort-signal with lines that write down what they are told; all else of it is what is shipped.
add_executable(signal_to_file signal_lines.c ${CMAKE_SOURCE_DIR}/drivers/signal/start.c)
target_compile_definitions(signal_to_file PRIVATE _GNU_SOURCE)
schoolpoort_link(signal_to_file signal_program)
schoolpoort_unit_test(e2e_signal SOURCES test_signal.c USES school stage wire core sys)
add_dependencies(test_e2e_signal schoolpoort-kiosk schoolpoort-signal signal_to_file)
set_tests_properties(e2e_signal PROPERTIES TIMEOUT 900 LABELS e2e)
