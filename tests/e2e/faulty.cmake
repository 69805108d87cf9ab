# SPDX-License-Identifier: EUPL-1.2
foreach(p schoolpoort-kiosk schoolpoort-register schoolpoortctl fault_proxy)
	if(NOT TARGET ${p})
		return()
	endif()
endforeach()
# Whole programs behind the proxy that breaks connections: faults.md M2, M3, M9 to M11, M14, M16.
schoolpoort_unit_test(m9_faulty SOURCES test_faulty.c USES school stage fault store wire core sys lib::sqlite3)
add_dependencies(test_m9_faulty schoolpoort-kiosk schoolpoort-register schoolpoortctl fault_proxy)
set_tests_properties(m9_faulty PROPERTIES TIMEOUT 240 LABELS e2e)
schoolpoort_long_test(m9_faulty_100000 7200 COMMAND test_m9_faulty 100000 3)
