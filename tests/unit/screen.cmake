# SPDX-License-Identifier: EUPL-1.2
schoolpoort_unit_test(screen_view SOURCES test_screen_view.c USES screen_view)
schoolpoort_unit_test(screen_name SOURCES test_screen_name.c USES screen_view)
schoolpoort_unit_test(screen_words SOURCES test_screen_words.c USES screen_view)
schoolpoort_unit_test(screen_vision SOURCES test_screen_vision.c USES screen_draw screen_view m)
schoolpoort_unit_test(screen_signs SOURCES test_screen_signs.c USES screen_view)
schoolpoort_unit_test(screen_text
	SOURCES test_screen_text.c ${CMAKE_SOURCE_DIR}/tests/golden/screen_views.c
	USES screen_draw screen_view)
if(BUILD_TESTING)
	foreach(test screen_view screen_words screen_text)
		add_dependencies(test_${test} screen_catalogues)
		target_compile_definitions(test_${test} PRIVATE
			TEST_LOCALE_DIR="${CMAKE_BINARY_DIR}/locale")
	endforeach()
endif()
schoolpoort_unit_test(screen_stage
	SOURCES test_screen_stage.c ${CMAKE_SOURCE_DIR}/ui/screen/stage.c
	USES screen_draw screen_view)
schoolpoort_unit_test(screen_program SOURCES test_screen_program.c USES wire sys)
if(BUILD_TESTING)
	add_dependencies(test_screen_program schoolpoort-screen)
	target_compile_definitions(test_screen_program PRIVATE
		SCREEN_PROGRAM="$<TARGET_FILE:schoolpoort-screen>")
	schoolpoort_long_test(screen_taps_long 900 COMMAND test_screen_program --taps 600)
endif()
