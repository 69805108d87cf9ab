# SPDX-License-Identifier: EUPL-1.2
if(TARGET sp_screen_tune)
	schoolpoort_unit_test(screen_tune SOURCES test_screen_tune.c USES screen_tune screen_view wire m)
endif()
if(TARGET schoolpoort-screen)
	# The program against SDL's drivers that write to a file, or aren't there.
	schoolpoort_unit_test(screen_sound SOURCES test_screen_sound.c USES wire sys m)
	add_dependencies(test_screen_sound schoolpoort-screen)
	target_compile_definitions(test_screen_sound PRIVATE
		SCREEN_PROGRAM="$<TARGET_FILE:schoolpoort-screen>")
	set_tests_properties(screen_sound PROPERTIES LABELS e2e TIMEOUT 900)
endif()
