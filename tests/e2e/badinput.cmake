# SPDX-License-Identifier: EUPL-1.2
foreach(p schoolpoort-kiosk schoolpoort-register schoolpoort-reader schoolpoort-screen schoolpoortctl)
	if(NOT TARGET ${p})
		return()
	endif()
endforeach()
# What people, disks and brokers get wrong, against whole programs.
foreach(name config_programs ctl disk nonsense restart)
	schoolpoort_unit_test(e2e_${name} SOURCES test_${name}.c ran.c gate_rig.c USES school stage wire core sys)
	add_dependencies(test_e2e_${name} schoolpoort-kiosk schoolpoort-register schoolpoort-reader
		schoolpoort-screen schoolpoortctl)
	set_tests_properties(e2e_${name} PROPERTIES TIMEOUT 900 LABELS e2e)
endforeach()
