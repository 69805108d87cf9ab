# SPDX-License-Identifier: EUPL-1.2
foreach(name calendar card checkin civil halfday night roster timetable uuid verdict)
	schoolpoort_unit_test(${name} SOURCES test_${name}.c USES core)
endforeach()
