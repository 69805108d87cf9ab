# SPDX-License-Identifier: EUPL-1.2
foreach(program schoolpoort-kiosk schoolpoort-register schoolpoort-reader schoolpoort-screen schoolpoortctl)
	if(NOT TARGET ${program})
		return()
	endif()
endforeach()
# The whole morning, fast; and Ctrl-C in the middle of it. No programs of their own: all of them are built anyway.
foreach(what once interrupted)
	add_test(NAME demo_${what} COMMAND /usr/bin/python3 ${CMAKE_CURRENT_SOURCE_DIR}/demo/check.py ${what}
		${CMAKE_CURRENT_SOURCE_DIR}/demo.sh ${CMAKE_RUNTIME_OUTPUT_DIRECTORY}
		${CMAKE_BINARY_DIR}/demo-${what})
	set_tests_properties(demo_${what} PROPERTIES LABELS e2e TIMEOUT 900)
endforeach()
