# SPDX-License-Identifier: EUPL-1.2
foreach(p schoolpoort-kiosk schoolpoort-register schoolpoortctl)
	if(NOT TARGET ${p})
		return()
	endif()
endforeach()
schoolpoort_part(gates SOURCES gates.c USES school stage wire lib::sqlite3 lib::cmocka)
# Brokers that are away, die, forget, refuse; messages that nobody should have sent.
foreach(name broker_away careful refused)
	schoolpoort_unit_test(e2e_${name} SOURCES test_${name}.c gate_rig.c ran.c USES gates school stage wire core sys)
	add_dependencies(test_e2e_${name} schoolpoort-kiosk schoolpoort-register schoolpoortctl)
	set_tests_properties(e2e_${name} PROPERTIES TIMEOUT 900 LABELS e2e)
endforeach()
schoolpoort_long_test(m1_m12_week_without_a_broker 1200 COMMAND test_e2e_broker_away 5000 60)
