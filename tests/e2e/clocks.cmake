# SPDX-License-Identifier: EUPL-1.2
foreach(p schoolpoort-kiosk schoolpoort-register schoolpoortctl)
	if(NOT TARGET ${p})
		return()
	endif()
endforeach()
# Preloaded into programs that bring a sanitizer of their own; so it has none.
add_library(clock_double MODULE clock_double.c)
target_compile_definitions(clock_double PRIVATE _GNU_SOURCE)
target_compile_options(clock_double PRIVATE -fno-sanitize=all)
target_link_options(clock_double PRIVATE -fno-sanitize=all)
schoolpoort_part(clock_stage SOURCES clock_stage.c USES school stage lib::cmocka)
target_compile_definitions(sp_clock_stage PRIVATE CLOCK_DOUBLE_LIBRARY="$<TARGET_FILE:clock_double>")
# Clocks without time, wrong, or set while it runs, under whole programs.
schoolpoort_unit_test(clocks SOURCES test_clocks.c USES clock_stage school stage wire core sys lib::sqlite3)
add_dependencies(test_clocks clock_double schoolpoort-kiosk schoolpoort-register schoolpoortctl)
set_tests_properties(clocks PROPERTIES TIMEOUT 240 LABELS e2e)
