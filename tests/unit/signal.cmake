# SPDX-License-Identifier: EUPL-1.2
if(TARGET sp_signal_pattern)
	schoolpoort_unit_test(signal_pattern SOURCES test_signal_pattern.c USES signal_pattern wire)
	# libgpiod itself is replaced: no machine that builds has such lines.
	schoolpoort_unit_test(signal_lines
		SOURCES test_signal_lines.c double_gpiod.c ${CMAKE_SOURCE_DIR}/drivers/signal/gpiod.c)
endif()
